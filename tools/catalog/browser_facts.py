"""What a call of the browser family would touch, read from the page before anything happens.

One function for each way of touching a page. Policy, approvals and the journal go by what they return.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bridges.browser.words import Target, origin_of, web_address
from bridges.secrets import secret_name
from tools.catalog.browser_arguments import (
    ButtonAtPointer,
    ClickArguments,
    ClickAt,
    CookieSet,
    DragAlong,
    DragBetween,
    Drop,
    Evaluate,
    Fetch,
    FillForm,
    HandleDialog,
    HandOver,
    Navigate,
    OnSession,
    OnTarget,
    PressKey,
    SelectOption,
    Tabs,
    TypeArguments,
    TypeFocused,
    Upload,
)
from tools.effects import activation, is_password
from tools.outcome import Refused
from tools.policy import Effect, Facts

if TYPE_CHECKING:
    from bridges.browser.session import Session

__all__ = [
    "Ground",
    "absolute",
    "look_between",
    "look_click",
    "look_cookie",
    "look_credentials",
    "look_dialog",
    "look_download",
    "look_drag",
    "look_drop",
    "look_element",
    "look_evaluate",
    "look_fill",
    "look_focus",
    "look_hand_over",
    "look_key",
    "look_navigate",
    "look_page",
    "look_point",
    "look_pointer",
    "look_tabs",
    "look_type",
    "look_upload",
]

_ENTER = {"Enter", "NumpadEnter"}
_PRESSES = _ENTER | {"Space", " "}
_WEB = {"http", "https", "about"}
_SCHEMES = {"http", "https", "about", "file", "data", "javascript", "chrome", "view-source"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The sites that a session may work on without asking: its own, and those that the configuration names."""

    session: "Session"
    configured: frozenset[str]

    def owns(self, origin: str) -> bool:
        """Return whether the origin is one of them; a blank page is."""
        return not origin or origin in self.session.origins or origin in self.configured

    def at(self, origin: str, **facts: Any) -> Facts:
        """Return facts about an act on this origin."""
        return Facts(session=self.session.handle, origin=origin, own=self.owns(origin), **facts)

    def on(self, target: Target, kind: str, effect: Effect | None = None, **facts: Any) -> Facts:
        """Return facts about an act on an element; for a link to another site, about that site."""
        elsewhere = origin_of(target.destination) if target.destination else ""
        if elsewhere.startswith("http") and elsewhere != target.origin:
            return self.at(
                elsewhere, kind="follow", target=str(target), effect=effect, bound=target.destination, **facts
            )
        return self.at(target.origin, kind=kind, target=str(target), effect=effect, bound=target.destination, **facts)

    def activating(self, target: Target) -> Facts:
        """Return facts about clicking an element, or pressing Enter on it."""
        kind, effect = activation(target)
        if not target.submits:
            return self.on(target, kind, effect, element=target)
        if target.action_origin not in ("", target.origin):  # what is sent lands there, and a sign-in there is none
            return self.submitting(target, target.action_origin, "submit" if kind == "click" else kind, "irreversible")
        return self.submitting(target, target.origin, kind, effect)

    def submitting(self, target: Target, origin: str, kind: str, effect: Effect) -> Facts:
        """Return facts about sending a form to an origin: everything that is sent is bound by an approval."""
        sent = f"{target.method} {target.action} {target.digest}"
        return self.at(
            origin,
            kind=kind,
            target=str(target),
            effect=effect,
            values=target.values,
            bound=sent,
            element=target,
        )


async def look_page(given: OnSession, ground: Ground) -> Facts | Refused:
    """An act on the page as a whole."""
    return ground.at(ground.session.origin_on(given.page))


async def look_tabs(given: Tabs, ground: Ground) -> Facts | Refused:
    """Listing and choosing pages changes nothing; closing one does, and a new one goes somewhere."""
    if given.action == "new" and given.url:
        opened = _opening(given.url, ground)
        return replace(opened, effect="idempotent") if isinstance(opened, Facts) else opened
    return ground.at(ground.session.origin_on(given.page), effect="idempotent" if given.action == "close" else None)


async def look_navigate(given: Navigate, ground: Ground) -> Facts | Refused:
    """Opening an address."""
    return _opening(given.url, ground)


