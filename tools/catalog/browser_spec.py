"""A tool of the browser family as a row of a table: what it is called, what it takes, what it does, what it touches."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from bridges.browser.words import BrowserError
from bridges.secrets import SecretRefused
from tools.catalog.browser_arguments import OnSession
from tools.catalog.browser_facts import Ground, look_page
from tools.outcome import Refused, Uncertain
from tools.policy import Caller, Effect, Facts
from tools.registry import Result, Tool
from tools.render import OBSERVATION_SCHEMA

if TYPE_CHECKING:
    from bridges.browser.process import Browsers

__all__ = ["ACT_S", "ANY_OBJECT", "NAVIGATE_S", "Spec", "attempted", "bound"]

ACT_S = 30.0
NAVIGATE_S = 45.0
ANY_OBJECT: dict[str, Any] = {"type": "object"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spec:
    """One tool of the family: what it is called, what it takes, what it does, and what it would touch.

    With `holds_on` the act is also handed the element that was looked at, and refuses to hit another.
    """

    name: str
    title: str
    description: str
    arguments: type[OnSession]
    act: Callable[..., Awaitable[Result]]
    look: Callable[[Any, Ground], Awaitable[Facts | Refused]] = look_page
    effect: Effect = "idempotent"
    worst: Effect | None = None
    output: dict[str, Any] | None = None
    listed: bool = False
    holds_on: bool = False
    deadline_s: float = ACT_S


def bound(spec: Spec, browsers: "Browsers", own_origins: frozenset[str]) -> Tool[Any]:
    """Return the tool of a row, bound to where sessions come from."""

    async def run(given: OnSession, caller: Caller) -> Result:
        async def acted() -> Result:
            session = await browsers.session(given.session, owner=caller.principal)
            if not spec.holds_on:
                return await spec.act(session, given)
            expected = caller.looked.element if caller.looked else None
            return await spec.act(session, given, expected)

        return await attempted(acted)

    async def facts(given: OnSession, caller: Caller) -> Facts | Refused:
        async def looked() -> Facts | Refused:
            session = await browsers.session(given.session, owner=caller.principal)
            return await spec.look(given, Ground(session=session, configured=own_origins))

        seen = await attempted(looked)
        return Refused(code="browser_error", reason=seen.reason) if isinstance(seen, Uncertain) else seen

    return Tool(
        name=f"browser_{spec.name}",
        title=spec.title,
        description=spec.description,
        family="browser",
        effect=spec.effect,
        worst=spec.worst,
        arguments=spec.arguments,
        run=run,
        facts=facts,
        output=spec.output or OBSERVATION_SCHEMA,
        listed=spec.listed,
        open_world=True,
        deadline_s=spec.deadline_s,
    )


async def attempted(work: Callable[[], Awaitable[T]]) -> T | Refused | Uncertain:
    """Return what the work returns, or what the bridge's error amounts to."""
    try:
        return await work()
    except SecretRefused as error:
        return Refused(code="secret_refused", reason=str(error))
    except BrowserError as error:
        if error.performed == "unknown":
            return Uncertain(reason=str(error), evidence={"code": error.code})
        return Refused(code=error.code, reason=str(error))
