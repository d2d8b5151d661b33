"""Refs that mean one element for as long as the page lives.

Playwright numbers the elements of a sub-frame from the start again when the frame goes to another page, so that an
old ref would silently hit something else: on a frameset, after every click. We give each document of a frame a
prefix of its own, and keep Playwright's ref as the node's `key`.
"""

import asyncio

from playwright.async_api import Error, Page

from bridges.browser.tree import Node

__all__ = ["Numbering"]

_FIRST_OF_OURS = 1_000  # above Playwright's own frame numbers


class Numbering:
    """The prefixes given out on one page."""

    def __init__(self) -> None:
        self._prefixes: dict[tuple[str, str], str] = {}
        self._next = _FIRST_OF_OURS

    async def apply(self, page: Page, root: Node) -> None:
        """Replace Playwright's refs in a fresh snapshot by ours."""
        frames: dict[str, list[Node]] = {}
        for node in root.walk():
            if node.ref:
                node.key = node.ref
                frames.setdefault(node.ref.rpartition("e")[0], []).append(node)
        documents = await asyncio.gather(*(_document(page, nodes[0].key) for nodes in frames.values()))
        for (theirs, nodes), document in zip(frames.items(), documents, strict=True):
            ours = self._prefix(theirs, document)
            for node in nodes:
                node.ref = ours + node.key[len(theirs) :]

    def _prefix(self, theirs: str, document: str) -> str:
        known = self._prefixes.get((theirs, document)) if document else None
        if known is not None:
            return known
        first = all(prefix != theirs for prefix, _ in self._prefixes)
        if first and document:
            ours = theirs
        else:
            ours, self._next = f"f{self._next}", self._next + 1
        self._prefixes[theirs, document] = ours
        return ours


async def _document(page: Page, key: str) -> str:
    """Return what tells the document apart; "" when it went away meanwhile."""
    try:
        element = page.get_by_ref(key)
        return str(await element.evaluate("e => e.ownerDocument.defaultView.__pointsman?.id ?? ''", timeout=500))
    except Error:
        return ""
