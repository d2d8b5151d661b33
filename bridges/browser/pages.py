"""The pages of a session: handles, the current one, popups, and new ones for those that died."""

import anyio
from playwright.async_api import BrowserContext, Dialog, Error, Page

from bridges.browser.faults import Doing, Faults
from bridges.browser.tab import UNKNOWN, Tab
from bridges.browser.words import BrowserError, Deadlines, NoSuchPage, PageGone, origin_of

__all__ = ["Pages"]


class Pages:
    """Pages by handle; `current` is what calls without a handle go to."""

    def __init__(self, context: BrowserContext, *, deadlines: Deadlines, faults: Faults) -> None:
        self.tabs: dict[str, Tab] = {}
        self.current: str | None = None
        self.told: tuple[str, str, str] = ("", "", "")  # handle, address and title that the caller was told last
        self._context = context
        self._deadlines = deadlines
        self._faults = faults
        self._given = 0
        self._opening = False
        self._opened: list[str] = []
        context.on("page", self._on_page)
        context.on("dialog", self._on_dialog)

    def newly_opened(self) -> tuple[str, ...]:
        """Return the handles of pages that opened by themselves since this was asked last."""
        opened, self._opened = self._opened, []
        return tuple(opened)

    def with_dialog(self) -> Tab | None:
        """Return a page that a dialog blocks, the current one before others."""
        candidates = [self.tabs.get(self.current or ""), *self.tabs.values()]
        return next((tab for tab in candidates if tab is not None and tab.usable and tab.dialog is not None), None)

    def _on_page(self, page: Page) -> None:
        tab = self._adopted(page)
        if not self._opening and tab.handle not in self._opened:
            self._opened.append(tab.handle)
            tab.blank = UNKNOWN
            for known in self.tabs.values():
                known.saw_page()

    def _on_dialog(self, dialog: Dialog) -> None:
        """Heard here, because a page can open one before it is told of; unheard, Playwright would dismiss it."""
        if dialog.page is not None:
            tab = self._adopted(dialog.page)
            tab.met(dialog)
            for other in self.tabs.values():
                if other is not tab:
                    other.saw_dialog(tab)

    def _on_popup(self, opener: Tab, page: Page) -> None:
        """A blank popup belongs to the frame that opened it: known where all frames of the page are of one origin."""
        frames = [frame for frame in opener.page.frames if not frame.url.startswith("about:")]
        origins = {opener.origin, *(origin_of(frame.url) for frame in frames)}
        if page.url.startswith("about:"):
            self._adopted(page).blank = opener.origin if len(origins) == 1 else UNKNOWN

    def _adopted(self, page: Page) -> Tab:
        for tab in self.tabs.values():
            if tab.page == page:
                return tab
        self._given += 1
        tab = Tab(f"p{self._given}", page)
        page.on("popup", lambda popup: self._on_popup(tab, popup))
        self.tabs[tab.handle] = tab
        return tab

    async def usable(self, page: str | None) -> Tab:
        """Return the page meant; where the session has none left, a new one.

        Raises:
            NoSuchPage: There is no such page.
            PageGone: It crashed or was closed.
        """
        if page is not None:
            return self.tab(page)
        meant = self.meant(None)
        if meant is not None and meant.handle == self.current:
            return meant
        for handle, tab in list(self.tabs.items()):
            if not tab.usable:
                await tab.close(deadline_s=self._deadlines.close_s)
                del self.tabs[handle]
        tab = self.meant(None) or await self.new_tab()
        self.current = tab.handle
        return tab

    def meant(self, page: str | None) -> Tab | None:
        """Return the page that a call would go to, where there is one that can be used."""
        if page is not None:
            tabs = [self.tabs.get(page)]
        else:
            tabs = [self.tabs.get(self.current or ""), *reversed(self.tabs.values())]
        return next((tab for tab in tabs if tab is not None and tab.usable), None)

    def tab(self, page: str) -> Tab:
        """Return the page of a handle.

        Raises:
            NoSuchPage: There is no such page.
            PageGone: It crashed or was closed.
        """
        tab = self.tabs.get(page)
        if tab is not None and tab.usable:
            return tab
        listed = ", ".join(handle for handle, tab in self.tabs.items() if tab.usable) or "none"
        if tab is not None:
            raise PageGone(f"page {page!r} crashed or was closed. Open pages: {listed}")
        raise NoSuchPage(f"there is no page {page!r}. Open pages: {listed}")

    async def new_tab(self) -> Tab:
        """Open a page of ours."""
        self._opening = True
        try:
            with anyio.fail_after(self._deadlines.act_s):
                return self._adopted(await self._context.new_page())
        except (Error, TimeoutError) as error:
            if not await self._faults.alive():
                raise self._faults.browser_gone(Doing()) from error
            raise BrowserError("no new page could be opened; close the session and open another") from error
        finally:
            self._opening = False

    async def replaced(self, tab: Tab) -> Tab:
        """Return a new page in place of one that does not answer."""
        if not await self._faults.alive():
            raise self._faults.browser_gone(Doing())
        await tab.close(deadline_s=self._deadlines.close_s)
        self.tabs.pop(tab.handle, None)
        new = await self.new_tab()
        self.current = new.handle
        return new

    def blocked(self, page: str | None) -> Tab:
        """Return the page whose dialog is meant.

        Raises:
            BrowserError: No dialog is open.
        """
        tab = self.tab(page) if page is not None else self.with_dialog()
        if tab is None or tab.dialog is None:
            raise BrowserError("no dialog is open")
        return tab
