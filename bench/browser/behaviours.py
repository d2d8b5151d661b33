"""How pages react to a click: the names of `tests/site/settle/behaviours.js`, and which of them never end."""

import re
from pathlib import Path

__all__ = ["ENDLESS", "FOLDER", "behaviours"]

FOLDER = Path(__file__).parents[2] / "tests" / "site" / "settle"
ENDLESS = frozenset(
    {"hanging-request", "hanging-navigation", "hanging-worker", "hanging-event-source", "progress-for-long"}
)
_NAME = re.compile(r'^  "([a-z0-9-]+)": \{', re.MULTILINE)


def behaviours() -> tuple[str, ...]:
    """Return the names, in the order of the file."""
    return tuple(_NAME.findall((FOLDER / "behaviours.js").read_text(encoding="utf-8")))
