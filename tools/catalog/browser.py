"""The browser family: names and arguments as the Playwright MCP server has them, results and rules of our own.

Each tool is a row of `_SPECS`: its arguments, what it would touch (`browser_facts`) and what it does.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from bridges.browser.words import BrowserError, Target
from bridges.computer import Click, Drag, Move, Scroll, TypeText
from bridges.secrets import SecretRefused
from tools.catalog.browser_arguments import (
    At,
    ClickArguments,
    ClickAt,
    DragAlong,
    Extract,
    FillForm,
    HandleDialog,
    Navigate,
    OnSession,
    OnTarget,
    PressKey,
    Screenshot,
    SelectOption,
    Snapshot,
    Tabs,
    TypeArguments,
    TypeFocused,
    WaitFor,
    WheelAt,
)
from tools.catalog.browser_facts import (
    Ground,
    absolute,
    look_click,
    look_dialog,
    look_drag,
    look_element,
    look_fill,
    look_focus,
    look_key,
    look_navigate,
    look_page,
    look_point,
    look_tabs,
    look_type,
)
from tools.outcome import Answer, Refused, Uncertain
from tools.policy import Caller, Effect, Facts
from tools.registry import Result, Tool
from tools.render import FRAME_SCHEMA, OBSERVATION_SCHEMA, TABLE_SCHEMA, rendered, rendered_frame, rendered_table

if TYPE_CHECKING:
    from bridges.browser.process import Browsers
    from bridges.browser.session import Session

__all__ = ["browser_tools"]

_ACT_S = 30.0
_NAVIGATE_S = 45.0
_ANY_OBJECT: dict[str, Any] = {"type": "object"}
_SESSION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"session": {"type": "string"}},
    "required": ["session"],
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Spec:
    """One tool of the family: what it is called, what it takes, what it does, and what it would touch.

    With `holds_on` the act is also handed the element that was looked at, and refuses to hit another.
    """

    name: str
    title: str
    description: str
    arguments: type[OnSession]
    act: Callable[..., Awaitable[Result]]
    look: Callable[[Any, Ground], Awaitable[Facts | Refused]] = look_page
    effect: Effect = "idempotent"
    worst: Effect | None = None
    output: dict[str, Any] | None = None
    listed: bool = False
    holds_on: bool = False
    deadline_s: float = _ACT_S


def browser_tools(browsers: "Browsers", own_origins: frozenset[str]) -> tuple[Tool[Any], ...]:
    """Return the family, bound to where sessions come from.

    Args:
        browsers: The bridge.
        own_origins: Sites that every session may work on without asking first.
    """
    return (*(_bound(spec, browsers, own_origins) for spec in _SPECS), *_session_tools(browsers))


def _bound(spec: _Spec, browsers: "Browsers", own_origins: frozenset[str]) -> Tool[Any]:
    async def run(given: OnSession, caller: Caller) -> Result:
        async def acted() -> Result:
            session = await browsers.session(given.session, owner=caller.principal)
            if not spec.holds_on:
                return await spec.act(session, given)
            expected = caller.looked.element if caller.looked else None
            return await spec.act(session, given, expected)

        return await _attempted(acted)

    async def facts(given: OnSession, caller: Caller) -> Facts | Refused:
        async def looked() -> Facts | Refused:
            session = await browsers.session(given.session, owner=caller.principal)
            return await spec.look(given, Ground(session=session, configured=own_origins))

        seen = await _attempted(looked)
        return Refused(code="browser_error", reason=seen.reason) if isinstance(seen, Uncertain) else seen

    return Tool(
        name=f"browser_{spec.name}",
        title=spec.title,
        description=spec.description,
        family="browser",
        effect=spec.effect,
        worst=spec.worst,
        arguments=spec.arguments,
        run=run,
        facts=facts,
        output=spec.output or OBSERVATION_SCHEMA,
        listed=spec.listed,
        open_world=True,
        deadline_s=spec.deadline_s,
    )


def _session_tools(browsers: "Browsers") -> tuple[Tool[Any], ...]:
    async def new_session(given: OnSession, caller: Caller) -> Result:
        async def opened() -> Answer:
            session = await browsers.open(owner=caller.principal)
            return Answer(text=f"Opened session {session.handle}.", data={"session": session.handle})

        return await _attempted(opened)

    async def close(given: OnSession, caller: Caller) -> Result:
        async def closed() -> Answer:
            session = await browsers.session(given.session, owner=caller.principal)
            await browsers.close_session(session.handle, owner=caller.principal)
            return Answer(text=f"Closed session {session.handle}.", data={"session": session.handle})

        return await _attempted(closed)

    return (
        Tool(
            name="browser_new_session",
            title="Open a session",
            description="Open a browser session of its own, with its own cookies, and return its handle.",
            family="browser",
            effect="idempotent",
            arguments=OnSession,
            run=new_session,
            output=_SESSION_SCHEMA,
            listed=False,
            deadline_s=_ACT_S,
        ),
        Tool(
            name="browser_close",
            title="Close a session",
            description="Close a session with its pages and cookies.",
            family="browser",
            effect="idempotent",
            arguments=OnSession,
            run=close,
            output=_SESSION_SCHEMA,
            listed=False,
        ),
    )


async def _attempted(work: Callable[[], Awaitable[T]]) -> T | Refused | Uncertain:
    """Return what the work returns, or what the bridge's error amounts to."""
    try:
        return await work()
    except SecretRefused as error:
        return Refused(code="secret_refused", reason=str(error))
    except BrowserError as error:
        if error.performed == "unknown":
            return Uncertain(reason=str(error), evidence={"code": error.code})
        return Refused(code=error.code, reason=str(error))


