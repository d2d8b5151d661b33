"""Tables of a page as rows by column header: the one meant, or a list of what there is.

Repeated items and forms come as fields, each by all the words that could mean it.
"""

from collections.abc import Sequence
from typing import Literal

from playwright.async_api import Error, Frame
from pydantic import BaseModel, TypeAdapter

from bridges.browser.tab import Tab
from bridges.browser.target import Located
from bridges.browser.words import Ambiguous, Field, NoSuchTarget, Table
from bridges.browser.world import ask

__all__ = ["choose", "items_of", "tables_of"]


class Found(BaseModel):
    """A table as `tables.js` reads it; `id` is of its document, refs are without prefix."""

    id: str
    ref: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    cells: tuple[tuple[str, ...], ...]
    note: str


class FoundField(BaseModel):
    """A value as `items.js` reads it."""

    keys: tuple[str, ...]
    value: str
    ref: str


class FoundItems(BaseModel):
    """What `items.js` reads of a document."""

    id: str
    items: tuple[tuple[FoundField, ...], ...]


_FOUND = TypeAdapter(tuple[Found, ...])
_ITEMS = TypeAdapter(FoundItems)


async def tables_of(tab: Tab, within: Located | None, *, timeout_s: float) -> tuple[Table, ...]:
    """Return the tables with headers in all frames, or those in and around one element."""
    if within is not None:
        return _tables(tab, within.frame, await ask(within.locator, "tables", timeout_s=timeout_s))
    found: list[Table] = []
    for frame in tab.page.frames:
        try:
            found += _tables(tab, frame, await ask(frame, "tables", timeout_s=timeout_s))
        except Error:
            if frame.is_detached():
                continue
            raise
    return tuple(found)


def _tables(tab: Tab, frame: Frame, said: object) -> tuple[Table, ...]:
    found = _FOUND.validate_python(said)
    return tuple(_table(table, tab.documents.prefix(table.id, frame)) for table in found)


def _table(table: Found, prefix: str) -> Table:
    return Table(
        ref=prefix + table.ref,
        caption=table.caption,
        columns=table.columns,
        rows=tuple(dict(zip(table.columns, row, strict=True)) for row in table.rows),
        cells=tuple(
            {column: prefix + ref for column, ref in zip(table.columns, row, strict=True) if ref} for row in table.cells
        ),
        note=table.note,
    )


async def items_of(
    tab: Tab, within: Located | None, kind: Literal["list", "form"], *, timeout_s: float
) -> tuple[tuple[Field, ...], ...]:
    """Return repeated items, or the one form, as their fields.

    Raises:
        NoSuchTarget: Nothing is repeated there, or there is no field.
    """
    frame = within.frame if within is not None else tab.page.main_frame
    said = await ask(within.locator if within else frame, "items", kind, timeout_s=timeout_s)
    found = _ITEMS.validate_python(said)
    prefix = tab.documents.prefix(found.id, frame)
    items = tuple(
        tuple(Field(keys=each.keys, value=each.value, ref=prefix + each.ref) for each in item) for item in found.items
    )
    if not any(items):
        what = "no field is" if kind == "form" else "nothing is repeated"
        raise NoSuchTarget(f"{what} in {within or 'the page'}; take a snapshot, and give the ref of a list or form")
    return items


def choose(tables: Sequence[Table], caption: str | None) -> Table:
    """Return the one table meant.

    Raises:
        NoSuchTarget: No table has headers, or none has that caption.
        Ambiguous: Several could be meant.
    """
    if not tables:
        raise NoSuchTarget("no visible table with column headers is on the page; take a snapshot to see what is there")
    listed = "; ".join(
        f"{table.caption or '(no caption)'} [ref={table.ref}]: {' | '.join(table.columns)[:120]}"
        for table in tables[:8]
    )
    if caption is None:
        if len(tables) > 1:
            raise Ambiguous(f"{len(tables)} tables could be meant; give caption or target. They are: {listed}")
        return tables[0]
    wanted = " ".join(caption.split()).casefold()
    exact = [table for table in tables if table.caption.casefold() == wanted]
    matching = exact or [table for table in tables if wanted and wanted in table.caption.casefold()]
    if not matching:
        raise NoSuchTarget(f"no table is called {caption!r}. There are: {listed}")
    if len(matching) > 1:
        raise Ambiguous(f"{len(matching)} tables are called {caption!r}; use a ref as target. There are: {listed}")
    return matching[0]
