"""A browser session: cookies and pages of its own behind a handle, and everything that can be done on them.

Each action is one turn: find the element, act under a deadline, wait for causes to run out, say what changed. Turns of
one session follow each other; sessions run side by side. Policy lives elsewhere.
"""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, cast

import anyio
from playwright.async_api import BrowserContext, Error
from playwright.async_api import Frame as FrameOf

from bridges.browser import acts, hiding, settle, tables
from bridges.browser import target as targets
from bridges.browser.faults import Doing, Faults
from bridges.browser.navigation import failure_of, not_reached
from bridges.browser.observe import Observer
from bridges.browser.pages import Pages
from bridges.browser.pictures import Label, Picture, labels_of, size_of
from bridges.browser.profiles import Lease
from bridges.browser.snapshot import View, view_text
from bridges.browser.tab import Tab, stopped
from bridges.browser.target import Located
from bridges.browser.words import (
    BadAddress,
    BrowserError,
    BrowserOptions,
    Busy,
    Changed,
    Deadlines,
    Dialog,
    Difference,
    Field,
    Forbidden,
    Frame,
    Mock,
    NavigationFailed,
    NotActionable,
    Observation,
    OpenPage,
    Table,
    Target,
    TimedOut,
    origin_of,
    web_address,
)
from bridges.computer import Action, Click, Key, Move, TypeText
from bridges.egress.proxy import EgressProxy
from bridges.egress.rules import Boundary
from bridges.secrets import SignIn, secret_name

__all__ = ["Secrets", "Session", "Wait"]

_LONGEST_EDGE = 1_600
_LONGEST_WAIT_S = 30.0
_POLL_S = 0.1
_ATTEMPTS = 8  # to leave a page that navigates by itself
T = TypeVar("T")

Wait = Literal["auto", "none"]
Button = Literal["left", "right", "middle"]
Modifier = Literal["Alt", "Control", "ControlOrMeta", "Meta", "Shift"]


