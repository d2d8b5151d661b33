"""Where browsers run and how long sessions live: other people's browsers, limits, many sessions, no leaks."""

import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import psutil
import pytest

from bridges.browser.install import find_browser
from bridges.browser.process import Browsers
from bridges.browser.words import BrowserError, BrowserOptions, NoSuchSession, TooManySessions
from bridges.egress.rules import NetworkRules
from bridges.secrets import Secrets
from tests.browser_site import Site, foreign_browser, served
from tests.house import House, configured, connected, text_of

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


@asynccontextmanager
async def opened(options: BrowserOptions) -> AsyncGenerator[Browsers]:
    browsers = Browsers(options, Secrets({}, {}), network=NetworkRules(allowed=("127.0.0.1",)))
    try:
        yield browsers
    finally:
        await browsers.aclose()


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[str]:
    with foreign_browser(tmp_path) as address:
        yield address


async def test_a_browser_that_runs_already_is_used_and_left_running(chromium: str, site: Site) -> None:
    async with opened(BrowserOptions(endpoint=chromium)) as browsers:
        session = await browsers.open(owner="me")
        assert (await session.navigate(site.url("blank.html"))).title == "Blank"
    async with opened(BrowserOptions(endpoint=chromium)) as browsers:  # it is still there
        session = await browsers.open(owner="me")
        assert (await session.navigate(site.url("cookie"))).title == "Cookie"


async def test_the_boundary_holds_in_a_browser_that_runs_already(chromium: str, site: Site) -> None:
    browsers = Browsers(BrowserOptions(endpoint=chromium), Secrets({}, {}))
    try:
        session = await browsers.open(owner="me")
        await session.navigate(site.url("outside.html"))
        with served() as elsewhere:
            escaped = await session.navigate(f"data:text/html,<img src='{elsewhere.url('blank.html')}'>")
        assert any("the network boundary refused" in note for note in escaped.notes)
    finally:
        await browsers.aclose()


async def test_a_playwright_server_is_used_by_its_address(site: Site, tmp_path: Path) -> None:
    executable = find_browser()
    arguments = '["--no-sandbox"]' if os.geteuid() == 0 else "[]"
    config = tmp_path / "server.json"
    config.write_text(f'{{"executablePath": "{executable}", "args": {arguments}}}')
    command = [sys.executable, "-m", "playwright", "launch-server", "--browser", "chromium", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            address = process.stdout.readline().strip()
            assert address.startswith("ws://")
            async with opened(BrowserOptions(endpoint=address)) as browsers:
                session = await browsers.open(owner="me")
                assert (await session.navigate(site.url("blank.html"))).title == "Blank"
        finally:
            with suppress(psutil.NoSuchProcess):  # it ends by itself as well
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
            process.kill()


async def test_a_browser_on_another_machine_needs_the_operators_word() -> None:
    async with opened(BrowserOptions(endpoint="ws://browsers.example:9222/devtools/browser/x")) as browsers:
        with pytest.raises(BrowserError, match="the network boundary cannot hold it"):
            await browsers.open(owner="me")


async def test_an_address_where_no_browser_answers_is_said() -> None:
    async with opened(BrowserOptions(endpoint="http://127.0.0.1:9")) as browsers:
        with pytest.raises(BrowserError, match="could not be started or reached"):
            await browsers.open(owner="me")


async def test_a_browser_that_was_started_with_the_server_is_the_one_that_is_used(site: Site) -> None:
    async with opened(BrowserOptions()) as browsers:
        await browsers.warm()
        started = browsers_of(psutil.Process())
        session = await browsers.open(owner="me")
        assert (await session.navigate(site.url("blank.html"))).title == "Blank"
        assert len(started) == 1
        assert browsers_of(psutil.Process()) == started


def browsers_of(process: psutil.Process) -> set[int]:
    """Return the browsers below a process, helpers left out."""
    found: set[int] = set()
    for child in process.children(recursive=True):
        with suppress(psutil.Error):  # it ended meanwhile
            command = child.cmdline()
            if "--headless" in " ".join(command) and not any(part.startswith("--type=") for part in command):
                found.add(child.pid)
    return found


async def test_more_sessions_than_the_most_are_refused_and_a_closed_one_makes_room(site: Site) -> None:
    async with opened(BrowserOptions(most_sessions=2)) as browsers:
        first = await browsers.open(owner="me")
        await browsers.open(owner="me")
        with pytest.raises(TooManySessions, match="Close one of yours"):
            await browsers.open(owner="me")
        await browsers.close_session(first.handle, owner="me")
        await browsers.open(owner="me")


async def test_a_session_that_nobody_uses_is_closed_and_that_is_said(site: Site) -> None:
    async with opened(BrowserOptions(idle_s=0.05)) as browsers:
        first = await browsers.open(owner="me")
        await first.navigate(site.url("blank.html"))
        await anyio.sleep(0.1)  # the clock itself is under test
        with pytest.raises(NoSuchSession, match="was not used for"):
            await browsers.session(first.handle, owner="me")


async def test_four_sessions_of_two_clients_work_side_by_side_and_see_nothing_of_each_other(
    tmp_path: Path, site: Site
) -> None:
    done: list[str] = []

    async def work(house: House, handle: str) -> None:
        for cookie in ("Cookie: none", "Cookie: who=me"):  # each session gets its own, and only once
            seen = text_of(await house.call("browser_navigate", url=site.url("cookie"), session=handle))
            assert cookie in seen
        done.append(handle)

    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    text = f'[browser]\norigins = ["{site.origin}"]\n'
    async with connected(configured(folders[0], text)) as one, connected(configured(folders[1], text)) as two:
        handles: list[tuple[House, str]] = []
        for house in (one, one, two, two):
            answer = await house.call("browser_new_session")
            handles.append((house, dict(answer.structured_content or {})["session"]))
        async with anyio.create_task_group() as group:
            for house, handle in handles:
                group.start_soon(work, house, handle)
        assert sorted(done) == sorted(handle for _, handle in handles)
        stranger = await two.call("browser_snapshot", session=handles[0][1])
        assert stranger.is_error
        assert "no session" in text_of(stranger)


def renderers_of(process: psutil.Process) -> int:
    """Return how many pages below a process have a process of their own."""
    found = 0
    for child in process.children(recursive=True):
        with suppress(psutil.Error):  # it ended meanwhile
            found += "--type=renderer" in child.cmdline()
    return found


@pytest.mark.timeout(180)
async def test_many_sessions_opened_and_closed_leave_nothing_behind(site: Site) -> None:
    async with opened(BrowserOptions()) as browsers:
        me = psutil.Process()
        seen: list[tuple[int, int, int]] = []
        for number in range(100):
            session = await browsers.open(owner="me")
            if number % 20 == 0:
                await session.navigate(site.url("blank.html"))
            await browsers.close_session(session.handle, owner="me")
            if number in (9, 98):
                seen.append((renderers_of(me), me.num_fds(), len(anyio.get_running_tasks())))
        (few, files, tasks), (many, more_files, more_tasks) = seen
        assert many <= few + 2
        assert more_files <= files + 8
        assert more_tasks <= tasks + 4
