"""The way out of a browser session: no vector, no spelling and no second request gets around what was decided.

Each escape is tried twice in a real Chromium: through the proxy, where the listener must hear nothing, and without
it, where it must hear something. A vector that does not fire proves nothing.
"""

import asyncio
import tracemalloc
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, suppress
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Literal
from urllib.parse import urlsplit

import anyio
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import Browser, Error, Page, ProxySettings, async_playwright

from bridges.browser.install import find_browser
from bridges.egress.proxy import EgressProxy
from bridges.egress.rules import Boundary, NetworkRules, Refusal, Resolve, Unreachable, Way, resolved

pytestmark = pytest.mark.anyio
_needs_browser = pytest.mark.skipif(find_browser() is None, reason="no browser is installed; `make test` installs one")

_PUBLIC = "93.184.216.34"
_MEGABYTE = 1024 * 1024
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"  # Playwright knows no other


@pytest.fixture(scope="module")
async def chromium() -> AsyncGenerator[Browser]:
    async with launched() as browser:
        yield browser


@asynccontextmanager
async def launched(*arguments: str) -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_browser(),
            chromium_sandbox=False,
            args=["--disable-background-networking", "--disable-quic", *arguments],
        )
        try:
            yield browser
        finally:
            await browser.close()


class Listener:
    """A server on this machine that remembers what it heard."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self.heads: list[str] = []
        self.connections = 0
        self.met = asyncio.Event()
        self.left = asyncio.Event()
        self.port = 0
        self._answers = answers

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.met.set()
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                self.heads.append(head)
                writer.write(self._answers.get(urlsplit(head.split()[1]).path, _OK))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            self.left.set()
        finally:
            writer.close()


@asynccontextmanager
async def listening(answers: dict[str, bytes] | None = None) -> AsyncGenerator[Listener]:
    listener = Listener(answers or {})
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    listener.port = server.sockets[0].getsockname()[1]
    try:
        with anyio.fail_after(20):
            yield listener
    finally:
        server.close()


@asynccontextmanager
async def serving(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncGenerator[str]:
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


class Watched(Boundary):
    """A boundary that can be waited for to refuse."""

    def __init__(self, rules: NetworkRules, *, resolve: Resolve = resolved) -> None:
        super().__init__(rules, resolve=resolve)
        self._ports: asyncio.Queue[int] = asyncio.Queue()

    async def decide(self, host: str, port: int) -> Way | Refusal | Unreachable:
        decision = await super().decide(host, port)
        if isinstance(decision, Refusal):
            self._ports.put_nowait(port)
        return decision

    async def refused(self, port: int) -> None:
        with anyio.fail_after(10):
            while await self._ports.get() != port:
                pass


@asynccontextmanager
async def proxied(boundary: Boundary, *, connections: int = 256) -> AsyncGenerator[EgressProxy]:
    proxy = await EgressProxy.started(boundary, connections=connections)
    try:
        with anyio.fail_after(20):
            yield proxy
    finally:
        await proxy.aclose()


@asynccontextmanager
async def opened(browser: Browser, proxy: EgressProxy | None) -> AsyncGenerator[Page]:
    through = ProxySettings(server=proxy.address, bypass="<-loopback>") if proxy else None
    context = await browser.new_context(proxy=through)
    try:
        yield await context.new_page()
    finally:
        await context.close()


async def connected(proxy: EgressProxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", urlsplit(proxy.address).port)


async def said(proxy: EgressProxy, *data: bytes) -> bytes:
    """Send to the proxy on one connection, and return all it says until it closes."""
    reader, writer = await connected(proxy)
    writer.write(b"".join(data))
    with anyio.fail_after(10):
        answer = await reader.read()
    writer.transport.abort()  # what it did not take is nobody's business any more
    return answer


def get(url: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {url} HTTP/1.1", "Host: elsewhere.test", *headers, "", ""]).encode()


def answering(*answers: str) -> Resolve:
    """Return a resolver that gives one answer after the other, and then the last for ever."""

    def told() -> Generator[str]:
        yield from answers
        while True:
            yield answers[-1]

    telling = told()

    async def resolve(host: str, port: int) -> Sequence[str]:
        return (next(telling),)

    return resolve


# Escapes from a page


def _redirect(to: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


def _script(text: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\nContent-Length: {len(text)}\r\n\r\n"
    return (head + text).encode()


_FETCH = "fetch('SECRET/worker', {mode: 'no-cors'}).catch(() => {})"
_SERVICE_WORKER = f"""
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', event => event.waitUntil({_FETCH}));
"""
_SHEET = "document.head.append(Object.assign(document.createElement('style'), {textContent: "
_LINK = "document.head.append(Object.assign(document.createElement('link'), "
_URL_OF = "URL.createObjectURL(new Blob"

# What a page does to reach SECRET. `goto:` is where the session itself is sent.
_VECTORS = {
    "navigation": "goto:SECRET/page",
    "navigation redirected": "goto:SITE/redirect",
    "fetch": "fetch('SECRET/fetch').catch(() => {})",
    "fetch redirected": "fetch('/redirect').catch(() => {})",
    "image": "new Image().src = 'SECRET/image'",
    "websocket": "new WebSocket('SECRET/socket'.replace('http', 'ws'))",
    "event source": "new EventSource('SECRET/events')",
    "beacon": "navigator.sendBeacon('SECRET/beacon', 'x')",
    "prefetch link": _LINK + "{rel: 'prefetch', href: 'SECRET/prefetch'}))",
    "preload link": _LINK + "{rel: 'preload', as: 'image', href: 'SECRET/preload'}))",
    "stylesheet link": _LINK + "{rel: 'stylesheet', href: 'SECRET/sheet'}))",
    "popup": "window.open('SECRET/popup')",
    "worker": f'new Worker({_URL_OF}(["{_FETCH}"])))',
    "shared worker": f'window.kept = new SharedWorker({_URL_OF}(["{_FETCH}"])))',
    "service worker": "navigator.serviceWorker.register('/worker.js')",
    "iframe": "document.body.append(Object.assign(document.createElement('iframe'), {src: 'SECRET/frame'}))",
    "form": "document.body.append(Object.assign(document.createElement('form'), "
    "{method: 'post', action: 'SECRET/form'})); document.forms[0].submit()",
    "css url": _SHEET + "'body { background: url(SECRET/css) }'}))",
    "css import": _SHEET + "'@import url(SECRET/import)'}))",
    "script": "document.head.append(Object.assign(document.createElement('script'), {src: 'SECRET/script'}))",
    "video": "document.body.append(Object.assign(document.createElement('video'), {src: 'SECRET/video'}))",
}


@asynccontextmanager
async def a_secret_and_a_site() -> AsyncGenerator[tuple[Listener, Listener]]:
    """A server that is not to be reached, and one whose pages try."""
    async with listening() as secret:
        answers = {
            "/redirect": _redirect(f"{secret.origin}/redirected"),
            "/worker.js": _script(_SERVICE_WORKER.replace("SECRET", secret.origin)),
        }
        async with listening(answers) as site:
            yield secret, site


async def attempt(page: Page, vector: str, *, secret: Listener, site: Listener) -> None:
    act = _VECTORS[vector].replace("SECRET", secret.origin).replace("SITE", site.origin)
    await page.goto(f"{site.origin}/page")
    if act.startswith("goto:"):
        with suppress(Error):  # some refusals are errors to the browser, and some are pages
            await page.goto(act.removeprefix("goto:"))
    else:
        await page.evaluate(f"() => {{ {act} }}")


@_needs_browser
@pytest.mark.parametrize("vector", _VECTORS)
async def test_nothing_a_page_does_reaches_a_server_that_was_not_admitted(chromium: Browser, vector: str) -> None:
    boundary = Watched(NetworkRules())
    async with a_secret_and_a_site() as (secret, site), proxied(boundary) as proxy, opened(chromium, proxy) as page:
        await boundary.admit(site.origin)
        await attempt(page, vector, secret=secret, site=site)
        await boundary.refused(secret.port)
        assert secret.connections == 0
        assert any(f"127.0.0.1:{secret.port}: 127.0.0.1 is a loopback address" in what for what in proxy.refused())


@_needs_browser
@pytest.mark.parametrize("vector", _VECTORS)
async def test_without_the_proxy_the_same_does_reach_it(chromium: Browser, vector: str) -> None:
    async with a_secret_and_a_site() as (secret, site), opened(chromium, None) as page:
        await attempt(page, vector, secret=secret, site=site)
        with anyio.fail_after(10):
            await secret.met.wait()


@_needs_browser
async def test_a_public_name_that_moves_into_this_machine_stays_refused(chromium: Browser) -> None:
    boundary = Watched(NetworkRules(), resolve=answering(_PUBLIC, "127.0.0.1"))
    async with listening() as secret, proxied(boundary) as proxy, opened(chromium, proxy) as page:
        rebound = f"http://rebound.test:{secret.port}"
        await boundary.admit(rebound)
        answer = await page.goto(rebound)
        await boundary.admit(rebound)
        again = await page.goto(rebound)
        assert answer is not None
        assert again is not None
        assert (answer.status, again.status, secret.connections) == (403, 403, 0)
        assert "it was public when the session first went there" in await page.inner_text("body")


@_needs_browser
async def test_a_name_that_was_private_when_the_door_let_the_session_go_there_is_reached(chromium: Browser) -> None:
    boundary = Boundary(NetworkRules(), resolve=answering("127.0.0.1"))
    async with listening() as secret, proxied(boundary) as proxy, opened(chromium, proxy) as page:
        await boundary.admit(f"http://rebound.test:{secret.port}")
        answer = await page.goto(f"http://rebound.test:{secret.port}/")
        assert answer is not None
        assert (answer.status, secret.connections) == (200, 1)


# WebRTC, which sends its datagrams past an HTTP proxy

_CALL = """port => {
    const urls = [`stun:127.0.0.1:${port}`, `turn:127.0.0.1:${port}`, `turn:127.0.0.1:${port}?transport=tcp`];
    window.call = new RTCPeerConnection({iceServers: [{urls, username: 'a', credential: 'b'}]});
    call.createDataChannel('x');
    window.gathered = new Promise(done => {
        call.onicegatheringstatechange = () => call.iceGatheringState === 'complete' && done();
    });
    return call.createOffer().then(offer => call.setLocalDescription(offer));
}"""


class Datagrams(asyncio.DatagramProtocol):
    """A STUN and TURN server that never answers."""

    def __init__(self) -> None:
        self.met = asyncio.Event()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.met.set()


@asynccontextmanager
async def calling(*arguments: str) -> AsyncGenerator[tuple[Page, Datagrams, Watched, int]]:
    """A page that goes through the proxy and calls a server for datagrams and connections."""
    boundary = Watched(NetworkRules())
    loop = asyncio.get_running_loop()
    async with proxied(boundary) as proxy, launched(*arguments) as browser, opened(browser, proxy) as page:
        transport, heard = await loop.create_datagram_endpoint(Datagrams, local_addr=("127.0.0.1", 0))
        port: int = transport.get_extra_info("sockname")[1]
        try:
            await page.evaluate(_CALL, port)
            yield page, heard, boundary, port
        finally:
            transport.close()


@_needs_browser
async def test_webrtc_sends_nothing_around_the_proxy() -> None:
    async with calling("--webrtc-ip-handling-policy=disable_non_proxied_udp") as (page, heard, boundary, port):
        await boundary.refused(port)  # the connection; datagrams it does not even try
        await page.evaluate("() => window.gathered")
        assert not heard.met.is_set()


@_needs_browser
async def test_without_its_switch_webrtc_sends_datagrams_around_the_proxy() -> None:
    async with calling() as (_, heard, _, _):
        await heard.met.wait()


# Spellings

_CLOSED = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
    "224.0.0.0/4", "240.0.0.0/4",
]  # fmt: skip


def _inside(network: str) -> st.SearchStrategy[IPv4Address]:
    first, last = ip_network(network)[0], ip_network(network)[-1]
    return st.integers(int(first), int(last)).map(IPv4Address)


def _numbers(address: IPv4Address, parts: int) -> list[int]:
    packed = address.packed
    return [*packed[: parts - 1], int.from_bytes(packed[parts - 1 :])]


@st.composite
def spelled(draw: st.DrawFn) -> str:
    """An address that is not public, in one of the ways in which it can be written."""
    address = draw(st.one_of([_inside(network) for network in _CLOSED]))
    match draw(st.sampled_from(["numbers", "mapped", "mapped in dots", "translated", "tunnelled"])):
        case "numbers":
            written = [
                draw(st.sampled_from(["{}", "0{:o}", "000{:o}", "0x{:x}", "0X{:X}", "0x000{:x}"])).format(number)
                for number in _numbers(address, draw(st.integers(1, 4)))
            ]
            return ".".join(written) + draw(st.sampled_from(["", "."]))
        case "mapped":
            inner = str(IPv6Address(0xFFFF << 32 | int(address)))
        case "mapped in dots":
            inner = f"::ffff:{address}"
        case "translated":
            inner = str(IPv6Address(int(IPv6Address("64:ff9b::")) | int(address)))
        case _:
            inner = str(IPv6Address(0x2002 << 112 | int(address) << 80))
    return draw(st.sampled_from([inner, inner.upper(), f"[{inner}]", IPv6Address(inner).exploded]))


@given(spelled(), st.integers(1, 65535))
async def test_no_spelling_of_an_address_that_is_not_public_gets_a_way(host: str, port: int) -> None:
    boundary = Boundary(NetworkRules(), resolve=answering(_PUBLIC))  # would give it away, were it taken for a name
    assert isinstance(await boundary.decide(host, port), Refusal)


@given(st.one_of(st.text(max_size=30), st.from_regex(r"[a-z0-9.:@%\[\]_-]{1,20}", fullmatch=True)))
async def test_no_text_gets_a_way_when_all_names_lead_into_this_machine(host: str) -> None:
    match await Boundary(NetworkRules(), resolve=answering("127.0.0.1")).decide(host, 80):
        case Way(addresses=addresses):
            assert all(IPv4Address(address).is_global for address in addresses)  # the text was a public address
        case Refusal() | Unreachable():
            pass


@given(st.sampled_from(["example.com", "a.corp.example", "10.0.0.7", _PUBLIC]), st.booleans())
async def test_what_is_denied_is_never_reached_however_it_is_allowed(host: str, admitted: bool) -> None:
    rules = NetworkRules(allowed=(host, "*.corp.example"), denied=(host.upper(),))
    boundary = Boundary(rules, resolve=answering(_PUBLIC))
    if admitted:
        await boundary.admit(f"https://{host}")
    assert isinstance(await boundary.decide(host, 443), Refusal)


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "LOCALHOST.", "app.localhost", "[::1]", "::1", "[::]", "0", "fd00::1", "[fe80::1]", "[fec0::1]",
        "[ff02::1]", "[::ffff:0:0]", "[64:ff9b:1::7f00:1]", "[2001:0:4136:e378:8000:63bf:80ff:fffe]", "１２７.0.0.1",
        "127。0。0。1", "user@127.0.0.1", "%31%32%37.0.0.1", "127.0.0.1%00.example", "[fe80::1%25eth0]", "", ".", "a b",
        "1.2.3.4.5", "256.256.256.256", "09.1", "x.0x7f",
    ],
)  # fmt: skip
async def test_odd_hosts_are_refused(host: str) -> None:
    assert isinstance(await Boundary(NetworkRules(), resolve=answering(_PUBLIC)).decide(host, 80), Refusal)


# Rules


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "168.63.129.16"])
@pytest.mark.parametrize(("allowed", "expected"), [(False, Refusal), (True, Way)])
async def test_metadata_is_reached_only_when_the_configuration_names_it(
    host: str, allowed: bool, expected: type[object]
) -> None:
    boundary = Boundary(NetworkRules(allowed=(host,) if allowed else ()))
    await boundary.admit(f"http://{host}")
    assert isinstance(await boundary.decide(host, 80), expected)


@pytest.mark.parametrize("allowed", ["*.internal", "*.google.internal", "169.254.169.253"])
async def test_an_entry_that_only_resembles_metadata_does_not_open_it(allowed: str) -> None:
    boundary = Boundary(NetworkRules(allowed=(allowed,)), resolve=answering("169.254.169.254"))
    assert isinstance(await boundary.decide("metadata.google.internal", 80), Refusal)
    assert isinstance(await boundary.decide("host.internal", 80), Refusal)
    assert isinstance(await boundary.decide("[::ffff:169.254.169.254]", 80), Refusal)


async def test_of_several_addresses_only_the_permitted_ones_are_used() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ("10.0.0.7", _PUBLIC, "127.0.0.1")

    assert await Boundary(NetworkRules(), resolve=resolve).decide("mixed.test", 80) == Way(addresses=(_PUBLIC,))


async def test_an_admitted_name_with_public_and_private_addresses_counts_as_public() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ("10.0.0.7", _PUBLIC)

    boundary = Boundary(NetworkRules(), resolve=resolve)
    await boundary.admit("http://mixed.test")
    assert await boundary.decide("mixed.test", 80) == Way(addresses=(_PUBLIC,))


@pytest.mark.parametrize("host", [_PUBLIC, f"[::ffff:{_PUBLIC}]", f"[64:ff9b::{_PUBLIC}]", "[2606:4700::1111]"])
async def test_the_open_web_is_all_public_addresses_translated_ones_too(host: str) -> None:
    assert isinstance(await Boundary(NetworkRules()).decide(host, 443), Way)


async def test_an_admission_is_for_one_host_and_port() -> None:
    boundary = Boundary(NetworkRules())
    await boundary.admit("http://127.0.0.1:8080/path?query")
    assert await boundary.decide("127.1", 8080) == Way(addresses=("127.0.0.1",))
    assert isinstance(await boundary.decide("127.0.0.1", 8081), Refusal)
    assert isinstance(await boundary.decide("localhost", 8080), Refusal)


@pytest.mark.parametrize("origin", ["about:blank", "null", "", "data:text/html,x", "file:///etc/hosts", "http://"])
async def test_what_is_not_of_the_web_admits_nothing(origin: str) -> None:
    boundary = Boundary(NetworkRules(web="listed"))
    await boundary.admit(origin)
    assert isinstance(await boundary.decide("127.0.0.1", 80), Refusal)


async def test_a_listed_web_is_what_is_allowed_or_admitted_and_nothing_else_is_even_looked_up() -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return (_PUBLIC,)

    rules = NetworkRules(web="listed", allowed=("https://portal.example", "*.corp.example"))
    boundary = Boundary(rules, resolve=resolve)
    await boundary.admit("https://admitted.example")
    for host in ("portal.example", "a.corp.example", "admitted.example"):
        assert await boundary.decide(host, 443) == Way(addresses=(_PUBLIC,))
    for host, port in (("portal.example", 80), ("corp.example", 443), ("secret-in-a-name.evil.example", 443)):
        assert isinstance(await boundary.decide(host, port), Refusal)
    assert asked == ["admitted.example", "portal.example", "a.corp.example", "admitted.example"]


async def test_an_allowed_address_does_not_open_the_names_that_lead_to_it() -> None:
    boundary = Boundary(NetworkRules(allowed=("10.0.0.7",)), resolve=answering("10.0.0.7"))
    assert await boundary.decide("10.0.0.7", 80) == Way(addresses=("10.0.0.7",))
    assert isinstance(await boundary.decide("evil.example", 80), Refusal)


async def test_a_denied_address_closes_the_names_that_lead_to_it() -> None:
    boundary = Boundary(NetworkRules(denied=(_PUBLIC,)), resolve=answering(_PUBLIC))
    assert isinstance(await boundary.decide("example.com", 80), Refusal)


@pytest.mark.parametrize(
    "entry", ["", "*", "*.10.0.0.7", "a b", "ftp://portal.example", "https://portal.example/path", "https://me@a.example",
              "portal.example:99999", "a..b", "10.0.0.0/8", "*.*.example", "https://"],
)  # fmt: skip
@pytest.mark.parametrize("list_of", ["allowed", "denied"])
def test_an_entry_that_is_none_is_refused_at_the_start(entry: str, list_of: Literal["allowed", "denied"]) -> None:
    with pytest.raises(ValueError, match="is neither an origin nor a host: write it as"):
        NetworkRules(allowed=(entry,)) if list_of == "allowed" else NetworkRules(denied=(entry,))


# Requests


async def test_each_request_on_a_connection_is_decided_on_its_own() -> None:
    async with (
        listening() as site,
        listening() as secret,
        proxied(Boundary(NetworkRules(allowed=(site.origin,)))) as it,
    ):
        heard = await said(it, get(f"{site.origin}/1"), get(f"{site.origin}/2"), get(f"{secret.origin}/smuggled"))
        assert heard.count(b"HTTP/1.1 200") == 2
        assert heard.count(b"HTTP/1.1 403") == 1
        assert [head.split()[1] for head in site.heads] == ["/1", "/2"]
        assert (site.connections, secret.connections) == (1, 0)


async def test_two_servers_on_one_connection_each_get_their_own_request() -> None:
    async with listening() as one, listening() as two, proxied(Boundary(NetworkRules(allowed=("127.0.0.1",)))) as proxy:
        await said(proxy, get(f"{one.origin}/one"), get(f"{two.origin}/two", "Connection: close"))
        assert [[head.split()[1] for head in site.heads] for site in (one, two)] == [["/one"], ["/two"]]


async def test_a_request_hidden_in_the_body_of_another_stays_a_body() -> None:
    hidden, heard = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n", b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        heard = await reader.readuntil(b"0\r\n\r\n")
        writer.write(_OK)
        writer.close()

    async with serving(serve) as origin, proxied(Boundary(NetworkRules(allowed=(origin,)))) as proxy:
        head = f"POST {origin}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n"
        await said(proxy, head.encode(), b"Connection: close\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(hidden), hidden))
    head, _, body = heard.partition(b"\r\n\r\n")
    assert b"content-length" not in head.lower()
    assert body == b"%x\r\n%b\r\n0\r\n\r\n" % (len(hidden), hidden)


async def test_the_server_sees_its_own_host_and_nothing_meant_for_the_proxy() -> None:
    async with listening() as site, proxied(Boundary(NetworkRules(allowed=(site.origin,)))) as proxy:
        url = site.origin.replace("://", "://me:secret@") + "/a//b?c=d#e"
        hop = ["Proxy-Authorization: Basic c2VjcmV0", "Proxy-Connection: keep-alive", "Connection: close, X-Hop"]
        await said(proxy, get(url, *hop, "X-Hop: 1", "X-End: 2", "Upgrade: websocket"))
        assert site.heads == [f"GET /a//b?c=d HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nX-End: 2\r\n\r\n"]


async def test_a_tunnel_carries_both_ways_and_a_refused_one_is_not_opened() -> None:
    async with (
        listening() as site,
        listening() as secret,
        proxied(Boundary(NetworkRules(allowed=(site.origin,)))) as it,
    ):
        reader, writer = await connected(it)
        writer.write(f"CONNECT 127.0.0.1:{site.port} HTTP/1.1\r\nHost: x\r\n\r\nGET /in HTTP/1.1\r\n\r\n".encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        assert await reader.readexactly(len(_OK)) == _OK
        writer.close()
        await site.left.wait()
        refused = await said(it, f"CONNECT 127.0.0.1:{secret.port} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert refused.startswith(b"HTTP/1.1 403")
        assert secret.connections == 0


async def test_a_refusal_says_what_and_why_and_who_decides() -> None:
    async with proxied(Boundary(NetworkRules(denied=("evil.example",)))) as proxy:
        page = (await said(proxy, get("http://Evil.example/"))).decode()
        assert "Refused: evil.example:80, because the configuration denies it." in page
        assert "for the operator to configure" in page
        assert "Proxy-Status: pointsman; error=http_request_denied" in page


async def test_a_refusal_arrives_though_the_browser_is_still_sending() -> None:
    async with proxied(Boundary(NetworkRules(denied=("evil.example",)))) as proxy:
        reader, writer = await connected(proxy)
        size = 8 * _MEGABYTE
        writer.write(f"POST http://evil.example/ HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
        writer.write(bytes(size))
        await writer.drain()
        assert (await reader.read()).startswith(b"HTTP/1.1 403")
        writer.close()


async def test_refusals_are_told_once_and_only_the_latest_few() -> None:
    async with proxied(Boundary(NetworkRules(denied=("evil.example", "*.evil.example")))) as proxy:
        for number in [*range(12), 11]:
            await said(proxy, get(f"http://{number}.evil.example/"))
        assert proxy.refused() == tuple(f"{n}.evil.example:80: the configuration denies it" for n in range(2, 12))
        assert proxy.refused() == ()


async def test_a_server_that_does_not_answer_is_a_502_and_no_refusal() -> None:
    async with listening() as closed:
        pass
    async with proxied(Boundary(NetworkRules(allowed=("127.0.0.1",)))) as proxy:
        assert (await said(proxy, get(closed.origin))).startswith(b"HTTP/1.1 502")
        tunnel = f"CONNECT 127.0.0.1:{closed.port} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        assert (await said(proxy, tunnel)).startswith(b"HTTP/1.1 502")
        assert proxy.refused() == ()
        assert proxy.unreached() == (f"127.0.0.1:{closed.port}: it does not answer",)


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n"]
)
async def test_an_answer_that_is_not_http_is_a_502(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with proxied(Boundary(NetworkRules(allowed=(origin,)))) as proxy:
            assert (await said(proxy, get(origin))).startswith(b"HTTP/1.1 502")


async def test_a_name_that_nobody_knows_is_a_502() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ()

    async with proxied(Boundary(NetworkRules(), resolve=resolve)) as proxy:
        assert b"there is no host nowhere.test" in await said(proxy, get("http://nowhere.test/"))


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET https://portal.example/ HTTP/1.1\r\nHost: portal.example\r\n\r\n",
        b"GET http:///path HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://[::1/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://a:b:c/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://127.0.0.1:99999/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://127.0.0.1:0/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://a.example/ HTTP/1.1\r\n\r\n",
        b"CONNECT portal.example HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST http://a.example/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST http://a.example/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET http://a.example/ HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 300_000,
    ],
    ids=range(15),
)
async def test_what_is_no_request_is_answered_in_the_400s_and_ended(
    data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with proxied(Boundary(NetworkRules(web="listed"))) as proxy:
        assert (await said(proxy, data)).startswith((b"HTTP/1.1 400", b"HTTP/1.1 431", b"HTTP/1.1 501"))
        assert proxy.refused() == ()
    assert caplog.records == []


async def test_a_body_that_is_malformed_is_a_400() -> None:
    async with listening({"/silent": b""}) as site, proxied(Boundary(NetworkRules(allowed=(site.origin,)))) as proxy:
        head = f"PUT {site.origin}/silent HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert (await said(proxy, head.encode(), b"not a chunk\r\n\r\n")).startswith(b"HTTP/1.1 400")


async def test_a_connection_too_many_is_turned_away() -> None:
    async with listening() as site, proxied(Boundary(NetworkRules(allowed=(site.origin,))), connections=1) as proxy:
        reader, writer = await connected(proxy)
        writer.write(get(site.origin))
        await reader.readuntil(b"ok")
        assert (await said(proxy, get(site.origin))).startswith(b"HTTP/1.1 503")
        writer.close()


# Bodies and ends


async def test_a_large_download_to_a_slow_browser_is_not_kept_in_memory() -> None:
    size = 48 * _MEGABYTE

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // _MEGABYTE * 4):
            writer.write(bytes(_MEGABYTE // 4))
            await writer.drain()
        writer.close()

    async with serving(serve) as origin, proxied(Boundary(NetworkRules(allowed=(origin,)))) as proxy:
        reader, writer = await connected(proxy)
        writer.write(get(origin))
        await reader.readuntil(b"\r\n\r\n")
        got = 0
        tracemalloc.start()
        while data := await reader.read(32 * 1024):
            got += len(data)
            for _ in range(8):  # slower than the server, whose turn it is meanwhile
                await checkpoint()
            if got == size:
                break
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        writer.close()
        assert got == size
        assert peak < 6 * _MEGABYTE


async def test_a_large_upload_arrives_whole_and_an_early_answer_ends_it() -> None:
    size, got = 8 * _MEGABYTE, 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal got
        head = await reader.readuntil(b"\r\n\r\n")
        if b"/early" not in head:
            got = len(await reader.readexactly(size))
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        await over.wait()  # and reads no more meanwhile
        writer.close()

    over = asyncio.Event()
    async with serving(serve) as origin, proxied(Boundary(NetworkRules(allowed=(origin,)))) as proxy:
        head = f"POST {origin}/%s HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
        assert (await said(proxy, (head % "whole").encode(), bytes(size))).startswith(b"HTTP/1.1 413")
        assert got == size
        assert (await said(proxy, (head % "early").encode(), bytes(size))).startswith(b"HTTP/1.1 413")
        over.set()


async def test_a_browser_that_leaves_ends_the_request_at_the_server() -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        with suppress(OSError):
            await reader.read()
        left.set()
        writer.close()

    async with serving(serve) as origin, proxied(Boundary(NetworkRules(allowed=(origin,)))) as proxy:
        _, writer = await connected(proxy)
        writer.write(get(origin))
        await asked.wait()
        writer.close()
        await left.wait()


async def test_a_kept_connection_that_the_server_ended_is_left_for_the_browser_to_repeat() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_OK)
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with serving(serve) as origin, proxied(Boundary(NetworkRules(allowed=(origin,)))) as proxy:
        heard = await said(proxy, get(origin), get(origin))
        assert heard.count(b"HTTP/1.1") == 1  # and no 502, which a browser would show


async def test_a_post_whose_server_broke_off_is_a_502_that_no_browser_repeats() -> None:
    posts = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal posts
        with suppress(asyncio.IncompleteReadError):  # the proxy left this connection
            while (await reader.readuntil(b"\r\n\r\n")).startswith(b"GET"):
                writer.write(_OK)
            posts += 1
        writer.close()

    async with serving(serve) as origin, proxied(Boundary(NetworkRules(allowed=(origin,)))) as proxy:
        post = f"POST {origin}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode()
        assert b"HTTP/1.1 502" in await said(proxy, get(origin), post)
        assert posts == 1


async def test_to_close_the_proxy_ends_everything() -> None:
    async with listening({"/hangs": b""}) as site:
        proxy = await EgressProxy.started(Boundary(NetworkRules(allowed=(site.origin,))))
        streams = [await connected(proxy) for _ in range(3)]
        tunnel = f"CONNECT 127.0.0.1:{site.port} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        for (_, writer), data in zip(streams, (b"", get(f"{site.origin}/hangs"), tunnel), strict=True):
            writer.write(data)
        await streams[2][0].readuntil(b"\r\n\r\n")
        while not site.heads:
            await checkpoint()
        port = urlsplit(proxy.address).port
        await proxy.aclose()
        for reader, writer in streams:
            with suppress(ConnectionError):
                assert await reader.read() == b""
            writer.close()
        await site.left.wait()
        with pytest.raises(OSError, match=r"."):
            await asyncio.open_connection("127.0.0.1", port)
        await proxy.aclose()  # once more changes nothing
