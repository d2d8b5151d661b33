"""From the words a caller uses for an element (a ref or a selector) to the one element meant, and its description.

Never a guess: exactly one visible match in all frames, else an error that lists what is there instead.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from playwright.async_api import Error, Frame, Locator
from playwright.async_api import TimeoutError as PlaywrightTimeout
from pydantic import BaseModel, TypeAdapter

from bridges.browser.hiding import Scrubber
from bridges.browser.scripts import ENGINE
from bridges.browser.snapshot import View, lines_of
from bridges.browser.tab import UNKNOWN, Tab
from bridges.browser.tree import Node, frame_of
from bridges.browser.words import Ambiguous, NoSuchTarget, StaleRef, Target, origin_of
from bridges.browser.world import ask

__all__ = [
    "Facts",
    "Located",
    "described",
    "facts_of",
    "focused",
    "frame_origin",
    "inner_hit",
    "locate",
    "ref_in",
    "under_point",
]

_REF = re.compile(r"\[?(?:ref=)?((?:f\d+)?e\d+)\]?")
_ROLE = re.compile(r"role=([a-z]+)")
_SHOWN = 8
_FRAMES_DEEP = 8
_LONGEST_VALUE = 500
_ASK_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """The one element meant."""

    locator: Locator
    frame: Frame
    role: str
    name: str
    ref: str = ""
    note: str = ""  # what is to be said about how it was found

    def __str__(self) -> str:
        return f'{self.role} "{self.name}"' if self.name else self.role


class Brief(BaseModel):
    """An element as `engine.js` names it; `id` is its document's, the ref without prefix."""

    id: str = ""
    ref: str = ""
    role: str
    name: str
    near: str = ""

    def __str__(self) -> str:
        said = f'{self.role} "{self.name}"' if self.name else self.role
        return f"{said} (beside: {self.near})" if self.near else said


class About(BaseModel):
    """What a ref means now."""

    id: str
    gone: bool = False
    healed: bool = False
    role: str = ""
    name: str = ""
    own: str = ""
    was: Brief | None = None
    candidates: tuple[Brief, ...] = ()

    def __str__(self) -> str:
        return f'{self.role} "{self.name}"' if self.name else self.role


class Option(BaseModel):
    """An option of a native list."""

    label: str
    value: str
    disabled: bool


class Facts(BaseModel):
    """What `describe.js` says of an element."""

    tag: str
    type: str
    submits: bool
    method: str
    stated_method: bool
    action: str
    action_origin: str
    destination: str
    names: tuple[str, ...]
    values: dict[str, str]
    entries: tuple[tuple[str, str | None], ...]  # null for a password
    submitter: str
    readonly: bool
    fillable: bool
    options: tuple[Option, ...] | None
    multiple: bool


_FACTS = TypeAdapter(Facts)
_BRIEF = TypeAdapter(Brief)
_ABOUT = TypeAdapter(About)


def ref_in(target: str) -> str | None:
    """Return the ref when the target is one, in any of the ways models write it."""
    match = _REF.fullmatch(target.strip())
    return match[1] if match else None


async def locate(tab: Tab, target: str, view: Callable[[], Awaitable[View]]) -> Located:
    """Return the element meant; `view` gives the page for candidates when there is none.

    Raises:
        StaleRef: The ref is not on the page, and nothing took its element's place for certain.
        NoSuchTarget: Nothing visible matches.
        Ambiguous: Several do.
    """
    if ref := ref_in(target):
        return await _by_ref(tab, ref)
    found = await _visible(tab, target)
    if not found:
        raise NoSuchTarget(
            f"nothing visible matches {target!r} on page {tab.handle}. {_candidates(await view(), target)}"
        )
    if len(found) > 1:
        listed = "; ".join([await _listed(tab, frame, locator) for frame, locator in found[:_SHOWN]])
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise Ambiguous(f"{len(found)} elements match {target!r}; use the ref of one: {listed}{more}")
    return await _at(tab, *found[0])