def _opening(url: str, ground: Ground) -> Facts | Refused:
    whole = absolute(url)
    if urlsplit(whole).scheme not in _WEB:
        return ground.at(origin_of(whole), kind="open", target=url)  # for the policy to refuse, and the journal to keep
    try:
        return ground.at(origin_of(web_address(whole)), kind="open", target=url)
    except ValueError as error:
        return Refused(code="bad_arguments", reason=f"{url!r} is not an address: {error}")


async def look_click(given: ClickArguments, ground: Ground) -> Facts | Refused:
    """Clicking an element."""
    return ground.activating(await ground.session.describe(given.target, page=given.page))


async def look_point(given: ClickAt, ground: Ground) -> Facts | Refused:
    """Clicking a point: whatever lies there."""
    return _at_point(await ground.session.describe_point(*given.point, page=given.page), given, ground)


def _at_point(target: Target | None, given: OnSession, ground: Ground) -> Facts:
    if target is not None:
        return ground.activating(target)
    return ground.at(ground.session.origin_on(given.page), kind="click")


async def look_drag(given: DragAlong, ground: Ground) -> Facts | Refused:
    """Dragging: pressed at the first point, let go at the last; what lies there is pressed or dropped upon."""
    ends = [
        await ground.session.describe_point(at.x, at.y, page=given.page) for at in (given.points[0], given.points[-1])
    ]
    facts = [ground.activating(target) for target in ends if target is not None]
    if not facts:
        return ground.at(ground.session.origin_on(given.page), kind="drag")
    return max(facts, key=lambda each: (not each.own, each.effect == "irreversible"))


async def look_between(given: DragBetween, ground: Ground) -> Facts | Refused:
    """Dragging one element to another: the first is pressed, the second dropped upon."""
    ends = [await ground.session.describe(end, page=given.page) for end in (given.startTarget, given.endTarget)]
    facts = [replace(ground.activating(end), kind="drag") for end in ends]
    return max(facts, key=lambda each: (not each.own, each.effect == "irreversible"))


async def look_pointer(given: ButtonAtPointer, ground: Ground) -> Facts | Refused:
    """Pressing or letting go of a button where the pointer is: whatever lies there."""
    x, y = ground.session.pointer_on(given.page)
    target = await ground.session.describe_point(x, y, page=given.page)
    return _at_point(target, given, ground)


async def look_upload(given: Upload, ground: Ground) -> Facts | Refused:
    """Putting files into a page: always a person's to decide."""
    names = ", ".join(given.paths) or "nothing"
    return ground.at(ground.session.origin_on(given.page), kind="upload", target=names, effect="irreversible")


async def look_drop(given: Drop, ground: Ground) -> Facts | Refused:
    """Dropping files or data on an element."""
    target = await ground.session.describe(given.target, page=given.page)
    names = ", ".join([*given.paths, *given.data]) or "nothing"
    effect: Effect | None = "irreversible" if given.paths else None
    kind = "upload" if given.paths else "drop"
    return ground.at(target.origin, kind=kind, target=f"{names} on {target}", effect=effect)


async def look_download(given: Fetch, ground: Ground) -> Facts | Refused:
    """Fetching an address as a file: as opening it."""
    if (given.url is None) == (given.target is None):
        return Refused(code="bad_arguments", reason="browser_download: give url or target")
    if given.url is not None:
        return _opening(given.url, ground)
    target = await ground.session.describe(given.target or "", page=given.page)
    if not target.destination:
        return Refused(code="not_actionable", reason=f"{target} is no link; click it, if it starts a download")
    opening = _opening(target.destination, ground)
    return replace(opening, element=target) if isinstance(opening, Facts) else opening


async def look_hand_over(given: HandOver, ground: Ground) -> Facts | Refused:
    """Asking a person to act in the browser: each time anew, so the kind counts."""
    if not ground.session.has_window:
        return Refused(
            code="no_window",
            reason="nobody can act in this browser: it has no window. The operator sets headless = false under "
            "[browser], or an endpoint of a browser with one",
        )
    kind = f"let you act in the browser (number {ground.session.handed_over + 1}; answer when you are done)"
    return ground.at(ground.session.origin_on(given.page), kind=kind, target=given.reason, effect="irreversible")


async def look_cookie(given: CookieSet, ground: Ground) -> Facts | Refused:
    """Setting a cookie, whose value is no business of the journal."""
    origin = ground.session.origin_on(given.page)
    return ground.at(origin, kind="set the cookie", target=given.name, hidden=frozenset({"value"}))


