"""One page of a session and what happens to it: dialogs, downloads, requests, errors, its end.

Listeners only take notes and never raise: an exception in one would poison Playwright's connection.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import anyio
from playwright.async_api import (
    ConsoleMessage,
    Dialog,
    Download,
    Error,
    FileChooser,
    Frame,
    Page,
    Request,
    Response,
    WebError,
)

from bridges.browser.documents import Documents
from bridges.browser.navigation import failure_of
from bridges.browser.snapshot import View
from bridges.browser.words import Download as Saved
from bridges.browser.words import origin_of

__all__ = ["UNKNOWN", "Said", "Tab", "heard", "stopped"]

UNKNOWN = "about:"  # the origin of a blank page when we cannot tell

_REACTIONS = frozenset({"document", "stylesheet", "script", "xhr", "fetch"})
_MOST_ERRORS = 10
_MOST_KEPT = 500  # messages, and requests


class Asked(NamedTuple):
    """A request of the page, by number."""

    visit: int
    number: int
    request: Request


class Said(NamedTuple):
    """A message of the page's console; `visit` counts the addresses that the page handle went to."""

    visit: int
    kind: str
    text: str
    url: str
    line: int


class Tab:
    """A Playwright page with its notes.

    `shown` is the snapshot that the caller saw last, what changes are told against; `latest` is the last one taken,
    where candidates come from.
    """

    def __init__(self, handle: str, page: Page) -> None:
        self.handle = handle
        self.page = page
        self.dialog: Dialog | None = None
        self.crashed = False
        self.closed = False
        self.shown: View | None = None
        self.latest: View | None = None
        self.blank = ""  # the origin that an about: page belongs to
        self.moves = 0
        self.documents = Documents()
        self.downloads: list[Download] = []
        self.saving: dict[asyncio.Future[Saved], str] = {}
        self.elsewhere: Tab | None = None
        self.opened = 0  # pages of the session that opened by themselves since the action began
        self.console_errors: list[str] = []
        self.console: deque[Said] = deque(maxlen=_MOST_KEPT)
        self.traffic: deque[Asked] = deque(maxlen=_MOST_KEPT)
        self.chooser: FileChooser | None = None
        self.pointer: tuple[int, int] = (0, 0)
        self.visit = 0
        self.status = ""  # of the last document that the server answered with an error
        self.failure = ""  # why the last document did not come
        self._requests = 0
        self.underway: set[Request] = set()
        self.navigation: Request | None = None
        self.moved: set[Frame] = set()
        self.noticed = asyncio.Event()
        self.interrupted = asyncio.Event()
        self._held: asyncio.Task[Any] | None = None
        self._listen()

    def _listen(self) -> None:
        page = self.page
        page.on("crash", self._on_crash)
        page.on("close", self._on_close)
        page.on("download", self._on_download)
        page.on("console", self._on_console)
        page.on("filechooser", self._on_chooser)
        page.on("pageerror", self._on_page_error)
        page.on("request", self._on_request)
        page.on("requestfinished", self._on_request_end)
        page.on("requestfailed", self._on_request_end)
        page.on("response", self._on_response)
        page.on("framenavigated", self._on_navigated)
        page.on("framedetached", self._on_detached)

    @property
    def usable(self) -> bool:
        """Whether there is still a page that answers."""
        return not (self.crashed or self.closed or self.page.is_closed())

    @property
    def origin(self) -> str:
        """The origin of the page that is open; "" for a blank one of ours, "about:" for one of an unknown origin."""
        if self.page.url.startswith("chrome-error:"):
            return ""  # nothing of the site was loaded
        return origin_of(self.page.url) or self.blank

    def begin(self) -> None:
        """Forget what was noted before; what is noted from here on belongs to the next action."""
        self.opened = 0
        self.elsewhere = None
        self.console_errors.clear()
        self.underway.clear()
        self.navigation = None
        self.moved.clear()

    async def until_interrupted(self, work: Callable[[], Awaitable[None]], *, deadline_s: float) -> bool:
        """Do the work; return False when the page was interrupted (dialog, crash, close) before it was done.

        Work that a dialog holds goes on when the dialog is answered, and ends with the page.

        Raises:
            TimeoutError: The deadline passed. The work was stopped.
        """
        self.interrupted.clear()
        if self.dialog is not None or not self.usable:  # it came just before
            self.interrupted.set()
        task = asyncio.ensure_future(work())
        watch = asyncio.ensure_future(self.interrupted.wait())
        try:
            done, _ = await asyncio.wait({task, watch}, timeout=deadline_s, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await stopped(task)
            raise
        finally:
            watch.cancel()
        if task in done:
            await task
            return not self.interrupted.is_set()
        if self.dialog is not None:
            self._held = task
            task.add_done_callback(heard)
            return False
        await stopped(task)
        if watch in done:
            return False
        raise TimeoutError

    async def held_ends(self, *, longest_s: float) -> None:
        """Wait for work that a dialog held to end, or to be held again; what takes longer is stopped."""
        held = self._held
        if held is None or held.done():
            return
        watch = asyncio.ensure_future(self.interrupted.wait())
        try:
            await asyncio.wait({held, watch}, timeout=longest_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            watch.cancel()
        if not held.done() and not watch.done():
            await stopped(held)

    async def answers(self) -> bool:
        """Return whether the page's scripts still run."""
        with anyio.move_on_after(1.0):
            try:
                await self.page.evaluate("0")
            except Error:
                return not self.crashed  # it is on its way to another page
            return True
        return False

    async def noticing(self, what: Callable[[], bool], *, longest_s: float) -> bool:
        """Wait until something is so, and return whether it came to that in time."""
        with anyio.move_on_after(longest_s):
            while not what():
                self.noticed.clear()
                await self.noticed.wait()
        return what()

    async def close(self, *, deadline_s: float) -> None:
        """Close the page whatever state it is in; dialogs and held work end with it."""
        for task in (self._held, *self.saving):
            if task is not None:
                task.cancel()
        with anyio.move_on_after(deadline_s, shield=True), contextlib.suppress(Error):
            await self.page.close()
        self.closed = True

    # What happens to the page

    def _notice(self) -> None:
        self.noticed.set()

    def met(self, dialog: Dialog) -> None:
        """Take note of a dialog that opened."""
        self.dialog = dialog
        self.interrupted.set()
        self._notice()

    def _on_crash(self, _: Page) -> None:
        self.crashed = True
        self.interrupted.set()
        self._notice()

    def _on_close(self, _: Page) -> None:
        self.closed = True
        self.interrupted.set()
        self._notice()

    def _on_download(self, download: Download) -> None:
        self.downloads.append(download)
        self.navigation = None  # it became the download
        self._notice()

    def _on_chooser(self, chooser: FileChooser) -> None:
        self.chooser = chooser
        self._notice()

    def _on_console(self, message: ConsoleMessage) -> None:
        address = message.location.get("url", "")
        self.console.append(
            Said(self.visit, message.type, message.text, address, message.location.get("lineNumber", 0))
        )
        if message.type == "error" and not address.endswith("/favicon.ico"):  # asked for by the browser, not the page
            resource = message.text.startswith("Failed to load resource")
            self._error(f"{message.text} ({address})" if resource and address != self.page.url else message.text)

    def _on_page_error(self, error: Error | WebError) -> None:
        self.console.append(Said(self.visit, "error", f"uncaught: {error}", "", 0))
        self._error(str(error))

    def take_errors(self) -> list[str]:
        """Return the errors that were not said yet."""
        errors, self.console_errors = self.console_errors, []
        return list(dict.fromkeys(errors))

    def _error(self, text: str) -> None:
        if len(self.console_errors) < _MOST_ERRORS:
            self.console_errors.append(text)  # cut only when it is said: a secret cut in two is not found

    def _on_request(self, request: Request) -> None:
        leaves = request.is_navigation_request() and self._is_main(request)
        self.visit += leaves and request.redirected_from is None
        self._requests += 1
        self.traffic.append(Asked(self.visit, self._requests, request))
        if request.resource_type not in _REACTIONS:
            return
        self.underway.add(request)
        if leaves:
            self.navigation = request
        self._notice()

    def _on_request_end(self, request: Request) -> None:
        self.underway.discard(request)
        if request.failure is not None and request.is_navigation_request() and self._is_main(request):
            self.failure = failure_of(f"net::{request.failure.removeprefix('net::')}", request.url, 0) or ""
        if self.navigation is request and request.failure is not None:
            self.navigation = None
        self._notice()

    def _is_main(self, request: Request) -> bool:
        return _frame_of(request) == self.page.main_frame

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and response.request.is_navigation_request() and self._is_main(response.request):
            self.status = f"{response.status} {response.status_text}".strip()
        if response.status in (204, 205) and self.navigation is response.request:
            self.navigation = None  # no new page will come
            self._notice()

    def _on_detached(self, frame: Frame) -> None:
        self.moved.discard(frame)
        self._notice()

    def saw_dialog(self, tab: "Tab") -> None:
        """Take note that a dialog opened on another page, which may hold this one up: pages share processes."""
        self.elsewhere = tab
        self._notice()

    @property
    def held_up(self) -> bool:
        """Whether a dialog that opened on another page since the action began is still open."""
        return self.elsewhere is not None and self.elsewhere.usable and self.elsewhere.dialog is not None

    def saw_page(self) -> None:
        """Take note that a page opened by itself in the session."""
        self.opened += 1
        self._notice()

    def _on_navigated(self, frame: Frame) -> None:
        main = frame == self.page.main_frame
        if main and self.navigation is None and frame.url.startswith("http"):
            self._notice()  # another address of the same document
            return
        self.moved.add(frame)
        if main:
            self.moves += 1
            self.navigation = None
            if not frame.url.startswith("about:"):
                self.blank = UNKNOWN  # whoever makes it blank again
        self._notice()


def _frame_of(request: Request) -> Frame | None:
    try:
        return request.frame
    except Error:  # a navigation whose page is not there yet, or a service worker
        return None


async def stopped(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks and see their ends; Playwright passes the cancellation on to its driver."""
    for task in tasks:
        task.cancel()
    with anyio.CancelScope(shield=True):
        await asyncio.wait(tasks, timeout=1.0)
    for task in tasks:
        if task.done():
            heard(task)


def heard(task: asyncio.Future[Any]) -> None:
    """Take the end of a task that nobody waits for any more."""
    if not task.cancelled():
        task.exception()
