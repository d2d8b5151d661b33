"""What must not be seen: values of password fields, fields that a secret went into, and the secrets themselves.

Which fields those are is known in Playwright's isolated world (`state.js`), out of reach of the page.
"""

from collections.abc import Sequence

from playwright.async_api import Locator, Page

from bridges.browser.scripts import ENGINE
from bridges.browser.tree import Node
from bridges.browser.world import encoded

__all__ = ["HIDDEN", "Scrubber", "mark", "masks"]

HIDDEN = "(hidden)"
_FIELDS = f"css=input,textarea,select,[contenteditable] >> {ENGINE}=hidden"
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
        return f"{ENGINE}=shows:{encoded(self._values)}"

    def tree(self, root: Node) -> None:
        """Scrub a snapshot in place."""
        if self._values:
            for node in root.walk():
                node.name, node.text, node.url = self(node.name), self(node.text), self(node.url)
                node.near, node.placeholder = self(node.near), self(node.placeholder)


async def mark(locator: Locator) -> None:
    """Remember that the field holds a secret, whatever becomes of its type."""
    await locator.locator(f"{ENGINE}=mark").count()


def masks(page: Page, scrub: Scrubber | None = None) -> Sequence[Locator]:
    """Return what a screenshot has to cover, in every frame: fields, and text that repeats a secret."""
    selectors = [_FIELDS, *([scrub.selector()] if scrub else [])]
    return [frame.locator(selector) for frame in page.frames if not frame.is_detached() for selector in selectors]
