"""Files into a page and out of it: uploads, drops, downloads on demand, the page as PDF.

Everything lies in the folder of artefacts, and nothing outside of it is read or written.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import anyio
from anyio import to_thread
from playwright.async_api import Error

from bridges.browser import acts
from bridges.browser.downloads import clean_name, kept, reserved
from bridges.browser.faults import Doing
from bridges.browser.session import Session
from bridges.browser.tab import Tab
from bridges.browser.words import BrowserError, Download, Forbidden, NavigationFailed, NotActionable, Observation
from bridges.files import OutsideRoot, Root

__all__ = ["download", "drop", "save_pdf", "upload"]


async def upload(
    session: Session, paths: Sequence[str], target: str | None = None, *, page: str | None = None
) -> Observation:
    """Put files into a file field, or into the chooser that the page has opened; no paths cancel the chooser.

    Args:
        session: Whose page.
        paths: Files in the folder of artefacts.
        target: The field; without one, the chooser that is open, or the only file field of the page.
        page: The page meant.

    Raises:
        NotActionable: No chooser is open and no field given, or it takes one file only.
        BrowserError: A path is no file in the folder of artefacts.
    """
    files = await to_thread.run_sync(_files, session, paths)

    async def put(tab: Tab, doing: Doing) -> None:
        names = ", ".join(path.name for path in files) or "nothing"
        chooser, tab.chooser = tab.chooser, None
        if target is None and chooser is not None:
            if len(files) > 1 and not chooser.is_multiple():
                tab.chooser = chooser
                raise NotActionable(f"the page takes one file, not {len(files)}")
            doing.acted, doing.performed = f"Chose {names} in the file chooser", True
            await chooser.set_files(files, timeout=acts.PATIENCE_MS)
            return
        located = await session.locate(tab, target or "input[type=file]", doing)
        doing.acted, doing.performed = f"Chose {names} for {located}", True
        try:
            await located.locator.set_input_files(files, timeout=acts.PATIENCE_MS)
        except Error as error:
            if "Non-multiple" in error.message or "not an HTMLInputElement" in error.message:
                raise NotActionable(f"{located} takes no {'files' if len(files) > 1 else 'file'} like this") from error
            raise

    return await session.acting(page, put)


def _files(session: Session, paths: Sequence[str]) -> list[Path]:
    if not session.options.artefacts:
        raise BrowserError("no folder of artefacts is configured: there is nothing to upload from")
    root = Root(Path(session.options.artefacts))
    found: list[Path] = []
    for path in paths:
        try:
            inside = Path(path).resolve().relative_to(root.directory.resolve()) if Path(path).is_absolute() else path
            found.append(root.path(str(inside)))
        except (OutsideRoot, ValueError) as error:
            raise BrowserError(
                f"{path!r} is no file in the folder of artefacts, {str(root.directory)!r}: only such are uploaded"
            ) from error
    return found


async def drop(
    session: Session,
    target: str,
    paths: Sequence[str] = (),
    data: Mapping[str, str] | None = None,
    *,
    page: str | None = None,
) -> Observation:
    """Drop files, or data by MIME type, onto an element as if dragged there from outside the page."""
    files = await to_thread.run_sync(_files, session, paths) if paths else []

    async def let_go(tab: Tab, doing: Doing) -> None:
        located = await session.locate(tab, target, doing)
        what = ", ".join([*(path.name for path in files), *(data or {})]) or "nothing"
        doing.acted, doing.performed = f"Dropped {what} on {located}", True
        call = lambda: located.locator.drop(  # noqa: E731
            {"files": list(files) or None, "data": dict(data or {}) or None}, timeout=acts.PATIENCE_MS
        )
        await acts.attempt(located, "drop on", call)

    return await session.acting(page, let_go)


async def download(session: Session, url: str, *, page: str | None = None) -> Observation:
    """Fetch an address as a file, in a page of its own, with the session's cookies; whatever it is, it is kept.

    Raises:
        NavigationFailed: It could not be loaded.
        BrowserError: There is nowhere to keep it.
    """
    if not session.options.artefacts:
        raise BrowserError("no folder of artefacts is configured: there is nowhere to keep a file")
    current = session.pages.current
    opened = await session.new_tab()
    try:
        seen = await session.navigate(url, page=opened.page)
        files = seen.downloads or (await _body(session, opened.page, url),)
    finally:
        with suppress(BrowserError):
            await session.close_tab(opened.page)
        session.pages.current = current
    return Observation(session=session.handle, page=current or "", url=url, title="", downloads=files)


async def _body(session: Session, page: str, url: str) -> Download:
    """Keep what the page was made from."""
    async with session.turn(page) as tab, session.limited(session.deadlines.navigate_s):
        asked = next((asked.request for asked in tab.traffic if asked.request.is_navigation_request()), None)
        response = await asked.response() if asked is not None else None
        if response is None or response.status >= 400:
            status = f"{response.status} {response.status_text}" if response else "nothing"
            raise NavigationFailed(f"could not download {url}: the server answered {status}")
        data = await response.body()
        name = clean_name(urlsplit(url).path.rpartition("/")[2] or "page.html")
        folder = Path(session.options.artefacts) / session.handle
        return await to_thread.run_sync(kept, folder, name, data, url)


async def save_pdf(session: Session, name: str | None = None, *, page: str | None = None) -> Path:
    """Save the page as PDF in the folder of artefacts and return where.

    Raises:
        Forbidden: A secret was typed in this session: a PDF cannot be covered.
        BrowserError: The browser is not headless, or there is nowhere to save to.
    """
    if session.scrub:
        raise Forbidden("a secret was typed in this session, and what a PDF shows of it cannot be covered")
    if not session.options.artefacts:
        raise BrowserError("no folder of artefacts is configured: there is nowhere to save to")
    async with session.turn(page) as tab, session.limited(session.deadlines.navigate_s):
        folder = Path(session.options.artefacts) / session.handle
        wanted = clean_name(name or f"{await tab.page.title() or 'page'}.pdf")
        path = await to_thread.run_sync(reserved, folder, wanted if wanted.endswith(".pdf") else f"{wanted}.pdf")
        try:
            await tab.page.pdf(path=path, print_background=True)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(path.unlink, True)
            raise
        return path
