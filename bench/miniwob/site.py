"""Serves the tasks of the PyPI package `miniwob`, starts an episode in each page, and hears its reward.

`/miniwob/NAME.html?seed=N` begins by itself when it is loaded. When the episode ends the page tells this server, so
that neither a policy nor a browser server has to look into the page. The page's own display of rewards is hidden.
"""

import importlib.util
import json
import queue
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import urlsplit

__all__ = ["Ended", "Site", "served", "tasks"]

_STARTER = """
<style>#reward-display { display: none }</style>
<script>
window.addEventListener("load", () => {
  const seed = core.QueryString.seed, end = core.endEpisode;
  core.endEpisode = function (reward, ...others) {
    const open = core.EP_TIMER !== null;
    end.call(this, reward, ...others);
    if (open) navigator.sendBeacon("/ended", JSON.stringify({ seed, reward, reason: String(others[1] ?? "") }));
  };
  core.EPISODE_MAX_TIME = 1e9;
  Math.seedrandom(seed);
  core.startEpisodeReal();
});
</script>
"""  # how long a task takes is measured here, not bounded


class Ended(TypedDict):
    """How an episode ended: the seed it had, the reward without its loss over time, and why."""

    seed: str
    reward: float
    reason: str


@dataclass(frozen=True, slots=True)
class Site:
    """Where the tasks are, and what their pages told."""

    origin: str
    ends: "queue.SimpleQueue[Ended]" = field(default_factory=queue.SimpleQueue[Ended])

    def address(self, task: str, seed: int) -> str:
        """Return where an episode of a task begins."""
        return f"{self.origin}/miniwob/{task}.html?seed={seed}"

    def ended(self, seed: int) -> Ended | None:
        """Wait a moment for the end of the episode with this seed; None if it goes on."""
        try:
            while (end := self.ends.get(timeout=1))["seed"] != str(seed):
                pass
        except queue.Empty:
            return None
        return end


def tasks() -> tuple[str, ...]:
    """Return the names of all tasks."""
    return tuple(sorted(path.stem for path in (_folder() / "miniwob").glob("*.html")))


@contextmanager
def served() -> Generator[Site]:
    """Serve on a free port of this machine."""
    folder = _folder()

    class Handler(_Handler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder))

        def told(self, end: Ended) -> None:
            site.ends.put(end)

    server = _Server(("127.0.0.1", 0), Handler)
    site = Site(origin=f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _folder() -> Path:
    found = importlib.util.find_spec("miniwob")  # its code wants Selenium and more; we want its pages
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("the tasks are not installed: run `pip install --no-deps miniwob`")
    return Path(found.submodule_search_locations[0]) / "html"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: browsers break connections off, and nobody needs the answer then."""


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".html": "text/html; charset=utf-8"}

    def told(self, end: Ended) -> None:
        """Take down how an episode ended."""
        raise NotImplementedError

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if urlsplit(self.path).path.startswith("/miniwob/") and path.suffix == ".html" and path.is_file():
            self._answer(path.read_text(encoding="utf-8").replace("</body>", f"{_STARTER}</body>").encode())
        else:
            super().do_GET()

    def do_POST(self) -> None:
        self.told(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""
