"""A loopback web server for the benchmarks: pages of known sizes, and answers that take their time.

`/NAME` is a page of `pages.py`, `/settle/…` a file of `tests/site/settle`; everything else takes `ms` to answer.
"""

import base64
import hashlib
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from bench.browser.behaviours import FOLDER
from bench.browser.pages import PAGES

__all__ = ["DONE", "served"]

DONE = "All done"  # what every behaviour shows in the end
_HTML, _SCRIPT = "text/html; charset=utf-8", "text/javascript"
_PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_WEBSOCKET = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455


@contextmanager
def served() -> Generator[str]:
    """Serve on a free port of this machine and give the origin."""
    ending = threading.Event()

    class Handler(_Handler):
        def waited(self, ms: float) -> None:
            ending.wait(ms / 1000)

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        ending.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: browsers break connections off, and nobody needs the answer then."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def waited(self, ms: float) -> None:
        """Wait, or until the server ends."""
        raise NotImplementedError

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        given = dict(parse_qsl(parts.query))
        ms = float(given.get("ms", 0))
        with suppress(ConnectionError):
            match parts.path:
                case "/after":
                    self._answer(b"fetched", "text/plain", ms)
                case "/arrived":
                    self._answer(f"<title>Arrived</title><h1>{DONE}</h1>".encode(), _HTML, ms)
                case "/script":
                    self._answer(f"out.textContent = {DONE!r}".encode(), _SCRIPT, ms)
                case "/style":
                    self._answer(b"p { color: navy }", "text/css", ms)
                case "/image" | "/favicon.ico":
                    self._answer(_PIXEL, "image/gif", ms)
                case "/parts":
                    self._parts([b"part\n"] * int(given["count"]), "text/plain", ms)
                case "/events":
                    name = f"event: {given['name']}\n" if "name" in given else ""
                    self._parts([f"{name}data: {DONE}\n\n".encode()], "text/event-stream", ms)
                case "/moved":
                    self._moved(parts.query.removeprefix("to="))
                case "/socket":
                    self._socket(ms)
                case path:
                    self._page(path)

    def _page(self, path: str) -> None:
        name = path.strip("/")
        file = FOLDER / (Path(name).name if name != "settle" else "index.html")
        if name in PAGES:
            self._answer(PAGES[name].encode(), _HTML)
        elif name.startswith("settle") and file.is_file():
            self._answer(file.read_bytes(), _SCRIPT if file.suffix == ".js" else _HTML)
        else:
            self.send_error(404)

    def _answer(self, body: bytes, kind: str, ms: float = 0) -> None:
        self.waited(ms)
        self.send_response(200)
        for name, value in {"Content-Type": kind, "Content-Length": len(body), "Cache-Control": "no-store"}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def _moved(self, to: str) -> None:
        self.send_response(302)
        for name, value in {"Location": to, "Content-Length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()

    def _parts(self, parts: list[bytes], kind: str, ms: float) -> None:
        """Send the head at once and each part after a while, then close."""
        self.close_connection = True
        self.send_response(200)
        for name, value in {"Content-Type": kind, "Connection": "close", "Cache-Control": "no-store"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()
        for part in parts:
            self.waited(ms)
            self.wfile.write(part)

    def _socket(self, ms: float) -> None:
        """Answer each message of a WebSocket after a while; messages are short, and what they say does not matter."""
        self.close_connection = True
        key = self.headers["Sec-WebSocket-Key"].encode()
        accepted = base64.b64encode(hashlib.sha1(key + _WEBSOCKET, usedforsecurity=False).digest()).decode()
        self.send_response(101)
        for name, value in {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accepted}.items():
            self.send_header(name, value)
        self.end_headers()
        while len(head := self.rfile.read(2)) == 2 and head[0] & 0x0F == 1:  # a text; anything else ends it
            self.rfile.read(4 + (head[1] & 0x7F))  # the mask, and what was said
            self.waited(ms)
            self.wfile.write(bytes([0x81, len(DONE)]) + DONE.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
