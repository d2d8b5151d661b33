"""The accessibility tree of a page, read from the snapshot that Playwright writes. Pure.

Playwright stitches frames and open shadow roots together and gives each element a ref.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Node", "frame_of", "parse"]


@dataclass(slots=True)
class Node:
    """An element of the snapshot.

    `key` is the ref that Playwright knows it by; `frame` the prefix of the refs of its document; `layout` marks
    tables and rows that only place things on the page, as in the nineties.
    """

    role: str
    name: str = ""
    states: tuple[str, ...] = ()
    ref: str = ""
    key: str = ""
    text: str = ""
    url: str = ""
    clickable: bool = False
    frame: str = ""
    layout: bool = False
    children: list["Node"] = field(default_factory=list["Node"])

    def walk(self) -> Iterator["Node"]:
        """Yield this node and all below it, in the order of the page."""
        yield self
        for child in self.children:
            yield from child.walk()

    def __str__(self) -> str:
        return f'{self.role} "{self.name}"' if self.name else self.role


def frame_of(ref: str) -> str:
    """Return the prefix that the refs of one document share."""
    return ref.rpartition("e")[0]


_KEY = re.compile(
    r'(?P<role>[\w-]+)(?: (?P<name>"(?:[^"\\]|\\.)*"))?(?P<states>(?: \[[^\]]*\])*)(?P<rest>:.*)?', re.DOTALL
)
_HEX_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\x([0-9a-f]{2})")
_QUOTED_KEY = re.compile(r"'((?:[^']|'')*)'(.*)", re.DOTALL)


def parse(snapshot: str) -> Node:
    """Return the tree of an accessibility snapshot as Playwright writes it."""
    root = Node(role="page")
    open_nodes: list[tuple[int, Node]] = [(-1, root)]
    for line in snapshot.split("\n"):
        body = line.lstrip(" ")
        if not body.startswith("- "):
            continue
        depth = len(line) - len(body)
        while open_nodes[-1][0] >= depth:
            open_nodes.pop()
        parent = open_nodes[-1][1]
        body = body[2:]
        if quoted := _QUOTED_KEY.fullmatch(body):
            body = quoted[1].replace("''", "'") + quoted[2]
        if body.startswith("/"):
            key, _, value = body[1:].partition(": ")
            if key == "url":
                parent.url = _unquoted(value)
            continue
        node = _node(body)
        parent.children.append(node)
        open_nodes.append((depth, node))
    return root


def _node(body: str) -> Node:
    if body.startswith("text: "):
        return Node(role="text", text=_unquoted(body[6:]))
    match = _KEY.fullmatch(body)
    if match is None:
        return Node(role="text", text=_unquoted(body))
    ref, clickable = "", False
    states: list[str] = []
    for state in re.findall(r"\[([^\]]*)\]", match["states"]):
        if state.startswith("ref="):
            ref = state[4:]
        elif state == "cursor=pointer":
            clickable = True
        elif state != "active":  # the focus moves with every click, and would be a change each time
            states.append(state)
    return Node(
        role=match["role"],
        name=_unquoted(match["name"]) if match["name"] else "",
        states=tuple(states),
        ref=ref,
        text=_unquoted((match["rest"] or "").removeprefix(":").strip()),
        clickable=clickable,
    )


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        try:
            text = str(json.loads(_HEX_ESCAPE.sub(r"\1\\u00\2", text)))
        except ValueError:
            text = text[1:-1]
    return text.replace("[ref=", "(ref=")  # words of the page never look like a ref of ours
