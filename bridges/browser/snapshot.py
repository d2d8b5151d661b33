"""The page as text that a model can afford: the compact lines of a tree, and parts of them within a budget.

Pure. What is said about an element, and how briefly, is decided here. Partial views are cut from our own copy,
because a partial snapshot of Playwright's would invalidate all other refs.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bridges.browser.tree import Node

__all__ = ["LONGEST_LINE", "Line", "View", "lines_of", "plain_text", "view_text"]

_BUDGET = 8_000  # characters of a view
LONGEST_LINE = 1_000
_MORE = "see more with query=… to search, cursor=0 to page through all, or the ref of a part as target"
_FOLD_AFTER = 10  # lines of a run that are kept when a view is over the budget
_FEW_OPTIONS = 8
_FLAT_LEAVES = 16  # more than this is not one line

_INTERACTIVE = frozenset(
    {
        *("button", "checkbox", "combobox", "link", "listbox", "menuitem", "menuitemcheckbox"),
        *("menuitemradio", "option", "radio", "searchbox", "slider", "spinbutton", "switch", "tab"),
        *("textbox", "treeitem"),
    }
)
_FIELDS = frozenset({"textbox", "searchbox", "spinbutton", "combobox", "slider"})
_PLACES = frozenset(
    {
        *("alert", "alertdialog", "banner", "complementary", "contentinfo", "dialog", "form", "grid"),
        *("group", "iframe", "list", "listbox", "main", "menu", "menubar", "navigation", "radiogroup"),
        *("region", "search", "status", "table", "tablist", "tabpanel", "toolbar", "tree", "treegrid"),
    }
)
_REF_PLACES = frozenset({"alertdialog", "dialog", "form", "grid", "iframe", "region", "table", "tabpanel", "treegrid"})
_OUTLINE = _REF_PLACES | {
    "banner",
    "complementary",
    "contentinfo",
    "heading",
    "main",
    "navigation",
    "search",
    "tablist",
}
_TRANSPARENT = frozenset(
    {
        *("caption", "cell", "code", "columnheader", "deletion", "emphasis", "generic", "gridcell"),
        *("insertion", "listitem", "mark", "none", "paragraph", "presentation", "row", "rowgroup"),
        *("rowheader", "strong", "subscript", "superscript", "term", "definition", "time"),
    }
)
_CELLS = frozenset({"cell", "gridcell", "columnheader", "rowheader"})
_TABLES = frozenset({"table", "grid", "treegrid"})


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a view, and the frame that it belongs to.

    `off`: it lies outside the viewport; `outline`: it says what a part of the page is; `arrived`: it came into view
    and did not change; `more`: it stands for so many items that were not read.
    """

    depth: int
    text: str
    frame: str = ""
    off: bool = False
    outline: bool = False
    arrived: bool = False
    more: int = 0

    def __str__(self) -> str:
        text = self.text if len(self.text) <= LONGEST_LINE else self.text[:LONGEST_LINE] + "…"
        return "  " * self.depth + "- " + text


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A snapshot of a page: its tree by ref, and the whole of its lines. `document` tells two pages apart."""

    document: str
    root: Node
    lines: tuple[Line, ...]
    by_ref: dict[str, Node]
    url: str = ""
    title: str = ""
    notes: tuple[str, ...] = ()


# Saying


def lines_of(root: Node) -> tuple[Line, ...]:
    """Return the compact lines of a tree or a part of it."""
    _find_layout(root)
    return tuple(_lines(root, 0)) if root.role != "page" else tuple(_children(root, 0))


def _find_layout(root: Node) -> None:
    """Mark tables without name and headers, and of their rows those that say only one thing."""
    for table in root.walk():
        if table.role != "table" or table.name:
            continue
        rows = [row for row in _within(table) if row.role == "row"]
        if any(cell.role == "columnheader" for row in rows for cell in row.children):
            continue
        table.layout = True
        for row in rows:
            row.layout = sum(_says_something(cell) for cell in row.children) < 2
            for cell in row.children:
                cell.layout = row.layout


def _within(table: Node) -> Iterator[Node]:
    """Yield what is below a table, tables in it left out."""
    for child in table.children:
        if child.role not in _TABLES:
            yield child
            yield from _within(child)


def _says_something(node: Node) -> bool:
    return any(below.text or below.name or below.role in _INTERACTIVE for below in node.walk())


def plain_text(node: Node) -> str:
    """Return the words of a node and all below it."""
    parts = [node.name or node.text] if node.role in _INTERACTIVE else [node.text]
    parts += [plain_text(child) for child in node.children]
    return " ".join(part for part in parts if part)


def _children(node: Node, depth: int) -> Iterator[Line]:
    for child in _said(node):
        lines = _lines(child, depth)
        yield from (replace(line, arrived=True) for line in lines) if child.arrived else lines


def _line(node: Node, depth: int, text: str) -> Line:
    outline = node.role in _OUTLINE
    return Line(depth, text, node.frame, off=node.off, outline=outline, more=node.more)


def _said(node: Node) -> list[Node]:
    """Return the children without labels: the control beside says the same."""
    said: list[Node] = []
    for at, child in enumerate(node.children):
        beside = [*node.children[max(0, at - 1) : at], *node.children[at + 1 : at + 2]]
        if child.role != "text" or all(child.text != near.name for near in beside if near.role != "text"):
            said.append(child)
    return said


def _lines(node: Node, depth: int) -> Iterator[Line]:
    if node.role == "text":
        if node.text:
            yield _line(node, depth, f"text: {_inline(node)}")
    elif node.role == "more":
        yield _line(node, depth, f"… {node.more} more {node.name}")
    elif node.layout and not node.clickable:
        yield from _transparent(node, depth)
    elif node.role in _CELLS or node.role in ("row", "listitem"):
        yield from _item(node, depth)
    elif node.role in _TRANSPARENT and not node.clickable:
        yield from _transparent(node, depth)
    elif node.role == "img" and not node.name and not node.text and not node.clickable:
        return
    elif _is_one_line(node):
        yield _line(node, depth, _inline(node) + (f" (beside: {node.near})" if node.near else ""))
    else:
        yield from _place(node, depth)


def _place(node: Node, depth: int) -> Iterator[Line]:
    inner = [line for line in _children(node, depth + 1) if line.text != f"text: {node.name}"]
    if node.role in ("list", "group") and not node.name and not node.states:
        yield from (replace(line, depth=line.depth - 1) for line in inner)
    elif inner or node.name or node.role in _PLACES or node.ref:
        head = _head(node)
        yield _line(node, depth, f"{head}: {node.text}" if node.text else f"{head}:" if inner else head)
        yield from inner


def _transparent(node: Node, depth: int) -> Iterator[Line]:
    """Unnamed boxes are dropped; flat running text becomes one line."""
    running = node.role == "paragraph" or any(child.role == "text" for child in node.children)
    if len(_said(node)) > 1 and running and _is_flat(node) and not _fields(node):
        if text := _inline_children(node):
            yield _line(node, depth, f"text: {text}")
        return
    if node.text or (node.name and not node.children):
        yield _line(node, depth, f"text: {node.text or node.name}")
    yield from _children(node, depth)


def _item(node: Node, depth: int) -> Iterator[Line]:
    """A row or a list item is one line where it is flat; a row that only lays out the page vanishes."""
    if node.role == "listitem" and any(below.role == "listitem" for below in node.walk() if below is not node):
        yield from _branch(node, depth)
        return
    if not _is_flat(node):
        yield from _children(node, depth)
        return
    if node.role == "row":
        cells = [_inline(child) for child in node.children]
        if not any(cells):
            return
        head = all(child.role == "columnheader" for child in node.children)
        text = " | ".join(cells) if cells else node.name
        named = f"{_head(node)}: " if node.clickable or node.states else "columns: " if head else "row: "
        yield _line(node, depth, named + text)
        return
    text = _inline_children(node) or node.text or node.name
    only = node.children[0] if len(node.children) == 1 else None
    if only is not None and only.role in _INTERACTIVE and not node.clickable:
        yield _line(node, depth, text)
    elif text:
        role = "text" if node.role in _CELLS else node.role
        yield _line(node, depth, f"{_head(node) if node.clickable or node.states else role}: {text}")


def _branch(node: Node, depth: int) -> Iterator[Line]:
    """A list item with a list in it: its own words on a line, the inner list below."""
    inner = [child for child in node.children if any(below.role == "listitem" for below in child.walk())]
    own = replace(node, children=[child for child in node.children if child not in inner])
    heads = list(_item(own, depth)) if own.children or own.text else []
    yield from heads
    for child in inner:
        yield from _lines(child, depth + 1 if heads else depth)


def _is_flat(node: Node) -> bool:
    leaves = 0
    for below in node.walk():
        if below is node:
            continue
        if below.role in (_PLACES - {"list", "group", "listbox"}) or below.role in ("heading", "row"):
            return False
        leaves += not below.children and not (below.role == "option" and not below.ref)
    return leaves <= _FLAT_LEAVES


def _is_one_line(node: Node) -> bool:
    if node.role in _INTERACTIVE or node.role == "heading" or node.clickable:
        below = [inner for inner in node.walk() if inner is not node]
        native = node.role in ("combobox", "listbox") and _is_native_list(node)
        return native or not any(
            inner.ref and (inner.role in _INTERACTIVE or inner.role in _PLACES or inner.clickable) for inner in below
        )
    return not node.children and node.role not in _PLACES


def _is_native_list(node: Node) -> bool:
    inner = [below for below in node.walk() if below is not node]
    return bool(inner) and all(below.role in ("option", "group") and not below.ref for below in inner)


def _fields(node: Node) -> bool:
    return any(below.role in _FIELDS for below in node.walk())


def _head(node: Node) -> str:
    words = [node.role]
    if node.name:
        words.append(json.dumps(node.name, ensure_ascii=False))
    words += [f"[{state}]" for state in node.states]
    if node.clickable and node.role not in _INTERACTIVE:
        words.append("[cursor=pointer]")
    if node.ref and (node.role in _INTERACTIVE or node.role in _REF_PLACES or node.clickable):
        words.append(f"[ref={node.ref}]")
    if node.box:
        words.append(f"[box={','.join(map(str, node.box))}]")
    if node.placeholder:
        words.append(f"(placeholder: {node.placeholder})")
    return " ".join(words)


def _inline(node: Node) -> str:
    if node.role == "text":
        box = f" [ref={node.ref}] [box={','.join(map(str, node.box))}]" if node.box else ""
        return node.text + box
    if node.role in ("combobox", "listbox") and _is_native_list(node):
        return _native_list(node)
    if node.role == "img" and not node.name and not node.text and not node.clickable:
        return ""
    inner = _inline_children(node)
    if node.role in _TRANSPARENT and not node.clickable:
        return inner or node.text or node.name
    if not node.name and (node.role in _INTERACTIVE or node.role == "heading") and node.children:
        return _head(Node(node.role, plain_text(node), node.states, node.ref, clickable=node.clickable))
    if node.role == "link" and not node.name and not inner and node.url:
        inner = f"/url: {node.url}"
    text = node.text or ("" if inner in node.name else inner)
    return f"{_head(node)}: {text}" if text else _head(node)


def _inline_children(node: Node) -> str:
    return " ".join(part for part in map(_inline, _said(node)) if part)


def _native_list(node: Node) -> str:
    options = [below for below in node.walk() if below.role == "option"]
    chosen = ", ".join(option.name for option in options if "selected" in option.states)
    shown = ", ".join(option.name for option in options[:_FEW_OPTIONS])
    more = f", … {len(options) - _FEW_OPTIONS} more" if len(options) > _FEW_OPTIONS else ""
    return f"{_head(node)}: {chosen} (options: {shown}{more})"


# Parts


def view_text(
    view: View,
    *,
    query: str | re.Pattern[str] | None = None,
    cursor: int | None = None,
    depth: int | None = None,
    most: int | None = None,
) -> tuple[str, bool]:
    """Return a view within the budget, and whether it was cut.

    Args:
        view: The snapshot.
        query: Show only lines that hold this text or match, each below the lines that it belongs to.
        cursor: Show all lines from this one on, as many as fit.
        depth: Leave out what lies deeper.
        most: At most so many of the lines that hold the text.
    """
    lines = [line for line in view.lines if depth is None or line.depth < depth]
    if query is not None:
        wanted = query if isinstance(query, re.Pattern) else re.compile(re.escape(query), re.IGNORECASE)
        matching = [at for at, line in enumerate(lines) if wanted.search(line.text)]
        if not matching:
            return f"(no line holds {wanted.pattern if query is wanted else query!r}; there are {len(lines)})", False
        lines = _around(lines, matching[:most])
        if most is not None and len(matching) > most:
            lines.append(Line(0, f"… {len(matching) - most} more matches"))
    if cursor is not None:
        return _page(lines, cursor)
    unread = any(line.more for line in lines)
    if _length(lines) <= _BUDGET and not unread:
        return "\n".join(map(str, lines)) or "(the page shows nothing)", False
    brief = lines if query is not None or _length(lines) <= _BUDGET else _in_view(lines)
    if _length(brief) > _BUDGET:
        brief = _folded(brief)
    kept, left = _fitting(brief)
    what = f"the first {len(kept)} lines" if left else "what is in the viewport, and the headings around it"
    return "\n".join([*map(str, kept), f"(this is {what}; {_MORE})"]), True


def _page(lines: Sequence[Line], cursor: int) -> tuple[str, bool]:
    if cursor >= len(lines):
        return f"(there are {len(lines)} lines in all, the last is number {len(lines) - 1})", False
    kept, left = _fitting(lines[cursor:])
    end = cursor + len(kept)
    more = f"; go on with cursor={end}" if left else ""
    return "\n".join([*map(str, kept), f"(lines {cursor} to {end - 1} of {len(lines)}{more})"]), bool(left)


def _fitting(lines: Sequence[Line]) -> tuple[list[Line], int]:
    """Return the lines that fit the budget, and how many do not."""
    size = 0
    for at, line in enumerate(lines):
        size += len(str(line)) + 1
        if size > _BUDGET and at:
            return list(lines[:at]), len(lines) - at
    return list(lines), 0


def _length(lines: Sequence[Line]) -> int:
    return sum(len(str(line)) + 1 for line in lines)


def _in_view(lines: Sequence[Line]) -> list[Line]:
    """Keep what lies in the viewport and the outline of the rest, and count what is left out."""
    kept: list[Line] = []
    left, depth = 0, 0
    for line in lines:
        if line.off and not line.outline and not line.more:
            depth = line.depth if not left else min(depth, line.depth)
            left += 1
            continue
        if left:
            kept.append(Line(depth, f"… {left} more lines"))
            left = 0
        kept.append(line)
    return [*kept, Line(depth, f"… {left} more lines")] if left else kept


def _around(lines: Sequence[Line], matching: Sequence[int]) -> list[Line]:
    """Return the lines at these places, each below the lines that it belongs to and with the first in it."""
    keep: set[int] = set()
    for at in matching:
        keep.add(at)
        depth = lines[at].depth
        for above in range(at - 1, -1, -1):
            if lines[above].depth < depth:
                keep.add(above)
                depth = lines[above].depth
        for below in range(at + 1, min(at + 1 + _FOLD_AFTER, len(lines))):
            if lines[below].depth <= lines[at].depth:
                break
            keep.add(below)
    return [lines[at] for at in sorted(keep)]


def _folded(lines: Sequence[Line]) -> list[Line]:
    """Keep the first of a long run of lines of one kind and depth, and count the rest."""
    kept: list[Line] = []
    run, kind = 0, ""
    for line in lines:
        same = f"{line.depth} {line.text.split(' ', 1)[0]}"
        run = run + 1 if same == kind else 1
        kind = same
        if run <= _FOLD_AFTER:
            kept.append(line)
        elif run == _FOLD_AFTER + 1:
            kept.append(Line(line.depth, "… 1 more like these"))
        else:
            kept[-1] = Line(line.depth, f"… {run - _FOLD_AFTER} more like these")
    return kept
