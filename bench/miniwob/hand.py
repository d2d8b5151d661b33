"""What a policy has: the tools of one server, and what they answered so far.

After an act Pointsman's answer says what changed; for the Playwright MCP server a `browser_snapshot` follows each act.
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
from mcp import Client, StdioServerParameters

from bench.miniwob.reading import Node, nodes, unquoted, words
from bridges.browser.install import find_browser

__all__ = ["NAMES", "Hand", "Lost", "Name", "Person", "started"]

Name = Literal["ours", "reference"]
NAMES: tuple[Name, ...] = ("ours", "reference")
_ROOT = Path(__file__).parents[2]
_CHANGES, _CHANGED = "Changes (untrusted", re.compile(r"^\+ ?(.*)$", re.MULTILINE)


class Lost(Exception):
    """A policy cannot go on: what it looked for is not in the answers, or a tool refused."""


@dataclass(slots=True)
class Person:
    """Says yes to everything, and counts the questions."""

    questions: int = 0

    async def __call__(self, context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        self.questions += 1
        return types.ElicitResult(action="accept", content={"answer": "this call"})


@dataclass(slots=True)
class Hand:
    """The tools of one server. `seen` is what they showed of the page, the oldest first."""

    name: Name
    client: Client
    person: Person
    seen: list[str] = field(default_factory=list[str])
    answers: list[str] = field(default_factory=list[str])

    async def open(self, address: str) -> None:
        """Open a page and forget everything before."""
        self.seen, self.answers = [], []
        await self.act("browser_navigate", {"url": address})

    async def act(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """Call a tool, remember what it shows, and return that."""
        shown = await self._called(tool, arguments)
        if self.name == "reference":
            shown = await self._called("browser_snapshot", {})
        self.seen.append(shown)
        return shown

    async def look(self, **more: Any) -> str:
        """Take a snapshot."""
        self.seen.append(await self._called("browser_snapshot", more))
        return self.seen[-1]

    async def click(self, target: Node | str, **more: Any) -> str:
        """Click an element, by its node or by a selector."""
        return await self.act("browser_click", {"target": _target(target)} | more)

    async def type(self, target: Node | str, text: str, **more: Any) -> str:
        """Put a text into a field."""
        return await self.act("browser_type", {"target": _target(target), "text": text} | more)

    async def choose(self, target: Node, *values: str) -> str:
        """Choose options of a list."""
        return await self.act("browser_select_option", {"target": target.ref, "values": list(values)})

    async def hover(self, target: Node | str) -> str:
        """Move the pointer over an element."""
        return await self.act("browser_hover", {"target": _target(target)})

    async def drag(self, start: Node | str, end: Node | str) -> str:
        """Drag an element to another."""
        return await self.act("browser_drag", {"startTarget": _target(start), "endTarget": _target(end)})

    async def press(self, key: str, times: int = 1) -> str:
        """Press a key so many times."""
        return [await self.act("browser_press_key", {"key": key}) for _ in range(times)][-1]

    async def wait(self, seconds: float) -> str:
        """Wait, and return what changed."""
        return await self.act("browser_wait_for", {"time": seconds})

    async def submit(self, name: str = "Submit") -> str:
        """Click the button of this name."""
        return await self.click(self.one("button", name))

    @property
    def words(self) -> str:
        """The whole page as it was opened, as words."""
        return words(self.seen[0])

    def asked(self, pattern: str) -> tuple[str, ...]:
        """Return what the instruction has in the places of the groups.

        Raises:
            Lost: It does not read like this.
        """
        if found := re.search(pattern, self.words):
            return found.groups()
        raise Lost(f"nothing like {pattern!r} in {self.words!r}")

    def all(self, *roles: str) -> list[Node]:
        """Return the elements of these roles that were shown last when any were."""
        for text in reversed(self.seen):
            if found := [node for node in nodes(text) if node.role in roles]:
                return found
        raise Lost(f"no {' or '.join(roles)} in {self.seen[-1]!r}")

    def one(self, role: str, name: str) -> Node:
        """Return the element of this role and name."""
        return self.called(name, role)

    def called(self, label: str, *roles: str) -> Node:
        """Return the element with this label, or one that begins with it; what was shown last comes first.

        Raises:
            Lost: There is none.
        """
        for text in reversed(self.seen):
            there = [node for node in nodes(text) if not roles or node.role in roles]
            for fits in (_is, _begins):
                if found := [node for node in there if fits(node.label, label)]:
                    return found[0]
        raise Lost(f"nothing is called {label!r} in {self.seen[-1]!r}")

    async def _called(self, tool: str, arguments: Mapping[str, Any]) -> str:
        result = await self.client.call_tool(tool, dict(arguments))
        text = "\n".join(part.text for part in result.content if isinstance(part, types.TextContent))
        self.answers.append(text)
        if result.is_error:
            raise Lost(f"{tool} {dict(arguments)!r}: {text}")
        return "\n".join(_CHANGED.findall(text)) if _CHANGES in text else unquoted(_page(text))


@asynccontextmanager
async def started(name: Name, folder: Path, origin: str) -> AsyncGenerator[Hand]:
    """Start a server in a folder of its own."""
    browser = find_browser()
    if browser is None:
        raise RuntimeError("no browser is installed: run `pointsman doctor --install-browser`")
    parameters = _ours(folder, origin, browser) if name == "ours" else _reference(folder, browser)
    person = Person()
    async with Client(parameters, elicitation_callback=person) as client:
        await client.list_tools()
        yield Hand(name=name, client=client, person=person)


def _ours(folder: Path, origin: str, browser: str) -> StdioServerParameters:
    config = folder / "pointsman.toml"
    section = f'[browser]\nexecutable = "{browser}"\norigins = ["{origin}"]\nsandbox = false\n'
    config.write_text(f'data = "data"\n{section}', encoding="utf-8")
    arguments = ["-m", "pointsman", "--config", str(config), "serve"]
    return StdioServerParameters(command=sys.executable, args=arguments, cwd=_ROOT)


def _reference(folder: Path, browser: str) -> StdioServerParameters:
    home = Path(playwright.__file__).parent / "driver"
    options = ["--headless", "--isolated", "--no-sandbox", "--viewport-size", "1280x800", "--caps", "vision"]
    arguments = ["mcp", *options, "--executable-path", browser, "--output-dir", str(folder / "output")]
    node, program = home / ("node.exe" if sys.platform == "win32" else "node"), home / "package" / "cli.js"
    return StdioServerParameters(command=str(node), args=[str(program), *arguments], cwd=folder)


def _target(target: Node | str) -> str:
    return target if isinstance(target, str) else target.ref


def _page(text: str) -> str:
    """Return the part of an answer that shows the page."""
    for start in ("not instructions):\n", "```yaml\n"):
        if start in text:
            return text.split(start, 1)[1].split("\n```")[0]
    return text


def _is(label: str, wanted: str) -> bool:
    return label == wanted


def _begins(label: str, wanted: str) -> bool:
    return re.match(re.escape(wanted) + r"(?!\w)", label) is not None
