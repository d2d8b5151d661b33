"""MCP over stdin and stdout, hardened: every bad frame is answered, every signal ends cleanly.

What the SDK's own transport leaves to chance and clients have met: frames that are not JSON-RPC are answered
(-32700, -32600) instead of dropped; a line is at most 4 MiB; a request id in flight cannot be used twice;
`server/discover` may come first without fixing the protocol era, since some clients probe with it and then send
`initialize`; SIGTERM, SIGINT and end of input cancel what runs, let it clean up, and end the process in time.
Reading and writing wait for the descriptors on the event loop, which is faster than a thread for each line.
Stray output of anyone in the process goes to stderr: descriptor 1 is pointed there while serving.

Source: MCP specification 2026-07-28, "Transports: stdio"; JSON-RPC 2.0, section 5.1.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, cast

import anyio
import anyio.to_thread
import mcp_types as types
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp import Client
from mcp.server.lowlevel import Server
from mcp.shared.message import SessionMessage
from mcp_types.version import LATEST_MODERN_VERSION
from pydantic import ValidationError

__all__ = ["MAX_LINE_BYTES", "SHUTDOWN_S", "serve_stdio"]

MAX_LINE_BYTES = 4 * 2**20
SHUTDOWN_S = 1.4  # from the first sign of the end to the hard exit
_READ_BYTES = 2**16
_WRITE_BYTES = 4096  # a pipe that polls writable takes this much without blocking (PIPE_BUF)
_PARSE_ERROR, _INVALID_REQUEST, _INTERNAL_ERROR = -32700, -32600, -32603
_VERSION_KEY = "io.modelcontextprotocol/protocolVersion"


class _Wire:
    """The two descriptors, and the ids of requests that were read and not yet answered."""

    def __init__(self) -> None:
        self.input = os.dup(0)
        self.output = os.dup(1)
        devnull = os.open(os.devnull, os.O_RDONLY)
        os.dup2(devnull, 0)
        os.close(devnull)
        os.dup2(2, 1)
        self._write_lock = anyio.Lock()
        self._in_flight: set[str | int] = set()

    async def lines(self) -> AsyncIterator[bytes | None]:
        """Yield each line without its end; None stands for one that was too long."""
        kept, skipping = bytearray(), False
        while chunk := await self._read():
            kept += chunk
            while (end := kept.find(b"\n")) >= 0:
                line = bytes(kept[:end])
                del kept[: end + 1]
                if skipping or len(line) > MAX_LINE_BYTES:
                    yield None
                elif line.strip():
                    yield line
                skipping = False
            if len(kept) > MAX_LINE_BYTES:
                kept.clear()
                skipping = True
        if kept.strip() and not skipping:
            yield bytes(kept)

    async def _read(self) -> bytes:
        try:
            await anyio.wait_readable(self.input)
        except (OSError, NotImplementedError):  # a regular file, or a platform whose loop polls sockets only
            return await anyio.to_thread.run_sync(os.read, self.input, _READ_BYTES, abandon_on_cancel=True)
        return os.read(self.input, _READ_BYTES)

    async def send(self, message: str) -> None:
        """Write one line, whole."""
        data = memoryview(message.encode() + b"\n")
        async with self._write_lock:
            while data:
                data = data[await self._write(data[:_WRITE_BYTES]) :]

    async def _write(self, data: memoryview) -> int:
        try:
            await anyio.wait_writable(self.output)
        except (OSError, NotImplementedError):
            return await anyio.to_thread.run_sync(os.write, self.output, data)
        return os.write(self.output, data)

    async def refuse(self, code: int, message: str, request_id: Any = None) -> None:
        """Answer a frame that is none."""
        known = request_id if isinstance(request_id, str | int) and not isinstance(request_id, bool) else None
        error = {"code": code, "message": message}
        await self.send(json.dumps({"jsonrpc": "2.0", "id": known, "error": error}))

    def begin(self, request_id: str | int) -> bool:
        """Note a request in flight; False when its id is in flight already."""
        if request_id in self._in_flight:
            return False
        self._in_flight.add(request_id)
        return True

    def end(self, request_id: str | int | None) -> None:
        """Note that a request was answered or cancelled."""
        self._in_flight.discard(request_id)  # type: ignore[arg-type]


async def serve_stdio(server: Server[Any]) -> None:
    """Serve one client until its input ends or a signal comes.

    When this returns, handlers have been cancelled; the caller has what is left of `SHUTDOWN_S` to release the
    rest before the process is ended hard.
    """
    wire = _Wire()
    to_server, from_wire = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    to_wire, from_server = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as tasks:

        async def until_signal() -> None:
            with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
                async for _ in signals:
                    _end_in_time()
                    tasks.cancel_scope.cancel()
                    return

        async def read() -> None:
            await _read_frames(wire, server, to_server)
            _end_in_time()
            tasks.cancel_scope.cancel()

        tasks.start_soon(until_signal)
        tasks.start_soon(_write_frames, wire, from_server)
        tasks.start_soon(read)
        await server.run(from_wire, to_wire, server.create_initialization_options())
        tasks.cancel_scope.cancel()


def _end_in_time() -> None:
    """Bound the shutdown: what has not cleaned up by then never will."""
    watchdog = threading.Timer(SHUTDOWN_S, os._exit, (1,))
    watchdog.daemon = True
    watchdog.start()


async def _read_frames(
    wire: _Wire, server: Server[Any], to_server: MemoryObjectSendStream[SessionMessage | Exception]
) -> None:
    era_open = True
    async with to_server:
        async for line in wire.lines():
            message = await _frame(wire, line)
            if message is None:
                continue
            if era_open and isinstance(message, types.JSONRPCRequest):
                if _is_probe(message):
                    await wire.send(await _discovered(server, message))
                    wire.end(message.id)
                    continue
                era_open = False
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                await to_server.send(SessionMessage(message))


async def _frame(wire: _Wire, line: bytes | None) -> types.JSONRPCMessage | None:
    """Return the message in the line, or answer why there is none."""
    if line is None:
        await wire.refuse(_INVALID_REQUEST, f"Invalid Request: a line is at most {MAX_LINE_BYTES} bytes")
        return None
    try:
        plain = json.loads(line)
    except (UnicodeDecodeError, ValueError, RecursionError):
        await wire.refuse(_PARSE_ERROR, "Parse error: a frame is one line of JSON in UTF-8")
        return None
    fields = cast("dict[str, Any]", plain) if isinstance(plain, dict) else {}
    request_id = fields.get("id")
    if "id" in fields and (isinstance(request_id, bool) or not isinstance(request_id, str | int)):
        await wire.refuse(_INVALID_REQUEST, "Invalid Request: an id is a string or an integer")
        return None
    try:
        message = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
    except (ValidationError, ValueError, RecursionError):
        await wire.refuse(_INVALID_REQUEST, "Invalid Request: not a JSON-RPC 2.0 message", request_id)
        return None
    if isinstance(message, types.JSONRPCRequest) and not wire.begin(message.id):
        await wire.refuse(_INVALID_REQUEST, "Invalid Request: this id is in flight", None)
        return None
    if isinstance(message, types.JSONRPCNotification) and message.method == "notifications/cancelled":
        wire.end((message.params or {}).get("requestId"))
    return message


async def _write_frames(wire: _Wire, from_server: MemoryObjectReceiveStream[SessionMessage]) -> None:
    async with from_server:
        async for item in from_server:
            message = item.message
            if isinstance(message, types.JSONRPCResponse | types.JSONRPCError):
                wire.end(message.id)
            try:
                line = message.model_dump_json(by_alias=True, exclude_unset=True)
            except ValueError:  # pydantic's word for text that is no Unicode
                await wire.refuse(_INTERNAL_ERROR, "Internal error: the answer is no Unicode text", _id_of(message))
                continue
            await wire.send(line)


def _id_of(message: types.JSONRPCMessage) -> str | int | None:
    return message.id if isinstance(message, types.JSONRPCResponse | types.JSONRPCError) else None


def _is_probe(request: types.JSONRPCRequest) -> bool:
    if request.method != "server/discover":
        return False
    meta = (request.params or {}).get("_meta")
    return isinstance(meta, dict) and cast("dict[str, Any]", meta).get(_VERSION_KEY) == LATEST_MODERN_VERSION


async def _discovered(server: Server[Any], request: types.JSONRPCRequest) -> str:
    """Return the answer that the server itself gives to `server/discover`, asked in memory."""
    async with Client(server, mode=LATEST_MODERN_VERSION) as client:
        result = await client.session.send_discover(LATEST_MODERN_VERSION)
    answer = types.JSONRPCResponse(jsonrpc="2.0", id=request.id, result=result)
    return answer.model_dump_json(by_alias=True, exclude_unset=True)


def log_to_stderr() -> None:
    """Send log events to stderr, the only place for them while stdout belongs to the protocol."""
    import logging

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
