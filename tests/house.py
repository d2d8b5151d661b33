"""A whole server in memory, as tests reach it: through an MCP client."""

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import mcp_types as types
from mcp import Client
from pydantic import BaseModel, ConfigDict

from pointsman import __version__
from server.app import App, running, state_key
from server.cli import PRINCIPAL
from server.config import Config, load
from server.face import face
from tools.outcome import Answer
from tools.policy import Caller, Effect, Facts
from tools.registry import Result, Tool

__all__ = ["Era", "House", "Ledger", "Person", "configured", "connected", "text_of"]

Era = Literal["auto", "legacy"]


class Note(BaseModel):
    """Arguments of the test tools."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    text: str
    amount: int = 0


class Ledger:
    """Tools whose effect on the world is a line in a list."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def tool(self, name: str, effect: Effect, *, listed: bool = True) -> Tool[Any]:
        """Return a tool that writes its text down."""

        async def run(note: Note, caller: Caller) -> Result:
            self.lines.append(note.text)
            return Answer(text=f"wrote {note.text}", data={"text": note.text})

        async def facts(note: Note, caller: Caller) -> Facts:
            return Facts(kind=name)

        return Tool(
            name=name,
            title=name,
            description=f"{name} a note",
            family="browser",
            effect=effect,
            arguments=Note,
            run=run,
            facts=facts,
            listed=listed,
        )


class Person:
    """Answers elicitations as told, and remembers the questions."""

    def __init__(self, *answers: str, action: Literal["accept", "decline", "cancel"] = "accept") -> None:
        self.answers = list(answers)
        self.action: Literal["accept", "decline", "cancel"] = action
        self.questions: list[str] = []

    async def __call__(self, context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        self.questions.append(params.message)
        if self.action != "accept":
            return types.ElicitResult(action=self.action)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return types.ElicitResult(action="accept", content={"answer": answer})


class House:
    """A client, and the app behind it for what no client can see."""

    def __init__(self, client: Client, app: App) -> None:
        self.client = client
        self.app = app

    async def call(self, tool: str, /, **arguments: Any) -> types.CallToolResult:
        """Call a tool as a client does."""
        return await self.client.call_tool(tool, arguments)

    async def journal(self) -> list[str]:
        """Return the kinds of records and their tools, in order, reads left out."""
        entries = await self.app.journal_entries()
        return [f"{e.record.kind} {e.record.tool}" for e in entries if e.record.body.get("effect") != "read"]


def configured(folder: Path, text: str = "", environment: Mapping[str, str] | None = None) -> Config:
    """Return a configuration whose data lies under the folder."""
    path = folder / "pointsman.toml"
    path.write_text(f'data = "data"\n{text}', encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    return load(path, environment=kept | dict(environment or {}))


@asynccontextmanager
async def connected(
    config: Config,
    *extra: Tool[Any],
    era: Era = "auto",
    person: Person | None = None,
) -> AsyncGenerator[House]:
    """Hold a server in memory with a client connected to it."""
    async with running(config, extra=extra) as app:
        server = face(
            app.registry,
            listed=app.listed,
            call=app.call,
            answer=app.answer,
            principal=PRINCIPAL,
            state_key=state_key(config.data),
            version=__version__,
        )
        async with Client(server, mode=era, elicitation_callback=person) as client:
            yield House(client, app)


def text_of(result: types.CallToolResult) -> str:
    """Return the text of a result."""
    return "\n".join(part.text for part in result.content if isinstance(part, types.TextContent))
