"""What a session sees: snapshots with nothing in them that must stay hidden, and what an action brought about."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import anyio
from playwright.async_api import Error
from playwright.async_api import TimeoutError as PlaywrightTimeout

from bridges.browser import downloads, hiding, settle
from bridges.browser.changes import changes
from bridges.browser.faults import Doing
from bridges.browser.pages import Pages
from bridges.browser.snapshot import View, lines_of, view_text
from bridges.browser.tab import Tab
from bridges.browser.target import Located
from bridges.browser.tree import parse
from bridges.browser.words import Deadlines, Dialog, Download, Observation

__all__ = ["Observer"]

_RETRY_S = 0.1
_LONGEST_ERROR = 300
_SAVE_S = 5.0  # a download that takes longer is reported as pending, and as done by a later observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """The eyes of one session. `artefacts` is the folder for what pages send; "" keeps nothing."""

    session: str
    artefacts: str
    pages: Pages
    scrub: hiding.Scrubber
    deadlines: Deadlines

    async def restored(self, tab: Tab, located: Located) -> View:
        """Make refs work again after an element was looked up by selector, point or focus; return the snapshot."""
        if located.by_ref and tab.latest is not None:
            return tab.latest
        return await self.take(tab)

    async def part(self, tab: Tab, located: Located) -> tuple[View, str]:
        """Return a view of an element that has no ref of its own, such as one that takes no clicks."""
        root = parse(await located.locator.aria_snapshot(mode="ai", timeout=self.deadlines.snapshot_s * 1000))
        for node in root.walk():
            node.key, node.ref = node.ref, ""
        await hiding.hide_values(tab.page, root)
        self.scrub.tree(root)
        whole = await self.take(tab)
        root.ref = "part"
        return replace(whole, by_ref={"part": root}, lines=lines_of(root)), "part"

    async def fresh(self, tab: Tab) -> View:
        if tab.latest is not None and tab.latest.stamp == await self._stamp(tab):
            return tab.latest
        return await self.take(tab)

    async def _stamp(self, tab: Tab) -> str:
        return f"{tab.documents} {await settle.changes_of(tab.page)}"

    async def take(self, tab: Tab) -> View:
        """Take a full snapshot. Refs are those of the last one."""
        milliseconds = self.deadlines.snapshot_s * 1000
        for last in (False, False, True):
            moves, stamp = tab.moves, await self._stamp(tab)
            hides = await hiding.any_hidden(tab.page)
            try:
                root = parse(await tab.page.aria_snapshot(mode="ai", timeout=milliseconds))
                await tab.numbering.apply(tab.page, root)
                if hides or self.scrub or await hiding.any_hidden(tab.page):
                    await hiding.hide_values(tab.page, root)
                    self.scrub.tree(root)
                title = await self.title(tab)
            except PlaywrightTimeout:
                raise
            except Error:
                if last or not tab.usable:
                    raise
                await anyio.sleep(_RETRY_S)  # the page was on its way to another one
                continue
            if tab.moves != moves and not last:
                await settle.settle(tab, load_s=self.deadlines.load_s)  # what was read is of the page before
                continue
            by_ref = {node.ref: node for node in root.walk() if node.ref}
            first = next(iter(by_ref), "")
            tab.latest = View(
                document=f"{tab.documents} {first.rpartition('e')[0]}",
                root=root,
                lines=lines_of(root),
                by_ref=by_ref,
                by_key={node.key: node for node in by_ref.values()},
                url=self.scrub(tab.page.url),
                title=title,
                stamp=stamp,
            )
            return tab.latest
        raise AssertionError("the last round returns or raises")

    async def title(self, tab: Tab) -> str:
        with anyio.move_on_after(self.deadlines.evaluate_s):
            return self.scrub(await tab.page.title())
        return ""

    async def observation(
        self,
        tab: Tab,
        doing: Doing,
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
        known = view or tab.latest
        return Observation(
            session=self.session,
            page=tab.handle,
            url=self.scrub(tab.page.url),
            title=known.title if known else "",
            acted=self.scrub(doing.acted),
            changes=changed,
            view=text,
            truncated=cut,
            dialog=self.said_dialog(tab),
            downloads=files,
            opened=self.pages.newly_opened(),
            console_errors=tuple(self.scrub(error)[:_LONGEST_ERROR] for error in tab.console_errors),
            pending=(*map(self.scrub, pending), *unsaved),
            notes=tuple(map(self.scrub, doing.notes)),
        )

    def said_dialog(self, tab: Tab) -> Dialog | None:
        if tab.dialog is None:
            return None
        kind: Literal["alert", "confirm", "prompt", "beforeunload"]
        match tab.dialog.type:
            case "confirm" | "prompt" | "beforeunload" as kind:
                pass
            case _:
                kind = "alert"
        message, default = self.scrub(tab.dialog.message), self.scrub(tab.dialog.default_value)
        return Dialog(kind=kind, message=message, page=tab.handle, default=default)

    async def _saved(self, tab: Tab, doing: Doing) -> tuple[tuple[Download, ...], tuple[str, ...]]:
        """Save what the page sent; what is not complete yet stays for a later observation."""
        sent, tab.downloads = tab.downloads, []
        files: list[Download] = []
        unsaved: list[str] = []
        for download in sent:
            name = downloads.clean_name(download.suggested_filename)
            if not self.artefacts:
                doing.notes.append(f"the page sent {name!r}; it was not kept, because no artefact folder is configured")
                continue
            with anyio.move_on_after(_SAVE_S) as scope:
                try:
                    files.append(await downloads.save(download, Path(self.artefacts) / self.session))
                except (Error, OSError) as error:
                    doing.notes.append(f"the download of {name!r} failed: {str(error).splitlines()[0]}")
            if scope.cancelled_caught:
                tab.downloads.append(download)
                unsaved.append(f"downloading {name}")
        return tuple(files), tuple(unsaved)
