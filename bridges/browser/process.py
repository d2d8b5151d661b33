"""The browser process, started when first needed and again when it died, and the sessions in it.

Playwright is imported only when a browser is needed. One browser serves all sessions; each has a context of its own.
"""

import asyncio
import base64
import contextlib
import logging
import os
import secrets as tokens
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, cast

import anyio
from anyio import to_thread

from bridges.browser.install import find_browser
from bridges.browser.scripts import ENGINE, engine, script
from bridges.browser.words import BrowserError, BrowserGone, BrowserOptions, Deadlines, NoSuchSession
from bridges.egress.proxy import EgressProxy
from bridges.egress.rules import Boundary, NetworkRules
from bridges.secrets import SignIn

if TYPE_CHECKING:  # slow to import, and needed only when a browser is
    from playwright.async_api import Browser, CDPSession, HttpCredentials, Playwright

    from bridges.browser.pictures import Label
    from bridges.browser.session import Secrets, Session

__all__ = ["Browsers"]

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
# What Chromium asks of its makers by itself, whatever its switches say. Pages have no business there.
_OWN_CALLS = (
    *("content-autofill.googleapis.com", "update.googleapis.com", "optimizationguide-pa.googleapis.com"),
    *("safebrowsing.googleapis.com", "edgedl.me.gvt1.com", "clients2.google.com", "android.clients.google.com"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    """A browser that was started, with what it takes to ask whether it lives, and to end it when it does not."""

    playwright: "Playwright"
    browser: "Browser"
    probe: "CDPSession"
    pid: int


class Browsers:
    """Sessions by handle. Close with `aclose`; when this process dies, the browser and its driver die with it."""

    def __init__(
        self,
        options: BrowserOptions,
        secrets: "Secrets",
        *,
        deadlines: Deadlines | None = None,
        network: NetworkRules | None = None,
    ) -> None:
        """Start nothing yet.

        Args:
            options: How browsers are started.
            secrets: Where the values behind `secret://NAME` come from.
            deadlines: How long to wait for what.
            network: What sessions may reach; the public web and where they are sent, if not given.
        """
        self._options = options
        network = network or NetworkRules()
        self._network = replace(network, denied=(*network.denied, *_OWN_CALLS))
        self._secrets = secrets
        self._deadlines = deadlines or Deadlines()
        self._starting = anyio.Lock()
        self._choosing = anyio.Lock()
        self._running: _Running | None = None
        self._sessions: dict[str, Session] = {}
        self._defaults: dict[str, str] = {}

    async def session(self, handle: str | None, *, owner: str) -> "Session":
        """Return a session of the owner's; without a handle the owner's default one, opened when there is none.

        Raises:
            NoSuchSession: There is none of this handle, or it is somebody else's.
            BrowserGone: The browser of that session died.
        """
        if handle is None:
            async with self._choosing:  # two first calls at once share one session
                return await self._default(owner)
        session = self._sessions.get(handle)
        if session is None or session.owner != owner:
            raise NoSuchSession(f"there is no session {handle!r}: leave it out for the default one, or open a new one")
        if not await self._alive():
            await self._end()
            raise BrowserGone(
                f"the browser ended, and session {handle!r} with its cookies. A new session starts a new one."
            )
        return session

    async def _default(self, owner: str) -> "Session":
        known = self._defaults.get(owner)
        if known in self._sessions:
            if await self._alive():
                return self._sessions[known]
            await self._end()
            raise BrowserGone("the browser ended, and the session with its cookies. The next call starts anew.")
        session = await self.open(owner=owner)
        self._defaults[owner] = session.handle
        return session

    async def open(self, *, owner: str) -> "Session":
        """Open a session of its own: other cookies, other pages."""
        # Playwright takes half a second to import: not before a browser is needed.
        from playwright.async_api import Error

        from bridges.browser.session import Session

        running = await self._started()
        width, height = self._options.viewport
        sign_in = self._secrets.sign_in()
        boundary = Boundary(self._network)
        proxy = await EgressProxy.started(boundary)
        try:
            with anyio.fail_after(self._deadlines.act_s):
                context = await running.browser.new_context(
                    viewport={"width": width, "height": height},
                    accept_downloads=True,
                    proxy={"server": proxy.address, "bypass": "<-loopback>"},
                    http_credentials=_credentials(sign_in) if sign_in else None,
                )
                await context.add_init_script(script("shadow"))
                await context.add_init_script(script("settle"))
        except BaseException as error:
            await proxy.aclose()
            if isinstance(error, Error | TimeoutError):
                raise BrowserError("the browser opened no session; try again") from error
            raise
        context.set_default_timeout(self._deadlines.act_s * 1000)
        session = Session(
            context,
            handle="bs_" + tokens.token_urlsafe(9),
            owner=owner,
            options=self._options,
            secrets=self._secrets,
            deadlines=self._deadlines,
            alive=lambda: self._is_alive(running),
            draw=self._draw,
            boundary=boundary,
            proxy=proxy,
            unsaid=frozenset(_OWN_CALLS),
            signs_in=sign_in is not None,
        )
        self._sessions[session.handle] = session
        return session

    async def close_session(self, handle: str, *, owner: str) -> None:
        """Close a session; one that is closed already, or is somebody else's, is unknown."""
        session = self._sessions.get(handle)
        if session is None or session.owner != owner:
            raise NoSuchSession(f"there is no session {handle!r}")
        del self._sessions[handle]
        if self._defaults.get(owner) == handle:
            del self._defaults[owner]
        await session.aclose()

    async def aclose(self) -> None:
        """Close all sessions and end the browser, by force where it does not end."""
        async with self._starting:
            await self._end()

    # The process

    async def _started(self) -> _Running:
        async with self._starting:
            if self._running is not None and await self._is_alive(self._running):
                return self._running
            await self._end()
            self._running = await self._launched()
            return self._running

    async def _launched(self) -> _Running:
        # Playwright takes half a second to import: not before a browser is needed.
        from playwright.async_api import Error, async_playwright

        executable = self._options.executable or await to_thread.run_sync(find_browser)
        if executable is None:
            raise BrowserError(
                "no browser is installed. Run `pointsman doctor --install-browser`, or install Google Chrome, Chromium "
                "or Edge."
            )
        playwright: Playwright | None = None
        try:
            with anyio.fail_after(self._deadlines.launch_s):
                playwright = await async_playwright().start()
                await playwright.selectors.register(ENGINE, engine(), content_script=True)
                browser = await playwright.chromium.launch(
                    executable_path=executable,
                    headless=self._options.headless,
                    chromium_sandbox=_sandboxed(self._options.sandbox),
                    args=list(_ARGUMENTS),
                    handle_sigint=False,
                    handle_sigterm=False,
                    handle_sighup=False,
                )
                probe = await browser.new_browser_cdp_session()
                pid = await _pid(probe)
        except (Error, TimeoutError, OSError) as error:
            if playwright is not None:
                await _stopped(playwright, self._deadlines.close_s)
            first = str(error).splitlines()[0] if str(error) else "it did not answer in time"
            raise BrowserError(f"the browser {executable!r} could not be started: {first}") from error
        except BaseException:
            if playwright is not None:
                await _stopped(playwright, self._deadlines.close_s)
            raise
        _log.info("started the browser %s, version %s", executable, browser.version)
        return _Running(playwright=playwright, browser=browser, probe=probe, pid=pid)

    async def _alive(self) -> bool:
        return self._running is not None and await self._is_alive(self._running)

    async def _is_alive(self, running: _Running) -> bool:
        return await self._state(running) == "alive"

    async def _state(self, running: _Running) -> Literal["alive", "gone", "frozen"]:
        """Ask the browser itself: `is_connected` stays true when the driver between us was killed."""
        # Already imported: something is running.
        from playwright.async_api import Error

        if not running.browser.is_connected():
            return "gone"
        with anyio.move_on_after(_PROBE_S):
            try:
                await _asked(running.probe, "Browser.getVersion")
            except Error:
                return "gone"
            return "alive"
        return "frozen"

    async def _end(self) -> None:
        """End whatever is there: in order where it answers, by force where it does not."""
        running, self._running = self._running, None
        sessions = list(self._sessions.values())
        self._sessions.clear()
        self._defaults.clear()
        if running is None:
            return
        # Already imported: something is running.
        from playwright.async_api import Error

        state = await self._state(running)
        if state == "alive":
            with anyio.move_on_after(self._deadlines.close_s, shield=True):
                async with anyio.create_task_group() as group:
                    for session in sessions:
                        group.start_soon(session.aclose)
            with anyio.move_on_after(self._deadlines.close_s, shield=True) as closing, contextlib.suppress(Error):
                await running.browser.close()
            if closing.cancelled_caught:
                state = "frozen"
        if state == "frozen":  # and only then: the id of a process that is gone may be another's by now
            _killed(running.pid)
        await _stopped(running.playwright, self._deadlines.close_s)

    async def _draw(self, png: bytes, longest: int, kind: str, labels: "Sequence[Label]") -> bytes:
        """Return the picture drawn by a blank page of ours: at most so large, in that format, with these labels."""
        # Already imported: something is running.
        from bridges.browser.pictures import DRAW

        running = await self._started()
        page = await running.browser.new_page()
        try:
            drawn = await page.evaluate(DRAW, [base64.b64encode(png).decode(), longest, kind, list(labels)])
            return base64.b64decode(cast("str", drawn))
        finally:
            with anyio.move_on_after(self._deadlines.close_s, shield=True):
                await page.context.close()


def _sandboxed(wanted: bool) -> bool:
    """Return whether Chromium's sandbox can be on: it refuses to run as root with it."""
    if not wanted:
        _log.warning("Chromium's sandbox is off, as configured")
        return False
    if sys.platform == "linux" and os.geteuid() == 0:
        _log.warning("Chromium's sandbox is off, because this process runs as root; run it as another user")
        return False
    return True


def _credentials(sign_in: SignIn) -> "HttpCredentials":
    return {"username": sign_in.user, "password": sign_in.password, "origin": sign_in.origin}


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
