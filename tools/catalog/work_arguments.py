"""The arguments of the work family."""

from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Described

from tools.budget import Budget
from tools.checks import CheckSpec
from tools.shape import ShapeInput, Stakes

__all__ = [
    "Acknowledge",
    "Arguments",
    "Bounds",
    "Operate",
    "Reason",
    "RouteTask",
    "RunCancel",
    "RunStatus",
    "RunTask",
    "Verify",
]

_WAIT = Described(45.0, ge=0, le=55, description="Seconds to wait; then a run handle comes.")


class Arguments(BaseModel):
    """What holds for every tool's arguments."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Bounds(Arguments):
    """Bounds that a caller may set on time and money."""

    max_seconds: float | None = Described(None, gt=0, le=86_400)
    max_usd: float | None = Described(None, ge=0, description="US dollars; at most what is configured.")

    def within(self, configured: Budget) -> Budget:
        """Return the bounds of a run: what the caller asks for, and never more than is configured."""
        asked = Decimal(str(self.max_usd)) if self.max_usd is not None else configured.usd
        usd = asked if configured.usd is None or asked is None else min(asked, configured.usd)
        return replace(configured, seconds=min(self.max_seconds or configured.seconds, configured.seconds), usd=usd)


class RouteTask(Arguments):
    """Arguments of route_task."""

    task: str = Described(min_length=1, description="What is to be done, in words.")
    shape: ShapeInput = Described(default_factory=ShapeInput, description="What you know of its shape; omit the rest.")
    policy: Literal["article-prose", "article-code", "pinned"] = "article-prose"
    pin: str | None = Described(None, description="Executor to use, with policy pinned.")
    mode: Literal["advise", "delegate"] = Described("advise", description="delegate carries the decision out.")
    recipe: str | None = Described(None, description="Recipe for when no operator is there.")
    inputs: dict[str, str] = Described(default_factory=dict[str, str], description="Inputs of the recipe.")
    wait_s: float = _WAIT


class Operate(Bounds):
    """Arguments of operate."""

    task: str = Described(min_length=1)
    max_turns: int | None = Described(None, ge=1, le=400)
    max_actions: int | None = Described(None, ge=1, le=4000)
    contract: str | None = Described(None, description="Contract from verify that will prove it.")
    session: str | None = Described(None, description="Browser session to work in; omit for one of its own.")
    stakes: Stakes = "low"
    wait_s: float = _WAIT


class Reason(Bounds):
    """Arguments of reason."""

    task: str = Described(min_length=1)
    context: str = Described("", description="Material to work with.")
    contract: str | None = Described(None, description="Contract from verify that will prove it.")
    schema_: dict[str, Any] | None = Described(None, alias="schema", description="JSON Schema of the answer.")
    stakes: Stakes = "low"
    rounds: int = Described(2, ge=1, le=5, description="Answers at most.")
    wait_s: float = _WAIT


class RunTask(Arguments):
    """Arguments of run_task."""

    recipe: str
    inputs: dict[str, str] = Described(default_factory=dict[str, str])
    stakes: Stakes = "low"
    wait_s: float = _WAIT


class RunStatus(Arguments):
    """Arguments of run_status."""

    run: str
    wait_s: float = _WAIT


class RunCancel(Arguments):
    """Arguments of run_cancel."""

    run: str


class Verify(Arguments):
    """Arguments of verify: task and checks before acting; contract and output afterwards."""

    task: str | None = Described(None, description="Before acting: what is to be done.")
    checks: list[CheckSpec] = Described(
        default_factory=list[CheckSpec], description="Before acting: what will prove it."
    )
    session: str | None = Described(None)
    stakes: Stakes = "low"
    contract: str | None = Described(None, description="Afterwards: its handle.")
    output: Any = Described(None, description="Afterwards: what is claimed, such as {rows: [...]}.")
    blocked: str = Described("", description="Afterwards: what stood in the way.")


class Acknowledge(Arguments):
    """Arguments of operate_acknowledge."""

    code: str
    message: str