async def _by_ref(tab: Tab, ref: str) -> Located:
    prefix, number = frame_of(ref), ref.removeprefix(frame_of(ref))
    frame = tab.documents.frame(prefix)
    if frame is None:
        raise StaleRef(_unknown(tab, ref))
    said = _ABOUT.validate_python(await ask(frame, "about", number, timeout_s=_ASK_S))
    if tab.documents.prefix(said.id, frame) != prefix or (said.gone and said.was is None):
        raise StaleRef(_unknown(tab, ref))
    if said.gone:
        others = "; ".join(f"{each} [ref={prefix}{each.ref}]" for each in said.candidates)
        raise StaleRef(
            f"ref {ref!r} is not on page {tab.handle} any more: it was {said.was}. "
            + (f"There is now: {others}." if others else "There is nothing like it now; take a snapshot.")
        )
    note = ""
    if said.healed:
        note = f"the page replaced {said.was} [ref={ref}]; its one successor was taken: {said} [ref={prefix}{said.own}]"
    elif said.was is not None and said.was.name != said.name:
        note = f"{said.was} [ref={ref}] is now called {said.name!r}"
    locator = frame.locator(f"{ENGINE}=ref:{number}")
    return Located(locator=locator, frame=frame, role=said.role, name=said.name, ref=ref, note=note)


def _unknown(tab: Tab, ref: str) -> str:
    return (
        f"ref {ref!r} is not on page {tab.handle} (any more): the page under it is another one. Take a snapshot and "
        "use the ref that it shows."
    )


async def _at(tab: Tab, frame: Frame, locator: Locator) -> Located:
    """Return an element that was found, with what it is."""
    try:
        said = _BRIEF.validate_python(await ask(locator, "self", timeout_s=_ASK_S))
    except Error:
        return Located(locator=locator, frame=frame, role="element", name="")
    ref = tab.documents.prefix(said.id, frame) + said.ref
    return Located(locator=locator, frame=frame, role=said.role, name=said.name, ref=ref)


async def _listed(tab: Tab, frame: Frame, locator: Locator) -> str:
    """Return one of several matches in words, with a ref to use instead."""
    said = _BRIEF.validate_python(await ask(locator, "self", "near", timeout_s=_ASK_S))
    return f"{said} [ref={tab.documents.prefix(said.id, frame)}{said.ref}]"


async def _visible(tab: Tab, selector: str) -> list[tuple[Frame, Locator]]:
    found: list[tuple[Frame, Locator]] = []
    for frame in tab.page.frames:
        if frame.is_detached():
            continue
        matching = frame.locator(selector).locator("visible=true")
        try:
            count = await matching.count()
        except Error as error:
            if frame.is_detached() or "Execution context was destroyed" in error.message:
                continue
            if "selector" in error.message or "Unexpected" in error.message or "Unknown engine" in error.message:
                raise NoSuchTarget(
                    f"{selector!r} is neither a ref such as e12 nor a selector such as "
                    f'role=button[name="Save"]: {error.message.splitlines()[0]}'
                ) from error
            raise
        found += [(frame, matching.nth(at)) for at in range(count)]
    return found


def _name(node: Node) -> str:
    """Return the name, or the words below."""
    if node.name or node.role in ("textbox", "combobox", "searchbox", "spinbutton", "listbox", "table", "grid"):
        return node.name
    words = [below.name or below.text for below in node.walk() if below.name or below.text]
    return " ".join(words)[:120]


def _said(node: Node) -> str:
    lines = lines_of(node)
    text = lines[0].text[:160] if lines else str(node)
    return text if "[ref=" in text or not node.ref else f"{text} [ref={node.ref}]"


def _candidates(view: View, selector: str) -> str:
    role = match[1] if (match := _ROLE.search(selector)) else ""
    words = set(re.findall(r"\w{2,}", re.sub(r"role=\w+|name=", " ", selector).casefold()))
    named = [node for node in view.by_ref.values() if node.ref and _name(node)]

    def likeness(node: Node) -> float:
        name = _name(node).casefold()
        shared = len(words & set(re.findall(r"\w{2,}", name)))
        close = SequenceMatcher(None, " ".join(sorted(words)), name[:80]).ratio()
        return 3 * (node.role == role) + shared + close  # a control of the kind that was wanted comes first

    likely = sorted(named, key=likeness, reverse=True)
    listed = [_said(node) for node in likely[:_SHOWN] if likeness(node) >= 0.5]
    if listed:
        return f"Candidates: {'; '.join(dict.fromkeys(listed))}"
    return "Nothing is like it; take a snapshot to see what is there."


# Describing