class Secrets(Protocol):
    """Where the value behind `secret://NAME` comes from."""

    def value_for(self, name: str, *, origin: str, field_names: tuple[str, ...]) -> str: ...

    def sign_in(self) -> SignIn | None: ...


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
        draw: Callable[[bytes, int, str, Sequence[Label]], Awaitable[bytes]],
        diff: Callable[[bytes, bytes], Awaitable[Difference]],
        boundary: Boundary,
        proxy: EgressProxy,
        unsaid: frozenset[str],
        signs_in: bool,
        lease: Lease,
    ) -> None:
        self.handle = handle
        self.owner = owner
        self.context = context
        self.options = options
        self._secrets = secrets
        self.deadlines = deadlines
        self._draw = draw
        self.diff = diff
        self._boundary = boundary
        self._proxy = proxy
        self._lock = anyio.Lock()
        self._opened = self._used = time.monotonic()
        self._origins: set[str] = set()
        self.signs_in = signs_in
        self._lease = lease
        self.has_window = not options.headless or bool(options.endpoint)
        self.handed_over = 0
        self.mocks: list[Mock] = []
        self.recordings: dict[str, tuple[str, Path]] = {}
        self.scrub = hiding.Scrubber()
        self._faults = Faults(alive=alive, scrub=self.scrub, deadlines=deadlines)
        self.pages = Pages(context, deadlines=deadlines, faults=self._faults)
        self.observer = Observer(
            session=handle,
            artefacts=options.artefacts,
            pages=self.pages,
            scrub=self.scrub,
            deadlines=deadlines,
            refused=lambda: tuple(each for each in proxy.refused() if each.partition(":")[0] not in unsaid),
        )

    @property
    def origins(self) -> frozenset[str]:
        """The origins that this session was navigated to."""
        return frozenset(self._origins)

    def outlived(self) -> str | None:
        """Return why the session should be closed, if it should and is not at work."""
        now = time.monotonic()
        if self._lock.locked():
            return None
        if now - self._used > self.options.idle_s:
            return f"it was not used for {self.options.idle_s / 60:.0f} minutes"
        if now - self._opened > self.options.life_s:
            return f"it was {self.options.life_s / 3600:.0f} hours old"
        return None

    def origin_on(self, page: str | None) -> str:
        """Return the origin of a page, or of the one that a call without a handle would go to.

        A blank popup belongs to whoever opened it, and is of origin "about:" when that is not known; "" stands for a
        blank page of ours, and for one that is not there.
        """
        tab = self.pages.meant(page)
        return tab.origin if tab is not None else ""

    @property
    def dialog(self) -> Dialog | None:
        """The dialog that is open, on the current page before others."""
        return self.dialog_on(None)

    def dialog_on(self, page: str | None) -> Dialog | None:
        """Return the dialog that is open on a page, or the one that a call without a handle would answer."""
        tab = self.pages.meant(page) if page is not None else self.pages.with_dialog()
        return self.observer.said_dialog(tab) if tab is not None else None

    # Looking

    async def snapshot(
        self,
        target: str | None = None,
        query: str | None = None,
        *,
        cursor: int | None = None,
        depth: int | None = None,
        boxes: bool = False,
        page: str | None = None,
    ) -> Observation:
        """Return the page as text.

        Args:
            target: Only this part of it.
            query: Only the lines that hold this text, with what they belong to.
            cursor: All lines from this one on, as many as fit.
            depth: Nothing that lies deeper in the tree.
            boxes: With the box of each element: x, y, width, height in CSS pixels of the viewport.
            page: The page meant.
        """
        async with self.turn(page) as tab, self.limited(self.deadlines.snapshot_s + 5):
            doing = Doing()
            if target is None and query is None and cursor is None and depth is None and not boxes:
                view = await self.observer.take(tab)
                return await self.observer.observation(tab, doing, view, whole=True)
            located = await self.locate(tab, target, doing) if target is not None else None
            view = await self.observer.part(tab, located, query=query, boxes=boxes)
            text, cut = view_text(view, query=query, cursor=cursor, depth=depth)
            return await self.observer.observation(tab, doing, view, text=text, cut=cut)

    async def taken_back(self, *, page: str | None = None) -> Observation:
        """Return the page as a person left it, who acted in the browser meanwhile."""
        self.handed_over += 1
        return await self.snapshot(page=page)

    async def find(
        self, *, text: str | None = None, regex: str | None = None, most: int = 20, page: str | None = None
    ) -> Observation:
        """Return the lines that hold a text or match a regular expression, with what they belong to.

        Raises:
            BrowserError: It is no regular expression.
        """
        try:
            wanted = re.compile(regex, re.IGNORECASE) if regex is not None else None
        except re.error as error:
            raise BrowserError(f"{regex!r} is no regular expression: {error}") from error
        async with self.turn(page) as tab, self.limited(self.deadlines.snapshot_s + 5):
            view = await self.observer.part(tab, None, query=text if wanted is None else None)
            found, cut = view_text(view, query=text if wanted is None else wanted, most=most)
            return await self.observer.observation(tab, Doing(), view, text=found, cut=cut)

    async def screenshot(
        self,
        target: str | None = None,
        full_page: bool = False,
        *,
        kind: Literal["png", "jpeg", "webp"] = "png",
        annotate: bool = False,
        page: str | None = None,
    ) -> Frame:
        """Return a picture of the viewport, of the whole page or of one element; what must not be seen is covered.

        With `annotate`, what can be acted on in the viewport is boxed and labelled with its ref.
        """
        async with self.turn(page) as tab, self.limited(self.deadlines.act_s):
            if self.scrub:
                await self.observer.look(tab)  # a secret that the page shows in a new field becomes known
            picture = Picture(mask=list(hiding.masks(tab.page, self.scrub)), timeout=self.deadlines.act_s * 1000)
            labels: tuple[Label, ...] = ()
            if target is not None:
                png = await picture.of_element((await self.locate(tab, target)).locator)
            else:
                png = await picture.of_page(tab.page, full_page=full_page)
            width, height = size_of(png)
            if annotate and target is None and not full_page:
                labels = labels_of((await self.observer.look(tab, boxes=True)).root, (width, height))
            scale = max(1.0, max(width, height) / _LONGEST_EDGE)
            small = (max(1, round(width / scale)), max(1, round(height / scale)))
            if scale > 1 or kind != "png" or labels:
                png = await self._draw(png, _LONGEST_EDGE, kind, labels)
            return Frame(
                data=png,
                kind=kind,
                labels=tuple(ref for ref, *_ in labels),
                width=small[0],
                height=small[1],
                scale=round(width / small[0], 4),
                url=self.scrub(tab.page.url),
                title=self.scrub(await tab.page.title()),
            )

    async def extract_table(
        self, target: str | None = None, caption: str | None = None, *, page: str | None = None
    ) -> Table:
        """Return a table, all its rows in the document, by column header."""
        async with self.turn(page) as tab, self.limited(self.deadlines.evaluate_s):
            located = await self.locate(tab, target) if target is not None else None
            found = await tables.tables_of(tab, located, timeout_s=self.deadlines.evaluate_s)
            table = tables.choose(found, caption)
            rows = tuple({key: self.scrub(value) for key, value in row.items()} for row in table.rows)
            return replace(table, rows=rows)

    async def extract_items(
        self, kind: Literal["list", "form"], target: str | None = None, *, page: str | None = None
    ) -> tuple[tuple[Field, ...], ...]:
        """Return the repeated items of a list, or the fields of a form as its one item."""
        async with self.turn(page) as tab, self.limited(self.deadlines.evaluate_s):
            located = await self.locate(tab, target) if target is not None else None
            found = await tables.items_of(tab, located, kind, timeout_s=self.deadlines.evaluate_s)
            return tuple(tuple(replace(field, value=self.scrub(field.value)) for field in item) for item in found)

    async def describe(self, target: str, *, page: str | None = None) -> Target:
        """Return what policy and audit need to know of an element: of the control in it that a click would hit."""
        async with self.turn(page) as tab, self.limited(self.deadlines.snapshot_s + 5):
            return await self._hit(tab, await self.locate(tab, target))

    async def describe_point(self, x: int, y: int, *, page: str | None = None) -> Target | None:
        """Return what a click at a point of the viewport would hit; None where there is nothing."""
        async with self.turn(page) as tab, self.limited(self.deadlines.evaluate_s):
            located = await targets.under_point(tab, x, y)
            return await self._described(tab, located) if located is not None else None

    async def describe_focus(self, *, page: str | None = None) -> Target | None:
        """Return what has the focus; None when nothing has."""
        async with self.turn(page) as tab, self.limited(self.deadlines.evaluate_s):
            located = await targets.focused(tab)
            return await self._described(tab, located) if located is not None else None

    async def tabs(self) -> tuple[OpenPage, ...]:
        """Return the pages of the session."""
        async with self.alone():
            found: list[OpenPage] = []
            for handle, tab in self.pages.tabs.items():
                if tab.usable:
                    title = "" if tab.dialog else await self.observer.title(tab)
                    current = handle == self.pages.current
                    found.append(OpenPage(handle=handle, url=self.scrub(tab.page.url), title=title, current=current))
            return tuple(found)

    # Going places

    async def navigate(self, url: str, *, page: str | None = None) -> Observation:
        """Open an address and return the page.

        Raises:
            BadAddress: It can be read in more than one way.
            NavigationFailed: It could not be loaded; says why in words.
        """
        try:
            web_address(url)
        except ValueError as error:
            raise BadAddress(self.scrub(str(error))) from error

        async def go(tab: Tab, doing: Doing) -> None:
            doing.acted = f"Opened {self.scrub(url)}"
            await self._boundary.admit(origin_of(url))
            for before in (self._proxy.refused, self._proxy.unreached):
                before()  # those are not of this address
            await self._gone_to(tab, url)
            if not (origin := origin_of(url)):
                tab.blank = ""  # we made it blank
            elif not origin.endswith("://"):
                self._origins.add(origin)

        return await self.acting(page, go, deadline_s=self.deadlines.navigate_s + 1, fresh_page=True)

    async def _gone_to(self, tab: Tab, url: str) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                answer = await tab.page.goto(url, wait_until="commit", timeout=self.deadlines.navigate_s * 1000)
            except Error as error:
                if "ERR_TUNNEL_CONNECTION_FAILED" in error.message:
                    refused, unreached = self._proxy.refused(), self._proxy.unreached()
                    raise NavigationFailed(not_reached(url, refused, unreached)) from error
                aborted = "ERR_ABORTED" in error.message or "Download is starting" in error.message
                if aborted:  # the reason comes a moment later: a download, a crash
                    await tab.noticing(lambda: bool(tab.downloads) or not tab.usable, longest_s=0.5)
                if tab.downloads or not tab.usable:
                    return
                if attempt < _ATTEMPTS and (aborted or "interrupted by another navigation" in error.message):
                    continue  # the page that is open goes somewhere by itself all the time
                if reason := failure_of(error.message, url, self.deadlines.navigate_s):
                    raise NavigationFailed(reason) from error
                raise
            if answer is not None and answer.headers.get("proxy-status", "").startswith("pointsman"):
                raise NavigationFailed(not_reached(url, self._proxy.refused(), self._proxy.unreached()))
            return

    async def back(self, *, forward: bool = False, page: str | None = None) -> Observation:
        """Go back to the page before, or forward to the one after."""

        async def go(tab: Tab, doing: Doing) -> None:
            doing.acted = "Went forward" if forward else "Went back"
            before = tab.page.url
            turn = tab.page.go_forward if forward else tab.page.go_back
            answer = await turn(wait_until="commit", timeout=self.deadlines.navigate_s * 1000)
            if answer is None and tab.page.url == before:
                raise NotActionable(f"there is no page {'after' if forward else 'before'} this one")

        return await self.acting(page, go, deadline_s=self.deadlines.navigate_s + 1)

    async def reload(self, *, page: str | None = None) -> Observation:
        """Load the page again."""

        async def again(tab: Tab, doing: Doing) -> None:
            doing.acted, doing.performed = "Loaded the page again", True
            tab.shown = None
            await tab.page.reload(wait_until="commit", timeout=self.deadlines.navigate_s * 1000)

        return await self.acting(page, again, deadline_s=self.deadlines.navigate_s + 1)

    async def new_tab(self, url: str | None = None) -> Observation:
        """Open a page of its own, make it current, and go to an address if one is given."""
        async with self.alone():
            tab = await self.pages.new_tab()
            self.pages.current = tab.handle
        if url is not None:
            return await self.navigate(url, page=tab.handle)
        return await self.select_tab(tab.handle)

    async def resize(self, width: int, height: int, *, page: str | None = None) -> Observation:
        """Give the page another viewport, in CSS pixels."""

        async def resize(tab: Tab, doing: Doing) -> None:
            doing.acted = f"Made the viewport {width}×{height}"
            await tab.page.set_viewport_size({"width": width, "height": height})

        return await self.acting(page, resize)

    async def emulate_media(self, features: Mapping[str, str], *, page: str | None = None) -> Observation:
        """Show the page as to a person with these settings: `color_scheme`, `reduced_motion` and the like.

        "null" takes a setting back.
        """

        async def emulate(tab: Tab, doing: Doing) -> None:
            doing.acted = f"Emulated {', '.join(f'{name} {value}' for name, value in features.items())}"
            await tab.page.emulate_media(**cast("Any", dict(features)))

        return await self.acting(page, emulate)

    async def select_tab(self, page: str) -> Observation:
        """Make a page the one that calls without a page handle go to, and return it."""
        async with self.alone():
            tab = self.pages.tab(page)
            self.pages.current = page
        if tab.dialog is not None:
            return await self.observer.observation(tab, Doing(acted=f"Selected {page}"), None)
        async with self.turn(page) as tab, self.limited(self.deadlines.snapshot_s + 5):
            await tab.page.bring_to_front()
            view = await self.observer.take(tab)
            return await self.observer.observation(tab, Doing(acted=f"Selected {page}"), view, whole=True)

    async def close_tab(self, page: str) -> Observation:
        """Close a page, with the dialog that may block it, and return the page that is current then."""
        async with self.alone():
            await self.pages.tab(page).close(deadline_s=self.deadlines.close_s)
            del self.pages.tabs[page]
        async with self.turn(None) as tab, self.limited(self.deadlines.snapshot_s + 5):
            view = await self.observer.take(tab)
            return await self.observer.observation(tab, Doing(acted=f"Closed {page}"), view, whole=True)

    # Acting on elements

    async def click(
        self,
        target: str,
        *,
        button: Button = "left",
        count: int = 1,
        modifiers: Sequence[Modifier] = (),
        expect: Target | None = None,
        wait: Wait = "auto",
        page: str | None = None,
    ) -> Observation:
        """Click an element `count` times; with `expect`, only when that is still what would be hit.

        Raises:
            Changed: What would be hit is another element by origin, role or name.
        """

        async def click(tab: Tab, doing: Doing) -> None:
            located = await self.locate(tab, target, doing)
            if expect is not None:  # the page may change as soon as the pointer comes
                await acts.point_at(tab.page, located)
                located = await self.locate(tab, target, doing)
                _refuse_other(expect, await self._hit(tab, located))
                await self._admit(expect)
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

        return await self.acting(page, click, wait=wait)

    async def hover(self, target: str, *, page: str | None = None) -> Observation:
        """Move the pointer over an element."""

        async def hover(tab: Tab, doing: Doing) -> None:
            located = await self.locate(tab, target, doing)
            doing.acted = f"Hovered over {located}"
            await acts.attempt(located, "hover over", lambda: located.locator.hover(timeout=acts.PATIENCE_MS))

        return await self.acting(page, hover)

    async def drag(self, start: str, end: str, *, page: str | None = None) -> Observation:
        """Press on one element, move to another, and let go there."""

        async def drag(tab: Tab, doing: Doing) -> None:
            first, last = await self.locate(tab, start, doing), await self.locate(tab, end, doing)
            doing.acted, doing.performed = f"Dragged {first} to {last}", True
            await acts.attempt(
                first,
                "drag",
                lambda: first.locator.drag_to(last.locator, timeout=acts.PATIENCE_MS * 2, steps=acts.DRAG_STEPS),
            )

        return await self.acting(page, drag)

    async def button_at_pointer(self, press: bool, button: Button = "left", *, page: str | None = None) -> Observation:
        """Press a mouse button where the pointer is, or let it go."""

        async def move(tab: Tab, doing: Doing) -> None:
            x, y = tab.pointer
            doing.acted, doing.performed = (
                f"{'Pressed' if press else 'Let go of'} the {button} button at {x}, {y}",
                True,
            )
            await (tab.page.mouse.down(button=button) if press else tab.page.mouse.up(button=button))

        return await self.acting(page, move)

    def pointer_on(self, page: str | None) -> tuple[int, int]:
        """Return where the pointer is on a page, as far as it was moved to a point."""
        tab = self.pages.meant(page)
        return tab.pointer if tab is not None else (0, 0)

    async def type(
        self,
        target: str,
        text: str,
        *,
        submit: bool = False,
        slowly: bool = False,
        wait: Wait = "auto",
        page: str | None = None,
    ) -> Observation:
        """Replace the text of a field; `slowly` key by key, `submit` presses Enter afterwards.

        Raises:
            SecretRefused: The text is `secret://NAME`, and that secret may not go into this field.
        """

        async def write(tab: Tab, doing: Doing) -> None:
            located = await self.locate(tab, target, doing)
            facts = await self._facts(located)
            if not facts.fillable:
                raise NotActionable(f"{located} takes no text: click it, or give a text field as target")
            if facts.readonly:
                raise NotActionable(f"could not type into {located}: it is read-only")
            value = await self._value(tab, located, text)
            acts.refuse_controls(value, located, lines=facts.tag != "input")
            doing.acted, doing.performed = f"Typed into {located}", True
            if slowly:
                await acts.type_slowly(tab.page, located, value, timeout_s=self.deadlines.act_s)
            else:
                await acts.put(located, facts, value)
            await self._marked(located, text)
            if submit:
                doing.acted += " and pressed Enter"
                await acts.press(tab.page, "Enter", on=located.locator)

        return await self.acting(page, write, wait=wait)

    async def fill_form(self, fields: Sequence[tuple[str, str]], *, page: str | None = None) -> Observation:
        """Fill several fields: text, "true" or "false" for checkboxes and radios, an option's label, a number.

        All fields are found before the first is filled.
        """

        async def fill(tab: Tab, doing: Doing) -> None:
            found: list[tuple[Located, targets.Facts, str, str]] = []
            for target, value in fields:
                located = await self.locate(tab, target, doing)
                facts = await self._facts(located)
                if facts.readonly:
                    raise NotActionable(f"could not fill {located}: it is read-only")
                text = await self._value(tab, located, value)
                acts.refuse_controls(text, located, lines=facts.fillable and facts.tag != "input")
                found.append((located, facts, value, text))
            for located, facts, value, text in found:
                try:
                    await acts.put(located, facts, text)
                except NotActionable as error:
                    if not doing.performed:
                        raise
                    raise NotActionable(f"{error}. {doing.acted} before that.", performed="unknown") from error
                doing.performed = True
                doing.acted = f"{doing.acted}, {located}" if doing.acted else f"Filled {located}"
                await self._marked(located, value)

        return await self.acting(page, fill)

    async def select_option(self, target: str, values: Sequence[str], *, page: str | None = None) -> Observation:
        """Select options of a native list by label or value."""

        async def select(tab: Tab, doing: Doing) -> None:
            located = await self.locate(tab, target, doing)
            chosen = acts.choices(located, await self._facts(located), values)
            doing.acted, doing.performed = f"Selected {', '.join(map(repr, values))} in {located}", True
            await acts.attempt(
                located,
                "select in",
                lambda: located.locator.select_option(value=chosen, timeout=acts.PATIENCE_MS, no_wait_after=True),
            )

        return await self.acting(page, select)

    async def press_key(
        self, key: str, target: str | None = None, *, wait: Wait = "auto", page: str | None = None
    ) -> Observation:
        """Press a key or a chord such as Control+a, on an element or where the focus is."""

        async def press(tab: Tab, doing: Doing) -> None:
            located = await self.locate(tab, target) if target is not None else None
            acts.refuse_keys(Key(keys=(key,)))
            doing.acted = f"Pressed {key}" + (f" on {located}" if located else "")
            doing.performed = True
            await acts.press(tab.page, key, on=located.locator if located else None)

        return await self.acting(page, press, wait=wait)

    async def act(self, action: Action, *, expect: Target | None = None, page: str | None = None) -> Observation:
        """Carry out an action of a model that sees the page as a picture.

        With `expect`, a click is done only when that is what lies under the point once the pointer is there, and keys
        are pressed only when it has the focus.

        Raises:
            Changed: Something else is there, by origin, role or name.
            SecretRefused: It types `secret://NAME`, and that secret may not go where the focus is.
        """

        async def at_point(tab: Tab, doing: Doing) -> None:
            acts.refuse_keys(action)
            if expect is not None:
                await self._expected(tab, action, expect)
                await self._admit(expect)
            doing.performed = isinstance(action, Click | Key | TypeText)
            if isinstance(action, TypeText) and secret_name(action.text) is not None:
                located = await targets.focused(tab)
                if located is None:
                    raise NotActionable("nothing that takes text has the focus; click a field first")
                value = await self._value(tab, located, action.text)
                acts.refuse_controls(value, located, lines=False)
                await acts.type_out(tab.page, value)
                await self._marked(located, action.text)
                doing.acted = f"Typed into {located}"
            else:
                doing.acted = await acts.at_point(tab.page, action, self._viewport(tab))
                if expect is not None:
                    doing.acted += f", on {expect}" + (f" [ref={expect.ref}]" if expect.ref else "")
                tab.pointer = acts.pointer_after(action) or tab.pointer

        return await self.acting(page, at_point)

    async def handle_dialog(
        self, accept: bool, prompt_text: str | None = None, *, page: str | None = None
    ) -> Observation:
        """Answer the dialog that blocks the page, and wait for what it held back."""
        async with self.alone():
            tab = self.pages.blocked(page)
            dialog = tab.dialog
            if dialog is None:
                raise BrowserError("no dialog is open")
            answer = "OK" if accept else "Cancel"
            doing = Doing(acted=f"Answered {answer} to {dialog.type}() {self.scrub(dialog.message)!r}")
            doing.performed = accept

            tab.dialog = None

            async def reply() -> None:
                if not accept:
                    await dialog.dismiss()
                elif dialog.type == "prompt" and prompt_text is not None:
                    await dialog.accept(prompt_text)
                else:
                    await dialog.accept()

            async with self._faults.translated(tab, doing):
                tab.begin()
                await tab.until_interrupted(reply, deadline_s=self.deadlines.act_s)
                await tab.held_ends(longest_s=self.deadlines.act_s)
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

        async def wait(tab: Tab, doing: Doing) -> None:
            if text is None and text_gone is None:
                doing.acted = f"Waited {longest:g} s"
                await anyio.sleep(longest)
                return
            doing.acted = f"Waited for {text!r}" if text is not None else f"Waited until {text_gone!r} was gone"
            with anyio.move_on_after(longest):
                while True:
                    shown = text is None or await self.shows(tab, text)
                    gone = text_gone is None or not await self.shows(tab, text_gone)
                    if shown and gone:
                        return
                    await anyio.sleep(_POLL_S)
            if not await self._faults.alive():
                raise self._faults.browser_gone(doing)
            if not await tab.answers():
                raise TimeoutError  # it hangs, which is another matter
            wanted = f"{text!r} did not show" if text is not None else f"{text_gone!r} did not go"
            raise TimedOut(f"{wanted} within {longest:g} s. Take a snapshot to see what the page shows instead.")

        return await self.acting(page, wait, deadline_s=longest + 2)

    async def aclose(self) -> None:
        """Close the session with its pages and cookies."""
        for tab in list(self.pages.tabs.values()):
            if tab.dialog is not None or not tab.usable:
                await tab.close(deadline_s=self.deadlines.close_s)
        state = None
        with anyio.move_on_after(self.deadlines.close_s, shield=True), contextlib.suppress(Error):
            if self._lease.name:
                state = await self.context.storage_state(indexed_db=True)
            await self.context.close()
        await self.let_go(state)
        self.pages.tabs.clear()

    async def let_go(self, state: Any = None) -> None:
        """Give back what is held outside of the browser; `state` is what a profile keeps, None for what it had."""
        with anyio.CancelScope(shield=True):
            await self._lease.given_back(state)
            await self._proxy.aclose()

    # Turns

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncGenerator[None]:
        """Have the session to oneself.

        Raises:
            Busy: Others had it for too long.
        """
        try:
            with anyio.fail_after(self.deadlines.queue_s):
                await self._lock.acquire()
        except TimeoutError as error:
            raise Busy(
                f"other calls on session {self.handle!r} have gone on for {self.deadlines.queue_s:g} s, and this one "
                "was not begun. Wait for them, or use another session."
            ) from error
        self._used = time.monotonic()
        try:
            yield
        finally:
            self._used = time.monotonic()
            self._lock.release()

    @contextlib.asynccontextmanager
    async def turn(self, page: str | None) -> AsyncGenerator[Tab]:
        """Have the session to oneself, on a page that can be used."""
        async with self.alone():
            tab = await self.pages.usable(page)
            self._faults.refuse_while_dialog(tab)
            async with self._faults.translated(tab, Doing()):
                yield tab

    async def acting(
        self,
        page: str | None,
        action: Callable[[Tab, Doing], Awaitable[None]],
        *,
        deadline_s: float | None = None,
        fresh_page: bool = False,
        wait: Wait = "auto",
    ) -> Observation:
        """Do something on a page, wait until it is done reacting (unless told not to), and say what came of it."""
        async with self.alone():
            tab = await self.pages.usable(page)
            self._faults.refuse_while_dialog(tab)
            if fresh_page and not await tab.answers():
                tab = await self.pages.replaced(tab)
            doing = Doing()
            async with self._faults.translated(tab, doing):
                await settle.arm(tab)
                try:
                    await tab.until_interrupted(
                        lambda: action(tab, doing), deadline_s=deadline_s or self.deadlines.act_s
                    )
                except acts.Begun:
                    doing.notes.append("it was carried out, but the page was busy for a while afterwards")
                    async with self.limited(self.deadlines.act_s - acts.PATIENCE_MS / 1000):
                        return await self._seen(tab, doing, wait)
                return await self._seen(tab, doing, wait)

    async def _seen(self, tab: Tab, doing: Doing, wait: Wait = "auto") -> Observation:
        """Wait for the reaction to end and say what came of it."""
        if tab.crashed:
            raise self._faults.page_gone(tab, doing, "crashed")
        if wait == "auto":
            pending = await settle.settle(tab, load_s=self.deadlines.load_s)
        else:
            pending = ("whatever the page does next: it was not waited for",)
        if tab.crashed:
            raise self._faults.page_gone(tab, doing, "crashed")
        if tab.dialog is not None:
            return await self.observer.observation(tab, doing, None, pending=pending)
        if not tab.usable:
            if not await self._faults.alive():
                raise self._faults.browser_gone(doing)
            doing.notes.append(f"page {tab.handle} closed itself")
            tab = await self.pages.usable(None)
        view = await self._view(tab)
        if view is None and tab.elsewhere is not None:
            doing.notes.append(f"a dialog is open on page {tab.elsewhere.handle}, and may hold this one up: answer it")
        return await self.observer.observation(tab, doing, view, pending=pending)

    async def _view(self, tab: Tab) -> View | None:
        """Read the page, unless a dialog opens meanwhile that holds it up."""
        longest_s = self.deadlines.snapshot_s + 2
        read = asyncio.ensure_future(self.observer.take(tab))
        held = asyncio.ensure_future(tab.noticing(lambda: tab.held_up, longest_s=longest_s))
        try:
            await asyncio.wait({read, held}, timeout=longest_s, return_when=asyncio.FIRST_COMPLETED)
            if read.done():
                return read.result()
            if tab.held_up:
                return None
            raise TimeoutError
        finally:
            await stopped(read, held)

    @contextlib.asynccontextmanager
    async def limited(self, deadline_s: float) -> AsyncGenerator[None]:
        with anyio.fail_after(deadline_s):
            yield

    # Elements

    async def locate(self, tab: Tab, target: str, doing: Doing | None = None) -> Located:
        located = await targets.locate(tab, target, lambda: self.observer.part(tab, None))
        if located.note and doing is not None and located.note not in doing.notes:
            doing.notes.append(located.note)
        return located

    async def shows(self, tab: Tab, text: str) -> bool:
        """Return whether a text shows in any frame."""

        async def in_frame(frame: FrameOf) -> bool:
            try:
                return bool(await frame.get_by_text(text).locator("visible=true").count())
            except Error:  # it is on its way to another page
                return False

        return any(await asyncio.gather(*map(in_frame, tab.page.frames)))

    async def _admit(self, target: Target) -> None:
        """Let the session reach where an element leads that was looked at before, and passed."""
        for address in filter(None, (target.destination, target.action)):
            await self._boundary.admit(origin_of(address))

    async def _facts(self, located: Located) -> targets.Facts:
        return await targets.facts_of(located.locator, timeout_s=acts.PATIENCE_MS / 1000)

    async def _described(self, tab: Tab, located: Located) -> Target:
        return await targets.described(tab, located, self.scrub, timeout_s=acts.PATIENCE_MS / 1000)

    async def _hit(self, tab: Tab, located: Located) -> Target:
        """Describe what a click on the element would hit: a control in it, or the element itself."""
        inner = await targets.inner_hit(tab, located, timeout_s=acts.PATIENCE_MS / 1000)
        return await self._described(tab, inner or located)

    async def _expected(self, tab: Tab, action: Action, expect: Target) -> None:
        """Refuse an action when what it would touch is not what was expected."""
        match action:
            case Click(button="left" | "right" | "middle"):
                await acts.at_point(tab.page, Move(x=action.x, y=action.y), self._viewport(tab))
                located = await targets.under_point(tab, action.x, action.y)
            case Key() | TypeText():
                located = await targets.focused(tab)
            case _:
                return
        _refuse_other(expect, await self._described(tab, located) if located is not None else None)

    def _viewport(self, tab: Tab) -> tuple[int, int]:
        size = tab.page.viewport_size
        return (size["width"], size["height"]) if size else self.options.viewport

    async def _value(self, tab: Tab, located: Located, text: str) -> str:
        """Return the text, or the value of the secret that it names."""
        name = secret_name(text)
        if name is None:
            return text
        if self.recordings:
            raise Forbidden(f"a {next(iter(self.recordings))} is being made, and would show the secret: stop it first")
        facts = await self._facts(located)
        origin = await targets.frame_origin(tab, located)
        names = tuple(dict.fromkeys(known for known in (located.name, *facts.names) if known))
        value = self._secrets.value_for(name, origin=origin, field_names=names)
        self.scrub.add(value)
        await hiding.mark(located.locator)
        return value

    async def _marked(self, located: Located, text: str) -> None:
        """Mark again, now that the field holds the value: fields that show the same are hidden as well."""
        if secret_name(text) is not None:
            await hiding.mark(located.locator)


def _refuse_other(expect: Target, found: Target | None) -> None:
    """Refuse what differs from the expectation by origin, role or name."""
    if found is None:
        raise Changed(f"the page changed under the pointer: it was {expect}, there is nothing now; look again")
    if (found.role, found.name) != (expect.role, expect.name):
        raise Changed(f"the page changed under the pointer: it was {expect}, it is {found}; look again")
    if found.origin != expect.origin:
        raise Changed(
            f"the page changed under the pointer: it was {expect} of {expect.origin or 'a blank page'}, it is one of "
            f"{found.origin or 'a blank page'}; look again"
        )
