"""Reads the actions of OpenAI's `computer` tool into our vocabulary, strictly.

What is not understood is said, never guessed: a click beside its target is worse than none.
This module knows no SDK and no browser.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bridges.computer import Action, Click, Drag, Key, Move, Point, Screenshot, Scroll, TypeText, Wait

__all__ = ["NotUnderstood", "dom_key", "read_actions"]


class NotUnderstood(Exception):
    """An action is outside the vocabulary. The message tells the model what to send instead."""


def read_actions(wire: Sequence[object]) -> tuple[Action, ...]:
    """Return the actions of one `computer_call`, in order.

    Raises:
        NotUnderstood: One of them could not be read. None is returned then, since the later ones of a batch
            rely on the earlier ones.
    """
    return tuple(_read(number, action) for number, action in enumerate(wire, start=1))


def dom_key(name: str) -> str:
    """Return the DOM name of a key ("Control", "ArrowLeft", "Space", "s").

    Upper and lower case, `_` and `-` make no difference in names; a single character is itself.

    Raises:
        NotUnderstood: There is no such key; the message lists near names.
    """
    if len(name) == 1 and name.isprintable() and name != " ":
        return name
    plain = name.casefold().replace("_", "").replace("-", "") if name != " " else "space"
    if plain in _KEYS:
        return _KEYS[plain]
    if "+" in name:
        raise NotUnderstood(f"unknown key {name!r}: give the keys of a chord one by one, as {name.split('+')!r}")
    near = get_close_matches(plain, _KEYS, n=3, cutoff=0.5)
    known = ", ".join(repr(key.upper()) for key in near) or "CTRL, ALT, SHIFT, CMD, ENTER, ESC, TAB, F1, ARROWLEFT"
    raise NotUnderstood(f"unknown key {name!r}; near names: {known}")


class _Wire(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)  # unknown fields are let pass: vendors add some


_Pixel = Annotated[int, Field(ge=0)]


class _Point(_Wire):
    x: _Pixel
    y: _Pixel


class _Click(_Point):
    type: Literal["click"]
    button: Literal["left", "right", "wheel", "back", "forward"]
    keys: list[str] | None = None


class _DoubleClick(_Point):
    type: Literal["double_click"]
    keys: list[str] | None = None


class _Move(_Point):
    type: Literal["move"]
    keys: list[str] | None = None


class _Drag(_Wire):
    type: Literal["drag"]
    path: Annotated[list[_Point], Field(min_length=2)]
    keys: list[str] | None = None


class _Scroll(_Point):
    type: Literal["scroll"]
    scroll_x: int
    scroll_y: int
    keys: list[str] | None = None


class _Keypress(_Wire):
    type: Literal["keypress"]
    keys: Annotated[list[str], Field(min_length=1)]


class _Type(_Wire):
    type: Literal["type"]
    text: str


class _Wait(_Wire):
    type: Literal["wait"]


class _Screenshot(_Wire):
    type: Literal["screenshot"]


_WireAction = _Click | _DoubleClick | _Move | _Drag | _Scroll | _Keypress | _Type | _Wait | _Screenshot
_READER: TypeAdapter[_WireAction] = TypeAdapter(Annotated[_WireAction, Field(discriminator="type")])


def _read(number: int, wire: object) -> Action:
    try:
        return _translate(_READER.validate_python(wire))
    except ValidationError as error:
        raise NotUnderstood(f"action {number}: {_first_mistake(error)}") from error
    except NotUnderstood as error:
        raise NotUnderstood(f"action {number}: {error}") from error


def _translate(wire: _WireAction) -> Action:
    match wire:
        case _Click(x=x, y=y):
            button = "middle" if wire.button == "wheel" else wire.button
            return Click(x=x, y=y, button=button, keys=_held(wire.keys))
        case _DoubleClick(x=x, y=y):
            return Click(x=x, y=y, count=2, keys=_held(wire.keys))
        case _Move(x=x, y=y):
            return Move(x=x, y=y, keys=_held(wire.keys))
        case _Drag(path=path):
            return Drag(path=tuple(Point(x=point.x, y=point.y) for point in path), keys=_held(wire.keys))
        case _Scroll(x=x, y=y):
            return Scroll(x=x, y=y, dx=wire.scroll_x, dy=wire.scroll_y, keys=_held(wire.keys))
        case _Keypress(keys=keys):
            return Key(keys=_chord(keys))
        case _Type(text=text):
            return TypeText(text=text)
        case _Wait():
            return Wait()
        case _Screenshot():
            return Screenshot()


def _held(keys: list[str] | None) -> tuple[str, ...]:
    """Return the keys held during a pointer action. Only modifiers can be held."""
    held = tuple(dom_key(key) for key in keys or ())
    for key, name in zip(keys or (), held, strict=True):
        if name not in _MODIFIERS:
            raise NotUnderstood(f"key {key!r} cannot be held during a pointer action; use one of {_MODIFIERS!r}")
    return held


def _chord(keys: list[str]) -> tuple[str, ...]:
    """Return one chord. Here "CTRL", "A" is Control+a: this wire writes in capitals and names Shift."""
    chord = tuple(dom_key(key) for key in keys)
    if any(key in _MODIFIERS for key in chord):
        return tuple(key.lower() if len(key) == 1 else key for key in chord)
    return chord


def _first_mistake(error: ValidationError) -> str:
    mistake = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in mistake["loc"])
    got: Any = mistake["input"]
    return f"{where or 'it'}: {mistake['msg']}, got {got!r}"


_MODIFIERS = ("Control", "Alt", "Shift", "Meta")

_KEYS: dict[str, str] = {
    "alt": "Alt",
    "altleft": "Alt",
    "altright": "Alt",
    "arrowdown": "ArrowDown",
    "arrowleft": "ArrowLeft",
    "arrowright": "ArrowRight",
    "arrowup": "ArrowUp",
    "backspace": "Backspace",
    "capslock": "CapsLock",
    "cmd": "Meta",
    "command": "Meta",
    "comma": ",",
    "contextmenu": "ContextMenu",
    "control": "Control",
    "controlleft": "Control",
    "controlright": "Control",
    "ctrl": "Control",
    "del": "Delete",
    "delete": "Delete",
    "down": "ArrowDown",
    "end": "End",
    "enter": "Enter",
    "equal": "=",
    "esc": "Escape",
    "escape": "Escape",
    "home": "Home",
    "ins": "Insert",
    "insert": "Insert",
    "left": "ArrowLeft",
    "menu": "ContextMenu",
    "meta": "Meta",
    "minus": "-",
    "numlock": "NumLock",
    "option": "Alt",
    "opt": "Alt",
    "pagedown": "PageDown",
    "pageup": "PageUp",
    "pause": "Pause",
    "period": ".",
    "pgdn": "PageDown",
    "pgup": "PageUp",
    "plus": "+",
    "printscreen": "PrintScreen",
    "return": "Enter",
    "right": "ArrowRight",
    "scrolllock": "ScrollLock",
    "shift": "Shift",
    "shiftleft": "Shift",
    "shiftright": "Shift",
    "slash": "/",
    "space": "Space",
    "spacebar": "Space",
    "super": "Meta",
    "tab": "Tab",
    "up": "ArrowUp",
    "win": "Meta",
    "windows": "Meta",
    **{f"f{number}": f"F{number}" for number in range(1, 25)},
}