async def facts_of(locator: Locator, *, timeout_s: float) -> Facts:
    """Return what the page says of the element."""
    return _FACTS.validate_python(await ask(locator, "facts", timeout_s=timeout_s))


async def described(tab: Tab, located: Located, scrub: Scrubber, *, timeout_s: float) -> Target:
    """Return the element as policy, audit and people need to know it."""
    facts = await facts_of(located.locator, timeout_s=timeout_s)
    names = dict.fromkeys(name for name in (located.name, *facts.names) if name)
    return Target(
        ref=located.ref,
        role=located.role,
        name=scrub(located.name),
        tag=facts.tag,
        origin=await frame_origin(tab, located),
        input_type=facts.type,
        submits=facts.submits,
        method=facts.method,
        submitter=facts.submitter,
        action_origin=facts.action_origin,
        action=scrub(facts.action),
        stated_method=facts.stated_method,
        destination=scrub(facts.destination),
        field_names=tuple(names),
        values={label: value[:_LONGEST_VALUE] for label, value in facts.values.items() if scrub(value) == value},
        digest=_digest(facts, scrub),
    )


def _digest(facts: Facts, scrub: Scrubber) -> str:
    """Return a hash over all that the form would send, passwords and secrets by name only; "" for no form."""
    if not facts.method:
        return ""
    entries = [(name, value if value is not None and scrub(value) == value else None) for name, value in facts.entries]
    return hashlib.sha256(json.dumps(entries).encode()).hexdigest()[:16]


async def frame_origin(tab: Tab, located: Located) -> str:
    """Return the origin of the frame that holds the element."""
    frame = own = located.frame
    while frame.url.startswith("about:") and frame.parent_frame is not None:
        frame = frame.parent_frame  # such a document belongs to the origin that made it
    origin = tab.origin if frame == tab.page.main_frame else origin_of(frame.url)
    if not own.url.startswith("about:") or not origin.startswith("http"):
        return origin
    belongs = located.locator.locator(f"{ENGINE}=of:{origin}")
    return origin if await belongs.count() else UNKNOWN  # others may have made it


async def focused(tab: Tab) -> Located | None:
    """Return what has the focus, in whatever frame."""
    frame = tab.page.main_frame
    for _ in range(_FRAMES_DEEP):
        locator = frame.locator(f"{ENGINE}=focus")
        if not await locator.count():
            return None
        inner = await _inside(locator)
        if inner is None:
            return await _at(tab, frame, locator)
        frame = inner
    return None


async def inner_hit(tab: Tab, located: Located, *, timeout_s: float) -> Located | None:
    """Return the control in an element that a click on the element would hit; None where that is the element itself."""
    locator = located.locator
    if not await locator.locator(f"{ENGINE}=wraps").count():
        return None
    try:
        await locator.scroll_into_view_if_needed(timeout=timeout_s * 1000)
    except PlaywrightTimeout:
        return None  # nor will it be clicked
    hit = locator.locator(f"{ENGINE}=hit")
    if not await hit.count():
        return None
    frame = await _inside(hit)
    if frame is None:
        return await _at(tab, located.frame, hit)
    (x, y), (left, top) = (await _box(locator, "middle")), (await _box(hit, "edge"))
    return await _under(tab, frame, x - left, y - top)


async def under_point(tab: Tab, x: float, y: float) -> Located | None:
    """Return what a click at the point of the viewport would hit, in whatever frame."""
    return await _under(tab, tab.page.main_frame, x, y)


async def _under(tab: Tab, frame: Frame, x: float, y: float) -> Located | None:
    for _ in range(_FRAMES_DEEP):
        locator = frame.locator(f"{ENGINE}=point:{x},{y}")
        if not await locator.count():
            return None
        inner = await _inside(locator)
        if inner is None:
            return await _at(tab, frame, locator)
        left, top = await _box(locator, "edge")
        frame, x, y = inner, x - left, y - top
    return None


async def _box(locator: Locator, what: Literal["middle", "edge"]) -> tuple[float, float]:
    said: dict[str, tuple[float, float]] = await ask(locator, "box", timeout_s=_ASK_S)
    return said[what]


async def _inside(locator: Locator) -> Frame | None:
    """Return the frame that an element holds."""
    if not await locator.locator(f"{ENGINE}=frame").count():
        return None
    handle = await locator.element_handle(timeout=_ASK_S * 1000)
    return await handle.content_frame()
