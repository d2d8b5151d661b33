"""The composition root: the only place that constructs.

What `tools/list` needs is built at once; what costs time to import or to open (store, policy engine, browser,
model SDKs, prices) is built when the first call needs it.
"""

import importlib.resources
import logging
import os
import secrets
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import anyio
from anyio.abc import TaskGroup

from bridges.browser.process import Browsers
from bridges.files import Root
from bridges.index import Index
from bridges.journal import Entry, JournalUnavailable, Ticket
from bridges.known_models import facts_of
from bridges.model import Model, ToolCall, Usage
from server.config import Config
from tools.catalog.browser import browser_tools
from tools.catalog.finding import finding_tools
from tools.catalog.work import work_tools
from tools.gate import Gate
from tools.means import Means, Role
from tools.outcome import Outcome, Refused
from tools.policy import Caller, Evaluation, PolicyRequest
from tools.recipes import Recipe, load_all
from tools.registry import Registry, Tool
from tools.relay import relay_tools
from tools.tasks import Runs

if TYPE_CHECKING:
    from bridges.store import Store

__all__ = ["App", "BadPolicyFile", "policy_texts", "running", "state_key"]

_log = logging.getLogger(__name__)
_CLOSE_S = 1.0
_KEY_NAMES = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}


class App:
    """One process's worth of Pointsman. Get one from `running`."""

    def __init__(
        self, config: Config, recipes: dict[str, Recipe], tasks: TaskGroup, runs: Runs, extra: tuple[Tool[Any], ...]
    ) -> None:
        self.config, self._recipes = config, recipes
        self._tasks, self._runs = tasks, runs
        self._secrets = config.secrets()
        self._browsers = Browsers(config.browser_options(), self._secrets, network=config.browser.rules())
        self._models: dict[Role, Model | None] = {}
        self._opening = anyio.Lock()
        self._store: Store | None = None
        self._gate: Gate | None = None
        self._index: Index | None = None
        means = self._means()
        self.registry = Registry(
            [
                *browser_tools(self._browsers, frozenset(config.browser.origins)),
                *work_tools(means),
                *finding_tools(lambda: self.registry, self._indexed),
                *relay_tools(),
                *extra,
            ]
        )
        pinned = {name for name in config.surface.pin if self.registry.find(name)}
        for name in sorted(set(config.surface.pin) - pinned):
            _log.warning("surface.pin names %r, which is no tool; `pointsman tools --all` lists them", name)
        self.listed = frozenset({tool.name for tool in self.registry if tool.listed} | pinned)

    async def call(self, call: ToolCall, caller: Caller, ticket: str | None = None) -> Outcome:
        """Send a call through the gate."""
        try:
            gate = await self._opened()
        except (JournalUnavailable, BadPolicyFile) as error:
            return Refused(code="not_ready", reason=f"{error}. Nothing was done.")
        return await gate.call(call, caller, ticket=ticket)

    async def answer(self, ticket: str, answer: Literal["once", "session", "no"], by: str) -> bool:
        """Record a person's answer to a question; False when it is not open any more."""
        await self._opened()
        assert self._store is not None
        answered = await self._store.answer(ticket, answer, by=by, at=time.time()) is not None
        self._runs.answered(ticket)
        return answered

    async def ticket(self, ticket: str) -> Ticket | None:
        """Return the question of this ticket."""
        await self._opened()
        assert self._store is not None
        return await self._store.ticket(ticket)

    async def journal_entries(self) -> tuple[Entry, ...]:
        """Return the journal, in order."""
        await self._opened()
        assert self._store is not None
        return await self._store.entries()

    async def warm(self) -> None:
        """Start the browser before the first call that needs it."""
        await self._browsers.warm()

    async def aclose(self) -> None:
        """Let go of the browser, then of the journal, so that the last outcomes are in it."""
        with anyio.move_on_after(_CLOSE_S, shield=True):
            await self._browsers.aclose()
            for model in self._models.values():
                if model is not None:
                    await model.aclose()
        if self._store is not None:
            try:
                await self._store.aclose()
            except JournalUnavailable:
                _log.exception("the last records could not be written")

    async def _opened(self) -> Gate:
        async with self._opening:
            if self._gate is None:
                # SQLAlchemy and Cedar cost a quarter of a second, which no client waits for at start.
                from bridges.store import Store

                evaluate = _evaluation(self.config)
                self._store = Store(self.config.data)
                self._tasks.start_soon(self._store.keep_writing)
                self._gate = Gate(
                    self.registry,
                    evaluate=evaluate,
                    journal=self._store,
                    scrub=self._secrets.scrub,
                    now=time.time,
                )
            return self._gate

    def _indexed(self) -> Index:
        if self._index is None:
            self._index = Index(
                (tool.name, f"{tool.title}. {tool.description}", " ".join(tool.input_schema["properties"]))
                for tool in self.registry
                if tool.family not in {"relay", "safety"}
            )
        return self._index

    def _means(self) -> Means:
        models = self.config.models
        names: dict[Role, str] = {"thinker": models.thinker, "operator": models.operator}
        vendors: dict[Role, str] = {role: facts_of(name).vendor for role, name in names.items()}
        return Means(
            gate=self.call,
            ticket=self.ticket,
            model=self._model,
            computer=lambda model: facts_of(model.name).computer != "none",
            missing=lambda role: _missing(role, names[role], vendors[role]),
            keys=_keys(self.config),
            role_names=names,
            role_keys=vendors,
            recipes=self._recipes,
            registry=lambda: self.registry,
            runs=lambda: self._runs,
            files=lambda session: Root(self.config.artefacts / session),
            secret_names=self._secrets.names,
            budget=self.config.budget(),
            price=_price,
        )

    def _model(self, role: Role) -> Model | None:
        """Return who plays the role; built once, since building imports the vendor's SDK."""
        if role not in self._models:
            self._models[role] = _connected(self.config, role)
        return self._models[role]


