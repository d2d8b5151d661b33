"""One vocabulary of actions for every model dialect and every screen.

Coordinates are integer CSS pixels of the last frame that the model was shown, origin top left.
This module knows no vendor and no browser.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Action",
    "Click",
    "Drag",
    "Key",
    "Move",
    "Point",
    "Screenshot",
    "Scroll",
    "TypeText",
    "Wait",
]


class _Action(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Point(_Action):
    """A point of the frame, in CSS pixels."""

    x: int
    y: int


class Click(_Action):
    """Press a mouse button at a point, `count` times."""

    kind: Literal["click"] = "click"
    x: int
    y: int
    button: Literal["left", "right", "middle", "back", "forward"] = "left"
    count: Literal[1, 2, 3] = 1
    keys: tuple[str, ...] = ()


class Move(_Action):
    """Move the pointer."""

    kind: Literal["move"] = "move"
    x: int
    y: int
    keys: tuple[str, ...] = ()


class Drag(_Action):
    """Press at the first point, move along the path, release at the last."""

    kind: Literal["drag"] = "drag"
    path: tuple[Point, ...] = Field(min_length=2)
    keys: tuple[str, ...] = ()


class Scroll(_Action):
    """Turn the wheel over a point by so many pixels."""

    kind: Literal["scroll"] = "scroll"
    x: int
    y: int
    dx: int = 0
    dy: int = 0
    keys: tuple[str, ...] = ()


class Key(_Action):
    """Press one chord, in DOM key names: ("Control", "s")."""

    kind: Literal["key"] = "key"
    keys: tuple[str, ...] = Field(min_length=1)


class TypeText(_Action):
    """Type text where the focus is."""

    kind: Literal["type"] = "type"
    text: str


class Wait(_Action):
    """Let the page go on by itself for a moment."""

    kind: Literal["wait"] = "wait"


class Screenshot(_Action):
    """Look."""

    kind: Literal["screenshot"] = "screenshot"


Action = Annotated[Click | Move | Drag | Scroll | Key | TypeText | Wait | Screenshot, Field(discriminator="kind")]
