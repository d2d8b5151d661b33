"""The page as text that a model can afford: the compact lines of a tree, and parts of them within a budget.

Pure. What is said about an element, and how briefly, is decided here. Partial views are cut from our own copy,
because a partial snapshot of Playwright's would invalidate all other refs.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bridges.browser.tree import Node, frame_of

__all__ = ["LONGEST_LINE", "Line", "View", "lines_of", "plain_text", "view_text"]

_BUDGET = 8_000  # characters of a view
LONGEST_LINE = 1_000
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
    """A line of a view, and the frame that it belongs to."""

    depth: int
    text: str
    frame: str = ""

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
    by_key: dict[str, Node] = field(default_factory=dict[str, Node])
    url: str = ""
    title: str = ""
    stamp: str = ""


# Saying


def lines_of(root: Node) -> tuple[Line, ...]:
    """Return the compact lines of a tree or a part of it."""
    _place_in_frames(root, "")
    _find_layout(root)
    return tuple(_lines(root, 0)) if root.role != "page" else tuple(_children(root, 0))


def _place_in_frames(node: Node, frame: str) -> None:
    node.frame = node.ref.rpartition("e")[0] if node.ref else frame
    inner = next((frame_of(below.ref) for below in node.walk() if below.ref and below is not node), node.frame)
    for child in node.children:
        _place_in_frames(child, inner if node.role == "iframe" else node.frame)


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
        yield from _lines(child, depth)


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
            yield Line(depth, f"text: {node.text}", node.frame)
    elif node.layout and not node.clickable:
        yield from _transparent(node, depth)
    elif node.role in _CELLS or node.role in ("row", "listitem"):
        yield from _item(node, depth)
    elif node.role in _TRANSPARENT and not node.clickable:
        yield from _transparent(node, depth)
    elif node.role == "img" and not node.name and not node.clickable:
        return
    elif _is_one_line(node):
        yield Line(depth, _inline(node), node.frame)
    else:
        yield from _place(node, depth)


def _place(node: Node, depth: int) -> Iterator[Line]:
    inner = [line for line in _children(node, depth + 1) if line.text != f"text: {node.name}"]
    if node.role in ("list", "group") and not node.name and not node.states:
        yield from (Line(line.depth - 1, line.text, line.frame) for line in inner)
    elif inner or node.name or node.role in _PLACES or node.ref:
        head = _head(node)
        yield Line(depth, f"{head}: {node.text}" if node.text else f"{head}:" if inner else head, node.frame)
        yield from inner


def _transparent(node: Node, depth: int) -> Iterator[Line]:
    """Unnamed boxes are dropped; flat running text becomes one line."""
    running = node.role == "paragraph" or any(child.role == "text" for child in node.children)
    if len(_said(node)) > 1 and running and _is_flat(node) and not _fields(node):
        if text := _inline_children(node):
            yield Line(depth, f"text: {text}", node.frame)
        return
    if node.text or (node.name and not node.children):
        yield Line(depth, f"text: {node.text or node.name}", node.frame)
    yield from _children(node, depth)


def _item(node: Node, depth: int) -> Iterator[Line]:
    """A row or a list item is one line where it is flat; a row that only lays out the page vanishes."""
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
        yield Line(depth, named + text, node.frame)
        return
    text = _inline_children(node) or node.text or node.name
    only = node.children[0] if len(node.children) == 1 else None
    if only is not None and only.role in _INTERACTIVE and not node.clickable:
        yield Line(depth, text, node.frame)
    elif text:
        role = "text" if node.role in _CELLS else node.role
        yield Line(depth, f"{_head(node) if node.clickable or node.states else role}: {text}", node.frame)


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
    return " ".join(words)


def _inline(node: Node) -> str:
    if node.role == "text":
        return node.text
    if node.role in ("combobox", "listbox") and _is_native_list(node):
        return _native_list(node)
    if node.role == "img" and not node.name and not node.clickable:
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


def view_text(view: View, *, ref: str | None = None, query: str | None = None) -> tuple[str, bool]:
    """Return a view within the budget, and whether it was cut.

    Args:
        view: The snapshot.
        ref: Show only what lies under this element.
        query: Show only lines that hold this text, each below the lines that it belongs to.
    """
    lines = view.lines if ref is None else lines_of(view.by_ref[ref])
    if query is not None:
        lines = _found(lines, query)
        if not lines:
            return f"(no line holds {query!r}; {len(view.lines)} lines in all)", False
    if _length(lines) <= _BUDGET:
        return "\n".join(map(str, lines)) or "(the page shows nothing)", False
    kept: list[str] = []
    size, folded = 0, _folded(lines)
    for at, line in enumerate(folded):
        size += len(str(line)) + 1
        if size > _BUDGET:
            kept.append(f"(cut: {len(folded) - at} more lines; see more with query=… or the ref of a part as target)")
            break
        kept.append(str(line))
    else:
        kept.append("(folded to fit; see more with query=… or the ref of a part as target)")
    return "\n".join(kept), True


def _length(lines: Sequence[Line]) -> int:
    return sum(len(str(line)) + 1 for line in lines)


def _found(lines: Sequence[Line], query: str) -> tuple[Line, ...]:
    wanted = query.casefold()
    keep: set[int] = set()
    for at, line in enumerate(lines):
        if wanted not in line.text.casefold():
            continue
        keep.add(at)
        depth = line.depth
        for above in range(at - 1, -1, -1):
            if lines[above].depth < depth:
                keep.add(above)
                depth = lines[above].depth
        for below in range(at + 1, min(at + 1 + _FOLD_AFTER, len(lines))):
            if lines[below].depth <= line.depth:
                break
            keep.add(below)
    return tuple(lines[at] for at in sorted(keep))


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
