"""The floor to compare with: the SDK's low-level server over its own stdio, one tool, no governance."""

import anyio
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

_SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"],
}


async def list_tools(
    context: ServerRequestContext, params: types.PaginatedRequestParams | None
) -> types.ListToolsResult:
    """List the one tool."""
    return types.ListToolsResult(tools=[types.Tool(name="add", description="Add two numbers.", input_schema=_SCHEMA)])


async def call_tool(context: ServerRequestContext, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Add."""
    arguments = params.arguments or {}
    total = arguments["a"] + arguments["b"]
    text = types.TextContent(type="text", text=str(total))
    return types.CallToolResult(content=[text], structured_content={"sum": total})


async def main() -> None:
    """Serve."""
    server = Server("bare", version="1", on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    anyio.run(main)
