"""call_read_tool, call_write_tool, call_destructive_tool: the way to tools that are not listed.

One for each weight of effect, so that a client's own permission prompts stay truthful. A relayed call is the inner
call: the gate unwraps it first, checks that the class fits, and goes on with what was meant.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bridges.model import ToolCall
from tools.outcome import Refused
from tools.policy import Caller, Effect
from tools.registry import Registry, Result, Tool

__all__ = ["relay_tools", "unwrapped"]

_CALL_TOOLS: dict[Effect, str] = {
    "read": "call_read_tool",
    "idempotent": "call_write_tool",
    "keyed": "call_write_tool",
    "irreversible": "call_destructive_tool",
}
_WORDS = {
    "call_read_tool": "Call a tool that only reads, by the name that search_tools gave.",
    "call_write_tool": "Call a tool that changes something that can be changed back, by the name search_tools gave.",
    "call_destructive_tool": "Call a tool whose effect cannot be undone, by the name that search_tools gave.",
}


class Relayed(BaseModel):
    """Arguments of the call tools."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: str = Field(description="Exact name of the tool.")
    arguments: dict[str, Any] = Field(default_factory=dict[str, Any], description="Its arguments.")


def call_tool_for(tool: Tool[Any]) -> str:
    """Return the name of the call tool that this tool is called through."""
    return _CALL_TOOLS[tool.most]


def unwrapped(call: ToolCall, registry: Registry) -> ToolCall | Refused:
    """Return the call that is meant: the inner one of a relayed call, any other as it is."""
    if call.name not in _WORDS:
        return call
    try:
        inner = Relayed.model_validate(call.arguments)
    except ValueError:
        return Refused(code="bad_arguments", reason=f"{call.name} takes name and arguments")
    tool = registry.find(inner.name)
    if tool is None:
        return ToolCall(name=inner.name, arguments=inner.arguments, id=call.id)
    if inner.name in _WORDS:
        return Refused(code="bad_arguments", reason=f"{inner.name} cannot be called through {call.name}")
    if call_tool_for(tool) != call.name:
        reason = f"{inner.name} is {tool.most}: call it through {call_tool_for(tool)}"
        return Refused(code="wrong_call_tool", reason=reason)
    return ToolCall(name=inner.name, arguments=inner.arguments, id=call.id)


def relay_tools() -> tuple[Tool[Any], ...]:
    """Return the three call tools, for listing; calls to them never reach `run`."""

    async def never(arguments: Relayed, caller: Caller) -> Result:
        raise AssertionError("the gate unwraps relayed calls")

    weights: tuple[tuple[str, Effect], ...] = (
        ("call_read_tool", "read"),
        ("call_write_tool", "idempotent"),
        ("call_destructive_tool", "irreversible"),
    )
    return tuple(
        Tool(
            name=name,
            title=name.replace("_", " ").capitalize(),
            description=_WORDS[name],
            family="relay",
            effect=effect,
            arguments=Relayed,
            run=never,
            output={"type": "object"},  # that of the tool that is meant
            open_world=True,
        )
        for name, effect in weights
    )
