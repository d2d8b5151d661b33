"""What Playwright, the clock and dying processes raise, turned into errors that say what survived."""

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from playwright.async_api import Error
from playwright.async_api import TimeoutError as PlaywrightTimeout

from bridges.browser.acts import Begun
from bridges.browser.hiding import Scrubber
from bridges.browser.tab import Tab
from bridges.browser.words import BrowserError, BrowserGone, Deadlines, DialogOpen, PageGone, TimedOut

__all__ = ["Doing", "Faults"]


@dataclass(slots=True)
class Doing:
    """What an action has come to so far. `performed` is set as soon as the page may have felt it."""

    acted: str = ""
    performed: bool = False
    notes: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """The errors of one session. `alive` asks the browser whether it still answers."""

    alive: Callable[[], Awaitable[bool]]
    scrub: Scrubber
    deadlines: Deadlines

    @contextlib.asynccontextmanager
    async def translated(self, tab: Tab, doing: Doing) -> AsyncGenerator[None]:
        """Turn what Playwright and the clock raise into errors of ours."""
        try:
            yield
        except BrowserError as error:
            raise self._scrubbed(error) from error.__cause__
        except (TimeoutError, PlaywrightTimeout) as error:
            raise await self._timed_out(tab, doing) from error
        except Begun as error:
            raise await self._timed_out(tab, doing) from error
        except Error as error:
            raise await self._fault(tab, doing, error) from error

    async def _timed_out(self, tab: Tab, doing: Doing) -> BrowserError:
        if not await self.alive():
            return self.browser_gone(doing)
        if tab.dialog is not None and not doing.performed:
            return self._dialog_open(tab)
        if tab.dialog is None and tab.usable and not await tab.answers():
            await tab.close(deadline_s=self.deadlines.close_s)
            what = (
                f"page {tab.handle} does not answer (a script that does not end?) and was closed. The session and its "
                "cookies survive: navigate again"
            )
        else:
            what = f"page {tab.handle} took too long. Take a snapshot to see where it stands"
        return TimedOut(what + self._warning(doing), performed=_performed(doing))

    async def _fault(self, tab: Tab, doing: Doing, error: Error) -> BrowserError:
        if tab.crashed or "crashed" in error.message:
            tab.crashed = True
            return self.page_gone(tab, doing, "crashed")
        if not await self.alive():
            return self.browser_gone(doing)
        if not tab.usable:
            return self.page_gone(tab, doing, "was closed")
        first = error.message.splitlines()[0] if error.message else type(error).__name__
        return BrowserError(self.scrub(first), performed=_performed(doing))

    def page_gone(self, tab: Tab, doing: Doing, how: str) -> PageGone:
        return PageGone(
            f"page {tab.handle} {how}. The session and its cookies survive: navigate again{self._warning(doing)}",
            performed=_performed(doing),
        )

    def browser_gone(self, doing: Doing) -> BrowserGone:
        return BrowserGone(
            "the browser ended, and this session with its cookies. The next call on a new session starts a new browser"
            + self._warning(doing),
            performed=_performed(doing),
        )

    def _warning(self, doing: Doing) -> str:
        done = self.scrub(doing.acted)
        return f". Not known: whether this took effect: {done}. Look before doing it again." if doing.performed else "."

    def _scrubbed(self, error: BrowserError) -> BrowserError:
        return type(error)(self.scrub(str(error)), performed=error.performed) if self.scrub else error

    def refuse_while_dialog(self, tab: Tab) -> None:
        if tab.dialog is not None:
            raise self._dialog_open(tab)

    def _dialog_open(self, tab: Tab) -> DialogOpen:
        kind, message = (tab.dialog.type, tab.dialog.message) if tab.dialog else ("alert", "")
        return DialogOpen(
            f"{_article(kind)} {kind}() dialog blocks page {tab.handle}: {self.scrub(message)!r}. Answer it first."
        )


def _performed(doing: Doing) -> Literal["no", "unknown"]:
    return "unknown" if doing.performed else "no"


def _article(word: str) -> str:
    return "an" if word[:1] in "aeiou" else "a"
