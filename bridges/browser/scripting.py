"""A script of the caller's in the page's own world. Off unless the configuration allows it."""

import json
from typing import Any

from playwright.async_api import Error

from bridges.browser.faults import Doing
from bridges.browser.session import Session
from bridges.browser.tab import Tab
from bridges.browser.words import BrowserError, Forbidden, Observation

__all__ = ["evaluate"]

_LONGEST = 20_000


async def evaluate(
    session: Session, function: str, target: str | None = None, *, page: str | None = None
) -> tuple[str, Observation]:
    """Run a JavaScript function, handed the element if one is given, and return its result as JSON.

    Raises:
        Forbidden: Scripts are off, or a secret was typed in this session: a script could read and encode it.
        BrowserError: The script failed.
    """
    if not session.options.evaluate:
        raise Forbidden("scripts are off: the operator allows them with evaluate = true under [browser]")
    if session.scrub:
        raise Forbidden("a secret was typed in this session, and a script could read it: use another session")
    answer: list[str] = []

    async def run(tab: Tab, doing: Doing) -> None:
        doing.acted, doing.performed = "Ran a script", True
        try:
            if target is None:
                value: Any = await tab.page.evaluate(function)
            else:
                located = await session.locate(tab, target, doing)
                value = await located.locator.evaluate(function, timeout=1_000)
        except Error as error:
            if "Target" in error.message or "crashed" in error.message:
                raise
            raise BrowserError(f"the script failed: {error.message[:500]}", performed="unknown") from error
        answer.append(json.dumps(value, ensure_ascii=False, default=str))

    seen = await session.acting(page, run)
    text = session.scrub("".join(answer))
    more = f"… (cut: {len(text)} characters in all)" if len(text) > _LONGEST else ""
    return text[:_LONGEST] + more, seen
