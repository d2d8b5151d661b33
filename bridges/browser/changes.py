"""What changed between two snapshots of a page, as added and removed lines. Pure."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from bridges.browser.snapshot import LONGEST_LINE, Line, View
from bridges.browser.tree import frame_of

__all__ = ["changes"]

_BUDGET = 6_000  # characters
_LONG_ROW = 160  # characters; of a longer row only the cells that changed are told
_REF = re.compile(r" \[ref=\w+\]")
_LARGEST_COMPARED = 1_500  # lines; beyond this, order within the change is given up for speed


def changes(before: View, after: View) -> tuple[tuple[str, ...], bool]:
    """Return the removed ("- …") and added ("+ …") lines, and whether they were cut to the budget.

    Depth is not compared: a box around the page would otherwise be a change of every line. A frame that went to
    another page is shown anew; what vanished with its former page is counted, not listed. Items of a large page that
    came into view without having changed are told only when nothing else is.
    """
    gone = _frames(before) - _frames(after)
    known = {(line.frame, _words(line)) for line in before.lines}
    arrived = [line for line in after.lines if line.arrived and (line.frame, _words(line)) not in known]
    found = list(_hunks(_standing(before, arrived), _standing(after, arrived), gone))
    if arrived and not found:
        found = ["(nothing changed, but these came into view)", *_hunk([], arrived, gone)]
    if not found and (unread := _unread(before)) != (now := _unread(after)):
        found = [f"(items that are not shown: {unread} before, {now} now)"]
    kept: list[str] = []
    size = 0
    for text in found:
        size += len(text) + 1
        if size > _BUDGET:
            return tuple(kept), True
        kept.append(text)
    return tuple(kept), False


def _standing(view: View, arrived: list[Line]) -> list[Line]:
    """Return the lines to compare: without counts, and without items that merely came into view."""
    came = set(map(id, arrived))
    return [line for line in view.lines if id(line) not in came and not line.more]


def _unread(view: View) -> int:
    return sum(line.more for line in view.lines)


def _hunks(old: list[Line], new: list[Line], gone: set[str]) -> Iterator[str]:
    start = 0
    while start < min(len(old), len(new)) and _same(old[start], new[start]):
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and _same(old[-1 - end], new[-1 - end]):
        end += 1
    old, new = old[start : len(old) - end], new[start : len(new) - end]
    if max(len(old), len(new)) > _LARGEST_COMPARED:
        kept = {(line.frame, line.text) for line in old} & {(line.frame, line.text) for line in new}
        old = [line for line in old if (line.frame, line.text) not in kept]
        new = [line for line in new if (line.frame, line.text) not in kept]
        yield from _hunk(old, new, gone)
        return
    before, after = ([(line.frame, _words(line)) for line in lines] for lines in (old, new))
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            yield from _hunk(old[a:b], new[c:d], gone)


def _hunk(removed: list[Line], added: list[Line], gone: set[str]) -> Iterator[str]:
    if len(removed) == len(added) == 1 and (cells := _cells_changed(removed[0].text, added[0].text)):
        yield from cells
        return
    former = sum(line.frame in gone for line in removed)
    if former:
        yield f"- ({former} line{'s' if former > 1 else ''} of the page that was in this frame)"
    yield from (f"- {line.text[:LONGEST_LINE]}" for line in removed if line.frame not in gone)
    least = min((line.depth for line in added), default=0)
    yield from (f"+ {'  ' * (line.depth - least)}{line.text[:LONGEST_LINE]}" for line in added)


def _cells_changed(before: str, after: str) -> tuple[str, ...]:
    """Return what changed in a long row, after the cell that it begins with; nothing for what is no such row."""
    old, new = before.split(" | "), after.split(" | ")
    if (
        len(after) < _LONG_ROW
        or len(old) != len(new)
        or not before.startswith("row: ")
        or not after.startswith("row: ")
    ):
        return ()
    pairs = [(one, other) for one, other in zip(old, new, strict=True) if one != other]
    head = f"{new[0][:80]} | " if old[0] == new[0] else "row: "
    removed, added = (" | ".join(cells)[:LONGEST_LINE] for cells in zip(*pairs, strict=True))
    return (f"- {head}… {removed}", f"+ {head}… {added}")


def _same(one: Line, other: Line) -> bool:
    return one.frame == other.frame and _words(one) == _words(other)


def _words(line: Line) -> str:
    """Return the line without refs: a control that was drawn anew reads the same, and its old ref goes over."""
    return _REF.sub("", line.text)


def _frames(view: View) -> set[str]:
    return {frame_of(ref) for ref in view.by_ref}
