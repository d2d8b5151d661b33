"""The documents of one page: which frame holds each, and the prefix that its refs share.

Each document numbers its elements on its own (`state.js`). A prefix belongs to one document for as long as the page
lives, so that an old ref never hits what stands in its place now.
"""

import asyncio
from typing import Any

import anyio
from playwright.async_api import Error, Frame, Locator

from bridges.browser.scripts import ENGINE
from bridges.browser.tree import Node, node_of
from bridges.browser.world import ask, encoded

__all__ = ["Documents"]

_FRAMES_DEEP = 8
_MOST_FRAMES = 40


class Documents:
    """What was given out on one page."""

    def __init__(self) -> None:
        self._prefixes: dict[str, str] = {}
        self._frames: dict[str, Frame] = {}
        self._inner: dict[tuple[str, str], Frame] = {}  # by prefix and ref of the element that holds it

    def prefix(self, document: str, frame: Frame) -> str:
        """Return the prefix of a document, given by its id."""
        number = len(self._prefixes)
        prefix = self._prefixes.setdefault(document, f"f{number}" if number else "")
        self._frames[prefix] = frame
        return prefix

    def frame(self, prefix: str) -> Frame | None:
        """Return the frame that holds the document, or held it last."""
        frame = self._frames.get(prefix)
        return frame if frame is not None and not frame.is_detached() else None

    async def read(
        self, frame: Frame, options: dict[str, Any], *, timeout_s: float, part: Locator | None = None
    ) -> tuple[Node, dict[str, Any]]:
        """Return the tree of a frame's document (or of a part of it), inner frames in their places, and what it says.

        Raises:
            Error: The document went away meanwhile.
        """
        said: dict[str, Any] = await ask(part or frame, "read", encoded(options), timeout_s=timeout_s)
        prefix = self.prefix(said["id"], frame)
        root = Node(role="page", frame=prefix, children=[node_of(kid, prefix) for kid in said["kids"]])
        await self._fill(frame, root, options, timeout_s=timeout_s, deep=0, left=[_MOST_FRAMES])
        return root, said

    async def _fill(
        self, frame: Frame, root: Node, options: dict[str, Any], *, timeout_s: float, deep: int, left: list[int]
    ) -> None:
        holders = [node for node in root.walk() if node.role == "iframe" and node.ref]
        if holders and deep < _FRAMES_DEEP:
            await asyncio.gather(*(self._inside(frame, node, options, timeout_s, deep, left) for node in holders))

    async def _inside(
        self, outer: Frame, holder: Node, options: dict[str, Any], timeout_s: float, deep: int, left: list[int]
    ) -> None:
        left[0] -= 1
        if left[0] < 0:
            holder.text = "(not read: the page has too many frames)"
            return
        try:
            with anyio.fail_after(timeout_s):
                frame = await self._held(outer, holder, timeout_s)
                if frame is None:
                    return
                said: dict[str, Any] = await ask(frame, "read", encoded(options), timeout_s=timeout_s)
                prefix = self.prefix(said["id"], frame)
                holder.children = [node_of(kid, prefix) for kid in said["kids"]]
                inner = Node(role="page", children=holder.children)
                await self._fill(frame, inner, options, timeout_s=timeout_s, deep=deep + 1, left=left)
        except (Error, TimeoutError):
            holder.text = "(this frame does not answer, or is on its way to another page)"

    async def _held(self, outer: Frame, holder: Node, timeout_s: float) -> Frame | None:
        known = self._inner.get((holder.frame, holder.ref))
        if known is not None and not known.is_detached():
            return known
        ref = holder.ref.removeprefix(holder.frame)
        handle = await outer.locator(f"{ENGINE}=ref:{ref}").element_handle(timeout=timeout_s * 1000)
        frame = await handle.content_frame()
        if frame is not None:
            self._inner[holder.frame, holder.ref] = frame
        return frame
