"""Single acts on an element or at a point, each with a short patience and a reason when it cannot be done.

Playwright's call log tells whether an act that timed out had begun: then the page may have felt it. Logs quote what
was typed, so nothing of them leaves this module.
"""

import contextlib
import re
import unicodedata
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from difflib import get_close_matches
from typing import Literal

import anyio
from playwright.async_api import Error, Locator, Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

from bridges.browser.target import Facts, Located
from bridges.browser.tree import frame_of
from bridges.browser.words import NotActionable
from bridges.browser.world import ask
from bridges.computer import Action, Click, Drag, Key, Move, Screenshot, Scroll, TypeText, Wait

__all__ = [
    "DRAG_STEPS",
    "PATIENCE_MS",
    "Begun",
    "at_point",
    "attempt",
    "choices",
    "point_at",
    "pointer_after",
    "press",
    "put",
    "refuse_controls",
    "refuse_keys",
    "type_out",
    "type_slowly",
]

PATIENCE_MS = 1_200  # how long an element may take to become actionable
DRAG_STEPS = 6  # fewer motions and a drag never starts
_FORMS = {  # what fields of these types understand; anything else leaves them empty
    "date": "2026-03-31",
    "time": "14:30",
    "datetime-local": "2026-03-31T14:30",
    "month": "2026-03",
    "week": "2026-W14",
    "number": "12.5",
    "color": "#0088ff",
}
_KEYS = (
    *("Enter", "Escape", "Tab", "Space", "Backspace", "Delete", "Insert", "Home", "End", "PageUp", "PageDown"),
    *("ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Control", "Shift", "Alt", "Meta", "ControlOrMeta"),
    *(f"F{number}" for number in range(1, 13)),
    *("ContextMenu", "CapsLock", "NumLock", "ScrollLock", "Pause", "PrintScreen", "NumpadEnter"),
)
_NAMED = re.compile(rf"{'|'.join(_KEYS)}|Key[A-Z]|Digit\d|(Shift|Control|Alt|Meta)(Left|Right)")
_HELD = frozenset({"Shift", "Control", "Alt", "Meta", "ControlOrMeta"})


class Begun(Exception):
    """The act was carried out, and the page did not answer in time afterwards."""


async def attempt(located: Located, what: str, call: Callable[[], Awaitable[object]], *, typing: bool = False) -> None:
    """Carry out a Playwright action on the element.

    Raises:
        NotActionable: It could not be done; says why.
        Begun: It was done, but the page was too busy to say so.
    """
    try:
        await call()
    except PlaywrightTimeout as error:
        if "performing " in error.message:
            raise Begun from error
        reason = await _obstacle(located, typing=typing)
        if not reason and "intercepts pointer events" in error.message:
            reason = "another element covers it"
        if not reason and "not stable" in error.message:
            reason = "it keeps moving"
        raise NotActionable(f"could not {what} {located}: {reason or 'it did not become ready'}") from error
    except Error as error:
        if "Element is not an <input>" in error.message or "not a checkbox" in error.message:
            raise NotActionable(f"could not {what} {located}: it is no field of that kind") from error
        if "Malformed value" in error.message or "Cannot type text into" in error.message:
            raise NotActionable(f"could not {what} {located}: it wants text of another form") from error
        if "not attached" in error.message or "detached" in error.message:
            raise NotActionable(f"could not {what} {located}: it is not on the page any more (detached)") from error
        raise


async def point_at(page: Page, located: Located) -> None:
    """Move the pointer over an element, where it is now; whether it can be clicked is for the click to find out."""
    with contextlib.suppress(PlaywrightTimeout):
        await ask(located.locator, "reach", timeout_s=PATIENCE_MS / 1000)
        box = await located.locator.bounding_box(timeout=PATIENCE_MS)
        if box is not None:
            await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


async def _obstacle(located: Located, *, typing: bool) -> str:
    try:
        said = str(await ask(located.locator, "obstacle", "typing" if typing else "", timeout_s=0.5))
        return said.replace("[ref=", f"[ref={frame_of(located.ref)}")
    except PlaywrightTimeout:
        with anyio.fail_after(0.5):  # a page that does not answer this either hangs
            if await located.locator.count():
                return ""
        return "it is not on the page any more (detached)"


