"""Applications of other people from PyPI, in one environment of their own, and each run on a port of its own.

The environment lies beside the checkout's own and is made once for each content of `requirements.txt`. Nothing of it
is imported here: an application is a process that we reach as its users do.
"""

import fcntl
import hashlib
import shutil
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import pytest

from tests.npm import unavailable

__all__ = ["free_port", "program", "serving"]

_REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_HOME = Path(__file__).parents[2] / ".venv" / "apps"
_INSTALLING_S = 240
_STARTING_S = 60.0
_ENDING_S = 10.0


def program(name: str) -> str:
    """Return the path of a program of the environment, which is made if need be."""
    return str(_environment() / "bin" / name)


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serving(command: Sequence[str], *, port: int, log: Path) -> Generator[str]:
    """Hold the command's process, which is to listen on the port, and yield its origin.

    Args:
        command: Program and arguments; they name the port.
        port: Where it will answer.
        log: File for what the program says.
    """
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
    try:
        _wait_for(process, port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        _end(process)


@cache
def _environment() -> Path:
    """Return the folder of the environment. Whoever comes while it is being made waits for it."""
    place = _HOME / hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()[:16]
    done = place / "installed"
    _HOME.mkdir(parents=True, exist_ok=True)
    with (_HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released with the file, however this process ends
        if not done.exists():
            shutil.rmtree(place, ignore_errors=True)
            _install(place)
            done.touch()
    return place


def _install(place: Path) -> None:
    venv.create(place)
    options = ["--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes"]
    pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python")]
    install = [*pip, "install", *options, "--requirement", str(_REQUIREMENTS)]
    done = subprocess.run(install, capture_output=True, text=True, timeout=_INSTALLING_S, check=False)
    if done.returncode == 0:
        return
    reason = f"pip could not install {_REQUIREMENTS.name} of tests/apps: {done.stderr[-1000:]}"
    if "connection broken" in done.stderr:  # pip's word for an index that cannot be reached
        unavailable(reason)
    pytest.fail(reason)


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _STARTING_S
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        with suppress(subprocess.TimeoutExpired):
            status = process.wait(timeout=0.05)
            pytest.fail(f"{process.args!r} ended with {status}: {log.read_text(errors='replace')[-2000:]}")
    pytest.fail(f"{process.args!r} does not answer on port {port}: {log.read_text(errors='replace')[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=_ENDING_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
