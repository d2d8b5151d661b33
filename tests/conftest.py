"""What holds for every test: asyncio underneath, no network beyond this machine outside `live`, no judging by time."""

import ipaddress
import sys
from typing import Any

import pytest
from hypothesis import settings


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # Playwright knows no other


def pytest_configure(config: pytest.Config) -> None:
    settings.register_profile("untimed", deadline=None)  # how long an example takes says how busy the machine is
    settings.load_profile("untimed")
    loopback = LoopbackOnly()
    sys.addaudithook(loopback.audit)
    config.pluginmanager.register(loopback)


class LoopbackOnly:
    """Refuses to connect, send or resolve beyond this machine, unless the running test is marked `live`."""

    def __init__(self) -> None:
        self._live = False

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._live = item.get_closest_marker("live") is not None

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._live or event not in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
            return
        host: object = arguments[0] if event == "socket.getaddrinfo" else _host(arguments[1])
        if not _is_here(host):
            raise RuntimeError(f"{event} to {host!r}: only a test marked `live` may leave this machine")


def _host(address: tuple[Any, ...] | str | bytes) -> object:
    return address[0] if isinstance(address, tuple) else None  # no tuple: the path of a Unix socket


def _is_here(host: object) -> bool:
    match host:
        case None | "" | b"" | "localhost" | b"localhost":
            return True
        case bytes():
            return _is_here(host.decode(errors="replace"))
        case str():
            try:
                address = ipaddress.ip_address(host)
            except ValueError:
                return False
            return address.is_loopback or address.is_unspecified
        case _:
            return False
