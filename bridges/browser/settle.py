"""Waiting until a page is done reacting: for what the action set off, never for a fixed time.

Causes are requests that started after the action, short timers and finite animations, changes of the page, and
navigations. A page that polls, ticks or hangs is left after a bound, with what is still pending in words.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable
from typing import cast
from urllib.parse import urlsplit

import anyio
from playwright.async_api import Error, Frame, Page, Request

from bridges.browser.tab import Tab

__all__ = ["arm", "settle"]

_QUIET_S = 0.025
_BOUND_S = 2.5
_REQUEST_S = 1.8  # a request longer than this is reported as pending
_MOST_ROUNDS = 25  # a page that goes from page to page is not followed for ever
_MOST_MOVES = 20  # a page may change its address without end, and never load anything
_LEAST_LOAD_S = 2.0
_STOP_S = 4.0  # for a busy machine; it takes milliseconds
_OPENING = "a page is opening"  # as `settle.js` says it
_OPEN_S = 2.0
_NEXT_S = 0.5  # from the end of one document to word of the next
_LOCAL = ("blob:", "data:")  # there at once, though for some no end is ever told
_MOST_FRAMES = 12


async def arm(tab: Tab) -> None:
    """Mark the moment: what starts from here on is a reaction."""
    tab.begin()
    await _in_frames(tab.page, "() => window.__pointsman?.arm()", bound_s=1.0)


async def settle(tab: Tab, *, load_s: float, bound_s: float = _BOUND_S) -> tuple[str, ...]:
    """Wait for the reaction to end and return what is still pending.

    Args:
        tab: The page; `arm` was called before the action.
        load_s: How long a navigation may take to load.
        bound_s: How long anything else may take.
    """
    start = time.monotonic()
    end, patience = start + bound_s, start + min(bound_s, _REQUEST_S)
    for _ in range(_MOST_ROUNDS):
        if time.monotonic() - start > max(bound_s, load_s):
            break
        if not await _loaded(tab, max(_LEAST_LOAD_S, start + load_s - time.monotonic())):
            return (await _given_up(tab),)
        if _over(tab):
            return ()
        restless, lost = await _quiet(tab.page, max(0.05, end - time.monotonic()))
        if "closing" in restless:
            await tab.noticing(lambda: not tab.usable, longest_s=1.0)
            return ()
        if lost and time.monotonic() < end:  # a document went away while it was asked: another one is coming
            await tab.noticing(lambda: _leaving(tab) or _over(tab), longest_s=_NEXT_S)
            continue
        if _OPENING in restless:
            restless -= {_OPENING}
            await tab.noticing(lambda: tab.opened > 0 or bool(tab.downloads) or _over(tab), longest_s=_OPEN_S)
        requests = await _caused(tab)
        asked = requests if time.monotonic() < patience else set[Request]()
        if not asked and not _leaving(tab):
            return (*sorted(_words("waiting for", request) for request in requests)[:3], *sorted(restless))
        await _answered(tab, asked, patience)
    return ("the page does one thing after another, without an end",)


def _leaving(tab: Tab) -> bool:
    return tab.navigation is not None or bool(tab.moved)


def _over(tab: Tab) -> bool:
    return tab.dialog is not None or tab.held_up or not tab.usable


async def _loaded(tab: Tab, load_s: float) -> bool:
    """Wait for navigations to come and to load; False when one has not by the deadline."""
    with anyio.move_on_after(load_s) as scope:
        await tab.noticing(lambda: tab.navigation is None or _over(tab), longest_s=load_s)
        for _ in range(_MOST_MOVES):
            if not tab.moved or _over(tab):
                break
            frame = tab.moved.pop()
            await _load(tab, frame, load_s)
    return not scope.cancelled_caught and (tab.navigation is None or _over(tab))


async def _load(tab: Tab, frame: Frame, load_s: float) -> None:
    """Wait until a frame has loaded or is gone; for one that was taken out of the page Playwright waits in vain."""

    async def gone() -> None:
        await tab.noticing(frame.is_detached, longest_s=load_s)
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(gone)
        with contextlib.suppress(Error):  # it went away, or on to somewhere else: then it is in `moved` again
            await frame.wait_for_load_state("load", timeout=load_s * 1000)
        group.cancel_scope.cancel()


async def _given_up(tab: Tab) -> str:
    """Stop a navigation that has not answered, since Playwright asks nothing of a page on its way; return the words."""
    if tab.navigation is None:
        return "the page is still loading"
    words = _words("gave up waiting for", tab.navigation)
    with anyio.move_on_after(_STOP_S), contextlib.suppress(Error):
        session = await tab.page.context.new_cdp_session(tab.page)
        await session.send("Page.stopLoading")  # pyright: ignore[reportUnknownMemberType]  # a bare dict
        await tab.noticing(lambda: tab.navigation is None or _over(tab), longest_s=_STOP_S)
        await session.detach()
    return words


async def _quiet(page: Page, longest_s: float) -> tuple[set[str], bool]:
    """Wait until every frame is quiet; return what is still going on, and whether a frame's document went away."""
    milliseconds = [_QUIET_S * 1000, longest_s * 1000]
    call = "([quiet, longest]) => window.__pointsman?.quiet(quiet, longest) ?? []"
    answers = await _in_frames(page, call, milliseconds, bound_s=longest_s + 0.5)
    return _words_of(answers), None in answers


async def _caused(tab: Tab) -> set[Request]:
    """Return the requests under way, but for those that the page repeats on its own."""
    if not tab.underway or tab.navigation is not None:
        return set(tab.underway)
    polled = _words_of(await _in_frames(tab.page, "() => window.__pointsman?.background() ?? []", bound_s=1.0))
    return {request for request in tab.underway if request.url not in polled and not request.url.startswith(_LOCAL)}


async def _answered(tab: Tab, requests: set[Request], until: float) -> None:
    """Wait for the requests; others that start meanwhile are the next round's."""

    def answered() -> bool:
        return not requests & tab.underway or tab.navigation is not None or _over(tab)

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


def _words_of(answers: Iterable[object]) -> set[str]:
    return {str(word) for answer in answers if isinstance(answer, list) for word in cast("list[object]", answer)}


def _live(frames: Iterable[Frame]) -> list[Frame]:
    return [frame for frame in frames if not frame.is_detached()][:_MOST_FRAMES]


def _words(verb: str, request: Request) -> str:
    parts = urlsplit(request.url)
    return f"{verb} {request.method} {parts.netloc}{parts.path}"
