"""What a stand-in says in one answer, with every look-up done: the same for both vendors."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from bridges.known_models import SCRIPTED
from bridges.scripted.script import ComputerBatch, FunctionCall, Step, looked_up
from bridges.scripted.shown import Shown

__all__ = ["BatchAsked", "FunctionAsked", "Saying", "saying_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionAsked:
    """A function call."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAsked:
    """Actions on the screen."""

    actions: list[dict[str, Any]]
    safety_checks: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """One answer. `number` counts the answers of one application and makes ids unique; tokens are rough."""

    number: int
    model: str
    thinking: str
    text: str
    refusal: str | None
    calls: tuple[FunctionAsked | BatchAsked, ...]
    stop: Literal["length", "pause"] | None
    input_tokens: int
    output_tokens: int


def saying_of(step: Step, shown: Shown, *, number: int, model: str) -> Saying:
    """Return what the step says to the request.

    Raises:
        NotShown: A look-up found nothing, or more than one thing.
    """
    text = str(looked_up(step.text, shown))
    if step.data is not None:
        text = json.dumps(looked_up(step.data, shown), ensure_ascii=False)
    calls = tuple(_asked(call, shown) for call in step.calls)
    said = len(step.thinking) + len(text) + len(step.refusal or "") + len(repr(calls))
    return Saying(
        number=number,
        model=SCRIPTED + model.removeprefix(SCRIPTED),
        thinking=step.thinking,
        text=text,
        refusal=step.refusal,
        calls=calls,
        stop=step.stop,
        input_tokens=max(1, shown.tokens),
        output_tokens=max(1, said // 4),
    )


def _asked(call: FunctionCall | ComputerBatch, shown: Shown) -> FunctionAsked | BatchAsked:
    match call:
        case FunctionCall(tool=tool, arguments=arguments):
            found = {name: looked_up(value, shown) for name, value in arguments.items()}
            return FunctionAsked(name=tool, arguments=found)
        case ComputerBatch(computer=actions, safety_checks=checks):
            return BatchAsked(actions=looked_up(actions, shown), safety_checks=checks)
