"""Says what is there, what is missing and what to do about it."""

import os
import sqlite3
import sys
from collections.abc import Callable

from bridges.browser.install import find_browser, install_browser
from bridges.browser.words import BrowserError
from bridges.cedar import BadPolicy, CedarEngine
from bridges.journal import JournalUnavailable
from bridges.store import Store
from pointsman import __version__
from server.app import BadPolicyFile, policy_texts
from server.config import Config
from tools.recipes import BadRecipe, load_all

__all__ = ["examine"]

_WAL_FIXED = (3, 51, 3)


def examine(config: Config, *, say: Callable[[str], None], install: bool) -> bool:
    """Say what is there; return whether everything that is needed is."""
    say(f"pointsman {__version__}, Python {sys.version.split()[0]}")
    say(f"configuration: {config.source or 'none, defaults'}")
    parts = (
        _data(config, say),
        _policy(config, say),
        _recipes(config, say),
        _browser(config, say, install=install),
    )
    _keys(config, say)
    _secrets(config, say)
    return all(parts)


def _data(config: Config, say: Callable[[str], None]) -> bool:
    try:
        Store(config.data)
    except JournalUnavailable as error:
        say(f"data: {error}")
        return False
    say(f"data: {config.data}")
    if sqlite3.sqlite_version_info < _WAL_FIXED:
        newest = ".".join(map(str, _WAL_FIXED))
        say(f"  SQLite {sqlite3.sqlite_version} is older than {newest}: avoid many server processes on one folder")
    return True


def _policy(config: Config, say: Callable[[str], None]) -> bool:
    try:
        CedarEngine(*policy_texts(config))
    except (BadPolicy, BadPolicyFile) as error:
        say(f"policy: {error}")
        return False
    say(f"policy: {config.policy or 'the default one'}")
    return True


def _recipes(config: Config, say: Callable[[str], None]) -> bool:
    try:
        recipes = load_all(config.recipes)
    except BadRecipe as error:
        say(f"recipes: {error}")
        return False
    say(f"recipes: {', '.join(recipes) or 'none'}")
    return True


def _browser(config: Config, say: Callable[[str], None], *, install: bool) -> bool:
    found = config.browser.executable or find_browser()
    if not found and install:
        try:
            found = install_browser(say)
        except BrowserError as error:
            say(f"browser: {error}")
            return False
    if not found:
        say("browser: none found; install Chrome, Chromium or Edge, or run: pointsman doctor --install-browser")
        return False
    say(f"browser: {found}")
    if not config.browser.sandbox:
        say("  the browser's sandbox is off by configuration")
    elif hasattr(os, "geteuid") and os.geteuid() == 0:
        say("  running as root: the browser starts without its sandbox; a user of its own is safer")
    return True


def _keys(config: Config, say: Callable[[str], None]) -> None:
    models = config.models
    if models.script:
        say(f"models: stand-ins play both roles, scripted by {models.script}")
        return
    for role, name, key in (
        ("thinker", models.thinker, config.keys.anthropic),
        ("operator", models.operator, config.keys.openai),
    ):
        say(f"{role}: {name}, {'key found' if key else 'no key: recipes, checks and the host fill in'}")


def _secrets(config: Config, say: Callable[[str], None]) -> None:
    for name in config.secrets().missing():
        say(f"secret {name}: bound, but without a value in the environment")
