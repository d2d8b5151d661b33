"""From the words a caller uses for an element (a ref or a selector) to the one element meant, and its description.

Never a guess: exactly one visible match in all frames, else an error that lists what is there instead.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from playwright.async_api import ElementHandle, Error, Frame, Locator
from playwright.async_api import TimeoutError as PlaywrightTimeout
from pydantic import BaseModel, TypeAdapter

from bridges.browser.hiding import Scrubber
from bridges.browser.scripts import ENGINE, script
from bridges.browser.snapshot import View, lines_of
from bridges.browser.tab import UNKNOWN, Tab
from bridges.browser.tree import Node, parse
from bridges.browser.words import Ambiguous, NoSuchTarget, StaleRef, Target, origin_of

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
_EDGE = "e => { const b = e.getBoundingClientRect(); return [b.left + e.clientLeft, b.top + e.clientTop] }"
_MIDDLE = (
    "e => { const b = e.getClientRects()[0] ?? e.getBoundingClientRect();"
    " return [b.left + b.width / 2, b.top + b.height / 2] }"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """The one element meant."""

    locator: Locator
    role: str
    name: str
    key: str = ""  # Playwright's ref, which lasts until the next snapshot
    by_ref: bool = False

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


def ref_in(target: str) -> str | None:
    """Return the ref when the target is one, in any of the ways models write it."""
    match = _REF.fullmatch(target.strip())
    return match[1] if match else None


async def locate(tab: Tab, target: str, view: View) -> Located:
    """Return the element, given a snapshot that is fresh.

    Looking an element up by selector makes Playwright forget its other refs: a full snapshot has to follow.

    Raises:
        StaleRef: The ref is not on the page.
        NoSuchTarget: Nothing visible matches.
        Ambiguous: Several do.
    """
    if ref := ref_in(target):
        node = view.by_ref.get(ref)
        if node is None or not await tab.page.get_by_ref(node.key).count():
            raise StaleRef(
                f"ref {ref!r} is not on page {tab.handle} (any more): the element or the page under it is another "
                "one. Take a snapshot and use the ref that it shows."
            )
        locator = tab.page.get_by_ref(node.key)
        return Located(locator=locator, role=node.role, name=_name(node), key=node.key, by_ref=True)
    found = await _visible(tab, target)
    if not found:
        raise NoSuchTarget(f"nothing visible matches {target!r} on page {tab.handle}. {_candidates(view, target)}")
    if len(found) > 1:
        nodes = [await _node_at(locator) for locator in found[:_SHOWN]]
        listed = [_said(view.by_key.get(node.ref, node)) for node in nodes]
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise Ambiguous(f"{len(found)} elements match {target!r}; use the ref of one: {'; '.join(listed)}{more}")
    node = await _node_at(found[0])
    return Located(locator=found[0], role=node.role, name=_name(node), key=node.ref)


async def _visible(tab: Tab, selector: str) -> list[Locator]:
    found: list[Locator] = []
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
        found += [matching.nth(at) for at in range(count)]
    return found


async def _node_at(locator: Locator) -> Node:
    """Return the element as the accessibility tree has it."""
    try:
        root = parse(await locator.aria_snapshot(mode="ai", timeout=2_000))
    except Error:
        root = Node(role="page")
    return root.children[0] if root.children else Node(role="element")


def _name(node: Node) -> str:
    """Return the name; the tree leaves it out where the words below say the same."""
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
    return _FACTS.validate_python(await locator.evaluate(script("describe"), timeout=timeout_s * 1000))


async def described(tab: Tab, located: Located, scrub: Scrubber, *, timeout_s: float) -> Target:
    """Return the element as policy, audit and people need to know it; its `ref` is left to the next snapshot."""
    facts = await facts_of(located.locator, timeout_s=timeout_s)
    names = dict.fromkeys(name for name in (located.name, *facts.names) if name)
    return Target(
        ref="",
        role=located.role,
        name=scrub(located.name),
        tag=facts.tag,
        origin=await frame_origin(tab, located.locator),
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


async def frame_origin(tab: Tab, locator: Locator) -> str:
    """Return the origin of the frame that holds the element."""
    handle = await locator.element_handle(timeout=2_000)
    frame = own = await handle.owner_frame()
    while frame is not None and frame.url.startswith("about:") and frame.parent_frame is not None:
        frame = frame.parent_frame  # such a document belongs to the origin that made it
    origin = tab.origin if frame is None or frame == tab.page.main_frame else origin_of(frame.url)
    if own is None or not own.url.startswith("about:") or not origin.startswith("http"):
        return origin
    return origin if await locator.locator(f"{ENGINE}=of:{origin}").count() else UNKNOWN  # others may have made it


async def focused(tab: Tab) -> Located | None:
    """Return what has the focus, in whatever frame."""
    frame = tab.page.main_frame
    for _ in range(_FRAMES_DEEP):
        locator = frame.locator(f"{ENGINE}=focus")
        if not await locator.count():
            return None
        inner = await _inside(locator)
        if inner is None:
            node = await _node_at(locator)
            return Located(locator=locator, role=node.role, name=_name(node), key=node.ref)
        frame = inner
    return None


async def inner_hit(located: Located, *, timeout_s: float) -> Located | None:
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
        node = await _node_at(hit)
        return Located(locator=hit, role=node.role, name=_name(node), key=node.ref)
    middle: Sequence[float] = await locator.evaluate(_MIDDLE)
    edge: Sequence[float] = await hit.evaluate(_EDGE)
    return await _under(frame, middle[0] - edge[0], middle[1] - edge[1])


async def under_point(tab: Tab, x: float, y: float) -> Located | None:
    """Return what a click at the point of the viewport would hit, in whatever frame."""
    return await _under(tab.page.main_frame, x, y)


async def _under(frame: Frame, x: float, y: float) -> Located | None:
    for _ in range(_FRAMES_DEEP):
        locator = frame.locator(f"{ENGINE}=point:{x},{y}")
        if not await locator.count():
            return None
        inner = await _inside(locator)
        if inner is None:
            node = await _node_at(locator)
            return Located(locator=locator, role=node.role, name=_name(node), key=node.ref)
        edge: Sequence[float] = await locator.evaluate(_EDGE)
        frame, x, y = inner, x - edge[0], y - edge[1]
    return None


async def _inside(locator: Locator) -> Frame | None:
    handle: ElementHandle = await locator.element_handle(timeout=2_000)
    return await handle.content_frame()
