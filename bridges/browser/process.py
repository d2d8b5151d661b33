"""The sessions, and the browser that serves them all, started when first needed and again when it died or is worn.

Each session has a context of its own, and a way out of its own.
"""

import base64
import contextlib
import importlib
import secrets as tokens
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import anyio
from anyio import to_thread
from pydantic import TypeAdapter

from bridges.browser.profiles import Lease, Profiles
from bridges.browser.provider import Running, started
from bridges.browser.scripts import script
from bridges.browser.words import (
    BrowserError,
    BrowserGone,
    BrowserOptions,
    Deadlines,
    Difference,
    NoSuchSession,
    TooManySessions,
)
from bridges.egress.proxy import EgressProxy
from bridges.egress.rules import Boundary, NetworkRules
from bridges.secrets import SignIn

if TYPE_CHECKING:  # slow to import, and needed only when a browser is
    from playwright.async_api import HttpCredentials

    from bridges.browser.pictures import Label
    from bridges.browser.session import Secrets, Session

__all__ = ["Browsers"]


_MOST_OPENED = 100  # sessions; a browser grows with each
_LONGEST_S = 3600.0
_MOST_REAPED = 50  # closed sessions whose reason is remembered
# What Chromium asks of its makers by itself, whatever its switches say. Pages have no business there.
_OWN_CALLS = (
    *("content-autofill.googleapis.com", "update.googleapis.com", "optimizationguide-pa.googleapis.com"),
    *("safebrowsing.googleapis.com", "edgedl.me.gvt1.com", "clients2.google.com", "android.clients.google.com"),
)


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
        self._profiles = Profiles(Path(options.profiles)) if options.profiles else None
        self._secrets = secrets
        self._deadlines = deadlines or Deadlines()
        self._starting = anyio.Lock()
        self._choosing = anyio.Lock()
        self._running: Running | None = None
        self._sessions: dict[str, Session] = {}
        self._defaults: dict[str, str] = {}
        self._reaped: dict[str, str] = {}

    async def warm(self) -> None:
        """Start the browser before anybody asks; what goes wrong is told to the first call that needs it."""
        await to_thread.run_sync(importlib.import_module, "playwright.async_api")  # half a second, beside the loop
        with contextlib.suppress(BrowserError):
            await self._started()

    async def session(self, handle: str | None, *, owner: str) -> "Session":
        """Return a session of the owner's; without a handle the owner's default one, opened when there is none.

        Raises:
            NoSuchSession: There is none of this handle, or it is somebody else's.
            BrowserGone: The browser of that session died.
        """
        if handle is None:
            async with self._choosing:  # two first calls at once share one session
                return await self._default(owner)
        await self._reap()
        session = self._sessions.get(handle)
        if handle in self._reaped:
            raise NoSuchSession(f"session {handle!r} was closed, because {self._reaped[handle]}. Open a new one.")
        if session is None or session.owner != owner:
            raise NoSuchSession(f"there is no session {handle!r}: leave it out for the default one, or open a new one")
        if not await self._alive():
            await self._end()
            raise BrowserGone(
                f"the browser ended, and session {handle!r} with its cookies. A new session starts a new one."
            )
        return session

    async def _default(self, owner: str) -> "Session":
        await self._reap()
        known = self._defaults.get(owner)
        if known in self._sessions:
            if await self._alive():
                return self._sessions[known]
            await self._end()
            raise BrowserGone("the browser ended, and the session with its cookies. The next call starts anew.")
        session = await self.open(owner=owner)
        self._defaults[owner] = session.handle
        return session

    async def open(self, *, owner: str, profile: str | None = None) -> "Session":
        """Open a session of its own: other cookies, other pages.

        Args:
            owner: Whose session it is.
            profile: The sign-ins to begin with, and to keep when the session is closed.

        Raises:
            TooManySessions: As many are open as may be.
            ProfileLocked: Another session uses the profile.
            BrowserError: No browser could be started, or it opened no session.
        """
        # Playwright takes half a second to import: not before a browser is needed.
        from playwright.async_api import Error

        from bridges.browser.session import Session

        await self._reap()
        if len(self._sessions) >= self._options.most_sessions:
            raise TooManySessions(
                f"{len(self._sessions)} sessions are open, which is the most. Close one of yours, or wait until one is "
                "closed for not being used."
            )
        running = await self._started()
        running.opened += 1
        width, height = self._options.viewport
        sign_in = self._secrets.sign_in()
        lease = await Lease.taken(self._profiles, profile, owner=owner)
        boundary = Boundary(self._network)
        proxy = await EgressProxy.started(boundary)
        try:
            with anyio.fail_after(self._deadlines.act_s):
                context = await running.browser.new_context(
                    viewport={"width": width, "height": height},
                    accept_downloads=True,
                    proxy={"server": proxy.address, "bypass": "<-loopback>"},
                    http_credentials=_credentials(sign_in) if sign_in else None,
                    storage_state=lease.state,
                )
                await context.add_init_script(script("shadow"))
                await context.add_init_script(script("settle"))
        except BaseException as error:
            await proxy.aclose()
            await lease.given_back(None)
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
            alive=lambda: _is_alive(running),
            draw=self._draw,
            diff=self.difference,
            boundary=boundary,
            proxy=proxy,
            unsaid=frozenset(_OWN_CALLS),
            signs_in=sign_in is not None,
            lease=lease,
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

    async def _reap(self) -> None:
        """Close sessions that nobody used for long, or that are too old; those at work are left."""
        for handle, session in list(self._sessions.items()):
            why = session.outlived()
            if why is not None and handle in self._sessions:
                del self._sessions[handle]
                self._defaults = {owner: known for owner, known in self._defaults.items() if known != handle}
                self._reaped[handle] = why
                await session.aclose()
        while len(self._reaped) > _MOST_REAPED:
            del self._reaped[next(iter(self._reaped))]

    async def aclose(self) -> None:
        """Close all sessions and end the browser, by force where it does not end."""
        async with self._starting:
            await self._end()

    # The process

    async def _started(self) -> Running:
        async with self._starting:
            fresh = self._running is not None and not (self._is_worn(self._running) and not self._sessions)
            if self._running is not None and fresh and await self._alive():
                return self._running
            await self._end()
            self._running = await started(self._options, self._deadlines)
            return self._running

    def _is_worn(self, running: Running) -> bool:
        """Whether a browser has served for so long that a new one is the better choice."""
        return bool(running.pid) and (running.opened >= _MOST_OPENED or time.monotonic() - running.since > _LONGEST_S)

    async def _alive(self) -> bool:
        return self._running is not None and await self._running.state() == "alive"

    async def _end(self) -> None:
        """End whatever is there, sessions first."""
        running, self._running = self._running, None
        sessions = list(self._sessions.values())
        self._sessions.clear()
        self._defaults.clear()
        if running is None:
            return
        if await running.state() == "alive":
            with anyio.move_on_after(self._deadlines.close_s, shield=True):
                async with anyio.create_task_group() as group:
                    for session in sessions:
                        group.start_soon(session.aclose)
        else:
            for session in sessions:
                await session.let_go()
        await running.end(self._deadlines.close_s)

    async def _draw(self, png: bytes, longest: int, kind: str, labels: "Sequence[Label]") -> bytes:
        """Return the picture drawn by a blank page of ours: at most so large, in that format, with these labels."""
        # Already imported: something is running.
        from bridges.browser.pictures import DRAW

        drawn = await self._evaluated(DRAW, [base64.b64encode(png).decode(), longest, kind, list(labels)])
        return base64.b64decode(cast("str", drawn))

    async def difference(self, before: bytes, after: bytes) -> Difference:
        """Compare two PNGs."""
        # Already imported: something is running.
        from bridges.browser.pictures import DIFF

        said = await self._evaluated(DIFF, [base64.b64encode(picture).decode() for picture in (before, after)])
        return TypeAdapter(Difference).validate_python(said)

    async def _evaluated(self, function: str, arguments: list[object]) -> object:
        """Run a function of ours in a blank page of ours."""
        running = await self._started()
        with anyio.fail_after(self._deadlines.act_s):
            page = await running.browser.new_page()
            try:
                return cast("object", await page.evaluate(function, arguments))
            finally:
                with anyio.move_on_after(self._deadlines.close_s, shield=True):
                    await page.context.close()


async def _is_alive(running: Running) -> bool:
    return await running.state() == "alive"


def _credentials(sign_in: SignIn) -> "HttpCredentials":
    return {"username": sign_in.user, "password": sign_in.password, "origin": sign_in.origin}
