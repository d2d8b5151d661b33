"""One walk over data: change every text in it. For taking secrets out and putting inputs in. Pure."""

from collections.abc import Callable
from typing import Any, cast

__all__ = ["mapped"]


def mapped(value: Any, change: Callable[[str], str]) -> Any:
    """Return the value with `change` applied to every string in it, keys included."""
    match value:
        case str():
            return change(value)
        case dict():
            items = cast("dict[Any, Any]", value)
            return {mapped(key, change): mapped(item, change) for key, item in items.items()}
        case list() | tuple():
            entries = [mapped(item, change) for item in cast("list[Any]", value)]
            return tuple(entries) if isinstance(value, tuple) else entries
        case _:
            return value
