"""What a snapshot says, ours and the Playwright MCP server's alike: elements with refs, and the words between them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

__all__ = ["Node", "nodes", "unmarked", "unquoted", "words"]

_HEAD = re.compile(r'([a-z]+)(?: "((?:[^"\\]|\\.)*)")?((?: \[[^\]\n]*\])+)')
_REF = re.compile(r"\[ref=(\w+)\]")
_BOX = re.compile(r"\[box=(-?\d+),(-?\d+),(\d+),(\d+)\]")
_BESIDE = re.compile(r" ?\(beside: ([^\n]*)\)")
_QUOTED = re.compile(r'^(\s*- [^\n]*?: )"(.*)"$', re.MULTILINE)  # YAML puts quotes around some values
_WHOLE = re.compile(r"^(\s*- )'(.*)'(:?[^\n']*)$", re.MULTILINE)  # and around some keys
_MARKS = re.compile(
    r"\[(?:ref|cursor|level|box)=?[^\]]*\]|\[active\]|\b(?:text|generic|strong|emphasis|paragraph):", re.I
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An element with a ref: what it is called, what is in it, what stands beside it."""

    ref: str
    role: str
    name: str
    value: str
    beside: str
    states: str

    @property
    def label(self) -> str:
        """The name, or else the text in it."""
        return self.name or self.value

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, width and height, where a snapshot was taken with boxes."""
        if (found := _BOX.search(self.states)) is None:
            raise ValueError(f"no box is told of {self.label!r}")
        x, y, width, height = map(int, found.groups())
        return x, y, width, height


def nodes(text: str) -> list[Node]:
    """Return the elements with refs, in the order of the page."""
    return list(_nodes(text))


def words(text: str) -> str:
    """Return a page as one line of words."""
    return " ".join(re.sub(r"^\s*- ", "", _MARKS.sub(" ", text), flags=re.MULTILINE).split())


def unmarked(page: str) -> str:
    """Return a page without what its elements are: refs, states, boxes."""
    return re.sub(r"\[[^\]]*\]", "", page)


def unquoted(text: str) -> str:
    """Return a snapshot without the quotes that YAML wants."""
    text = _WHOLE.sub(lambda found: found[1] + found[2].replace("''", "'") + found[3], text)
    return _QUOTED.sub(lambda found: found[1] + re.sub(r"\\(.)", r"\1", found[2]), text)


def _nodes(text: str) -> Iterator[Node]:
    heads = list(_HEAD.finditer(text))
    for head, after in zip_longest(heads, heads[1:]):
        if (ref := _REF.search(head[3])) is None:
            continue
        rest = text[head.end() : after.start() if after else None].split("\n")[0]
        beside = _BESIDE.search(rest)
        value = _BESIDE.sub("", rest).removeprefix(":").strip() if rest.startswith(":") else ""
        name = re.sub(r"\\(.)", r"\1", head[2] or "")
        yield Node(ref=ref[1], role=head[1], name=name, value=value, beside=beside[1] if beside else "", states=head[3])
