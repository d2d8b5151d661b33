"""The tools that exist: data and one function each, found by name.

Which of them a client sees listed is the face's business; every tool here can be called through the gate.
"""

import difflib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel

from tools.outcome import Answer, NeedsApproval, Refused, Uncertain
from tools.policy import Caller, Effect, Facts, worse

__all__ = ["Registry", "Result", "Tool"]

A = TypeVar("A", bound=BaseModel)
Result = Answer | Refused | NeedsApproval | Uncertain


async def _nothing_to_add(arguments: Any, caller: Caller) -> Facts:
    return Facts()


@dataclass(frozen=True, kw_only=True)
class Tool(Generic[A]):
    """One thing that can be asked for.

    `effect` is the least the tool does, `worst` the most it may do; `facts` tells, before anything happens, what a
    given call will touch, and may raise the class up to `worst`. `family` groups tools for policy. `deadline_s`
    bounds `run`; it returns what came of it and raises only for broken promises.
    """

    name: str
    title: str
    description: str
    family: str
    effect: Effect
    arguments: type[A]
    run: Callable[[A, Caller], Awaitable[Result]]
    facts: Callable[[A, Caller], Awaitable[Facts | Refused]] = _nothing_to_add
    worst: Effect | None = None
    output: dict[str, Any] | None = None
    listed: bool = True
    open_world: bool = False
    deadline_s: float = 30.0

    @property
    def most(self) -> Effect:
        """The heaviest class that a call of this tool may have: what annotations and call tools go by."""
        return worse(self.effect, self.worst)

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        """The JSON Schema of the arguments, without the noise that pydantic adds for documentation's sake.

        A field marked `unlisted` is accepted, for callers that know it from elsewhere, and not shown.
        """
        schema = self.arguments.model_json_schema()
        for part in (schema, *schema.get("$defs", {}).values()):
            part.pop("description", None)  # docstrings are for readers of the code
            kept = {name: about for name, about in part.get("properties", {}).items() if not about.get("unlisted")}
            if "properties" in part:
                part["properties"] = kept
        return _plain(schema) | {"additionalProperties": False}


class Registry:
    """Tools by name, in the order of their names."""

    def __init__(self, tools: Iterable[Tool[Any]]) -> None:
        self._tools: dict[str, Tool[Any]] = {}
        for tool in sorted(tools, key=lambda tool: tool.name):
            if tool.name in self._tools:
                raise ValueError(f"two tools are called {tool.name!r}")
            self._tools[tool.name] = tool

    def __iter__(self) -> Iterator[Tool[Any]]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)

    def find(self, name: str) -> Tool[Any] | None:
        """Return the tool of this exact name."""
        return self._tools.get(name)

    def near(self, name: str) -> tuple[str, ...]:
        """Return up to three names that may have been meant."""
        return tuple(difflib.get_close_matches(name, self._tools, n=3))


def _plain(schema: Any) -> Any:
    """Return the schema without titles, and an optional field as what it is when it is there: each costs tokens."""
    match schema:
        case dict():
            entries = cast("dict[str, Any]", schema)
            kept = {
                key: _plain(value)
                for key, value in entries.items()
                if not (key == "title" and isinstance(value, str))
                and not (key == "default" and value in (None, False, "", []))
                and not (key == "additionalProperties" and isinstance(value, bool))
            }
            choices = [choice for choice in kept.get("anyOf", ()) if choice != {"type": "null"}]
            if len(choices) == 1:
                return choices[0] | {key: value for key, value in kept.items() if key != "anyOf"}
            return kept
        case list():
            return [_plain(item) for item in cast("list[Any]", schema)]
        case _:
            return schema