class BadPolicyFile(Exception):
    """The policy file cannot be used."""


@asynccontextmanager
async def running(config: Config, *, extra: tuple[Tool[Any], ...] = ()) -> AsyncGenerator[App]:
    """Hold an app; runs are cancelled and everything is let go of at the end.

    Args:
        config: What the process was told.
        extra: Tools to offer besides our own; a benchmark or a test brings some.

    Raises:
        BadRecipe: A recipe of the configuration is none.
    """
    recipes = load_all(config.recipes)
    async with anyio.create_task_group() as tasks:
        async with Runs.open() as runs:
            app = App(config, recipes, tasks, runs, extra)
            if config.browser.warm:
                tasks.start_soon(app.warm)
            try:
                yield app
            finally:
                runs.stop()
                with anyio.CancelScope(shield=True):
                    await runs.ended()
                    await app.aclose()
        tasks.cancel_scope.cancel()


def policy_texts(config: Config) -> tuple[str, str]:
    """Return the policies and their schema.

    Raises:
        BadPolicyFile: The configured file cannot be read.
    """
    folder = importlib.resources.files("tools")
    schema = folder.joinpath("policy.cedarschema").read_text(encoding="utf-8")
    if config.policy is None:
        return folder.joinpath("default.cedar").read_text(encoding="utf-8"), schema
    try:
        return config.policy.read_text(encoding="utf-8"), schema
    except (OSError, UnicodeDecodeError) as error:
        raise BadPolicyFile(f"cannot read the policy {config.policy}: {error}") from error


def state_key(directory: Path) -> bytes:
    """Return the key that seals what travels through the client; made once, readable by its owner only."""
    path = directory / "state.key"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        # Written whole before it gets its name, so that a second server finds all of it or nothing.
        descriptor, fresh = tempfile.mkstemp(dir=directory)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
        with suppress(FileExistsError):
            os.link(fresh, path)
        Path(fresh).unlink()
    return path.read_bytes()


def _evaluation(config: Config) -> Any:
    from bridges.cedar import BadPolicy, CedarEngine

    try:
        engine = CedarEngine(*policy_texts(config))
    except BadPolicy as error:
        name = config.policy or "the default policy"
        raise BadPolicyFile(f"{name} cannot be used: {error}") from error

    def evaluate(request: PolicyRequest) -> Evaluation:
        allowed, rules, errors = engine.ask(request)
        return Evaluation(allowed=allowed, rules=rules, errors=errors)

    return evaluate


def _keys(config: Config) -> frozenset[str]:
    if config.models.script is not None:
        return frozenset({"anthropic", "openai"})
    held = {"anthropic": config.keys.anthropic, "openai": config.keys.openai}
    return frozenset(vendor for vendor, key in held.items() if key)


def _missing(role: Role, name: str, vendor: str) -> str:
    instead = {
        "operator": "Without it: act with your own model and the browser_ tools, or replay a recipe with run_task.",
        "thinker": "Without it: think with your own model, and let verify decide by checks that need none.",
    }[role]
    return f"{name} plays the {role}, and {_KEY_NAMES[vendor]} is not set. {instead}"


def _connected(config: Config, role: Role) -> Model | None:
    models = config.models
    name = models.thinker if role == "thinker" else models.operator
    vendor = facts_of(name).vendor
    http_client = None
    key = config.keys.anthropic if vendor == "anthropic" else config.keys.openai
    if models.script is not None:
        from bridges.scripted import ScriptedModels, load_script, transport

        http_client = transport(ScriptedModels(load_script(models.script)))
        key = "scripted"
    if key is None:
        return None
    if vendor == "anthropic":
        from bridges import claude

        return claude.connect(name, api_key=key, base_url=models.anthropic_base_url, http_client=http_client)
    from bridges import gpt

    return gpt.connect(name, api_key=key, base_url=models.openai_base_url, http_client=http_client)


def _price(model: str, usage: Usage) -> Decimal | None:
    from bridges.prices import cost_usd

    return cost_usd(model, usage)
