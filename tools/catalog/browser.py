"""The browser family: names and arguments as the Playwright MCP server has them, results and rules of our own.

Each tool is a row of `_SPECS`: its arguments, what it would touch (`browser_facts`) and what it does.
"""

from typing import TYPE_CHECKING, Any

from bridges.browser.words import Target
from bridges.computer import Click, Drag, Move, Scroll, TypeText
from tools.catalog.browser_arguments import (
    At,
    ClickArguments,
    ClickAt,
    DragAlong,
    Extract,
    FillForm,
    HandleDialog,
    Navigate,
    NewSession,
    OnSession,
    OnTarget,
    OpenProfile,
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
    absolute,
    look_click,
    look_dialog,
    look_drag,
    look_element,
    look_fill,
    look_focus,
    look_key,
    look_navigate,
    look_point,
    look_tabs,
    look_type,
)
from tools.catalog.browser_more import MORE
from tools.catalog.browser_spec import ACT_S, ANY_OBJECT, NAVIGATE_S, Spec, attempted, bound
from tools.extraction import rows_of_items, shaped
from tools.outcome import Answer, Refused
from tools.policy import Caller, Facts
from tools.registry import Result, Tool
from tools.render import FRAME_SCHEMA, TABLE_SCHEMA, rendered, rendered_frame, rendered_rows

if TYPE_CHECKING:
    from bridges.browser.process import Browsers
    from bridges.browser.session import Session

__all__ = ["browser_tools"]

_SESSION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"session": {"type": "string"}},
    "required": ["session"],
}


def browser_tools(browsers: "Browsers", own_origins: frozenset[str]) -> tuple[Tool[Any], ...]:
    """Return the family, bound to where sessions come from.

    Args:
        browsers: The bridge.
        own_origins: Sites that every session may work on without asking first.
    """
    return (*(bound(spec, browsers, own_origins) for spec in (*_SPECS, *MORE)), *_session_tools(browsers))


