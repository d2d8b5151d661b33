"""A browser session: cookies and pages of its own behind a handle, and everything that can be done on them.

Each action is one turn: find the element, act under a deadline, wait for causes to run out, say what changed. Turns of
one session follow each other; sessions run side by side. Policy lives elsewhere.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import anyio
from playwright.async_api import BrowserContext, Error, Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

from bridges.browser import acts, downloads, hiding, settle, tables
from bridges.browser import target as targets
from bridges.browser.navigation import failure_of
from bridges.browser.pictures import Picture, size_of
from bridges.browser.snapshot import View, changes, lines_of, parse, view_text
from bridges.browser.tab import Tab, origin_of
from bridges.browser.target import Located
from bridges.browser.words import (
    BrowserError,
    BrowserGone,
    BrowserOptions,
    Deadlines,
    Dialog,
    DialogOpen,
    Download,
    Frame,
    NavigationFailed,
    NoSuchPage,
    NotActionable,
    Observation,
    OpenPage,
    PageGone,
    StaleRef,
    Table,
    Target,
    TimedOut,
)
from bridges.computer import Action, Click, Key, TypeText
from bridges.secrets import secret_name

__all__ = ["Secrets", "Session"]

_LONGEST_EDGE = 1_600
_LONGEST_WAIT_S = 30.0
_POLL_S = 0.1
_SAVE_S = 5.0  # a download that takes longer is reported as pending, and as done by a later observation
T = TypeVar("T")

Button = Literal["left", "right", "middle"]
Modifier = Literal["Alt", "Control", "ControlOrMeta", "Meta", "Shift"]


class Secrets(Protocol):
    """Where the value behind `secret://NAME` comes from."""

    def value_for(self, name: str, *, origin: str, field_names: tuple[str, ...]) -> str: ...


@dataclass(slots=True)
class _Doing:
    """What an action has come to so far."""

    acted: str = ""
    performed: bool = False
    notes: list[str] = field(default_factory=list[str])


class Session:
    """Opened by `Browsers`. Every method raises `BrowserError`s, and only those (and `SecretRefused`)."""

    def __init__(
        self,
        context: BrowserContext,
        *,
        handle: str,
        owner: str,
        options: BrowserOptions,
        secrets: Secrets,
        deadlines: Deadlines,
        alive: Callable[[], Awaitable[bool]],
        shrink: Callable[[bytes, int], Awaitable[bytes]],
    ) -> None:
        self.handle = handle
        self.owner = owner
        self._context = context
        self._options = options
        self._secrets = secrets
        self._deadlines = deadlines
        self._alive = alive
        self._shrink = shrink
        self._lock = anyio.Lock()
        self._tabs: dict[str, Tab] = {}
        self._current: str | None = None
        self._pages = 0
        self._opening = False
        self._opened: list[str] = []
        self._origins: set[str] = set()
        self._scrub = hiding.Scrubber()
        context.on("page", self._on_page)

    @property
    def origins(self) -> frozenset[str]:
        """The origins that this session was navigated to."""
        return frozenset(self._origins)

    @property
    def page_origin(self) -> str:
        """The origin of the current page; "" for a blank one."""
        tab = self._tabs.get(self._current or "")
        return tab.origin if tab is not None and tab.usable else ""

    @property
    def dialog(self) -> Dialog | None:
        """The dialog that is open, on the current page before others."""
        current = self._tabs.get(self._current or "")
        for tab in [*([current] if current else []), *self._tabs.values()]:
            if tab.dialog is not None and tab.usable:
                return self._said_dialog(tab)
        return None

    # Looking

    async def snapshot(
        self, target: str | None = None, query: str | None = None, *, page: str | None = None
    ) -> Observation:
        """Return the page as text; `target` shows one part in full, `query` the lines that hold a text."""
        async with self._turn(page) as tab, self._limited(self._deadlines.snapshot_s + 2):
            ref = None
            if target is None:
                view = await self._take(tab)
            else:
                located = await self._locate(tab, target)
                view = await self._restored(tab, located)
                if located.key in view.by_key:
                    ref = view.by_key[located.key].ref
                else:
                    view, ref = await self._part(tab, located)
            return await self._observation(tab, _Doing(), view, ref=ref, query=query, whole=True)

    async def screenshot(self, target: str | None = None, full_page: bool = False, *, page: str | None = None) -> Frame:
        """Return a PNG of the viewport, of the whole page or of one element; what must not be seen is covered."""
        async with self._turn(page) as tab, self._limited(self._deadlines.act_s):
            if self._scrub:
                await self._take(tab)  # a secret that the page shows in a new field becomes known
            milliseconds = self._deadlines.snapshot_s * 1000
            picture = Picture(mask=list(hiding.masks(tab.page)), timeout=milliseconds)
            if target is not None:
                located = await self._locate(tab, target)
                picture = replace(picture, mask=list(hiding.masks(tab.page)))
                png = await picture.of_element(located.locator)
                await self._restored(tab, located)
            else:
                png = await picture.of_page(tab.page, full_page=full_page)
            width, height = size_of(png)
            scale = max(width, height) / _LONGEST_EDGE
            if scale > 1:
                png = await self._shrink(png, _LONGEST_EDGE)
            small_width, small_height = size_of(png)
            return Frame(
                png=png,
                width=small_width,
                height=small_height,
                scale=round(width / small_width, 4),
                url=self._scrub(tab.page.url),
                title=self._scrub(await tab.page.title()),
            )

    async def extract_table(
        self, target: str | None = None, caption: str | None = None, *, page: str | None = None
    ) -> Table:
        """Return a table, all its rows in the document, by column header."""
        async with self._turn(page) as tab, self._limited(self._deadlines.evaluate_s):
            located = await self._locate(tab, target) if target is not None else None
            within = located.locator if located is not None else None
            found = await tables.tables_of(tab.page, within, timeout_s=self._deadlines.evaluate_s)
            if located is not None:
                await self._restored(tab, located)
            table = tables.choose(found, caption)
            rows = tuple({key: self._scrub(value) for key, value in row.items()} for row in table.rows)
            return replace(table, rows=rows)

    async def describe(self, target: str, *, page: str | None = None) -> Target:
        """Return what policy and audit need to know of an element."""
        async with self._turn(page) as tab, self._limited(self._deadlines.snapshot_s + 2):
            return await self._described(tab, await self._locate(tab, target))

    async def describe_point(self, x: int, y: int, *, page: str | None = None) -> Target | None:
        """Return what a click at a point of the viewport would hit; None where there is nothing."""
        async with self._turn(page) as tab, self._limited(self._deadlines.evaluate_s):
            located = await targets.under_point(tab, x, y)
            return await self._described(tab, located) if located is not None else None

    async def describe_focus(self, *, page: str | None = None) -> Target | None:
        """Return what has the focus; None when nothing has."""
        async with self._turn(page) as tab, self._limited(self._deadlines.evaluate_s):
            located = await targets.focused(tab)
            return await self._described(tab, located) if located is not None else None

    async def tabs(self) -> tuple[OpenPage, ...]:
        """Return the pages of the session."""
        async with self._lock:
            found: list[OpenPage] = []
            for handle, tab in self._tabs.items():
                if tab.usable:
                    title = "" if tab.dialog else await self._title(tab)
                    current = handle == self._current
                    found.append(OpenPage(handle=handle, url=self._scrub(tab.page.url), title=title, current=current))
            return tuple(found)

    # Going places

    async def navigate(self, url: str, *, page: str | None = None) -> Observation:
        """Open an address and return the page.

        Raises:
            NavigationFailed: It could not be loaded; says why in words.
        """

        async def go(tab: Tab, doing: _Doing) -> None:
            doing.acted = f"Opened {self._scrub(url)}"
            try:
                await tab.page.goto(url, wait_until="commit", timeout=self._deadlines.navigate_s * 1000)
            except Error as error:
                if "ERR_ABORTED" in error.message:  # the reason comes a moment later: a download, a crash
                    await tab.noticing(lambda: bool(tab.downloads) or not tab.usable, longest_s=0.5)
                if tab.downloads or not tab.usable:
                    return
                if reason := failure_of(error.message, url, self._deadlines.navigate_s):
                    raise NavigationFailed(reason) from error
                raise
            self._origins.add(origin_of(url))

        return await self._act(page, go, deadline_s=self._deadlines.navigate_s + 1, fresh_page=True)

    async def back(self, *, page: str | None = None) -> Observation:
        """Go back to the page before."""

        async def go(tab: Tab, doing: _Doing) -> None:
            doing.acted = "Went back"
            before = tab.page.url
            answer = await tab.page.go_back(wait_until="commit", timeout=self._deadlines.navigate_s * 1000)
            if answer is None and tab.page.url == before:
                raise NotActionable("there is no page before this one")

        return await self._act(page, go, deadline_s=self._deadlines.navigate_s + 1)

    async def select_tab(self, page: str) -> Observation:
        """Make a page the one that calls without a page handle go to, and return it."""
        async with self._lock:
            tab = self._tab_of(page)
            self._current = page
        if tab.dialog is not None:
            return await self._observation(tab, _Doing(acted=f"Selected {page}"), None)
        async with self._turn(page) as tab, self._limited(self._deadlines.snapshot_s + 2):
            await tab.page.bring_to_front()
            view = await self._take(tab)
            return await self._observation(tab, _Doing(acted=f"Selected {page}"), view, whole=True)

    async def close_tab(self, page: str) -> Observation:
        """Close a page, with the dialog that may block it, and return the page that is current then."""
        async with self._lock:
            await self._tab_of(page).close(deadline_s=self._deadlines.close_s)
            del self._tabs[page]
        async with self._turn(None) as tab, self._limited(self._deadlines.snapshot_s + 2):
            view = await self._take(tab)
            return await self._observation(tab, _Doing(acted=f"Closed {page}"), view, whole=True)

    # Acting on elements

    async def click(
        self,
        target: str,
        *,
        button: Button = "left",
        count: int = 1,
        modifiers: Sequence[Modifier] = (),
        page: str | None = None,
    ) -> Observation:
        """Click an element `count` times."""

        async def click(tab: Tab, doing: _Doing) -> None:
            located = await self._locate(tab, target)
            doing.acted, doing.performed = f"{'Double-clicked' if count == 2 else 'Clicked'} {located}", True
            await acts.attempt(
                located,
                "click",
                lambda: located.locator.click(
                    button=button,
                    click_count=count,
                    modifiers=list(modifiers),
                    timeout=acts.PATIENCE_MS,
                    no_wait_after=True,
                ),
            )

        return await self._act(page, click)

    async def hover(self, target: str, *, page: str | None = None) -> Observation:
        """Move the pointer over an element."""

        async def hover(tab: Tab, doing: _Doing) -> None:
            located = await self._locate(tab, target)
            doing.acted = f"Hovered over {located}"
            await acts.attempt(located, "hover over", lambda: located.locator.hover(timeout=acts.PATIENCE_MS))

        return await self._act(page, hover)

    async def type(
        self,
        target: str,
        text: str,
        *,
        submit: bool = False,
        slowly: bool = False,
        page: str | None = None,
    ) -> Observation:
        """Replace the text of a field; `slowly` key by key, `submit` presses Enter afterwards.

        Raises:
            SecretRefused: The text is `secret://NAME`, and that secret may not go into this field.
        """

        async def write(tab: Tab, doing: _Doing) -> None:
            located = await self._locate(tab, target)
            facts = await self._facts(located)
            if not facts.fillable:
                raise NotActionable(f"{located} takes no text: click it, or give a text field as target")
            if facts.readonly:
                raise NotActionable(f"could not type into {located}: it is read-only")
            value = await self._value(tab, located, text)
            doing.acted, doing.performed = f"Typed into {located}", True
            if slowly:
                await acts.attempt(
                    located, "type into", lambda: located.locator.clear(timeout=acts.PATIENCE_MS), typing=True
                )
                await acts.attempt(
                    located,
                    "type into",
                    lambda: located.locator.press_sequentially(value, timeout=self._deadlines.act_s * 1000),
                    typing=True,
                )
            else:
                await acts.put(located, facts, value)
            await self._marked(located, text)
            if submit:
                doing.acted += " and pressed Enter"
                await acts.press(tab.page, "Enter", on=located.locator)

        return await self._act(page, write)

    async def fill_form(self, fields: Sequence[tuple[str, str]], *, page: str | None = None) -> Observation:
        """Fill several fields: text, "true" or "false" for checkboxes and radios, an option's label, a number.

        All fields are found before the first is filled.
        """

        async def fill(tab: Tab, doing: _Doing) -> None:
            found: list[tuple[Located, targets.Facts, str, str]] = []
            for target, value in fields:
                located = await self._locate(tab, target)
                facts = await self._facts(located)
                if facts.readonly:
                    raise NotActionable(f"could not fill {located}: it is read-only")
                found.append((located, facts, value, await self._value(tab, located, value)))
            for located, facts, text, value in found:
                await acts.put(located, facts, value)
                doing.performed = True
                doing.acted = f"{doing.acted}, {located}" if doing.acted else f"Filled {located}"
                await self._marked(located, text)

        return await self._act(page, fill)

    async def select_option(self, target: str, values: Sequence[str], *, page: str | None = None) -> Observation:
        """Select options of a native list by label or value."""

        async def select(tab: Tab, doing: _Doing) -> None:
            located = await self._locate(tab, target)
            chosen = acts.choices(located, await self._facts(located), values)
            doing.acted, doing.performed = f"Selected {', '.join(map(repr, values))} in {located}", True
            await acts.attempt(
                located,
                "select in",
                lambda: located.locator.select_option(value=chosen, timeout=acts.PATIENCE_MS, no_wait_after=True),
            )

        return await self._act(page, select)

    async def press_key(self, key: str, target: str | None = None, *, page: str | None = None) -> Observation:
        """Press a key or a chord such as Control+a, on an element or where the focus is."""

        async def press(tab: Tab, doing: _Doing) -> None:
            located = await self._locate(tab, target) if target is not None else None
            doing.acted = f"Pressed {key}" + (f" on {located}" if located else "")
            doing.performed = True
            await acts.press(tab.page, key, on=located.locator if located else None)

        return await self._act(page, press)

    async def act(self, action: Action, *, page: str | None = None) -> Observation:
        """Carry out an action of a model that sees the page as a picture.

        Raises:
            SecretRefused: It types `secret://NAME`, and that secret may not go where the focus is.
        """

        async def at_point(tab: Tab, doing: _Doing) -> None:
            doing.performed = isinstance(action, Click | Key | TypeText)
            if isinstance(action, TypeText) and secret_name(action.text) is not None:
                located = await targets.focused(tab)
                if located is None:
                    raise NotActionable("nothing that takes text has the focus; click a field first")
                value = await self._value(tab, located, action.text)
                await acts.type_out(tab.page, value)
                await self._marked(located, action.text)
                doing.acted = f"Typed into {located}"
            else:
                doing.acted = await acts.at_point(tab.page, action, self._options.viewport)

        return await self._act(page, at_point)

    async def handle_dialog(
        self, accept: bool, prompt_text: str | None = None, *, page: str | None = None
    ) -> Observation:
        """Answer the dialog that blocks the page, and wait for what it held back."""
        async with self._lock:
            tab = self._blocked(page)
            dialog = tab.dialog
            if dialog is None:
                raise BrowserError("no dialog is open")
            answer = "OK" if accept else "Cancel"
            doing = _Doing(acted=f"Answered {answer} to {dialog.type}() {self._scrub(dialog.message)!r}")
            doing.performed = accept

            async def reply() -> None:
                tab.dialog = None
                if not accept:
                    await dialog.dismiss()
                elif dialog.type == "prompt" and prompt_text is not None:
                    await dialog.accept(prompt_text)
                else:
                    await dialog.accept()

            async with self._translated(tab, doing):
                tab.begin()
                await tab.until_interrupted(reply, deadline_s=self._deadlines.act_s)
                return await self._seen(tab, doing)

    async def wait_for(
        self,
        text: str | None = None,
        text_gone: str | None = None,
        time_s: float | None = None,
        *,
        page: str | None = None,
    ) -> Observation:
        """Wait until a text shows or is gone (`time_s` at most, 10 s if not given), or just `time_s`.

        Raises:
            TimedOut: The text did not show, or did not go.
        """
        longest = min(time_s if time_s is not None else 10.0, _LONGEST_WAIT_S)

        async def wait(tab: Tab, doing: _Doing) -> None:
            if text is None and text_gone is None:
                doing.acted = f"Waited {longest:g} s"
                await anyio.sleep(longest)
                return
            doing.acted = f"Waited for {text!r}" if text is not None else f"Waited until {text_gone!r} was gone"
            with anyio.move_on_after(longest):
                while True:
                    shown = text is None or await _shows(tab.page, text)
                    gone = text_gone is None or not await _shows(tab.page, text_gone)
                    if shown and gone:
                        return
                    await anyio.sleep(_POLL_S)
            wanted = f"{text!r} did not show" if text is not None else f"{text_gone!r} did not go"
            raise TimedOut(f"{wanted} within {longest:g} s. Take a snapshot to see what the page shows instead.")

        return await self._act(page, wait, deadline_s=longest + 2)

    async def aclose(self) -> None:
        """Close the session with its pages and cookies."""
        for tab in list(self._tabs.values()):
            if tab.dialog is not None or not tab.usable:
                await tab.close(deadline_s=self._deadlines.close_s)
        with anyio.move_on_after(self._deadlines.close_s, shield=True), contextlib.suppress(Error):
            await self._context.close()
        self._tabs.clear()

    # Turns

    @contextlib.asynccontextmanager
    async def _turn(self, page: str | None) -> AsyncGenerator[Tab]:
        """Have the session to oneself, on a page that can be used."""
        async with self._lock:
            tab = await self._usable(page)
            self._refuse_while_dialog(tab)
            async with self._translated(tab, _Doing()):
                yield tab

    async def _act(
        self,
        page: str | None,
        action: Callable[[Tab, _Doing], Awaitable[None]],
        *,
        deadline_s: float | None = None,
        fresh_page: bool = False,
    ) -> Observation:
        async with self._lock:
            tab = await self._usable(page)
            self._refuse_while_dialog(tab)
            if fresh_page and not await self._answers(tab):
                tab = await self._replaced(tab)
            doing = _Doing()
            async with self._translated(tab, doing):
                await settle.arm(tab)
                try:
                    await tab.until_interrupted(
                        lambda: action(tab, doing), deadline_s=deadline_s or self._deadlines.act_s
                    )
                except acts.Begun:
                    doing.notes.append("it was carried out, but the page was busy for a while afterwards")
                    async with self._limited(self._deadlines.act_s - acts.PATIENCE_MS / 1000):
                        return await self._seen(tab, doing)
                return await self._seen(tab, doing)

    async def _seen(self, tab: Tab, doing: _Doing) -> Observation:
        """Wait for the reaction to end and say what came of it."""
        if tab.crashed:
            raise self._page_gone(tab, doing, "crashed")
        pending = await settle.settle(tab, load_s=self._deadlines.load_s)
        if tab.crashed:
            raise self._page_gone(tab, doing, "crashed")
        if tab.dialog is not None:
            return await self._observation(tab, doing, None, pending=pending)
        if not tab.usable:
            if not await self._alive():
                raise self._browser_gone(doing)
            doing.notes.append(f"page {tab.handle} closed itself")
            tab = await self._usable(None)
        with anyio.fail_after(self._deadlines.snapshot_s + 2):
            view = await self._take(tab)
        return await self._observation(tab, doing, view, pending=pending)

    @contextlib.asynccontextmanager
    async def _limited(self, deadline_s: float) -> AsyncGenerator[None]:
        with anyio.fail_after(deadline_s):
            yield

    @contextlib.asynccontextmanager
    async def _translated(self, tab: Tab, doing: _Doing) -> AsyncGenerator[None]:
        """Turn what Playwright and the clock raise into errors of ours."""
        try:
            yield
        except BrowserError as error:
            raise self._scrubbed(error) from error.__cause__
        except (TimeoutError, PlaywrightTimeout) as error:
            raise await self._timed_out(tab, doing) from error
        except acts.Begun as error:
            raise await self._timed_out(tab, doing) from error
        except Error as error:
            raise await self._fault(tab, doing, error) from error

    async def _timed_out(self, tab: Tab, doing: _Doing) -> BrowserError:
        if not await self._alive():
            return self._browser_gone(doing)
        if tab.dialog is None and tab.usable and not await self._answers(tab):
            await tab.close(deadline_s=self._deadlines.close_s)
            what = (
                f"page {tab.handle} does not answer (a script that does not end?) and was closed. The session and its "
                "cookies survive: navigate again"
            )
        else:
            what = f"page {tab.handle} took too long. Take a snapshot to see where it stands"
        return TimedOut(what + self._warning(doing), performed=_performed(doing))

    async def _fault(self, tab: Tab, doing: _Doing, error: Error) -> BrowserError:
        if tab.crashed or "crashed" in error.message:
            tab.crashed = True
            return self._page_gone(tab, doing, "crashed")
        if not await self._alive():
            return self._browser_gone(doing)
        if not tab.usable:
            return self._page_gone(tab, doing, "was closed")
        first = error.message.splitlines()[0] if error.message else type(error).__name__
        return BrowserError(self._scrub(first), performed=_performed(doing))

    def _page_gone(self, tab: Tab, doing: _Doing, how: str) -> PageGone:
        return PageGone(
            f"page {tab.handle} {how}. The session and its cookies survive: navigate again{self._warning(doing)}",
            performed=_performed(doing),
        )

    def _browser_gone(self, doing: _Doing) -> BrowserGone:
        return BrowserGone(
            "the browser ended, and this session with its cookies. The next call on a new session starts a new browser"
            + self._warning(doing),
            performed=_performed(doing),
        )

    def _warning(self, doing: _Doing) -> str:
        done = self._scrub(doing.acted)
        return f". Not known: whether this took effect: {done}. Look before doing it again." if doing.performed else "."

    def _scrubbed(self, error: BrowserError) -> BrowserError:
        return type(error)(self._scrub(str(error)), performed=error.performed) if self._scrub else error

    def _refuse_while_dialog(self, tab: Tab) -> None:
        if tab.dialog is not None:
            raise DialogOpen(
                f"{_article(tab.dialog.type)} {tab.dialog.type}() dialog blocks page {tab.handle}: "
                f"{self._scrub(tab.dialog.message)!r}. Answer it first."
            )

    # Pages

    def _on_page(self, page: Page) -> None:
        tab = self._adopted(page)
        if not self._opening:
            self._opened.append(tab.handle)

    def _adopted(self, page: Page) -> Tab:
        for tab in self._tabs.values():
            if tab.page == page:
                return tab
        self._pages += 1
        tab = Tab(f"p{self._pages}", page)
        self._tabs[tab.handle] = tab
        return tab

    async def _usable(self, page: str | None) -> Tab:
        """Return the page meant; where the session has none left, a new one.

        Raises:
            NoSuchPage: There is no such page.
            PageGone: It crashed or was closed.
        """
        if page is not None:
            return self._tab_of(page)
        current = self._tabs.get(self._current or "")
        if current is not None and current.usable:
            return current
        for handle, tab in list(self._tabs.items()):
            if not tab.usable:
                await tab.close(deadline_s=self._deadlines.close_s)
                del self._tabs[handle]
        left = next(reversed(self._tabs.values()), None)
        tab = left if left is not None else await self._new_tab()
        self._current = tab.handle
        return tab

    def _tab_of(self, page: str) -> Tab:
        tab = self._tabs.get(page)
        if tab is not None and tab.usable:
            return tab
        listed = ", ".join(handle for handle, tab in self._tabs.items() if tab.usable) or "none"
        if tab is not None:
            raise PageGone(f"page {page!r} crashed or was closed. Open pages: {listed}")
        raise NoSuchPage(f"there is no page {page!r}. Open pages: {listed}")

    async def _new_tab(self) -> Tab:
        self._opening = True
        try:
            with anyio.fail_after(self._deadlines.act_s):
                return self._adopted(await self._context.new_page())
        except (Error, TimeoutError) as error:
            if not await self._alive():
                raise self._browser_gone(_Doing()) from error
            raise BrowserError("no new page could be opened; close the session and open another") from error
        finally:
            self._opening = False

    async def _replaced(self, tab: Tab) -> Tab:
        """Return a new page in place of one that does not answer."""
        if not await self._alive():
            raise self._browser_gone(_Doing())
        await tab.close(deadline_s=self._deadlines.close_s)
        self._tabs.pop(tab.handle, None)
        new = await self._new_tab()
        self._current = new.handle
        return new

    async def _answers(self, tab: Tab) -> bool:
        """Return whether the page's scripts still run."""
        with anyio.move_on_after(1.0):
            try:
                await tab.page.evaluate("0")
            except Error:
                return not tab.crashed  # it is on its way to another page
            return True
        return False

    def _blocked(self, page: str | None) -> Tab:
        if page is not None:
            return self._tab_of(page)
        candidates = [self._tabs.get(self._current or ""), *self._tabs.values()]
        for tab in candidates:
            if tab is not None and tab.usable and tab.dialog is not None:
                return tab
        raise BrowserError("no dialog is open")

    # Elements

    async def _locate(self, tab: Tab, target: str) -> Located:
        view = await self._fresh(tab)
        try:
            return await targets.locate(tab, target, view)
        except StaleRef:
            return await targets.locate(tab, target, await self._take(tab))

    async def _facts(self, located: Located) -> targets.Facts:
        return await targets.facts_of(located.locator, timeout_s=acts.PATIENCE_MS / 1000)

    async def _described(self, tab: Tab, located: Located) -> Target:
        found = await targets.described(tab, located, timeout_s=acts.PATIENCE_MS / 1000)
        view = await self._restored(tab, located)
        kept = {label: value for label, value in found.values.items() if self._scrub(value) == value}
        return replace(
            found,
            ref=view.by_key[located.key].ref if located.key in view.by_key else "",
            name=self._scrub(found.name),
            values=kept,
            destination=self._scrub(found.destination),
        )

    async def _restored(self, tab: Tab, located: Located) -> View:
        """Make refs work again after an element was looked up by selector, point or focus; return the snapshot."""
        if located.by_ref and tab.latest is not None:
            return tab.latest
        return await self._take(tab)

    async def _part(self, tab: Tab, located: Located) -> tuple[View, str]:
        """Return a view of an element that has no ref of its own, such as one that takes no clicks."""
        root = parse(await located.locator.aria_snapshot(mode="ai", timeout=self._deadlines.snapshot_s * 1000))
        for node in root.walk():
            node.key, node.ref = node.ref, ""
        await hiding.hide_values(tab.page, root)
        self._scrub.tree(root)
        whole = await self._take(tab)
        root.ref = "part"
        return replace(whole, by_ref={"part": root}, lines=lines_of(root)), "part"

    async def _value(self, tab: Tab, located: Located, text: str) -> str:
        """Return the text, or the value of the secret that it names."""
        name = secret_name(text)
        if name is None:
            return text
        facts = await self._facts(located)
        origin = await targets.frame_origin(tab, located.locator)
        names = tuple(dict.fromkeys(known for known in (located.name, *facts.names) if known))
        value = self._secrets.value_for(name, origin=origin, field_names=names)
        self._scrub.add(value)
        await hiding.mark(located.locator)
        return value

    async def _marked(self, located: Located, text: str) -> None:
        """Mark again, now that the field holds the value: fields that show the same are hidden as well."""
        if secret_name(text) is not None:
            await hiding.mark(located.locator)

    # Snapshots

    async def _fresh(self, tab: Tab) -> View:
        if tab.latest is not None and tab.latest.stamp == await self._stamp(tab):
            return tab.latest
        return await self._take(tab)

    async def _stamp(self, tab: Tab) -> str:
        return f"{tab.documents} {await settle.changes_of(tab.page)}"

    async def _take(self, tab: Tab) -> View:
        """Take a full snapshot. Refs are those of the last one."""
        milliseconds = self._deadlines.snapshot_s * 1000
        for last in (False, False, True):
            stamp = await self._stamp(tab)
            hides = await hiding.any_hidden(tab.page)
            try:
                root = parse(await tab.page.aria_snapshot(mode="ai", timeout=milliseconds))
                await tab.numbering.apply(tab.page, root)
                if hides or self._scrub or await hiding.any_hidden(tab.page):
                    await hiding.hide_values(tab.page, root)
                    self._scrub.tree(root)
                title = await self._title(tab)
            except PlaywrightTimeout:
                raise
            except Error:
                if last or not tab.usable:
                    raise
                await anyio.sleep(_POLL_S)  # the page was on its way to another one
                continue
            by_ref = {node.ref: node for node in root.walk() if node.ref}
            first = next(iter(by_ref), "")
            tab.latest = View(
                document=f"{tab.documents} {first.rpartition('e')[0]}",
                root=root,
                lines=lines_of(root),
                by_ref=by_ref,
                by_key={node.key: node for node in by_ref.values()},
                url=self._scrub(tab.page.url),
                title=title,
                stamp=stamp,
            )
            return tab.latest
        raise AssertionError("the last round returns or raises")

    async def _title(self, tab: Tab) -> str:
        with anyio.move_on_after(self._deadlines.evaluate_s):
            return self._scrub(await tab.page.title())
        return ""

    async def _observation(
        self,
        tab: Tab,
        doing: _Doing,
        view: View | None,
        *,
        pending: tuple[str, ...] = (),
        ref: str | None = None,
        query: str | None = None,
        whole: bool = False,
    ) -> Observation:
        files, unsaved = await self._saved(tab, doing)
        text: str | None = None
        changed: tuple[str, ...] = ()
        cut = False
        if view is not None:
            if whole or tab.shown is None or tab.shown.document != view.document:
                text, cut = view_text(view, ref=ref, query=query)
            else:
                changed, cut = changes(tab.shown, view)
            tab.shown = tab.latest
        opened, self._opened = tuple(self._opened), []
        known = view or tab.latest
        return Observation(
            session=self.handle,
            page=tab.handle,
            url=self._scrub(tab.page.url),
            title=known.title if known else "",
            acted=self._scrub(doing.acted),
            changes=changed,
            view=text,
            truncated=cut,
            dialog=self._said_dialog(tab),
            downloads=files,
            opened=opened,
            console_errors=tuple(self._scrub(error) for error in tab.console_errors),
            pending=(*map(self._scrub, pending), *unsaved),
            notes=tuple(map(self._scrub, doing.notes)),
        )

    def _said_dialog(self, tab: Tab) -> Dialog | None:
        if tab.dialog is None:
            return None
        kind: Literal["alert", "confirm", "prompt", "beforeunload"]
        match tab.dialog.type:
            case "confirm" | "prompt" | "beforeunload" as kind:
                pass
            case _:
                kind = "alert"
        message, default = self._scrub(tab.dialog.message), self._scrub(tab.dialog.default_value)
        return Dialog(kind=kind, message=message, page=tab.handle, default=default)

    async def _saved(self, tab: Tab, doing: _Doing) -> tuple[tuple[Download, ...], tuple[str, ...]]:
        """Save what the page sent; what is not complete yet stays for a later observation."""
        sent, tab.downloads = tab.downloads, []
        files: list[Download] = []
        unsaved: list[str] = []
        for download in sent:
            name = downloads.clean_name(download.suggested_filename)
            if not self._options.artefacts:
                doing.notes.append(f"the page sent {name!r}; it was not kept, because no artefact folder is configured")
                continue
            with anyio.move_on_after(_SAVE_S) as scope:
                try:
                    files.append(await downloads.save(download, Path(self._options.artefacts) / self.handle))
                except (Error, OSError) as error:
                    doing.notes.append(f"the download of {name!r} failed: {str(error).splitlines()[0]}")
            if scope.cancelled_caught:
                tab.downloads.append(download)
                unsaved.append(f"downloading {name}")
        return tuple(files), tuple(unsaved)


def _performed(doing: _Doing) -> Literal["no", "unknown"]:
    return "unknown" if doing.performed else "no"


def _article(word: str) -> str:
    return "an" if word[:1] in "aeiou" else "a"


async def _shows(page: Page, text: str) -> bool:
    async def in_frame(at: int) -> bool:
        try:
            return bool(await page.frames[at].get_by_text(text).locator("visible=true").count())
        except (Error, IndexError):
            return False

    return any(await asyncio.gather(*(in_frame(at) for at in range(len(page.frames)))))