async def put(located: Located, facts: Facts, value: str) -> None:
    """Give a field of a form its value, whatever kind of field it is."""
    locator = located.locator
    if facts.options is not None:
        values = choices(located, facts, [value])
        call = lambda: locator.select_option(value=values, timeout=PATIENCE_MS, no_wait_after=True)  # noqa: E731
        await attempt(located, "choose an option of", call)
    elif facts.type in ("checkbox", "radio") or located.role in ("checkbox", "radio", "switch"):
        if value.strip().casefold() not in ("true", "false"):
            raise NotActionable(f'{located} takes "true" or "false", not {value!r}')
        checked = value.strip().casefold() == "true"
        await attempt(located, "check", lambda: locator.set_checked(checked, timeout=PATIENCE_MS))
    elif facts.fillable:
        await attempt(located, "fill", lambda: locator.fill(value, timeout=PATIENCE_MS), typing=True)
        if value and facts.type in _FORMS and not await locator.input_value(timeout=PATIENCE_MS):
            raise NotActionable(f"{located} did not take the text: it wants the form of {_FORMS[facts.type]}")
    else:
        raise NotActionable(f"{located} is no field: click it and choose in what opens")


def choices(located: Located, facts: Facts, wanted: Sequence[str]) -> list[str]:
    """Return the values of the options that are called so, by label or value.

    Raises:
        NotActionable: It is no native list, or an option does not exist; lists the options.
    """
    if facts.options is None:
        raise NotActionable(f"{located} is not a native list: click it, then click the option that shows")
    if len(wanted) > 1 and not facts.multiple:
        raise NotActionable(f"{located} takes one option, not {len(wanted)}")
    found: list[str] = []
    for want in wanted:
        tidy = " ".join(want.split())
        exact = [option for option in facts.options if tidy in (option.label, option.value)]
        loose = [option for option in facts.options if option.label.casefold() == tidy.casefold()]
        matching = exact or loose
        if not matching:
            labels = [option.label for option in facts.options]
            shown = ", ".join(map(repr, labels[:30])) + (f", … {len(labels) - 30} more" if len(labels) > 30 else "")
            raise NotActionable(f"{located} has no option {want!r}; it has {shown}")
        if matching[0].disabled:
            raise NotActionable(f"option {want!r} of {located} is disabled")
        found.append(matching[0].value)
    return found


def refuse_controls(text: str, into: object, *, lines: bool) -> None:
    """Refuse control characters, which would press keys; `lines` says whether line breaks are text there.

    Raises:
        NotActionable: The text holds one. The message does not quote the text, which may be a secret.
    """
    for character in text:
        if unicodedata.category(character) != "Cc" or (lines and character == "\n"):
            continue
        if character == "\n":
            raise NotActionable(f"{into} takes one line, and the text holds a line break: use submit, or press Enter")
        raise NotActionable(
            f"the text for {into} holds the control character U+{ord(character):04X}: leave it out; Enter is pressed "
            "with submit, Tab and other keys with press_key"
        )


def refuse_keys(action: Action) -> None:
    """Refuse keys that do more than modify what the pointer does, and text that would press other keys than Enter.

    Raises:
        NotActionable: There is one.
    """
    match action:
        case Click() | Move() | Drag() | Scroll():
            for key in action.keys:
                if key not in _HELD:
                    raise NotActionable(f"{key!r} cannot be held meanwhile: only Shift, Control, Alt and Meta can")
        case TypeText():
            refuse_controls(action.text.replace("\r\n", "\n"), "what has the focus", lines=True)
        case Key():
            _refuse_chord("+".join(action.keys))
        case Wait() | Screenshot():
            pass


async def press(page: Page, chord: str, *, on: Locator | None = None) -> None:
    """Press a key or a chord such as Control+s.

    Raises:
        NotActionable: There is no such key; names near ones.
    """
    _refuse_chord(chord)
    try:
        if on is None:
            await page.keyboard.press(chord)
        else:
            await on.press(chord, timeout=PATIENCE_MS, no_wait_after=True)
    except Error as error:
        if "Unknown key" not in error.message:
            raise
        raise _no_key(chord) from error


def _refuse_chord(chord: str) -> None:
    """Refuse what is not one key, with modifiers before it: Playwright would press "\\n" and "Enter+a" as Enter."""
    *held, key = _keys_of(chord)
    for name in held:
        if name not in _HELD:
            raise NotActionable(f"{name!r} in {chord!r} is no key to hold: those are Shift, Control, Alt and Meta")
    if not _NAMED.fullmatch(key) and not (len(key) == 1 and key.isprintable()):
        raise _no_key(chord)


def _keys_of(chord: str) -> list[str]:
    """Return the keys of a chord; a plus where a key should begin is the key +."""
    keys = [""]
    for character in chord:
        if character == "+" and keys[-1]:
            keys.append("")
        else:
            keys[-1] += character
    return keys