async def _navigate(session: "Session", given: Navigate) -> Result:
    return rendered(await session.navigate(absolute(given.url), page=given.page))


async def _snapshot(session: "Session", given: Snapshot) -> Result:
    return rendered(await session.snapshot(target=given.target, query=given.query, page=given.page))


async def _click(session: "Session", given: ClickArguments, expected: Target | None) -> Result:
    count = 2 if given.doubleClick else 1
    modifiers = tuple(given.modifiers)
    seen = await session.click(
        given.target, button=given.button, count=count, modifiers=modifiers, expect=expected, page=given.page
    )
    return rendered(seen)


async def _type(session: "Session", given: TypeArguments) -> Result:
    seen = await session.type(given.target, given.text, submit=given.submit, slowly=given.slowly, page=given.page)
    return rendered(seen)


async def _fill(session: "Session", given: FillForm) -> Result:
    return rendered(await session.fill_form([(f.target, f.value) for f in given.fields], page=given.page))


async def _select(session: "Session", given: SelectOption) -> Result:
    return rendered(await session.select_option(given.target, given.values, page=given.page))


async def _hover(session: "Session", given: OnTarget) -> Result:
    return rendered(await session.hover(given.target, page=given.page))


async def _press(session: "Session", given: PressKey) -> Result:
    return rendered(await session.press_key(given.key, page=given.page))


async def _screenshot(session: "Session", given: Screenshot) -> Result:
    frame = await session.screenshot(target=given.target, full_page=given.fullPage, page=given.page)
    return rendered_frame(frame, session.handle)


async def _answer(session: "Session", given: HandleDialog) -> Result:
    return rendered(await session.handle_dialog(given.accept, given.promptText, page=given.page))


async def _wait(session: "Session", given: WaitFor) -> Result:
    if given.text is None and given.textGone is None and given.time is None:
        return Refused(code="bad_arguments", reason="browser_wait_for: give text, textGone or time")
    seen = await session.wait_for(text=given.text, text_gone=given.textGone, time_s=given.time, page=given.page)
    return rendered(seen)


async def _back(session: "Session", given: OnSession) -> Result:
    return rendered(await session.back(page=given.page))


async def _tabs(session: "Session", given: Tabs) -> Result:
    match given.action:
        case "list":
            pages = await session.tabs()
            text = "\n".join(f"{'*' if p.current else ' '} {p.handle} {p.title} — {p.url}" for p in pages)
            listed = [{"page": p.handle, "url": p.url, "title": p.title, "current": p.current} for p in pages]
            return Answer(text=text, data={"session": session.handle, "pages": listed})
        case "select" if given.page:
            return rendered(await session.select_tab(given.page))
        case "close" if given.page:
            return rendered(await session.close_tab(given.page))
        case _:
            return Refused(code="bad_arguments", reason=f"browser_tabs: {given.action} needs the page handle")


async def _extract(session: "Session", given: Extract) -> Result:
    table = await session.extract_table(target=given.target, caption=given.caption, page=given.page)
    return rendered_table(table)


async def _click_at(session: "Session", given: ClickAt, expected: Target | None) -> Result:
    action = Click(x=given.x, y=given.y, button=given.button, count=given.clickCount, keys=tuple(given.keys))
    return rendered(await session.act(action, expect=expected, page=given.page))


async def _move_to(session: "Session", given: At) -> Result:
    return rendered(await session.act(Move(x=given.x, y=given.y), page=given.page))


