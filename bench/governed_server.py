"""The same additions behind the whole of Pointsman: policy, journal, redaction, hardened stdio.

`add` only reads; `add_durably` counts as a mutating call and has its intent on disk before it runs.
"""

import sys
from pathlib import Path
from typing import Any

import anyio
from pydantic import BaseModel, ConfigDict

from pointsman import __version__
from server.app import running, state_key
from server.config import load
from server.face import face
from server.stdio import serve_stdio
from tools.outcome import Answer
from tools.policy import Caller, Effect
from tools.registry import Result, Tool


class Numbers(BaseModel):
    """Two numbers."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    a: int
    b: int


def adding(name: str, effect: Effect) -> Tool[Any]:
    """Return a tool that adds."""

    async def run(numbers: Numbers, caller: Caller) -> Result:
        total = numbers.a + numbers.b
        return Answer(text=str(total), data={"sum": total})

    return Tool(
        name=name,
        title=name,
        description="Add two numbers.",
        family="browser",
        effect=effect,
        arguments=Numbers,
        run=run,
    )


async def main(config: Path) -> None:
    """Serve."""
    settings = load(config)
    extra = (adding("add", "read"), adding("add_durably", "idempotent"))
    async with running(settings, extra=extra) as app:
        server = face(
            app.registry,
            listed=app.listed,
            call=app.call,
            answer=app.answer,
            principal="bench",
            state_key=state_key(settings.data),
            version=__version__,
        )
        await serve_stdio(server)


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]))
