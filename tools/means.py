"""What work is done with: the gate, the models that are there, recipes, bounds. Handed down by the composition root."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bridges.files import Root
from bridges.journal import Ticket
from bridges.model import Model, ToolCall
from tools.asking import Door
from tools.budget import Budget, Price
from tools.checks import Scene
from tools.outcome import Done, NeedsApproval, Outcome, Refused, Uncertain
from tools.policy import Caller
from tools.recipes import Recipe
from tools.registry import Registry
from tools.render import page_text
from tools.tasks import Run, Runs
from tools.verify import Contract

__all__ = ["Means", "Role"]

Role = Literal["thinker", "operator"]


@dataclass(frozen=True, kw_only=True)
class Means:
    """Everything a piece of work may use.

    `model` returns who plays a role, None when its key is missing; `computer` says whether that model has a
    computer tool. `files` is the folder of a session's downloads. `contracts` are those of this process.
    """

    gate: Callable[[ToolCall, Caller, str | None], Awaitable[Outcome]]
    ticket: Callable[[str], Awaitable[Ticket | None]]
    model: Callable[[Role], Model | None]
    computer: Callable[[Model], bool]
    missing: Callable[[Role], str]
    keys: frozenset[str]
    role_names: Mapping[Role, str]
    role_keys: Mapping[Role, str]
    recipes: Mapping[str, Recipe]
    registry: Callable[[], Registry]
    runs: Callable[[], Runs]
    files: Callable[[str], Root]
    secret_names: tuple[str, ...]
    budget: Budget
    price: Price
    contracts: dict[str, Contract] = field(default_factory=dict[str, Contract])

    def door(self, run: Run, caller: Caller) -> Door:
        """Return the gate as this run uses it."""
        return Door(gate=self.gate, ticket=self.ticket, caller=caller, run=run)

    async def session(self, handle: str | None, caller: Caller) -> str | Refused:
        """Return the handle of the caller's session of this name, or of the default one."""
        arguments = {"session": handle} if handle else {}
        outcome = await self.gate(ToolCall(name="browser_snapshot", arguments=arguments), caller, None)
        match outcome:
            case Done(answer=answer):
                return str(answer.data["session"])
            case Refused(code="dialog_open") if handle:
                return handle
            case Refused():
                return outcome
            case _:
                return Refused(code="no_session", reason="the browser session could not be looked at")

    def scene(self, session: str | None, output: Any, caller: Caller) -> Scene:
        """Return what checks can look at: the session's page through the gate, its downloads, the output."""

        async def look(query: str | None) -> tuple[str, str] | None:
            if session is None:
                return None
            arguments = {"session": session} | ({"query": query} if query else {})
            outcome = await self.gate(ToolCall(name="browser_snapshot", arguments=arguments), caller, None)
            if not isinstance(outcome, Done):
                return None
            return str(outcome.answer.data["url"]), page_text(outcome.answer)

        async def judge(tool: str, arguments: dict[str, Any]) -> dict[str, Any] | str:
            if session is None:
                return "there is no page to look at"
            outcome = await self.gate(ToolCall(name=tool, arguments=arguments | {"session": session}), caller, None)
            match outcome:
                case Done(answer=answer):
                    return answer.data
                case Refused(reason=reason) | Uncertain(reason=reason):
                    return reason
                case NeedsApproval(question=question):
                    return f"it was not looked at: {question}"

        return Scene(look=look, files=self.files(session) if session else None, output=output, judge=judge)
