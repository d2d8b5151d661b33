"""Over real stdin and stdout: bad frames, both eras, and a clean end."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import Any

import anyio
import psutil
import pytest
from mcp import Client, StdioServerParameters

from server.app import state_key
from tests.house import Era, text_of

MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
}
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}


class Wire:
    """A server process, spoken to in raw lines."""

    def __init__(self, folder: Path, settings: str = "") -> None:
        (folder / "pointsman.toml").write_text(f'data = "data"\n{settings}', encoding="utf-8")
        command = [sys.executable, "-m", "pointsman", "--config", str(folder / "pointsman.toml"), "serve"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder
        )
        self._last = 100

    def write(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the server closed its output"
        return dict(json.loads(line))

    def send(self, line: bytes) -> dict[str, Any]:
        """Send one raw line and return the next one."""
        self.write(line)
        return self.read()

    def ask(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request of the modern era and return its response."""
        self._last += 1
        request = {"jsonrpc": "2.0", "id": self._last, "method": method, "params": (params or {}) | {"_meta": MODERN}}
        response = self.send(json.dumps(request).encode())
        assert response["id"] == self._last
        return response

    def begin(self, request_id: int, tool: str, **arguments: Any) -> None:
        """Call a tool of the modern era and do not wait for what it says."""
        params = {"name": tool, "arguments": arguments, "_meta": MODERN}
        request = {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}
        self.write(json.dumps(request).encode())

    def end_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def close(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.wait(timeout=10)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    wire = Wire(tmp_path)
    yield wire
    wire.close()


def audit(folder: Path, *arguments: str) -> str:
    """Return what `pointsman audit` says of the folder's journal."""
    command = [sys.executable, "-m", "pointsman", "--config", str(folder / "pointsman.toml"), "audit", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


BAD = {
    "no JSON": (b"hello", -32700, None),
    "cut JSON": (b'{"jsonrpc": "2.0", "id": 1', -32700, None),
    "not UTF-8": (b'{"jsonrpc": "2.0", "id": 1, "method": "\xff"}', -32700, None),
    "deep nesting": (b"[" * 100_000, -32700, None),
    "a scalar": (b"7", -32600, None),
    "null": (b"null", -32600, None),
    "a batch": (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600, None),
    "no version": (b'{"id": 5, "method": "ping"}', -32600, 5),
    "id is null": (b'{"jsonrpc": "2.0", "id": null, "method": "ping"}', -32600, None),
    "id is a float": (b'{"jsonrpc": "2.0", "id": 1.5, "method": "ping"}', -32600, None),
    "id is true": (b'{"jsonrpc": "2.0", "id": true, "method": "ping"}', -32600, None),
    "no method": (b'{"jsonrpc": "2.0", "id": 6}', -32600, 6),
    "method is a number": (b'{"jsonrpc": "2.0", "id": 7, "method": 3}', -32600, 7),
    "params are a string": (b'{"jsonrpc": "2.0", "id": 8, "method": "ping", "params": "x"}', -32600, 8),
    "too long": (b'{"jsonrpc": "2.0", "id": 9, "method": "' + b"x" * (5 * 2**20) + b'"}', -32600, None),
}


def test_every_bad_frame_is_answered_and_the_server_goes_on(wire: Wire) -> None:
    for name, (line, code, request_id) in BAD.items():
        response = wire.send(line)
        assert response["error"]["code"] == code, name
        assert response["id"] == request_id, name
    assert "tools" in wire.ask("tools/list")["result"]


def test_an_id_in_flight_cannot_be_used_twice(wire: Wire) -> None:
    wire.ask("tools/call", {"name": "browser_snapshot", "arguments": {}})  # a browser is running now
    for _ in range(2):
        wire.begin(1, "call_read_tool", name="browser_wait_for", arguments={"time": 2.0})
    second, first = wire.read(), wire.read()
    assert (second["id"], second["error"]["code"]) == (
        None,
        -32600,
    )  # with the id, it would pass for the first's answer
    assert (first["id"], first["result"]["isError"]) == (1, False)


def test_a_probe_does_not_fix_the_era(wire: Wire) -> None:
    """Some clients send `server/discover` and then `initialize` all the same."""
    discovered = wire.ask("server/discover")["result"]
    hello = wire.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO}).encode())
    assert hello["result"]["protocolVersion"] == "2025-11-25"
    assert hello["result"]["instructions"] == discovered["instructions"]
    wire.write(b'{"jsonrpc": "2.0", "method": "notifications/initialized"}')
    listed = wire.send(b'{"jsonrpc": "2.0", "id": 2, "method": "tools/list"}')
    assert len(listed["result"]["tools"]) < 20