async def look_evaluate(given: Evaluate, ground: Ground) -> Facts | Refused:
    """Running a script: it can do whatever the page can, so the whole of it is asked about."""
    origin = ground.session.origin_on(given.page)
    return ground.at(origin, kind="evaluate", target=given.function[:2_000], effect="irreversible")


async def look_credentials(given: OnSession, ground: Ground) -> Facts | Refused:
    """Reading what a site keeps in the browser, which may be a way in."""
    origin = ground.session.origin_on(given.page)
    return ground.at(origin, kind="read what is stored", effect="irreversible")


async def look_element(given: OnTarget, ground: Ground) -> Facts | Refused:
    """Hovering over an element, or selecting in one."""
    target = await ground.session.describe(given.target, page=given.page)
    kind = "select" if isinstance(given, SelectOption) else "hover"
    return ground.at(target.origin, kind=kind, target=str(target))


async def look_type(given: TypeArguments, ground: Ground) -> Facts | Refused:
    """Typing into a field; with `submit`, what Enter then does."""
    target = await ground.session.describe(given.target, page=given.page)
    return _typing(target, given.text, ground, submits=given.submit)


async def look_focus(given: TypeFocused, ground: Ground) -> Facts | Refused:
    """Typing where the focus is; a line break presses Enter."""
    focused = await ground.session.describe_focus(page=given.page)
    if focused is None:
        return Refused(code="no_focus", reason="nothing that takes text has the focus; click a field first")
    return _typing(focused, given.text, ground, submits="\n" in given.text and focused.tag == "input")


async def look_fill(given: FillForm, ground: Ground) -> Facts | Refused:
    """Filling several fields; of several sites, one that is not the session's own counts."""
    targets = [await ground.session.describe(field.target, page=given.page) for field in given.fields]
    for target, field in zip(targets, given.fields, strict=True):
        if secret_name(field.value) is not None and target.action_origin not in ("", target.origin):
            return _leaky(target)
    raw = any(_is_raw_password(t, field.value) for t, field in zip(targets, given.fields, strict=True))
    origin = next((t.origin for t in targets if not ground.owns(t.origin)), targets[0].origin)
    hidden = frozenset({"fields"}) if raw else frozenset[str]()
    return ground.at(origin, kind="fill", target=", ".join(map(str, targets)), hidden=hidden)


async def look_key(given: PressKey, ground: Ground) -> Facts | Refused:
    """Pressing a key: Enter and Space activate what has the focus."""
    pressed = given.key.rpartition("+")[2] or "+"
    focused = await ground.session.describe_focus(page=given.page) if pressed in _PRESSES else None
    if focused is None:
        return ground.at(ground.session.origin_on(given.page), kind="press")
    entered = pressed in _ENTER and focused.tag in {"input", "select"}
    return ground.activating(_submitting(focused) if entered and focused.method else focused)


async def look_dialog(given: HandleDialog, ground: Ground) -> Facts | Refused:
    """Answering a dialog: an OK to a question commits to whatever it asks."""
    dialog = ground.session.dialog_on(given.page)
    if dialog is None:
        return Refused(code="no_dialog", reason="no dialog is open")
    return ground.at(
        ground.session.origin_on(given.page),
        kind="answer OK to" if given.accept else "answer Cancel to",
        target=f"{dialog.kind}() {dialog.message!r}",
        effect="irreversible" if given.accept and dialog.kind != "alert" else None,
    )


def absolute(url: str) -> str:
    """Return the address with a scheme; https is assumed where there is none."""
    return url if urlsplit(url).scheme in _SCHEMES else f"https://{url}"


def _typing(target: Target, text: str, ground: Ground, *, submits: bool) -> Facts | Refused:
    if secret_name(text) is not None and target.action_origin not in ("", target.origin):
        return _leaky(target)
    hidden = frozenset({"text"}) if _is_raw_password(target, text) else frozenset[str]()
    if submits and target.method:
        return replace(ground.activating(_submitting(target)), hidden=hidden)
    return ground.at(target.origin, kind="type", target=str(target), hidden=hidden)


def _leaky(target: Target) -> Refused:
    reason = (
        f"the form of {target} is sent to {target.action_origin}, not to {target.origin}: no secret is typed into it"
    )
    return Refused(code="secret_refused", reason=reason)


def _submitting(target: Target) -> Target:
    """Return what pressing Enter in a field amounts to: its form is submitted as by its first button."""
    return replace(target, submits=True, role="button", name=target.submitter)


def _is_raw_password(target: Target, text: str) -> bool:
    return is_password(target) and secret_name(text) is None
