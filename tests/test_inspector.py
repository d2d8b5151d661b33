"""The MCP Inspector's command line, a client that nobody here wrote, over stdio and in both protocol eras."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.npm import installed

PACKAGE = "@modelcontextprotocol/inspector@2.12.0"
pytestmark = pytest.mark.timeout(300)


class Inspector:
    """The program, pointed at our server."""

    def __init__(self, command: list[str], folder: Path, era: str) -> None:
        self.command, self.folder = command, folder
        (folder / "pointsman.toml").write_text('data = "data"\n', encoding="utf-8")
        serve = ["-m", "pointsman", "--config", str(folder / "pointsman.toml"), "serve"]
        server: dict[str, Any] = {"command": sys.executable, "args": serve}
        if era == "modern":
            server["protocolEra"] = "modern"
        (folder / "mcp.json").write_text(json.dumps({"mcpServers": {"pointsman": server}}), encoding="utf-8")

    def run(self, *arguments: str) -> dict[str, Any]:
        """Return what a method answers."""
        base = ["--cli", "--config", str(self.folder / "mcp.json"), "--server", "pointsman", "--format", "json"]
        done = subprocess.run(
            [*self.command, *base, *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"MCP_INSPECTOR_SECRET_STORE": "memory"},
        )
        assert done.stdout, done.stderr
        return dict(json.loads(done.stdout)["result"])


@pytest.fixture(params=["legacy", "modern"])
def inspector(request: pytest.FixtureRequest, tmp_path: Path, pytestconfig: pytest.Config) -> Inspector:
    command = installed(PACKAGE, "clients/launcher/build/index.js", pytestconfig)
    return Inspector(command, tmp_path, request.param)


def test_the_inspector_lists_fewer_than_twenty_annotated_tools(inspector: Inspector) -> None:
    tools = inspector.run("--method", "tools/list")["tools"]
    assert 10 < len(tools) < 20
    hints = {tool["name"]: tool["annotations"] for tool in tools}
    for name, reads, destroys in (
        ("browser_snapshot", True, False),
        ("browser_navigate", False, False),
        ("browser_click", False, True),
        ("call_destructive_tool", False, True),
    ):
        assert (hints[name]["readOnlyHint"], hints[name]["destructiveHint"]) == (reads, destroys), name
    assert all(tool["outputSchema"]["type"] == "object" for tool in tools)


def test_the_inspector_calls_a_tool(inspector: Inspector) -> None:
    result = inspector.run(
        "--method", "tools/call", "--tool-name", "route_task", "--tool-arg", "task=Review a 200-page contract"
    )
    assert result["structuredContent"]["executor"] == "claude-opus-4-7"
