"""The JavaScript that lies beside these modules, and the one name that our own selector engine goes by."""

from functools import cache
from importlib.resources import files

__all__ = ["ENGINE", "script"]

ENGINE = "pointsman"


@cache
def script(name: str) -> str:
    """Return the text of a script of this package."""
    return files("bridges.browser").joinpath(f"{name}.js").read_text(encoding="utf-8")