def _no_key(chord: str) -> NotActionable:
    near = get_close_matches(_keys_of(chord)[-1], _KEYS, n=4, cutoff=0.4) or _KEYS[:8]
    return NotActionable(
        f"there is no key {chord!r}: give a name or one printable character; near ones: {', '.join(near)}"
    )


async def type_out(page: Page, text: str) -> None:
    """Type where the focus is; a line break presses Enter."""
    for at, line in enumerate(text.replace("\r\n", "\n").split("\n")):
        if at:
            await page.keyboard.press("Enter")
        await _insert(page, line)


async def type_slowly(page: Page, located: Located, text: str, *, timeout_s: float) -> None:
    """Type into a field key by key; a line break is put in as text, because Enter might send something."""
    locator = located.locator
    await attempt(located, "type into", lambda: locator.clear(timeout=PATIENCE_MS), typing=True)
    for at, line in enumerate(text.split("\n")):
        if at:
            await page.keyboard.insert_text("\n")
        call = lambda line=line: locator.press_sequentially(line, timeout=timeout_s * 1000)  # noqa: E731
        await attempt(located, "type into", call, typing=True)


async def _insert(page: Page, text: str) -> None:
    if len(text) <= 200:
        await page.keyboard.type(text)
    else:
        await page.keyboard.insert_text(text)


async def at_point(page: Page, action: Action, viewport: tuple[int, int]) -> str:
    """Carry out an action of a model that sees the page as a picture, and return what was done, in words.

    Raises:
        NotActionable: A point lies outside the picture; nothing is moved to the edge. Or `refuse_keys` does.
    """
    refuse_keys(action)
    match action:
        case Click(button="back") | Click(button="forward"):
            await (page.go_back if action.button == "back" else page.go_forward)(wait_until="commit", timeout=10_000)
            return f"Went {action.button}"
        case Click():
            _inside(viewport, action.x, action.y)
            button: Literal["left", "right", "middle"] = action.button  # type: ignore[assignment]
            async with _holding(page, action.keys):
                await page.mouse.click(action.x, action.y, button=button, click_count=action.count)
            return f"Clicked at {action.x}, {action.y}"
        case Move():
            _inside(viewport, action.x, action.y)
            async with _holding(page, action.keys):
                await page.mouse.move(action.x, action.y)
            return f"Moved to {action.x}, {action.y}"
        case Drag():
            for point in action.path:
                _inside(viewport, point.x, point.y)
            await _drag(page, action)
            return f"Dragged to {action.path[-1].x}, {action.path[-1].y}"
        case Scroll():
            _inside(viewport, action.x, action.y)
            async with _holding(page, action.keys):
                await page.mouse.move(action.x, action.y)
                await page.mouse.wheel(action.dx, action.dy)
            return f"Scrolled by {action.dx}, {action.dy}"
        case Key():
            await press(page, "+".join(action.keys))
            return f"Pressed {'+'.join(action.keys)}"
        case TypeText():
            await type_out(page, action.text)
            return "Typed"
        case Wait():
            await anyio.sleep(1)
            return "Waited"
        case Screenshot():
            return ""


def pointer_after(action: Action) -> tuple[int, int] | None:
    """Return where the action leaves the pointer; None when it does not move it."""
    match action:
        case Click(button="left" | "right" | "middle") | Move() | Scroll():
            return action.x, action.y
        case Drag():
            return action.path[-1].x, action.path[-1].y
        case _:
            return None


def _inside(viewport: tuple[int, int], x: int, y: int) -> None:
    width, height = viewport
    if not (0 <= x < width and 0 <= y < height):
        raise NotActionable(f"the point {x}, {y} lies outside the page's {width}×{height} pixels")


async def _drag(page: Page, action: Drag) -> None:
    first, *rest = action.path
    async with _holding(page, action.keys):
        await page.mouse.move(first.x, first.y)
        await page.mouse.down()
        try:
            for point in rest:
                await page.mouse.move(point.x, point.y, steps=DRAG_STEPS)
        finally:
            with anyio.move_on_after(2, shield=True):
                await page.mouse.up()


@asynccontextmanager
async def _holding(page: Page, keys: Sequence[str]) -> AsyncGenerator[None]:
    """Hold keys down meanwhile, and let them go whatever happens."""
    down: list[str] = []
    try:
        for key in keys:
            down.append(key)
            await page.keyboard.down(key)
        yield
    finally:
        with anyio.move_on_after(2, shield=True):
            for key in reversed(down):
                await page.keyboard.up(key)
