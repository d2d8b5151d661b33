"""search_tools: find tools that are not listed, by what they do."""

import json
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bridges.index import Index
from tools.outcome import Answer, Refused
from tools.policy import Caller
from tools.registry import Registry, Result, Tool
from tools.relay import call_tool_for

__all__ = ["finding_tools"]


class SearchTools(BaseModel):
    """Arguments of search_tools."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    queries: list[str] = Field(
        default_factory=list[str], max_length=10, description="What is needed, one query for each step of the task."
    )
    names: list[str] = Field(default_factory=list[str], max_length=20, description="Exact names, for full schemas.")
    limit: int = Field(5, ge=1, le=20, description="Hits for each query.")


def finding_tools(registry: Callable[[], Registry], index: Callable[[], Index]) -> tuple[Tool[Any], ...]:
    """Return the family, bound to the registry and its index."""

    async def search(given: SearchTools, caller: Caller) -> Result:
        if not given.queries and not given.names:
            return Refused(code="bad_arguments", reason="search_tools: give queries or names")
        found: dict[str, Tool[Any]] = {}
        lines: list[str] = []
        for name in given.names:
            tool = registry().find(name)
            if tool is None:
                near = ", ".join(registry().near(name)) or "nothing close"
                lines.append(f"{name}: no such tool; near: {near}")
            else:
                found[tool.name] = tool
        for query in given.queries:
            names = index().search(query, limit=given.limit)
            hits = [tool for name in names if (tool := registry().find(name)) is not None]
            found |= {tool.name: tool for tool in hits}
            lines.append(f"{query!r}: {', '.join(tool.name for tool in hits) or 'nothing found'}")
        full = bool(given.names) or len(found) <= given.limit
        lines += [_line(tool, with_schema=full) for tool in found.values()]
        return Answer(text="\n".join(lines), data={"tools": [_data(tool, with_schema=full) for tool in found.values()]})

    return (
        Tool(
            name="search_tools",
            title="Search tools",
            description=(
                "Find tools that are not listed. One query for each step finds more than one for the whole task; "
                "exact names return full schemas."
            ),
            family="finding",
            effect="read",
            arguments=SearchTools,
            run=search,
            output={
                "type": "object",
                "properties": {"tools": {"type": "array", "items": {"type": "object"}}},
                "required": ["tools"],
            },
        ),
    )


def _line(tool: Tool[Any], *, with_schema: bool) -> str:
    head = f"- {tool.name} [{tool.most}; {call_tool_for(tool)}]: {tool.description}"
    return f"{head}\n  arguments: {json.dumps(tool.input_schema, ensure_ascii=False)}" if with_schema else head


def _data(tool: Tool[Any], *, with_schema: bool) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": tool.name,
        "description": tool.description,
        "effect": tool.most,
        "call_with": call_tool_for(tool),
    }
    return data | ({"arguments": tool.input_schema} if with_schema else {})
