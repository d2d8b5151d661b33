"""A script: what stand-ins say, in order, what they expect to be asked, and how they look things up.

Scripts are JSON. A value anywhere in a step may be looked up in what the request shows, so
that a scripted operator can act on the page it is shown:

    {"ref_of": "button \\"Run report\\""}    the ref in the line that holds this text and `[ref=e12]`
    {"match": "session (s_\\\\w+)"}            the first group of this pattern
    "at": {"ref_of": "button \\"Run\\""}      in a computer action: the middle of that line's `[box=x,y,w,h]`

The latest text that fits counts. A look-up that finds nothing, or several different things, is an error.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bridges.known_models import Vendor
from bridges.scripted.shown import Shown

__all__ = [
    "BadScript",
    "ComputerBatch",
    "Expect",
    "Failure",
    "FunctionCall",
    "NotShown",
    "Script",
    "Step",
    "load_script",
    "looked_up",
    "unmet",
]


class BadScript(Exception):
    """The script is not one. The message says where and why."""


class NotShown(Exception):
    """A look-up found nothing in what the request shows, or more than one thing."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Expect(_Strict):
    """What the request must be like. `lacks` looks at the whole request, images aside."""

    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    tool_result: bool | None = None
    image: bool | None = None


class FunctionCall(_Strict):
    """Ask for a function tool."""

    tool: str
    arguments: dict[str, Any] = {}


class ComputerBatch(_Strict):
    """Ask for actions on the screen, in OpenAI's wire shape."""

    computer: tuple[dict[str, Any], ...]
    safety_checks: tuple[dict[str, str], ...] = ()


class Failure(_Strict):
    """Answer with an HTTP error."""

    status: int = Field(ge=400, le=599)
    message: str = "scripted failure"
    code: str | None = None
    retry_after_s: float | None = None


class Step(_Strict):
    """One answer. `cut` breaks it off in the middle; `times` says how often it is given."""

    expect: Expect = Expect()
    delay_s: float = Field(default=0, ge=0)
    thinking: str = ""
    text: str | dict[str, str] = ""
    data: Any = None
    calls: tuple[FunctionCall | ComputerBatch, ...] = ()
    refusal: str | None = None
    error: Failure | None = None
    stop: Literal["length", "pause"] | None = None
    cut: bool = False
    times: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _says_one_thing(self) -> "Step":
        said = [name for name in ("text", "data", "refusal", "error") if getattr(self, name) not in ("", None)]
        if len(said) > 1 or (self.calls and {"data", "refusal", "error"} & set(said)):
            raise ValueError(f"a step says one thing, and text beside calls; this one has {said} and calls")
        if not said and not self.calls and not self.thinking:
            raise ValueError("a step says something: text, data, calls, refusal or error")
        return self


class Script(_Strict):
    """The steps of each vendor, and of single models where one vendor plays several roles."""

    openai: tuple[Step, ...] = ()
    anthropic: tuple[Step, ...] = ()
    models: dict[str, tuple[Step, ...]] = {}

    def part(self, vendor: Vendor, model: str) -> tuple[str, tuple[Step, ...]]:
        """Return the name and the steps of the part that answers: the model's own, else the vendor's."""
        if model in self.models:
            return model, self.models[model]
        return vendor, self.openai if vendor == "openai" else self.anthropic


def load_script(source: str | Path) -> Script:
    """Read a script from JSON, or from a file that holds it.

    Raises:
        BadScript: It is not JSON, or not a script.
        OSError: The file cannot be read.
    """
    text = source.read_text(encoding="utf-8") if isinstance(source, Path) else source
    name = str(source) if isinstance(source, Path) else "the script"
    try:
        return Script.model_validate_json(text)
    except ValidationError as error:
        mistakes = [
            f"{'.'.join(str(part) for part in mistake['loc']) or 'the whole'}: {mistake['msg']}"
            for mistake in error.errors(include_url=False)
        ]
        raise BadScript(f"{name} is not a script: {'; '.join(mistakes)}") from error


def unmet(expect: Expect, shown: Shown) -> str | None:
    """Return what the request lacks of what was expected, or None when all is there."""
    everything = "\n".join((shown.instructions, *shown.texts))
    for text in expect.contains:
        if text not in everything:
            return f"expected to be shown {text!r}"
    for text in expect.lacks:
        if text in shown.whole:
            return f"expected not to find {text!r} anywhere in the request"
    for tool in expect.tools:
        if tool not in shown.tools:
            return f"expected the tool {tool!r} to be offered; offered: {list(shown.tools)!r}"
    if expect.tool_result not in (None, shown.tool_result):
        return f"expected {'a' if expect.tool_result else 'no'} tool result in the last turn"
    if expect.image not in (None, shown.images > 0):
        return f"expected {'an image' if expect.image else 'no image'} in the request"
    return None


def looked_up(value: Any, shown: Shown) -> Any:
    """Return the value with every look-up in it replaced by what was found.

    Raises:
        NotShown: A look-up found nothing, or more than one thing.
    """
    match value:
        case {"ref_of": str(text), **rest} if not rest:
            return _one(_refs(text, shown.texts), f"a line with {text!r} and [ref=…]", shown)
        case {"match": str(pattern), **rest} if not rest:
            return _one(_groups(pattern, shown.texts), f"anything like {pattern!r}", shown)
        case {"at": {"ref_of": str(text)}, **rest}:
            x, y = _one(_middles(text, shown.texts), f"a line with {text!r} and [box=…]", shown)
            return {**looked_up(rest, shown), "x": x, "y": y}
        case dict():
            return {key: looked_up(part, shown) for key, part in cast("dict[str, Any]", value).items()}
        case list() | tuple():
            return [looked_up(part, shown) for part in cast("Sequence[Any]", value)]
        case _:
            return value


_REF = re.compile(r"\[ref=(\w+)\]")
_BOX = re.compile(r"\[box=(-?\d+),(-?\d+),(\d+),(\d+)\]")


def _refs(text: str, texts: Sequence[str]) -> list[str]:
    return [found[1] for line in _lines(text, _REF, texts) if (found := _REF.search(line))]


def _middles(text: str, texts: Sequence[str]) -> list[tuple[int, int]]:
    boxes = [found.groups() for line in _lines(text, _BOX, texts) if (found := _BOX.search(line))]
    return [(int(x) + int(width) // 2, int(y) + int(height) // 2) for x, y, width, height in boxes]


def _groups(pattern: str, texts: Sequence[str]) -> list[str]:
    found = next((hit for text in reversed(texts) if (hit := re.search(pattern, text))), None)
    return [] if found is None else [found[1] if found.groups() else found[0]]


def _lines(text: str, mark: re.Pattern[str], texts: Sequence[str]) -> list[str]:
    """Return the lines with the text and the mark, from the latest text that has any."""
    for shown in reversed(texts):
        if lines := [line for line in shown.splitlines() if text in line and mark.search(line)]:
            return lines
    return []


def _one(found: Sequence[Any], what: str, shown: Shown) -> Any:
    different = list(dict.fromkeys(found))
    if len(different) == 1:
        return different[0]
    if different:
        raise NotShown(f"looked for {what} and found several: {different!r}; write more of the line")
    last = shown.texts[-1] if shown.texts else ""
    raise NotShown(f"looked for {what} and found none; the last text shown begins {last[:300]!r}")
