"""Waiting until a page is done reacting: for what the action set off, never for a fixed time.

Causes are requests that started after the action, short timers and finite animations, changes of the page, and
navigations. A page that polls, ticks or hangs is left after a bound, with what is still pending in words.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import cast
from urllib.parse import urlsplit

import anyio
from playwright.async_api import Error, Frame, Page, Request

from bridges.browser.tab import Tab

__all__ = ["arm", "changes_of", "settle"]

_QUIET_S = 0.04
_BOUND_S = 2.5
_REQUEST_S = 1.8  # a request longer than this is reported as pending
_NEXT_S = 0.5  # from the end of one document to word of the next
_ROUNDS = 6  # a page that keeps asking is not waited for
_MOST_FRAMES = 12


async def arm(tab: Tab) -> None:
    """Mark the moment: what starts from here on is a reaction."""
    tab.begin()
    await _in_frames(tab.page, "() => window.__pointsman?.arm()", bound_s=1.0)


async def changes_of(page: Page) -> str:
    """Return a mark that differs when a document of the page has changed or was replaced."""
    counts = await _in_frames(page, "() => `${performance.timeOrigin}/${window.__pointsman?.changes()}`", bound_s=1.0)
    return " ".join(map(str, counts))


async def settle(tab: Tab, *, load_s: float, bound_s: float = _BOUND_S) -> tuple[str, ...]:
    """Wait for the reaction to end and return what is still pending.

    Args:
        tab: The page; `arm` was called before the action.
        load_s: How long a navigation may take to load.
        bound_s: How long anything else may take.
    """
    end = time.monotonic() + bound_s
    patience = time.monotonic() + min(bound_s, _REQUEST_S)
    restless: set[str] = set()
    for _ in range(_ROUNDS):
        if not await _loaded(tab, load_s):
            return (_words("loading", tab.navigation) if tab.navigation else "the page is still loading",)
        if _over(tab):
            return ()
        left = max(0.05, end - time.monotonic())
        restless, lost = await _quiet(tab.page, left)
        if "closing" in restless:
            await tab.noticing(lambda: not tab.usable, longest_s=1.0)
            return ()
        if lost and time.monotonic() < end:  # a document went away while it was asked: another one is coming
            await tab.noticing(lambda: bool(tab.moved or tab.navigation) or _over(tab), longest_s=_NEXT_S)
            continue
        if not tab.underway and tab.navigation is None and not tab.moved:
            break
        await _answered(tab, patience)
        if time.monotonic() >= end:
            break
    pending = [_words("waiting for", request) for request in list(tab.underway)[:3]]
    return (*pending, *sorted(f"a {what} is still running" for what in restless))


def _over(tab: Tab) -> bool:
    return tab.dialog is not None or not tab.usable


async def _loaded(tab: Tab, load_s: float) -> bool:
    """Wait for navigations to come and to load; False when one has not by the deadline."""
    with anyio.move_on_after(load_s) as scope:
        await tab.noticing(lambda: tab.navigation is None or _over(tab), longest_s=load_s)
        while tab.moved and not _over(tab):
            frame = tab.moved.pop()
            try:
                await frame.wait_for_load_state("load", timeout=load_s * 1000)
            except Error:  # the frame went away, or went on to somewhere else: then it is in `moved` again
                continue
    return not scope.cancelled_caught and (tab.navigation is None or _over(tab))


async def _quiet(page: Page, longest_s: float) -> tuple[set[str], bool]:
    """Wait until every frame is quiet; return what is still going on, and whether a frame's document went away."""
    milliseconds = [_QUIET_S * 1000, longest_s * 1000]
    call = "([quiet, longest]) => window.__pointsman?.quiet(quiet, longest) ?? []"
    answers = await _in_frames(page, call, milliseconds, bound_s=longest_s + 0.5)
    restless = {str(what) for answer in answers if isinstance(answer, list) for what in cast("list[object]", answer)}
    return restless, None in answers


async def _answered(tab: Tab, until: float) -> None:
    """Wait for the requests that are under way now; others that start meanwhile are the next round's."""
    waited_for = set(tab.underway)

    def answered() -> bool:
        return not waited_for & tab.underway or tab.navigation is not None or _over(tab)

    await tab.noticing(answered, longest_s=max(0.0, until - time.monotonic()))


async def _in_frames(page: Page, call: str, argument: object = None, *, bound_s: float) -> list[object]:
    """Return what the call gives in each frame; a frame that is going away or does not answer gives None."""
    if page.is_closed():
        return []

    async def in_frame(frame: Frame) -> object:
        try:
            return await frame.evaluate(call, argument)
        except Error:
            return None

    tasks = [asyncio.ensure_future(in_frame(frame)) for frame in _live(page.frames)]
    try:
        done, _ = await asyncio.wait(tasks, timeout=bound_s)
        return [task.result() if task in done else None for task in tasks]
    finally:
        for task in tasks:
            task.cancel()


def _live(frames: Iterable[Frame]) -> list[Frame]:
    return [frame for frame in frames if not frame.is_detached()][:_MOST_FRAMES]


def _words(verb: str, request: Request) -> str:
    parts = urlsplit(request.url)
    return f"{verb} {request.method} {parts.netloc}{parts.path}"
