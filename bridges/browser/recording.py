"""Recordings of a session for people: traces and videos, as files in the folder of artefacts.

Neither can be covered. So no secret is typed while one is made, and none is made once a secret was typed.
"""

from pathlib import Path
from typing import Literal

import anyio
from anyio import to_thread
from playwright.async_api import Error

from bridges.browser.downloads import reserved
from bridges.browser.session import Session
from bridges.browser.words import BrowserError, Forbidden

__all__ = ["start", "stop"]

Kind = Literal["trace", "video"]


async def start(session: Session, kind: Kind, *, page: str | None = None) -> None:
    """Begin a recording.

    Raises:
        Forbidden: A secret was typed in this session.
        BrowserError: One is being made already, or there is nowhere to keep it, or this browser makes none.
    """
    if session.scrub or session.signs_in:
        raise Forbidden(f"a secret was used in this session, and a {kind} would show it: use another session")
    if not session.options.artefacts:
        raise BrowserError("no folder of artefacts is configured: there is nowhere to keep a recording")
    async with session.turn(page) as tab, session.limited(session.deadlines.act_s):
        if kind in session.recordings:
            raise BrowserError(f"a {kind} is being made already")
        folder = Path(session.options.artefacts) / session.handle
        path = await to_thread.run_sync(reserved, folder, "trace.zip" if kind == "trace" else "video.webm")
        try:
            if kind == "trace":
                await session.context.tracing.start(screenshots=True, snapshots=True)
            else:
                await tab.page.screencast.start(path=path)
        except Error as error:
            await to_thread.run_sync(path.unlink, True)
            if "ffmpeg" in error.message:
                raise BrowserError("videos need Playwright's ffmpeg: run `playwright install ffmpeg`") from error
            raise
        session.recordings[kind] = (tab.handle, path)


async def stop(session: Session, kind: Kind) -> Path:
    """End a recording and return where it lies.

    Raises:
        BrowserError: None is being made.
    """
    async with session.alone():
        if kind not in session.recordings:
            raise BrowserError(f"no {kind} is being made")
        page, path = session.recordings.pop(kind)
        with anyio.fail_after(session.deadlines.navigate_s):
            if kind == "trace":
                await session.context.tracing.stop(path=path)
            else:
                await session.pages.tab(page).page.screencast.stop()
        return path
