"""Writes the tool reference from the registry: `python -m docs.generate_tools [--check]`."""

import sys
import tempfile
from pathlib import Path
from typing import Any

import anyio

from server.app import running
from server.config import load
from tools.registry import Tool
from tools.relay import call_tool_for

_PAGE = Path(__file__).parent / "tools.md"
_INTRODUCTION = """\
# Tools

Written from the registry by `python -m docs.generate_tools`. *Listed* tools are in `tools/list`; the others are found
by `search_tools` and called through the call tool that stands beside them. The effect is the heaviest that a call may
have; what a call lands on decides (`design.md`, "The one door").
"""


async def page() -> str:
    """Return the page as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "pointsman.toml"
        config.write_text('data = "data"\n', encoding="utf-8")
        async with running(load(config, environment={})) as app:
            listed = [tool for tool in app.registry if tool.name in app.listed]
            found = [tool for tool in app.registry if tool.name not in app.listed]
    parts = [_INTRODUCTION, f"## Listed ({len(listed)})\n", *map(_section, listed)]
    parts += [f"## Found by search ({len(found)})\n", *map(_section, found)]
    return "\n".join(parts)


def _section(tool: Tool[Any]) -> str:
    how = "" if tool.listed else f", `{call_tool_for(tool)}`"
    lines = [f"### {tool.name}\n", f"{tool.description} *{tool.most}{how}*\n"]
    schema = tool.input_schema
    required = set(schema.get("required", ()))
    for name, field in schema.get("properties", {}).items():
        said = field.get("description", "")
        lines.append(f"- `{name}`{'' if name in required else '?'} {_kind(field)}{': ' + said if said else ''}")
    return "\n".join(lines) + "\n"


def _kind(field: dict[str, Any]) -> str:
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    return str(field.get("type", "object"))


def main() -> int:
    """Write the page, or with --check say whether it is current."""
    wanted = anyio.run(page)
    if "--check" in sys.argv:
        return 0 if _PAGE.is_file() and _PAGE.read_text(encoding="utf-8") == wanted else 1
    _PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
