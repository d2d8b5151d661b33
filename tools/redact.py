"""Secrets out of whatever leaves: one pure walk over text and data.

Knows no values itself: it is handed the function that takes them out of a text.
"""

from collections.abc import Callable
from typing import Any

__all__ = ["redacted"]


def redacted(value: Any, scrub: Callable[[str], str]) -> Any:
    """Return the value with `scrub` applied to every string in it, keys included."""
    match value:
        case str():
            return scrub(value)
        case dict():
            items: dict[Any, Any] = value
            return {redacted(key, scrub): redacted(item, scrub) for key, item in items.items()}
        case list():
            entries: list[Any] = value
            return [redacted(item, scrub) for item in entries]
        case tuple():
            parts: tuple[Any, ...] = value
            return tuple(redacted(item, scrub) for item in parts)
        case _:
            return value
