"""One connection of the browser to the proxy: each request on it is decided on its own, then carried.

It parses rather than pipes, because the next request on a connection may name another host. What is in a tunnel
(HTTPS, WebSockets) stays between the browser and the one address that was decided.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

import anyio
import h11

from bridges.egress.rules import Boundary, Refusal, Unreachable, Way, authority
from bridges.egress.wire import CHUNK, IDLE_S, Wire

__all__ = ["Visit"]

_HEAD_S = 30.0
_CONNECT_S = 10.0
_URL = re.compile(rb"http://(?P<authority>[^/?#]+)(?P<path>[^#]*)", re.IGNORECASE)

# What is said to the next hop and not to the one after it. Upgrade is among them: asked without it a server answers in
# plain HTTP; browsers tunnel their WebSockets.
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authentication-info",
        b"proxy-authorization",
        b"proxy-connection",
        b"proxy-status",  # only ours is to be believed
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_FRAMING = frozenset({b"content-length", b"host"})  # of no single hop, whatever Connection says

_REPEATABLE = frozenset({b"GET", b"HEAD", b"OPTIONS"})

_Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    host: str
    port: int
    path: bytes

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def header(self) -> bytes:
        return str(self).removesuffix(":80").encode()


class Visit:
    """A connection, the request that is under way on it, and the server the last one went to.

    `refused` and `unreached` are told what was, with the reason; they must not raise.
    """

    def __init__(
        self,
        client: Wire,
        boundary: Boundary,
        *,
        refused: Callable[[str], None],
        unreached: Callable[[str], None],
    ) -> None:
        self._client = client
        self._boundary = boundary
        self._refused = refused
        self._unreached = unreached
        self._server: Wire | None = None
        self._server_of = ("", 0)

    async def serve(self) -> None:
        """Answer request after request until one side has had enough.

        Raises:
            OSError: The browser went away or fell silent.
        """
        try:
            while await self._turn():
                self._client.http.start_next_cycle()
        except h11.RemoteProtocolError as error:
            await self._answer(error.error_status_hint, f"This is not a request: {error}.")
        finally:
            self._leave()

    async def turn_away(self) -> None:
        """Answer that there are too many connections."""
        await self._answer(
            503, "Too many connections at once. Close pages that are not needed.", error="connection_limit_reached"
        )

    async def _turn(self) -> bool:
        """Answer one request. Return whether another can follow."""
        request = await self._client.event(_HEAD_S)
        if not isinstance(request, h11.Request):
            return False
        target = _target(request)
        if target is None:
            await self._answer(400, "This is a proxy: it takes CONNECT host:port and whole http:// addresses.")
            return False
        match await self._boundary.decide(target.host, target.port):
            case Refusal(reason=reason):
                await self._refuse(request, target, reason)
            case Unreachable(reason=reason):
                await self._give_up(request, target, reason)
            case Way(addresses=addresses) if request.method == b"CONNECT":
                await self._tunnel(request, target, addresses)
            case Way(addresses=addresses):
                await self._forward(request, target, addresses)
        return self._client.spent

    # Answers of our own

    async def _refuse(self, request: h11.Request, target: _Target, reason: str) -> None:
        self._refused(f"{target}: {reason}")
        text = f"Refused: {target}, because {reason}. What may be reached is for the operator to configure."
        await self._answer(403, text, request=request, error="http_request_denied")

    async def _give_up(self, request: h11.Request, target: _Target, reason: str) -> None:
        self._unreached(f"{target}: {reason}")
        text = f"Could not reach {target}: {reason}."
        await self._answer(502, text, request=request, error="destination_unavailable")

    async def _answer(
        self, status: int, text: str, *, request: h11.Request | None = None, error: str = "http_request_error"
    ) -> None:
        """Answer with a short page, unless an answer is under way; no request follows it."""
        if self._client.http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        body = b"" if request and request.method == b"HEAD" else f"{text}\n".encode()
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Proxy-Status", f"pointsman; error={error}"),  # RFC 9209
            ("Connection", "close"),
        ]
        response = h11.Response(status_code=status, headers=headers, reason=HTTPStatus(status).phrase.encode())
        await self._client.send(response, h11.Data(data=body), h11.EndOfMessage())

    # Tunnels

    async def _tunnel(self, request: h11.Request, target: _Target, addresses: tuple[str, ...]) -> None:
        """Connect the browser with the server until one of them closes, or both are silent for long."""
        if not isinstance(await self._client.event(_HEAD_S), h11.EndOfMessage):
            await self._answer(400, "CONNECT takes no body.")
            return
        server = await self._connected(target, addresses)
        if server is None:
            await self._give_up(request, target, "it does not answer")
            return
        await self._client.send(h11.Response(status_code=200, headers=[], reason=b"Connected"))
        early, _ = self._client.http.trailing_data
        server.writer.write(early)
        with anyio.move_on_after(IDLE_S) as idle:
            async with anyio.create_task_group() as group:
                group.start_soon(_pump, self._client, server, idle)
                group.start_soon(_pump, server, self._client, idle)

    # Requests

    async def _forward(self, request: h11.Request, target: _Target, addresses: tuple[str, ...]) -> None:
        kept = self._kept(target, addresses) if request.method in _REPEATABLE else None
        server = kept or await self._connected(target, addresses)
        if server is None:
            await self._give_up(request, target, "it does not answer")
            return
        broken = await self._exchange(request, target, server)
        if server.spent:
            server.http.start_next_cycle()
        else:
            self._leave()
        if self._client.http.their_state is h11.ERROR:
            await self._answer(400, "The body of this request is not HTTP.", request=request)
        # A kept connection may have ended by itself meanwhile. Left without an answer, the browser repeats the request.
        elif broken and not kept and self._client.http.our_state is h11.SEND_RESPONSE:
            await self._give_up(request, target, "it gave no answer in HTTP")

    def _kept(self, target: _Target, addresses: tuple[str, ...]) -> Wire | None:
        """Return the connection of the request before, if it leads where this one is to go."""
        server = self._server
        fits = server is not None and self._server_of == (target.host, target.port) and server.address in addresses
        return server if fits and server is not None and not server.reader.at_eof() else None

    async def _connected(self, target: _Target, addresses: tuple[str, ...]) -> Wire | None:
        self._leave()
        self._server = await Wire.connected(addresses, target.port, deadline_s=_CONNECT_S)
        self._server_of = (target.host, target.port)
        return self._server

    def _leave(self) -> None:
        if self._server is not None:
            self._server.abort()
            self._server = None

    async def _exchange(self, request: h11.Request, target: _Target, server: Wire) -> bool:
        """Carry a request there and its answer back, both at once. Return whether that broke on the way."""
        broken = False
        async with anyio.create_task_group() as group:
            try:
                headers = [(b"Host", target.header), *_end_to_end(request, but=b"host")]
                await server.send(h11.Request(method=request.method, target=target.path, headers=headers))
                group.start_soon(self._upload, server, group.cancel_scope)
                await self._download(server)
            except (OSError, h11.ProtocolError):
                broken = True
            group.cancel_scope.cancel()
        return broken

    async def _upload(self, server: Wire, exchange: anyio.CancelScope) -> None:
        """Carry the body of the request; then listen on, because a browser that leaves wants no answer."""
        with suppress(OSError, h11.RemoteProtocolError):
            while isinstance(part := await self._client.event(), h11.Data):
                if not await _took(server, part):
                    return
            if not await _took(server, h11.EndOfMessage()):
                return
            early = await self._client.reader.read(CHUNK)
            self._client.http.receive_data(early)
            if early:
                return  # the next request
        exchange.cancel()

    async def _download(self, server: Wire) -> None:
        while True:
            match await server.event():
                case h11.InformationalResponse() | h11.Response() as head:
                    headers = _end_to_end(head)
                    await self._client.send(
                        type(head)(status_code=head.status_code, headers=headers, reason=head.reason)
                    )
                case h11.Data() as part:
                    await self._client.send(part)
                case _:
                    await self._client.send(h11.EndOfMessage())
                    return


async def _took(server: Wire, part: h11.Data | h11.EndOfMessage) -> bool:
    """Send a part of a body. Return whether the server still listens; when not, it may have answered already."""
    try:
        await server.send(part)
    except (OSError, h11.LocalProtocolError):
        return False
    return True


async def _pump(source: Wire, sink: Wire, idle: anyio.CancelScope) -> None:
    with suppress(OSError):
        while data := await source.reader.read(CHUNK):
            idle.deadline = anyio.current_time() + IDLE_S
            sink.writer.write(data)
            await sink.writer.drain()
    idle.cancel()


def _target(request: h11.Request) -> _Target | None:
    """Return where a request is to go; None when it does not say so as one to a proxy does."""
    where, path, default = request.target, b"", None
    if request.method != b"CONNECT":
        found = _URL.match(request.target)
        if found is None:
            return None
        where, path, default = found["authority"].rpartition(b"@")[2], found["path"], 80
    try:
        host, port = authority(where.decode())
    except ValueError:
        return None
    port = port or default
    return _Target(host=host, port=port, path=path if path.startswith(b"/") else b"/" + path) if port else None


def _end_to_end(head: h11.Request | h11.InformationalResponse | h11.Response, *, but: bytes = b"") -> _Headers:
    """Return the headers that are meant for the other end, in their own spelling, with one way of framing the body."""
    values = list(head.headers)
    named = {token.strip().lower() for name, value in values if name == b"connection" for token in value.split(b",")}
    dropped = _HOP_BY_HOP | (named - _FRAMING) | {but}
    chunked = any(name == b"transfer-encoding" for name, _ in values)
    if chunked:  # it outweighs a length, and whoever believes the length instead reads another request behind it
        dropped |= {b"content-length"}
    kept = [(name, value) for name, value in head.headers.raw_items() if name.lower() not in dropped]
    return [*kept, (b"Transfer-Encoding", b"chunked")] if chunked else kept
