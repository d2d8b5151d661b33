"""The JavaScript that lies beside these modules, and the one name that our own selector engine goes by."""

from functools import cache
from importlib.resources import files

__all__ = ["ENGINE", "engine", "script"]

ENGINE = "pointsman"
_PARTS = (
    "dom",
    "roles",
    "beside",
    "sight",
    "state",
    "read",
    "describe",
    "obstacle",
    "tables",
    "items",
    "layout",
    "engine",
)


@cache
def script(name: str) -> str:
    """Return the text of a script of this package."""
    return files("bridges.browser").joinpath(f"{name}.js").read_text(encoding="utf-8")


@cache
def engine() -> str:
    """Return the selector engine, which runs in the isolated world: its parts one after the other."""
    return "(() => {\n" + "\n".join(map(script, _PARTS)) + "\n})()"
