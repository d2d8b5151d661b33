"""The proxy on this machine that all connections of one browser session go through."""

import asyncio
from typing import Self

import anyio
import h11

from bridges.egress.rules import Boundary
from bridges.egress.visit import Visit
from bridges.egress.wire import CHUNK, Wire

__all__ = ["EgressProxy"]

_CLOSE_S = 2.0
_REMEMBERED = 10


class EgressProxy:
    """The way out of one session, on a port of its own. Close with `aclose`."""

    def __init__(self, boundary: Boundary, *, connections: int = 256) -> None:
        self._boundary = boundary
        self._connections = connections
        self._server: asyncio.Server | None = None
        self._visits: dict[asyncio.Task[None], anyio.CancelScope] = {}
        self._refused: dict[str, None] = {}
        self._unreached: dict[str, None] = {}

    @classmethod
    async def started(cls, boundary: Boundary, *, connections: int = 256) -> Self:
        """Listen on a free port of this machine, for so many connections at once."""
        proxy = cls(boundary, connections=connections)
        proxy._server = await asyncio.start_server(proxy._met, "127.0.0.1", 0, limit=CHUNK)
        return proxy

    @property
    def address(self) -> str:
        """Where it listens, as a URL."""
        if self._server is None or not self._server.sockets:
            raise RuntimeError("the proxy is not listening: make it with `EgressProxy.started`, and do not close it")
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def refused(self) -> tuple[str, ...]:
        """Return what was refused since this was asked last, and why: the latest few, each once."""
        return _taken(self._refused)

    def unreached(self) -> tuple[str, ...]:
        """Return what was permitted but did not answer since this was asked last: the latest few, each once."""
        return _taken(self._unreached)

    async def aclose(self) -> None:
        """Stop listening and break off every connection."""
        if self._server is not None:
            self._server.close()
        for visit in self._visits.values():
            visit.cancel()
        with anyio.move_on_after(_CLOSE_S, shield=True):
            await asyncio.gather(*self._visits, return_exceptions=True)

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection. asyncio starts this as a task of its own: it is kept, so that it can be ended."""
        task = asyncio.current_task()
        wire = Wire(h11.SERVER, (reader, writer))
        if task is None or self._server is None or not self._server.is_serving():
            wire.abort()
            return
        with anyio.CancelScope() as scope:  # ended through it: asyncio 3.11 complains about a cancelled task
            self._visits[task] = scope
            try:
                await self._served(wire)
            except OSError:
                pass  # the browser went away or fell silent: nobody is left to tell
            finally:
                del self._visits[task]
                wire.abort()

    async def _served(self, wire: Wire) -> None:
        visit = Visit(wire, self._boundary, refused=self._note_refused, unreached=self._note_unreached)
        if len(self._visits) > self._connections:
            await visit.turn_away()
        else:
            await visit.serve()
        await wire.finish()

    def _note_refused(self, what: str) -> None:
        _noted(self._refused, what)

    def _note_unreached(self, what: str) -> None:
        _noted(self._unreached, what)


def _noted(notes: dict[str, None], what: str) -> None:
    notes.pop(what, None)
    notes[what] = None
    if len(notes) > _REMEMBERED:
        del notes[next(iter(notes))]


def _taken(notes: dict[str, None]) -> tuple[str, ...]:
    taken = tuple(notes)
    notes.clear()
    return taken
