"""The network boundary as a client meets it: what a page may reach, and what is said when it may not."""

import socket
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridges.browser.install import find_browser
from server.config import BadConfig
from tests.browser_site import Site, served
from tests.house import Person, configured, connected, text_of

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(find_browser() is None, reason="no browser is installed; `make test` installs one"),
]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with served() as site:
        yield site


@contextmanager
def listening() -> Generator[tuple[int, list[str]]]:
    """Yield a port of this machine, for TCP and UDP, and what came to it."""
    heard: list[str] = []
    ending = threading.Event()
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        port = int(tcp.getsockname()[1])
        udp.bind(("127.0.0.1", port))

        def take() -> None:
            while not ending.is_set():
                try:
                    connection, _ = tcp.accept()
                except TimeoutError:
                    continue
                with connection:
                    heard.append(connection.recv(200).split(b"\r\n")[0].decode(errors="replace"))

        def hear() -> None:
            while not ending.is_set():
                try:
                    udp.recvfrom(2000)
                except TimeoutError:
                    continue
                heard.append("datagram")

        tcp.settimeout(0.1)
        udp.settimeout(0.1)
        threads = [threading.Thread(target=each) for each in (take, hear)]
        for thread in threads:
            thread.start()
        try:
            yield port, heard
        finally:
            ending.set()
            for thread in threads:
                thread.join()


async def pressed(folder: Path, site: Site, extra: str) -> tuple[list[str], str]:
    """Let a page try every way to a port beside its own; return what came there, and what the caller was told."""
    config = configured(folder, f'[browser]\norigins = ["{site.origin}"]\n{extra}')
    with listening() as (port, heard):
        async with connected(config, person=Person("this call")) as house:
            await house.call("browser_navigate", url=site.url(f"escape.html?to={port}"))
            told = text_of(await house.call("browser_click", target="#go"))
            told += text_of(await house.call("browser_wait_for", time=3))
        return list(heard), told


async def test_a_page_reaches_no_private_address_that_the_session_was_not_sent_to(tmp_path: Path, site: Site) -> None:
    heard, told = await pressed(tmp_path, site, "")
    assert "tried 14" in told
    assert heard == []
    assert "the network boundary refused" in told
    assert "the session was not sent to 127.0.0.1:" in told


async def test_the_same_page_reaches_it_where_the_configuration_allows(tmp_path: Path, site: Site) -> None:
    heard, _ = await pressed(tmp_path, site, 'allow = ["127.0.0.1", "localhost"]\n')
    ways = {line.split(" ")[1].removeprefix("/") for line in heard if line.startswith(("GET", "POST"))}
    assert {"fetch", "decimal", "name", "image", "beacon", "stream", "worker", "frame", "style", "popup"} <= ways
    assert any("socket" in way for way in ways)


async def test_a_private_site_is_reached_once_a_person_lets_the_session_go_there(tmp_path: Path, site: Site) -> None:
    async with connected(configured(tmp_path), person=Person("this call")) as house:
        seen = await house.call("browser_navigate", url=site.url("blank.html"))
        assert "Blank" in text_of(seen)


async def test_what_the_configuration_denies_is_refused_in_a_sentence(tmp_path: Path, site: Site) -> None:
    host = site.origin.removeprefix("http://")
    config = configured(tmp_path, f'[browser]\norigins = ["{site.origin}"]\ndeny = ["{host}"]\n')
    async with connected(config, person=Person("this call")) as house:
        seen = await house.call("browser_navigate", url=site.url("blank.html"))
        assert seen.is_error
        assert "the network boundary refused" in text_of(seen)
        assert "the configuration denies it" in text_of(seen)


async def test_with_a_list_nothing_else_of_the_web_is_reached(tmp_path: Path, site: Site) -> None:
    config = configured(tmp_path, f'[browser]\nnetwork = "listed"\nallow = ["{site.origin}"]\n')
    async with connected(config, person=Person("this call")) as house:
        await house.call("browser_navigate", url=site.url("outside.html"))
        told = text_of(await house.call("browser_click", target="button"))
        assert "reports.example:80: the configuration lists what may be reached" in told


async def test_the_credentials_of_a_cloud_machine_are_refused_whoever_says_yes(tmp_path: Path) -> None:
    async with connected(configured(tmp_path), person=Person("this call")) as house:
        seen = await house.call("browser_navigate", url="http://169.254.169.254/latest/meta-data/")
        assert seen.is_error
        assert "hands out the credentials of the machine" in text_of(seen)


def test_a_rule_that_is_none_is_a_mistake_in_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="neither an origin nor a host"):
        configured(tmp_path, '[browser]\nallow = ["http//oops"]\n')
