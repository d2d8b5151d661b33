"""Where the browser runs: on this machine, in a Playwright server, or behind any CDP endpoint.

Playwright is imported only when a browser is needed.
"""

import asyncio
import contextlib
import ipaddress
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import urlsplit

import anyio
from anyio import to_thread

from bridges.browser.install import find_browser
from bridges.browser.scripts import ENGINE, engine
from bridges.browser.words import BrowserError, BrowserOptions, Deadlines

if TYPE_CHECKING:  # slow to import, and needed only when a browser is
    from playwright.async_api import Browser, CDPSession, Playwright

__all__ = ["Running", "started"]

_log = logging.getLogger(__name__)

_ARGUMENTS = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",  # WebRTC would go round the proxy
)
_PROBE_S = 2.0


@dataclass(slots=True, kw_only=True)
class Running:
    """A browser, with what it takes to ask whether it lives, and to end it when it does not.

    `pid` is 0 for a browser that others started and that we leave alone. `opened` counts the sessions it had.
    """

    playwright: "Playwright"
    browser: "Browser"
    probe: "CDPSession"
    pid: int
    since: float = field(default_factory=time.monotonic)
    opened: int = 0

    async def state(self) -> Literal["alive", "gone", "frozen"]:
        """Ask the browser itself: `is_connected` stays true when the driver between us was killed."""
        # Already imported: something is running.
        from playwright.async_api import Error

        if not self.browser.is_connected():
            return "gone"
        with anyio.move_on_after(_PROBE_S):
            try:
                await _asked(self.probe, "Browser.getVersion")
            except Error:
                return "gone"
            return "alive"
        return "frozen"

    async def end(self, deadline_s: float) -> None:
        """End it in order where it answers, by force where it does not; one that is not ours is only left."""
        # Already imported: something is running.
        from playwright.async_api import Error

        state = await self.state()
        if state == "alive":
            with anyio.move_on_after(deadline_s, shield=True) as closing, contextlib.suppress(Error):
                await self.browser.close()
            if closing.cancelled_caught:
                state = "frozen"
        if state == "frozen" and self.pid:  # and only then: the id of a process that is gone may be another's by now
            _killed(self.pid)
        await _stopped(self.playwright, deadline_s)


async def started(options: BrowserOptions, deadlines: Deadlines) -> Running:
    """Start a browser, or connect to the one that is configured.

    Raises:
        BrowserError: There is none, or it does not start or answer; says what to do.
    """
    # Playwright takes half a second to import: not before a browser is needed.
    from playwright.async_api import Error, async_playwright

    where = options.endpoint or options.executable or await to_thread.run_sync(find_browser)
    if where is None:
        raise BrowserError(
            "no browser is installed. Run `pointsman doctor --install-browser`, or install Google Chrome, Chromium "
            "or Edge."
        )
    if options.endpoint and not options.unbounded and not _is_here(options.endpoint):
        raise BrowserError(
            f"the browser at {options.endpoint} runs on another machine, where the network boundary cannot hold it. "
            "Set unbounded = true under [browser] where that machine has a boundary of its own."
        )
    playwright: Playwright | None = None
    try:
        with anyio.fail_after(deadlines.launch_s):
            playwright = await async_playwright().start()
            await playwright.selectors.register(ENGINE, engine(), content_script=True)
            browser = await _opened(playwright, where, options)
            probe = await browser.new_browser_cdp_session()
            pid = 0 if options.endpoint else await _pid(probe)
    except BaseException as error:
        if playwright is not None:
            await _stopped(playwright, deadlines.close_s)
        if not isinstance(error, Error | TimeoutError | OSError):
            raise
        first = str(error).splitlines()[0] if str(error) else "it did not answer in time"
        raise BrowserError(f"the browser {where!r} could not be started or reached: {first}") from error
    _log.info("using the browser %s, version %s", where, browser.version)
    return Running(playwright=playwright, browser=browser, probe=probe, pid=pid)


async def _opened(playwright: "Playwright", where: str, options: BrowserOptions) -> "Browser":
    if options.endpoint:
        chromium = playwright.chromium
        if urlsplit(where).scheme in ("http", "https") or "/devtools/" in where:
            return await chromium.connect_over_cdp(where)
        return await chromium.connect(where)
    return await playwright.chromium.launch(
        executable_path=where,
        headless=options.headless,
        chromium_sandbox=_sandboxed(options.sandbox),
        args=list(_ARGUMENTS),
        handle_sigint=False,
        handle_sigterm=False,
        handle_sighup=False,
    )


def _is_here(endpoint: str) -> bool:
    """Return whether the endpoint is on this machine."""
    host = urlsplit(endpoint).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _sandboxed(wanted: bool) -> bool:
    """Return whether Chromium's sandbox can be on: it refuses to run as root with it."""
    if not wanted:
        _log.warning("Chromium's sandbox is off, as configured")
        return False
    if sys.platform == "linux" and os.geteuid() == 0:
        _log.warning("Chromium's sandbox is off, because this process runs as root; run it as another user")
        return False
    return True


async def _pid(probe: "CDPSession") -> int:
    answer = cast("dict[str, list[dict[str, object]]]", await _asked(probe, "SystemInfo.getProcessInfo"))
    return next(int(str(process["id"])) for process in answer["processInfo"] if process["type"] == "browser")


async def _asked(probe: "CDPSession", what: str) -> object:
    send = cast("Callable[[str], Awaitable[object]]", probe.send)  # pyright: ignore[reportUnknownMemberType]  # a bare dict
    return await send(what)


def _killed(pid: int) -> None:
    """Make sure that the process is gone; its helpers end with it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


async def _stopped(playwright: "Playwright", deadline_s: float) -> None:
    # Already imported: something is running.
    from playwright.async_api import Error

    with anyio.move_on_after(deadline_s, shield=True), contextlib.suppress(Error):
        await playwright.stop()
    # When its driver was killed, Playwright keeps that as an error nobody asks for, and asyncio complains about it
    # whenever it is collected. There is no public way to it.
    unheard: object = playwright
    for name in ("stop", "__self__", "_client", "_transport", "on_error_future"):
        unheard = getattr(unheard, name, None)
    if isinstance(unheard, asyncio.Future) and unheard.done() and not unheard.cancelled():
        unheard.exception()
