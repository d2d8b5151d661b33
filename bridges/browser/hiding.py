"""What must not be seen: values of password fields, fields that a secret went into, and the secrets themselves.

The marks live in Playwright's isolated world (`engine.js`), out of reach of the page. Everything here fails closed: a
field that cannot be asked is hidden.
"""

import asyncio
import base64
import json
from collections.abc import Sequence

from playwright.async_api import Error, Locator, Page

from bridges.browser.scripts import ENGINE
from bridges.browser.tree import Node

__all__ = ["HIDDEN", "Scrubber", "any_hidden", "hide_values", "mark", "masks"]

HIDDEN = "(hidden)"
_FIELDS = f"css=input,textarea,select,[contenteditable] >> {ENGINE}=hidden"
_VALUED = frozenset({"textbox", "searchbox", "spinbutton", "combobox", "slider"})
_SHORTEST = 3  # a shorter secret is hidden where it stands alone; elsewhere it would black out ordinary words


class Scrubber:
    """The secret values that this session typed, taken out of whatever it says."""

    def __init__(self) -> None:
        self._values: list[str] = []

    def add(self, value: str) -> None:
        """Remember a value, in memory only."""
        if value and value not in self._values:
            self._values.append(value)
            self._values.sort(key=len, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._values)

    def __call__(self, text: str) -> str:
        """Return the text with each value replaced by "(hidden)"."""
        for value in self._values:
            for form in (value, " ".join(value.split())):
                if text == form:
                    return HIDDEN
                if len(form) >= _SHORTEST:
                    text = text.replace(form, HIDDEN)
        return text

    def selector(self) -> str:
        """Return the selector of elements whose own text shows one of the values, or "" when there are none."""
        if not self._values:
            return ""
        values = base64.urlsafe_b64encode(json.dumps(self._values).encode()).decode()
        return f"{ENGINE}=shows:{values}"

    def tree(self, root: Node) -> None:
        """Scrub a snapshot in place."""
        if self._values:
            for node in root.walk():
                node.name, node.text, node.url = self(node.name), self(node.text), self(node.url)


async def mark(locator: Locator) -> None:
    """Remember that the field holds a secret, whatever becomes of its type."""
    await locator.locator(f"{ENGINE}=mark").count()


def masks(page: Page, scrub: Scrubber | None = None) -> Sequence[Locator]:
    """Return what a screenshot has to cover, in every frame: fields, and text that repeats a secret."""
    selectors = [_FIELDS, *([scrub.selector()] if scrub else [])]
    return [frame.locator(selector) for frame in page.frames if not frame.is_detached() for selector in selectors]


async def hide_values(page: Page, root: Node) -> None:
    """Replace the values of hidden fields in a snapshot by "(hidden)"."""
    valued = [node for node in root.walk() if node.role in _VALUED and node.ref and _value(node)]

    async def is_hidden(node: Node) -> bool:
        try:
            field = page.get_by_ref(node.key)
            return bool(await field.locator(f"{ENGINE}=hidden").count()) or not await field.count()
        except Error:
            return True

    for node, hidden in zip(valued, await asyncio.gather(*map(is_hidden, valued)), strict=True):
        if hidden:
            node.text = HIDDEN
            node.children = []


def _value(node: Node) -> str:
    return node.text or next((child.text for child in node.children if child.role == "text"), "")


async def any_hidden(page: Page) -> bool:
    """Return whether any frame has a field to hide."""

    async def in_frame(locator: Locator) -> bool:
        try:
            return bool(await locator.count())
        except Error:
            return True

    return any(await asyncio.gather(*map(in_frame, masks(page))))
