"""Two servers that are driven alike, each by the SDK's client over stdio, as a model with their tools would.

After an act Pointsman's answer says what changed. The Playwright MCP server's is a link to a file, so that seeing what
happened takes a `browser_snapshot` more. Its own Node program is started, without the Python around it.
"""

import re
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import mcp_types as types
import playwright
import psutil
from mcp import Client, StdioServerParameters

from bridges.browser.install import find_browser

__all__ = ["NAMES", "Driver", "Name", "started"]

Name = Literal["ours", "reference"]
NAMES: tuple[Name, ...] = ("ours", "reference")
_REF = re.compile(r'([a-z]+ "[^"]+").*?\[ref=(\w+)\]')
_ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Driver:
    """One server, and the refs that were read so far, by role and name."""

    name: Name
    client: Client
    process: psutil.Process
    refs: dict[str, str] = field(default_factory=dict[str, str])
    typed: int = 0

    async def act(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """Call a tool and return the text of the answer."""
        result = await self.client.call_tool(tool, dict(arguments))
        text = "\n".join(part.text for part in result.content if isinstance(part, types.TextContent))
        if result.is_error:
            raise RuntimeError(f"{self.name}: {tool} {dict(arguments)!r} failed: {text}")
        return text

    async def see(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """Call a tool and return what it takes to see what came of it."""
        text = await self.act(tool, arguments)
        return f"{text}\n{await self.seen()}".rstrip()

    async def seen(self) -> str:
        """Return what has to be read after an act besides its answer."""
        return "" if self.name == "ours" else await self.act("browser_snapshot", {})

    async def open(self, url: str) -> str:
        """Open a page and remember the refs on it."""
        text = await self.see("browser_navigate", {"url": url})
        self.refs = dict(_REF.findall(text))
        return text

    async def choose(self, field: str, option: str) -> str:
        """Choose an option of a list, by the tool that is listed for it."""
        if self.name == "ours":
            return await self.act("browser_fill_form", {"fields": [self.field("combobox", field, option)]})
        target = self.refs[f'combobox "{field}"']
        return await self.act("browser_select_option", {"target": target, "values": [option]})

    def field(self, role: str, name: str, value: str) -> dict[str, str]:
        """Return a field of a form as this server wants it."""
        given = {"target": self.refs[f'{role} "{name}"'], "value": value}
        return given if self.name == "ours" else given | {"name": name, "type": role}

    def memory(self) -> int:
        """Return the bytes of the server and all that it started (PSS); 0 where nobody counts them."""
        return sum(_memory(process) for process in (self.process, *self.process.children(recursive=True)))


@asynccontextmanager
async def started(name: Name, folder: Path, origin: str) -> AsyncGenerator[Driver]:
    """Start a server in a folder of its own."""
    browser = find_browser()
    if browser is None:
        raise RuntimeError("no browser is installed: run `pointsman doctor --install-browser`")
    before = {process.pid for process in psutil.Process().children()}
    parameters = _ours(folder, origin, browser) if name == "ours" else _reference(folder, browser)
    async with Client(parameters) as client:
        [process] = [process for process in psutil.Process().children() if process.pid not in before]
        yield Driver(name=name, client=client, process=process)


def _ours(folder: Path, origin: str, browser: str) -> StdioServerParameters:
    config = folder / "pointsman.toml"
    section = f'[browser]\nexecutable = "{browser}"\norigins = ["{origin}"]\nsandbox = false\n'
    config.write_text(f'data = "data"\n{section}', encoding="utf-8")
    arguments = ["-m", "pointsman", "--config", str(config), "serve"]
    return StdioServerParameters(command=sys.executable, args=arguments, cwd=_ROOT)


def _reference(folder: Path, browser: str) -> StdioServerParameters:
    home = Path(playwright.__file__).parent / "driver"
    options = ["--headless", "--isolated", "--no-sandbox", "--viewport-size", "1280x800"]
    arguments = ["mcp", *options, "--executable-path", browser, "--output-dir", str(folder / "output")]
    node, program = home / ("node.exe" if sys.platform == "win32" else "node"), home / "package" / "cli.js"
    return StdioServerParameters(command=str(node), args=[str(program), *arguments], cwd=folder)


def _memory(process: psutil.Process) -> int:
    try:
        return int(getattr(process.memory_full_info(), "pss", 0))
    except psutil.Error:  # it ended meanwhile
        return 0
