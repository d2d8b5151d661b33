"""How a page looks: what is wrong by its boxes and colours, and whether it looks as it did (a kept picture)."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from anyio import to_thread
from playwright.async_api import Error
from pydantic import BaseModel, TypeAdapter

from bridges.browser import hiding
from bridges.browser.pictures import Picture
from bridges.browser.session import Session
from bridges.browser.words import BrowserError, Difference, Flaw
from bridges.browser.world import ask
from bridges.files import Root

__all__ = ["compare", "flaws"]

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,80}")


class FoundFlaw(BaseModel):
    """A flaw as `layout.js` tells it."""

    kind: Literal["overlap", "clipped", "off-screen", "contrast"]
    role: str
    name: str
    ref: str
    words: str


class Found(BaseModel):
    """What `layout.js` says of a document."""

    id: str
    problems: tuple[FoundFlaw, ...]


_FOUND = TypeAdapter(Found)


async def flaws(session: Session, target: str | None = None, *, page: str | None = None) -> tuple[Flaw, ...]:
    """Return what is wrong with the look of a page, or of an element and all in it."""
    async with session.turn(page) as tab, session.limited(session.deadlines.evaluate_s):
        located = await session.locate(tab, target) if target is not None else None
        frames = [located.frame] if located else tab.page.frames
        found: list[Flaw] = []
        for frame in frames:
            try:
                scope = located.locator if located else frame
                said = _FOUND.validate_python(await ask(scope, "layout", timeout_s=session.deadlines.evaluate_s))
            except Error:
                if frame.is_detached():
                    continue
                raise
            prefix = tab.documents.prefix(said.id, frame)
            for each in said.problems:
                element = f'{each.role} "{session.scrub(each.name)}"' if each.name else each.role
                found.append(Flaw(kind=each.kind, element=element, ref=prefix + each.ref, words=each.words))
        return tuple(found)


async def compare(
    session: Session,
    name: str,
    target: str | None = None,
    *,
    masks: Sequence[str] = (),
    keep: bool = False,
    page: str | None = None,
) -> Difference | None:
    """Return how a page or an element differs from its kept picture; with `keep`, keep it as it is now.

    Args:
        session: Whose page.
        name: What the picture is kept as.
        target: The element; the viewport, if not given.
        masks: Selectors of what may differ, such as a clock.
        keep: Keep the picture, in place of an earlier one; then None is returned.
        page: The page meant.

    Raises:
        BrowserError: There is no kept picture of that name, or nowhere to keep one.
    """
    if not session.options.baselines:
        raise BrowserError("no folder for kept pictures is configured")
    if not _NAME.fullmatch(name):
        raise BrowserError(f"{name!r} is no name for a picture: small letters, digits, dots and hyphens")
    folder = Root(Path(session.options.baselines))
    async with session.turn(page) as tab, session.limited(session.deadlines.act_s):
        mask = [*hiding.masks(tab.page, session.scrub), *(tab.page.locator(each) for each in masks)]
        picture = Picture(mask=mask, timeout=session.deadlines.act_s * 1000)
        if target is not None:
            png = await picture.of_element((await session.locate(tab, target)).locator)
        else:
            png = await picture.of_page(tab.page, full_page=False)
        if keep:
            await to_thread.run_sync(folder.write, f"{name}.png", png)
            return None
        path = folder.directory / f"{name}.png"
        if not path.is_file():
            raise BrowserError(f"no picture is kept as {name!r}: keep one first, when the page looks right")
        before = await to_thread.run_sync(path.read_bytes)
    return await session.diff(before, png)
