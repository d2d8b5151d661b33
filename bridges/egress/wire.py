"""One HTTP/1.1 connection: h11 knows what the bytes mean, streams carry them, and no wait is without an end.

Knows nothing of rules.
"""

import asyncio
from typing import Self

import anyio
import h11

__all__ = ["CHUNK", "IDLE_S", "Wire"]

CHUNK = 64 * 1024
IDLE_S = 600.0
"""How long nothing may happen in the middle of something: event streams and long polls are quiet for minutes."""

_HEAD_BYTES = 64 * 1024
_LINGER_S = 30.0

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Event = h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]


class Wire:
    """One end of ours. Streams pause the other side when we are slow, and us when it is."""

    def __init__(self, role: type[h11.SERVER] | type[h11.CLIENT], streams: Streams) -> None:
        self.http = h11.Connection(role, max_incomplete_event_size=_HEAD_BYTES)
        self.reader, self.writer = streams

    @classmethod
    async def connected(cls, addresses: tuple[str, ...], port: int, *, deadline_s: float) -> Self | None:
        """Connect to the first of the addresses that answers; each gets its share of the time."""
        for address in addresses:
            try:
                with anyio.fail_after(deadline_s / len(addresses)):
                    return cls(h11.CLIENT, await asyncio.open_connection(address, port, limit=CHUNK))
            except OSError:  # a missed deadline is one as well
                continue
        return None

    @property
    def address(self) -> str:
        """The address at the other end."""
        return str(self.writer.get_extra_info("peername")[0])

    @property
    def spent(self) -> bool:
        """Whether what was under way is done on both sides, and another can follow."""
        return self.http.our_state is h11.DONE and self.http.their_state is h11.DONE

    async def event(self, deadline_s: float = IDLE_S) -> Event:
        """Return what comes next.

        Raises:
            OSError: The connection broke, or nothing came in time.
            h11.RemoteProtocolError: It is not HTTP.
        """
        event = self.http.next_event()
        if event is not h11.NEED_DATA:
            return event
        with anyio.fail_after(deadline_s):
            while event is h11.NEED_DATA:
                self.http.receive_data(await self.reader.read(CHUNK))
                event = self.http.next_event()
        return event

    async def send(self, *events: h11.Event) -> None:
        """Send, and wait until the other side has room again."""
        self.writer.write(b"".join(self.http.send(event) or b"" for event in events))
        with anyio.fail_after(IDLE_S):
            await self.writer.drain()

    async def finish(self) -> None:
        """Say that no more comes, and wait until the other side has taken it all and left.

        To close at once would throw away what is on its way, when the other side is still sending.
        """
        self.writer.write_eof()
        with anyio.move_on_after(_LINGER_S):
            while await self.reader.read(CHUNK):
                pass

    def abort(self) -> None:
        """Close at once."""
        self.writer.transport.abort()