async def _wheel(session: "Session", given: WheelAt) -> Result:
    action = Scroll(x=given.x, y=given.y, dx=given.deltaX, dy=given.deltaY, keys=tuple(given.keys))
    return rendered(await session.act(action, page=given.page))


async def _drag(session: "Session", given: DragAlong) -> Result:
    return rendered(await session.act(Drag(path=tuple(given.path), keys=tuple(given.keys)), page=given.page))


async def _type_focused(session: "Session", given: TypeFocused) -> Result:
    return rendered(await session.act(TypeText(text=given.text), page=given.page))


_SPECS: tuple[_Spec, ...] = (
    _Spec(
        "navigate",
        "Open an address",
        "Open an address in the browser and return the page as a snapshot with refs.",
        Navigate,
        _navigate,
        look=look_navigate,
        listed=True,
        deadline_s=_NAVIGATE_S,
    ),
    _Spec(
        "snapshot",
        "Look at the page",
        "Return the page as text: roles, names, values, and refs to act on. Better than a screenshot for acting.",
        Snapshot,
        _snapshot,
        effect="read",
        listed=True,
    ),
    _Spec(
        "click",
        "Click an element",
        "Click an element and return what changed. Downloads are kept; a confirm() is reported, not answered.",
        ClickArguments,
        _click,
        look=look_click,
        worst="irreversible",
        holds_on=True,
        listed=True,
    ),
    _Spec(
        "type",
        "Type into a field",
        "Replace the text of a field and return what changed. Use secret://NAME for passwords.",
        TypeArguments,
        _type,
        look=look_type,
        worst="irreversible",
        listed=True,
    ),
    _Spec(
        "fill_form",
        "Fill a form",
        "Fill several fields at once and return what changed. Does not submit.",
        FillForm,
        _fill,
        look=look_fill,
        listed=True,
        deadline_s=60.0,
    ),
    _Spec(
        "press_key",
        "Press a key",
        "Press a key or chord where the focus is and return what changed.",
        PressKey,
        _press,
        look=look_key,
        worst="irreversible",
        listed=True,
    ),
    _Spec(
        "take_screenshot",
        "Take a screenshot",
        "Return a picture of the page or of one element; passwords are covered.",
        Screenshot,
        _screenshot,
        effect="read",
        output=FRAME_SCHEMA,
        listed=True,
    ),
    _Spec(
        "select_option",
        "Select options",
        "Select options of a drop-down list by label or value.",
        SelectOption,
        _select,
        look=look_element,
    ),
    _Spec("hover", "Hover over an element", "Move the pointer over an element.", OnTarget, _hover, look=look_element),
    _Spec(
        "handle_dialog",
        "Answer a dialog",
        "Answer the JavaScript dialog that blocks the page.",
        HandleDialog,
        _answer,
        look=look_dialog,
        worst="irreversible",
    ),
    _Spec(
        "wait_for",
        "Wait",
        "Wait for text to show or to go, or for some seconds, and return the page.",
        WaitFor,
        _wait,
        effect="read",
        deadline_s=45.0,
    ),
    _Spec("navigate_back", "Go back", "Go back to the page before.", OnSession, _back, deadline_s=_NAVIGATE_S),
    _Spec(
        "tabs",
        "Tabs",
        "List, select or close the pages of a session.",
        Tabs,
        _tabs,
        look=look_tabs,
        effect="read",
        worst="idempotent",
        output=_ANY_OBJECT,
    ),
    _Spec(
        "extract",
        "Read a table",
        "Read a table of the page into rows by column header, with no model.",
        Extract,
        _extract,
        effect="read",
        output=TABLE_SCHEMA,
    ),
    _Spec(
        "mouse_click_xy",
        "Click a point",
        "Click a point of the screenshot; the element under it is what policy and audit see.",
        ClickAt,
        _click_at,
        look=look_point,
        worst="irreversible",
        holds_on=True,
    ),
    _Spec("mouse_move_xy", "Move the pointer", "Move the pointer to a point.", At, _move_to),
    _Spec("mouse_wheel", "Scroll", "Turn the wheel over a point by so many pixels.", WheelAt, _wheel),
    _Spec(
        "mouse_drag_xy",
        "Drag",
        "Press, move along a path of points, release.",
        DragAlong,
        _drag,
        look=look_drag,
        worst="irreversible",
    ),
    _Spec(
        "type_focused",
        "Type where the focus is",
        "Type text into the element that has the focus; a line break presses Enter.",
        TypeFocused,
        _type_focused,
        look=look_focus,
        worst="irreversible",
    ),
)