def _session_tools(browsers: "Browsers") -> tuple[Tool[Any], ...]:
    async def new_session(given: NewSession, caller: Caller) -> Result:
        async def opened() -> Answer:
            session = await browsers.open(owner=caller.principal)
            return Answer(text=f"Opened session {session.handle}.", data={"session": session.handle})

        return await attempted(opened)

    async def profile_facts(given: OpenProfile, caller: Caller) -> Facts:
        return Facts(kind="use the sign-ins of", target=f"profile {given.profile}")

    async def open_profile(given: OpenProfile, caller: Caller) -> Result:
        async def opened() -> Answer:
            session = await browsers.open(owner=caller.principal, profile=given.profile)
            text = f"Opened session {session.handle} with profile {given.profile}, kept when the session is closed."
            return Answer(text=text, data={"session": session.handle})

        return await attempted(opened)

    async def close(given: OnSession, caller: Caller) -> Result:
        async def closed() -> Answer:
            session = await browsers.session(given.session, owner=caller.principal)
            await browsers.close_session(session.handle, owner=caller.principal)
            return Answer(text=f"Closed session {session.handle}.", data={"session": session.handle})

        return await attempted(closed)

    return (
        Tool(
            name="browser_new_session",
            title="Open a session",
            description="Open a browser session of its own, with its own cookies, and return its handle.",
            family="browser",
            effect="idempotent",
            arguments=NewSession,
            run=new_session,
            output=_SESSION_SCHEMA,
            listed=False,
            deadline_s=ACT_S,
        ),
        Tool(
            name="browser_open_profile",
            title="Open a session with a profile",
            description="Open a session with the sign-ins kept under a name; they are kept again when it is closed.",
            family="browser",
            effect="irreversible",
            arguments=OpenProfile,
            facts=profile_facts,
            run=open_profile,
            output=_SESSION_SCHEMA,
            listed=False,
            deadline_s=ACT_S,
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


async def _navigate(session: "Session", given: Navigate) -> Result:
    return rendered(await session.navigate(absolute(given.url), page=given.page))


async def _snapshot(session: "Session", given: Snapshot) -> Result:
    seen = await session.snapshot(
        given.target, given.query, cursor=given.cursor, depth=given.depth, boxes=given.boxes, page=given.page
    )
    return rendered(seen)


async def _click(session: "Session", given: ClickArguments, expected: Target | None) -> Result:
    count = 2 if given.doubleClick else 1
    modifiers = tuple(given.modifiers)
    seen = await session.click(
        given.target,
        button=given.button,
        count=count,
        modifiers=modifiers,
        expect=expected,
        wait=given.wait,
        page=given.page,
    )
    return rendered(seen)


async def _type(session: "Session", given: TypeArguments) -> Result:
    seen = await session.type(
        given.target, given.text, submit=given.submit, slowly=given.slowly, wait=given.wait, page=given.page
    )
    return rendered(seen)


async def _fill(session: "Session", given: FillForm) -> Result:
    return rendered(await session.fill_form([(f.target, f.value) for f in given.fields], page=given.page))


async def _select(session: "Session", given: SelectOption) -> Result:
    return rendered(await session.select_option(given.target, given.values, page=given.page))


async def _hover(session: "Session", given: OnTarget) -> Result:
    return rendered(await session.hover(given.target, page=given.page))


async def _press(session: "Session", given: PressKey) -> Result:
    return rendered(await session.press_key(given.key, wait=given.wait, page=given.page))


async def _screenshot(session: "Session", given: Screenshot) -> Result:
    frame = await session.screenshot(
        given.target, given.fullPage, kind=given.type, annotate=given.annotate, page=given.page
    )
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
        case "new":
            return rendered(await session.new_tab(absolute(given.url) if given.url else None))
        case "select" | "close":
            page = given.page or await _page_at(session, given.index)
            if page is None:
                return Refused(code="bad_arguments", reason=f"browser_tabs: {given.action} needs the page handle")
            act = session.select_tab if given.action == "select" else session.close_tab
            return rendered(await act(page))


async def _page_at(session: "Session", index: int | None) -> str | None:
    pages = await session.tabs()
    return pages[index].handle if index is not None and index < len(pages) else None


async def _extract(session: "Session", given: Extract) -> Result:
    if given.kind == "table":
        table = await session.extract_table(target=given.target, caption=given.caption, page=given.page)
        what, note, rows = table.caption or "the table", table.note, shaped(table, given.schema_)
    else:
        items = await session.extract_items(given.kind, given.target, page=given.page)
        what, note, rows = f"the {given.kind}", "", rows_of_items(items, given.schema_)
    return rendered_rows(what, rows, note)


async def _click_at(session: "Session", given: ClickAt, expected: Target | None) -> Result:
    x, y = given.point
    action = Click(x=x, y=y, button=given.button, count=given.clickCount, keys=tuple(given.keys))
    return rendered(await session.act(action, expect=expected, page=given.page))


async def _move_to(session: "Session", given: At) -> Result:
    x, y = given.point
    return rendered(await session.act(Move(x=x, y=y), page=given.page))


async def _wheel(session: "Session", given: WheelAt) -> Result:
    x, y = session.pointer_on(given.page)
    x, y = given.x if given.x is not None else x, given.y if given.y is not None else y
    action = Scroll(x=x, y=y, dx=given.deltaX, dy=given.deltaY, keys=tuple(given.keys))
    return rendered(await session.act(action, page=given.page))


async def _drag(session: "Session", given: DragAlong) -> Result:
    return rendered(await session.act(Drag(path=given.points, keys=tuple(given.keys)), page=given.page))


async def _type_focused(session: "Session", given: TypeFocused) -> Result:
    return rendered(await session.act(TypeText(text=given.text), page=given.page))


_SPECS: tuple[Spec, ...] = (
    Spec(
        "navigate",
        "Open an address",
        "Open an address in the browser and return the page as a snapshot with refs.",
        Navigate,
        _navigate,
        look=look_navigate,
        listed=True,
        deadline_s=NAVIGATE_S,
    ),
    Spec(
        "snapshot",
        "Look at the page",
        "Return the page as text: roles, names, values, and refs to act on. Better than a screenshot for acting.",
        Snapshot,
        _snapshot,
        effect="read",
        listed=True,
    ),
    Spec(
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
    Spec(
        "type",
        "Type into a field",
        "Replace the text of a field and return what changed. Use secret://NAME for passwords.",
        TypeArguments,
        _type,
        look=look_type,
        worst="irreversible",
        listed=True,
    ),
    Spec(
        "fill_form",
        "Fill a form",
        "Fill several fields at once and return what changed. Does not submit.",
        FillForm,
        _fill,
        look=look_fill,
        listed=True,
        deadline_s=60.0,
    ),
    Spec(
        "press_key",
        "Press a key",
        "Press a key or chord where the focus is and return what changed.",
        PressKey,
        _press,
        look=look_key,
        worst="irreversible",
        listed=True,
    ),
    Spec(
        "take_screenshot",
        "Take a screenshot",
        "Return a picture of the page or of one element; passwords are covered.",
        Screenshot,
        _screenshot,
        effect="read",
        output=FRAME_SCHEMA,
        listed=True,
    ),
    Spec(
        "select_option",
        "Select options",
        "Select options of a drop-down list by label or value.",
        SelectOption,
        _select,
        look=look_element,
    ),
    Spec("hover", "Hover over an element", "Move the pointer over an element.", OnTarget, _hover, look=look_element),
    Spec(
        "handle_dialog",
        "Answer a dialog",
        "Answer the JavaScript dialog that blocks the page.",
        HandleDialog,
        _answer,
        look=look_dialog,
        worst="irreversible",
    ),
    Spec(
        "wait_for",
        "Wait",
        "Wait for text to show or to go, or for some seconds, and return what changed.",
        WaitFor,
        _wait,
        effect="read",
        deadline_s=45.0,
    ),
    Spec("navigate_back", "Go back", "Go back to the page before.", OnSession, _back, deadline_s=NAVIGATE_S),
    Spec(
        "tabs",
        "Tabs",
        "List, select or close the pages of a session.",
        Tabs,
        _tabs,
        look=look_tabs,
        effect="read",
        worst="idempotent",
        output=ANY_OBJECT,
    ),
    Spec(
        "extract",
        "Read a table, list or form",
        "Read a table, a list or a form of the page into rows, with no model; each value with the ref of its place.",
        Extract,
        _extract,
        effect="read",
        output=TABLE_SCHEMA,
    ),
    Spec(
        "mouse_click_xy",
        "Click a point",
        "Click a point of the screenshot; the element under it is what policy and audit see.",
        ClickAt,
        _click_at,
        look=look_point,
        worst="irreversible",
        holds_on=True,
    ),
    Spec("mouse_move_xy", "Move the pointer", "Move the pointer to a point.", At, _move_to),
    Spec("mouse_wheel", "Scroll", "Turn the wheel over a point by so many pixels.", WheelAt, _wheel),
    Spec(
        "mouse_drag_xy",
        "Drag",
        "Press, move along a path of points, release.",
        DragAlong,
        _drag,
        look=look_drag,
        worst="irreversible",
    ),
    Spec(
        "type_focused",
        "Type where the focus is",
        "Type text into the element that has the focus; a line break presses Enter.",
        TypeFocused,
        _type_focused,
        look=look_focus,
        worst="irreversible",
    ),
)
