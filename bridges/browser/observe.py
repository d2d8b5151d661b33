"""What a session sees: snapshots with nothing in them that must stay hidden, and what an action brought about."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import anyio
from playwright.async_api import Error
from playwright.async_api import TimeoutError as PlaywrightTimeout

from bridges.browser import downloads, hiding, settle
from bridges.browser.changes import changes
from bridges.browser.faults import Doing
from bridges.browser.pages import Pages
from bridges.browser.snapshot import View, lines_of, view_text
from bridges.browser.tab import Tab, heard
from bridges.browser.target import Located
from bridges.browser.words import Deadlines, Dialog, Download, Observation

__all__ = ["Observer"]

_RETRY_S = 0.1
_LONG = 1_500  # characters of changes
_WHOLE_S = 3.0  # more for a page that is read whole
_LONGEST_ERROR = 300
_FEW = 3  # refused connections that are told
_SAVE_S = 2.0  # a download that takes longer is reported as pending, and as done by a later observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """The eyes of one session.

    `artefacts` is the folder for what pages send; "" keeps nothing. `refused` tells which connections were refused
    since it was asked last.
    """

    session: str
    artefacts: str
    pages: Pages
    scrub: hiding.Scrubber
    deadlines: Deadlines
    refused: Callable[[], tuple[str, ...]]

    async def take(self, tab: Tab) -> View:
        """Read the page; on a large one, what is in the viewport and what changed since it was shown."""
        view = await self._read(tab, {"mark": True}, timeout_s=self.deadlines.snapshot_s)
        tab.latest = view
        return view

    async def look(self, tab: Tab, *, boxes: bool = False) -> View:
        """Read the page as for showing it, without it counting as shown."""
        return await self._read(tab, {"boxes": boxes}, timeout_s=self.deadlines.snapshot_s)

    async def part(self, tab: Tab, located: Located | None, *, query: str | None = None, boxes: bool = False) -> View:
        """Read all of the page or of an element, or of a large page all that holds a text."""
        options = {"query": query, "all": query is None, "boxes": boxes}
        return await self._read(tab, options, located, timeout_s=self.deadlines.snapshot_s + _WHOLE_S)

    async def _read(self, tab: Tab, options: dict[str, Any], part: Located | None = None, *, timeout_s: float) -> View:
        for last in (False, False, True):
            moves = tab.moves
            frame, locator = (part.frame, part.locator) if part else (tab.page.main_frame, None)
            try:
                root, said = await tab.documents.read(frame, options, timeout_s=timeout_s, part=locator)
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
            self.scrub.tree(root)
            return View(
                document=said["id"],
                root=root,
                lines=lines_of(root),
                by_ref={node.ref: node for node in root.walk() if node.ref},
                url=self.scrub(tab.page.url),
                title=self.scrub(said["title"]),
                notes=_left_out(said),
            )
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
        whole: bool = False,
        text: str | None = None,
        cut: bool = False,
    ) -> Observation:
        files, unsaved = await self._saved(tab, doing)
        changed: tuple[str, ...] = ()
        if view is not None and text is None:
            if whole or tab.shown is None or tab.shown.document != view.document:
                text, cut = view_text(view)
                doing.notes += view.notes
            else:
                changed, cut = changes(tab.shown, view)
                if sum(map(len, changed)) > _LONG:
                    text, cut, changed = self._shorter(changed, cut, view)
            tab.shown = view
        doing.notes += filter(None, [self._trouble(tab)])
        if tab.chooser is not None:
            doing.notes.append("a file chooser is open: upload files into it, or none to cancel it")
        if refused := self.refused():
            more = f" and {len(refused) - _FEW} more" if len(refused) > _FEW else ""
            doing.notes.append(f"the network boundary refused {'; '.join(refused[:_FEW])}{more}")
        known = view or tab.latest
        url, title = self.scrub(tab.page.url), known.title if known else ""
        before, self.pages.told = self.pages.told, (tab.handle, url, title)
        return Observation(
            session=self.session,
            page=tab.handle,
            url=url,
            title=title,
            same_page=before == self.pages.told,
            acted=self.scrub(doing.acted),
            changes=changed,
            view=text,
            truncated=cut,
            dialog=self.said_dialog(tab),
            downloads=files,
            opened=self.pages.newly_opened(),
            console_errors=tuple(self.scrub(error)[:_LONGEST_ERROR] for error in tab.take_errors()),
            pending=(*map(self.scrub, pending), *unsaved),
            notes=tuple(map(self.scrub, doing.notes)),
        )

    def _trouble(self, tab: Tab) -> str:
        """Return what is wrong with the page as a whole, once."""
        status, tab.status = tab.status, ""
        failure, tab.failure = tab.failure, ""
        if tab.page.url.startswith("chrome-error:") and failure:
            return f"the page that was to come could not be loaded: {failure}. Navigate elsewhere, or go back"
        return f"the server answered {status}" if status else ""

    def _shorter(self, changed: tuple[str, ...], cut: bool, view: View) -> tuple[str | None, bool, tuple[str, ...]]:
        """Return the page as it is now, where that is shorter than what changed: the page became another one."""
        text, cut_too = view_text(view)
        return (text, cut_too, ()) if len(text) < sum(map(len, changed)) else (None, cut, changed)

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
        """Save what the page sent; what is not complete in time is told as pending, and as done by a later answer."""
        sent, tab.downloads = tab.downloads, []
        for download in sent:
            name = downloads.clean_name(download.suggested_filename)
            if not self.artefacts:
                doing.notes.append(f"the page sent {name!r}; it was not kept, because no artefact folder is configured")
                continue
            task = asyncio.ensure_future(downloads.save(download, Path(self.artefacts) / self.session))
            task.add_done_callback(heard)  # the session may end before anybody asks
            tab.saving[task] = name
        if not tab.saving:
            return (), ()
        done, _ = await asyncio.wait(tab.saving, timeout=_SAVE_S if sent else 0)
        files: list[Download] = []
        for task in done:
            name = tab.saving.pop(task)
            try:
                files.append(task.result())
            except (Error, OSError) as error:
                doing.notes.append(f"the download of {name!r} failed: {str(error).splitlines()[0]}")
        return tuple(files), tuple(f"downloading {name}" for name in tab.saving.values())


def _left_out(said: Mapping[str, Any]) -> tuple[str, ...]:
    notes: list[str] = []
    if said["hidden"]:
        notes.append(f"text that nobody can see was left out, in {said['hidden']} places")
    if said["type"].startswith("image/") or said["type"] == "application/pdf":
        notes.append(f"the address is a file ({said['type']}): take a screenshot, or download it")
    if said["cut"]:
        notes.append("the page was too large to be read whole; use query=… or the ref of a part as target")
    return tuple(notes)
