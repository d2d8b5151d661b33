"""What governance costs: start-up and one call over stdio, beside a bare server in the same run.

Calls are timed in interleaved blocks, so that a busy moment of the machine hits all alike. The ratio is of medians.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Measured", "main"]

_BLOCKS, _CALLS, _STARTS = 30, 40, 7
_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
}


class Server:
    """A server process, driven with raw lines so that the client costs next to nothing."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._id = 0

    def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Send a request and wait for its response."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._id += 1
        request = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": params | {"_meta": _META}}
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        response = dict(json.loads(self.process.stdout.readline()))
        if "result" not in response or response["result"].get("isError"):
            raise RuntimeError(f"{method} failed: {response}")
        return response

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=10)


@dataclass(slots=True)
class Measured:
    """Seconds of each call of one kind."""

    name: str
    seconds: list[float] = field(default_factory=list[float])

    @property
    def median_ms(self) -> float:
        """The median in milliseconds."""
        return statistics.median(self.seconds) * 1e3


def _started(*arguments: str) -> float:
    """Return the seconds from the start of the process to its answer to `tools/list`."""
    began = time.perf_counter()
    server = Server(*arguments)
    server.ask("tools/list", {})
    seconds = time.perf_counter() - began
    server.close()
    return seconds


def main() -> dict[str, float]:
    """Measure, print and return the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "pointsman.toml"
        config.write_text('data = "data"\n', encoding="utf-8")
        bare, governed = ("-m", "bench.bare_server"), ("-m", "bench.governed_server", str(config))
        starts = {"bare": Measured("bare"), "governed": Measured("governed")}
        for _ in range(_STARTS):
            starts["bare"].seconds.append(_started(*bare))
            starts["governed"].seconds.append(_started(*governed))
        calls = _timed_calls(bare, governed)
    ratios = {
        "start-up to tools/list": starts["governed"].median_ms / starts["bare"].median_ms,
        "governed read": calls["read"].median_ms / calls["bare"].median_ms,
        "governed mutating call, intent on disk": calls["mutating"].median_ms / calls["bare"].median_ms,
    }
    for start in starts.values():
        print(f"start-up to tools/list   {start.name:10} {start.median_ms:7.1f} ms (median of {len(start.seconds)})")
    for call in calls.values():
        print(f"call over stdio          {call.name:10} {call.median_ms:7.3f} ms (median of {len(call.seconds)})")
    for name, ratio in ratios.items():
        print(f"ratio                    {name}: {ratio:.2f}")
    return ratios


def _timed_calls(bare: tuple[str, ...], governed: tuple[str, ...]) -> dict[str, Measured]:
    floor, house = Server(*bare), Server(*governed)
    kinds = (
        (Measured("bare"), floor, "add"),
        (Measured("read"), house, "add"),
        (Measured("mutating"), house, "add_durably"),
    )
    try:
        for block in range(_BLOCKS + 1):
            for measured, server, tool in kinds:
                for _ in range(_CALLS):
                    began = time.perf_counter()
                    server.ask("tools/call", {"name": tool, "arguments": {"a": 1, "b": 2}})
                    if block:  # the first block warms everything up
                        measured.seconds.append(time.perf_counter() - began)
    finally:
        floor.close()
        house.close()
    return {measured.name: measured for measured, _, _ in kinds}
