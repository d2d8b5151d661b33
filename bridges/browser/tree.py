"""The page as a tree of elements, from what `read.js` says of each document. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Node", "frame_of", "node_of"]


@dataclass(slots=True)
class Node:
    """An element of the snapshot.

    `frame` is the prefix of the refs of its document; `near` what stands beside it, where several are called alike;
    `off` says that it lies outside the viewport, `arrived` that it came into view and did not change; `more` counts
    items that were not read; `layout` marks tables and rows that only place things on the page, as in the nineties.
    """

    role: str
    name: str = ""
    states: tuple[str, ...] = ()
    ref: str = ""
    text: str = ""
    url: str = ""
    placeholder: str = ""
    near: str = ""
    clickable: bool = False
    off: bool = False
    arrived: bool = False
    more: int = 0
    box: tuple[int, ...] = ()
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


def node_of(said: Mapping[str, Any], prefix: str) -> Node:
    """Return a node of `read.js` as one of ours."""
    ref = said.get("e", "")
    return Node(
        role=said["r"],
        name=_words(said.get("n", "")),
        states=tuple(said.get("s", ())),
        ref=prefix + ref if ref else "",
        text=_words(said.get("t", "")),
        url=said.get("u", ""),
        placeholder=_words(said.get("p", "")),
        near=_words(said.get("x", "")),
        clickable="c" in said,
        off="o" in said,
        arrived="q" in said,
        more=said.get("m", 0),
        box=tuple(said.get("b", ())),
        frame=prefix,
        children=[node_of(kid, prefix) for kid in said.get("k", ())],
    )


def _words(text: str) -> str:
    return text.replace("[ref=", "(ref=")  # words of the page never look like a ref of ours
