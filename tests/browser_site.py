"""A loopback web server with the pages of `tests/site` and a few answers that files cannot give."""

import os
import re
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from bridges.browser.install import find_browser

__all__ = ["Site", "foreign_browser", "served"]

_HTML = "text/html; charset=utf-8"
_PAGES = Path(__file__).parent / "site"


@dataclass(slots=True)
class Site:
    """Where the pages are, and what was sent to them."""

    origin: str
    posts: list[dict[str, list[str]]] = field(default_factory=list[dict[str, list[str]]])

    def url(self, page: str) -> str:
        return f"{self.origin}/{page}"


@contextmanager
def served() -> Generator[Site]:
    """Serve the pages on a free port of this machine."""
    ending = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            match parts.path:
                case "/after":
                    ending.wait(int(parse_qs(parts.query)["ms"][0]) / 1000)
                    self._answer(b"fetched", "text/plain")
                case "/slow":
                    ending.wait(0.7)
                    self._answer(b"<title>Slow</title><h1>Slow page</h1>")
                case "/file":
                    self._answer(
                        b"a,b\n1,2\n", "text/csv", {"Content-Disposition": 'attachment; filename="../re port.csv"'}
                    )
                case "/none":
                    self.send_response(204)
                    self.end_headers()
                case "/cookie":
                    seen = self.headers.get("Cookie", "none").encode()
                    self._answer(b"<title>Cookie</title><p>Cookie: " + seen + b"</p>", headers={"Set-Cookie": "who=me"})
                case path:
                    file = (_PAGES / path.lstrip("/")).resolve()
                    if file.is_file() and file.parent == _PAGES.resolve():
                        self._answer(file.read_bytes())
                    else:
                        self.send_error(404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            site.posts.append(parse_qs(body, keep_blank_values=True))
            self._answer(b"<title>Sent</title><h1>Thank you</h1>")

        def _answer(
            self, body: bytes, kind: str = "text/html; charset=utf-8", headers: dict[str, str] | None = None
        ) -> None:
            try:
                self.send_response(200)
                for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except ConnectionError:
                pass  # the browser went away; nobody needs the answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site = Site(origin=f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        ending.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def foreign_browser(folder: Path) -> Generator[str]:
    """Start a browser that is not ours, and yield its CDP address."""
    executable = find_browser()
    assert executable is not None
    command = [executable, "--headless", "--remote-debugging-port=0", f"--user-data-dir={folder / 'foreign'}"]
    command += ["--no-first-run", "--disable-background-networking", "about:blank"]
    if os.geteuid() == 0:
        command.insert(1, "--no-sandbox")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            said = (re.search(r"DevTools listening on (ws://\S+)", line) for line in process.stderr)
            yield next(found[1] for found in said if found)
        finally:
            process.kill()