@pytest.mark.anyio
@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_the_sdks_client_lists_and_calls_in_both_eras(tmp_path: Path, era: Era) -> None:
    (tmp_path / "pointsman.toml").write_text('data = "data"\n', encoding="utf-8")
    arguments = ["-m", "pointsman", "--config", str(tmp_path / "pointsman.toml"), "serve"]
    server = StdioServerParameters(command=sys.executable, args=arguments)
    with anyio.fail_after(30):
        async with Client(server, mode=era) as client:
            assert client.protocol_version == {"auto": "2026-07-28", "legacy": "2025-11-25"}[era]
            assert "route_task" in {tool.name for tool in (await client.list_tools()).tools}
            result = await client.call_tool("route_task", {"task": "Review a 200-page contract"})
    assert result.structured_content is not None
    assert result.structured_content["executor"] == "claude-opus-4-7"
    assert text_of(result)


def test_instructions_stay_under_two_kilobytes(wire: Wire) -> None:
    assert len(wire.ask("server/discover")["result"]["instructions"].encode()) < 2048


def test_listing_tools_imports_no_vendor_no_browser_and_no_store(tmp_path: Path) -> None:
    (tmp_path / "pointsman.toml").write_text('data = "data"\n', encoding="utf-8")
    program = f"""
import anyio, sys
from pathlib import Path
from mcp import Client
from server.app import running, state_key
from server.config import load
from server.face import face

async def main():
    config = load(Path({str(tmp_path / "pointsman.toml")!r}))
    async with running(config) as app:
        server = face(app.registry, listed=app.listed, call=app.call, answer=app.answer, principal="x",
                      state_key=state_key(config.data), version="0")
        async with Client(server) as client:
            assert len((await client.list_tools()).tools) > 10
        heavy = "anthropic openai playwright sqlalchemy cedarpy genai_prices dbos rich jinja2".split()
        print(sorted(name for name in heavy if name in sys.modules))

anyio.run(main)
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert found.stdout.strip() == "[]", found.stderr


@pytest.mark.parametrize("end", ["SIGTERM", "SIGINT", "end of input"])
def test_the_server_ends_in_time_and_leaves_nothing_behind(tmp_path: Path, end: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never answers
        silent.settimeout(30)
        origin = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with closing(Wire(tmp_path, f'[browser]\norigins = ["{origin}"]\n')) as wire:
            _end_while_it_navigates(wire, silent, origin, end)
    assert "chain valid" in audit(tmp_path, "verify")
    last = json.loads(audit(tmp_path, "show", "--last", "1", "--json"))
    assert (last["tool"], last["body"]["status"]) == ("browser_navigate", "cancelled")


def _end_while_it_navigates(wire: Wire, silent: socket.socket, origin: str, end: str) -> None:
    wire.ask("server/discover")
    wire.ask("tools/call", {"name": "browser_snapshot", "arguments": {}})  # a browser is running now
    family = psutil.Process(wire.process.pid).children(recursive=True)
    assert family
    wire.begin(1, "browser_navigate", url=origin)
    visitor, _ = silent.accept()  # the browser has come, so the call runs
    if end == "end of input":
        wire.end_input()
    else:
        wire.process.send_signal(getattr(signal, end))
    assert wire.process.wait(timeout=3) == 0
    _, alive = psutil.wait_procs(family, timeout=3)
    visitor.close()
    assert alive == []


def test_two_servers_start_on_one_new_folder(tmp_path: Path) -> None:
    checks = [{"kind": "output_schema", "id": "shape", "schema": {"type": "object"}}]
    servers = [Wire(tmp_path), Wire(tmp_path)]
    try:
        for server in servers:
            server.begin(1, "verify", task="x", checks=checks)
        for server in servers:
            assert "Registered" in str(server.read()["result"])
            server.end_input()
            assert server.process.wait(timeout=10) == 0
    finally:
        for server in servers:
            server.close()
    assert audit(tmp_path, "verify") == "4 entries, chain valid\n"


def test_servers_that_start_at_once_seal_with_one_key(tmp_path: Path) -> None:
    """What one of them has sealed comes back to another when a client starts anew."""
    at_once = Barrier(8)

    def key(folder: Path) -> bytes:
        at_once.wait(timeout=10)
        return state_key(folder)

    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            keys = set(pool.map(key, [tmp_path / str(number)] * 8))
            assert [len(one) for one in keys] == [32]
