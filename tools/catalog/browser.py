"""The browser family: names and arguments as the Playwright MCP server has them, results and rules of our own.

Each tool is arguments, facts and a function. The facts (which element, on which origin, what would it submit) are
read from the page before anything happens; policy, approvals and the journal go by them.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any, Literal, Protocol, TypeVar
from urllib.parse import urlsplit

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from bridges.browser.words import BrowserError, Target, origin_of
from bridges.computer import Click, Drag, Move, Point, Scroll, TypeText
from bridges.secrets import SecretRefused, secret_name
from tools.effects import activation, is_password
from tools.outcome import Answer, Refused, Uncertain
from tools.policy import Caller, Effect, Facts
from tools.registry import Result, Tool
from tools.render import FRAME_SCHEMA, OBSERVATION_SCHEMA, TABLE_SCHEMA, rendered, rendered_frame, rendered_table

__all__ = ["browser_tools"]

_ACT_S = 30.0
_ANY_OBJECT: dict[str, Any] = {"type": "object"}
_SESSION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"session": {"type": "string"}},
    "required": ["session"],
}
_NAVIGATE_S = 45.0
T = TypeVar("T")


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    session: str | None = Field(None, description="Session handle; omit for the default session.")
    page: str | None = Field(None, description="Page handle such as p2; omit for the current page.")


_TARGET = Field(
    validation_alias=AliasChoices("target", "ref"),
    description='Ref from a snapshot such as e12, or a selector such as role=button[name="Save"].',
)
_OPTIONAL_TARGET = Field(
    None, validation_alias=AliasChoices("target", "ref"), description="Ref or selector of the element."
)
_ELEMENT = Field(None, description="What the element is, in words; for the record only.")


class Navigate(_Arguments):
    """Arguments of browser_navigate."""

    url: str = Field(description="Absolute address; https:// is assumed when the scheme is missing.")


class Snapshot(_Arguments):
    """Arguments of browser_snapshot."""

    target: str | None = Field(
        None, validation_alias=AliasChoices("target", "ref"), description="Ref of a part to see in full."
    )
    query: str | None = Field(None, description="Show only lines that hold this text, with their context.")


class OnTarget(_Arguments):
    """Arguments of tools that take an element."""

    target: str = _TARGET
    element: str | None = _ELEMENT


class ClickArguments(OnTarget):
    """Arguments of browser_click."""

    doubleClick: bool = False
    button: Literal["left", "right", "middle"] = "left"
    modifiers: list[Literal["Alt", "Control", "ControlOrMeta", "Meta", "Shift"]] = []


class TypeArguments(OnTarget):
    """Arguments of browser_type."""

    text: str = Field(description="Text, or secret://NAME for a configured secret.")
    submit: bool = Field(False, description="Press Enter afterwards.")
    slowly: bool = Field(False, description="Key by key, for fields that react to each key.")


class FormField(BaseModel):
    """One field of browser_fill_form."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    target: str = _TARGET
    value: str = Field(description='Text, secret://NAME, option label, or "true"/"false" for a checkbox.')
    name: str | None = Field(None, description="What the field is, in words; for the record only.")
    element: str | None = _ELEMENT
    type: Literal["textbox", "checkbox", "radio", "combobox", "slider"] | None = Field(
        None, description="Found out from the page; accepted for compatibility."
    )


class FillForm(_Arguments):
    """Arguments of browser_fill_form."""

    fields: Annotated[list[FormField], Field(min_length=1, max_length=50)]


class SelectOption(OnTarget):
    """Arguments of browser_select_option."""

    values: Annotated[list[str], Field(min_length=1)] = Field(description="Labels or values of the options.")


class PressKey(_Arguments):
    """Arguments of browser_press_key."""

    key: str = Field(description="Key or chord in DOM names: Enter, ArrowDown, Control+a.")


class Screenshot(_Arguments):
    """Arguments of browser_take_screenshot."""

    target: str | None = _OPTIONAL_TARGET
    element: str | None = _ELEMENT
    fullPage: bool = False


class HandleDialog(_Arguments):
    """Arguments of browser_handle_dialog."""

    accept: bool
    promptText: str | None = None


class WaitFor(_Arguments):
    """Arguments of browser_wait_for."""

    text: str | None = Field(None, description="Wait until this text shows.")
    textGone: str | None = Field(None, description="Wait until this text is gone.")
    time: float | None = Field(None, ge=0, le=30, description="Wait so many seconds.")


class Tabs(_Arguments):
    """Arguments of browser_tabs."""

    action: Literal["list", "select", "close"]


class Extract(_Arguments):
    """Arguments of browser_extract."""

    target: str | None = _OPTIONAL_TARGET
    caption: str | None = Field(None, description="Name of the table, when there are several.")


class At(_Arguments):
    """A point of the screenshot in the page's CSS pixels."""

    x: int
    y: int
    element: str | None = _ELEMENT


class ClickAt(At):
    """Arguments of browser_mouse_click_xy."""

    button: Literal["left", "right", "middle", "back", "forward"] = "left"
    clickCount: Literal[1, 2, 3] = 1
    keys: list[str] = []


class WheelAt(At):
    """Arguments of browser_mouse_wheel."""

    deltaX: int = 0
    deltaY: int = 0
    keys: list[str] = []


class DragAlong(_Arguments):
    """Arguments of browser_mouse_drag_xy."""

    path: Annotated[list[Point], Field(min_length=2, max_length=100)]
    keys: list[str] = []


class TypeFocused(_Arguments):
    """Arguments of browser_type_focused."""

    text: str = Field(description="Text, or secret://NAME for a configured secret.")


class Browsers(Protocol):
    """Where sessions come from; `bridges.browser.process.Browsers` is one."""

    async def session(self, handle: str | None, *, owner: str) -> Any: ...
    async def open(self, *, owner: str) -> Any: ...
    async def close_session(self, handle: str, *, owner: str) -> None: ...


def browser_tools(browsers: Browsers, own_origins: frozenset[str]) -> tuple[Tool[Any], ...]:
    """Return the family, bound to where sessions come from.

    Args:
        browsers: The bridge.
        own_origins: Sites that every session may work on without asking first.
    """

    async def session_of(arguments: _Arguments, caller: Caller) -> Any:
        return await browsers.session(arguments.session, owner=caller.principal)

    def facts_on(session: Any, origin: str, **facts: Any) -> Facts:
        own = not origin or origin in session.origins or origin in own_origins
        return Facts(session=session.handle, origin=origin, own=own, **facts)

    def facts_of_target(session: Any, target: Target, kind: str, effect: Effect | None, **facts: Any) -> Facts:
        if target.destination:
            elsewhere = origin_of(target.destination)
            if elsewhere.startswith("http") and elsewhere != target.origin:
                return facts_on(session, elsewhere, kind="follow", target=str(target), effect=effect, **facts)
        return facts_on(session, target.origin, kind=kind, target=str(target), effect=effect, **facts)

    def activated(session: Any, target: Target) -> Facts:
        kind, effect = activation(target)
        return facts_of_target(session, target, kind, effect, values=target.values if target.submits else {})

    async def look_navigate(arguments: Navigate, caller: Caller) -> Facts | Refused:
        session = await session_of(arguments, caller)
        try:
            return facts_on(session, origin_of(_absolute(arguments.url)), kind="navigate")
        except ValueError as error:
            return Refused(code="bad_arguments", reason=f"{arguments.url!r} is not an address: {error}")

    async def look_click(arguments: ClickArguments, caller: Caller) -> Facts | Refused:
        session = await session_of(arguments, caller)
        return activated(session, await session.describe(arguments.target, page=arguments.page))

    async def look_type(arguments: TypeArguments, caller: Caller) -> Facts | Refused:
        session = await session_of(arguments, caller)
        target: Target = await session.describe(arguments.target, page=arguments.page)
        kind, effect = ("type", None)
        if arguments.submit and target.method.lower() == "post":
            kind, effect = activation(_submitting(target))
        hidden = frozenset({"text"}) if _is_raw_password(target, arguments.text) else frozenset[str]()
        return facts_of_target(session, target, kind, effect, hidden=hidden)

    async def look_fill(arguments: FillForm, caller: Caller) -> Facts | Refused:
        session = await session_of(arguments, caller)
        targets = [await session.describe(field.target, page=arguments.page) for field in arguments.fields]
        raw = any(_is_raw_password(t, field.value) for t, field in zip(targets, arguments.fields, strict=True))
        names = ", ".join(str(target) for target in targets)
        hidden = frozenset({"fields"}) if raw else frozenset[str]()
        return facts_on(session, targets[0].origin, kind="fill", target=names, hidden=hidden)

    async def look_element(arguments: OnTarget, caller: Caller) -> Facts | Refused:
        session = await session_of(arguments, caller)
        target = await session.describe(arguments.target, page=arguments.page)
        return facts_of_target(session, target, "select" if isinstance(arguments, SelectOption) else "hover", None)

    async def look_key(arguments: PressKey, caller: Caller) -> Facts | Refused:
        session = await session_of(arguments, caller)
        if arguments.key not in {"Enter", "NumpadEnter", "Space", " "}:
            return facts_on(session, session.page_origin, kind="press")
        focused: Target | None = await session.describe_focus(page=arguments.page)
        if focused is None:
            return facts_on(session, session.page_origin, kind="press")
        entered = arguments.key in {"Enter", "NumpadEnter"} and focused.tag == "input"
        return activated(session, _submitting(focused) if entered and focused.method else focused)

    async def look_dialog(arguments: HandleDialog, caller: Caller) -> Facts | Refused:
        session = await session_of(arguments, caller)
        dialog = session.dialog
        if dialog is None:
            return Refused(code="no_dialog", reason="no dialog is open")
        commits = arguments.accept and dialog.kind != "alert"
        verb = "answer OK to" if arguments.accept else "answer Cancel to"
        return facts_on(
            session,
            session.page_origin,
            kind=verb,
            target=f"{dialog.kind}() {dialog.message!r}",
            effect="irreversible" if commits else None,
        )

    async def look_point(arguments: ClickAt, caller: Caller) -> Facts | Refused:
        session = await session_of(arguments, caller)
        target = await session.describe_point(arguments.x, arguments.y, page=arguments.page)
        return facts_on(session, session.page_origin, kind="click") if target is None else activated(session, target)

    async def look_focus(arguments: TypeFocused, caller: Caller) -> Facts | Refused:
        session = await session_of(arguments, caller)
        focused: Target | None = await session.describe_focus(page=arguments.page)
        if focused is None:
            return Refused(code="no_focus", reason="nothing that takes text has the focus; click a field first")
        hidden = frozenset({"text"}) if _is_raw_password(focused, arguments.text) else frozenset[str]()
        kind, effect = ("type", None)
        if "\n" in arguments.text and focused.tag == "input" and focused.method.lower() == "post":
            kind, effect = activation(_submitting(focused))
        return facts_of_target(session, focused, kind, effect, hidden=hidden)

    async def look_page(arguments: _Arguments, caller: Caller) -> Facts | Refused:
        session = await session_of(arguments, caller)
        return facts_on(session, session.page_origin)

    def tool(
        name: str,
        title: str,
        description: str,
        arguments: type[Any],
        act: Callable[[Any, Any], Awaitable[Result]],
        *,
        effect: Effect = "idempotent",
        facts: Callable[[Any, Caller], Awaitable[Facts | Refused]] = look_page,
        worst: Effect | None = None,
        output: dict[str, Any] | None = OBSERVATION_SCHEMA,
        listed: bool = False,
        deadline_s: float = _ACT_S,
    ) -> Tool[Any]:
        async def run(given: Any, caller: Caller) -> Result:
            return await _attempted(lambda: _with_session(given, caller))

        async def _with_session(given: Any, caller: Caller) -> Result:
            return await act(await session_of(given, caller), given)

        async def look(given: Any, caller: Caller) -> Facts | Refused:
            seen = await _attempted(lambda: facts(given, caller))
            return seen if isinstance(seen, Facts | Refused) else Refused(code="browser_error", reason=seen.reason)

        return Tool(
            name=f"browser_{name}",
            title=title,
            description=description,
            family="browser",
            effect=effect,
            worst=worst,
            arguments=arguments,
            run=run,
            facts=look,
            output=output,
            listed=listed,
            open_world=True,
            deadline_s=deadline_s,
        )

    async def new_session(given: _Arguments, caller: Caller) -> Result:
        opened = await _attempted(lambda: browsers.open(owner=caller.principal))
        if isinstance(opened, Refused | Uncertain):
            return opened
        return Answer(text=f"Opened session {opened.handle}.", data={"session": opened.handle})

    async def close(given: _Arguments, caller: Caller) -> Result:
        async def closed() -> Answer:
            session = await session_of(given, caller)
            await browsers.close_session(session.handle, owner=caller.principal)
            return Answer(text=f"Closed session {session.handle}.", data={"session": session.handle})

        return await _attempted(closed)

    async def navigate(session: Any, given: Navigate) -> Result:
        return rendered(await session.navigate(_absolute(given.url), page=given.page))

    async def snapshot(session: Any, given: Snapshot) -> Result:
        return rendered(await session.snapshot(target=given.target, query=given.query, page=given.page))

    async def click(session: Any, given: ClickArguments) -> Result:
        count = 2 if given.doubleClick else 1
        modifiers = tuple(given.modifiers)
        seen = await session.click(given.target, button=given.button, count=count, modifiers=modifiers, page=given.page)
        return rendered(seen)

    async def type_(session: Any, given: TypeArguments) -> Result:
        seen = await session.type(given.target, given.text, submit=given.submit, slowly=given.slowly, page=given.page)
        return rendered(seen)

    async def fill(session: Any, given: FillForm) -> Result:
        return rendered(await session.fill_form([(f.target, f.value) for f in given.fields], page=given.page))

    async def select(session: Any, given: SelectOption) -> Result:
        return rendered(await session.select_option(given.target, given.values, page=given.page))

    async def hover(session: Any, given: OnTarget) -> Result:
        return rendered(await session.hover(given.target, page=given.page))

    async def press(session: Any, given: PressKey) -> Result:
        return rendered(await session.press_key(given.key, page=given.page))

    async def screenshot(session: Any, given: Screenshot) -> Result:
        frame = await session.screenshot(target=given.target, full_page=given.fullPage, page=given.page)
        return rendered_frame(frame, session.handle)

    async def answer(session: Any, given: HandleDialog) -> Result:
        return rendered(await session.handle_dialog(given.accept, given.promptText, page=given.page))

    async def wait(session: Any, given: WaitFor) -> Result:
        if given.text is None and given.textGone is None and given.time is None:
            return Refused(code="bad_arguments", reason="browser_wait_for: give text, textGone or time")
        seen = await session.wait_for(text=given.text, text_gone=given.textGone, time_s=given.time, page=given.page)
        return rendered(seen)

    async def back(session: Any, given: _Arguments) -> Result:
        return rendered(await session.back(page=given.page))

    async def tabs(session: Any, given: Tabs) -> Result:
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

    async def extract(session: Any, given: Extract) -> Result:
        table = await session.extract_table(target=given.target, caption=given.caption, page=given.page)
        return rendered_table(table)

    async def click_at(session: Any, given: ClickAt) -> Result:
        action = Click(x=given.x, y=given.y, button=given.button, count=given.clickCount, keys=tuple(given.keys))
        return rendered(await session.act(action, page=given.page))

    async def move_to(session: Any, given: At) -> Result:
        return rendered(await session.act(Move(x=given.x, y=given.y), page=given.page))

    async def wheel(session: Any, given: WheelAt) -> Result:
        action = Scroll(x=given.x, y=given.y, dx=given.deltaX, dy=given.deltaY, keys=tuple(given.keys))
        return rendered(await session.act(action, page=given.page))

    async def drag(session: Any, given: DragAlong) -> Result:
        return rendered(await session.act(Drag(path=tuple(given.path), keys=tuple(given.keys)), page=given.page))

    async def type_focused(session: Any, given: TypeFocused) -> Result:
        return rendered(await session.act(TypeText(text=given.text), page=given.page))

    return (
        tool(
            "navigate",
            "Open an address",
            "Open an address in the browser and return the page as a snapshot with refs.",
            Navigate,
            navigate,
            facts=look_navigate,
            listed=True,
            deadline_s=_NAVIGATE_S,
        ),
        tool(
            "snapshot",
            "Look at the page",
            "Return the page as text: roles, names, values, and refs to act on. Better than a screenshot for acting.",
            Snapshot,
            snapshot,
            effect="read",
            listed=True,
        ),
        tool(
            "click",
            "Click an element",
            "Click an element and return what changed. A confirm() that opens is reported, not answered.",
            ClickArguments,
            click,
            facts=look_click,
            worst="irreversible",
            listed=True,
        ),
        tool(
            "type",
            "Type into a field",
            "Replace the text of a field and return what changed. Use secret://NAME for passwords.",
            TypeArguments,
            type_,
            facts=look_type,
            worst="irreversible",
            listed=True,
        ),
        tool(
            "fill_form",
            "Fill a form",
            "Fill several fields at once and return what changed. Does not submit.",
            FillForm,
            fill,
            facts=look_fill,
            listed=True,
            deadline_s=60.0,
        ),
        tool(
            "press_key",
            "Press a key",
            "Press a key or chord where the focus is and return what changed.",
            PressKey,
            press,
            facts=look_key,
            worst="irreversible",
            listed=True,
        ),
        tool(
            "take_screenshot",
            "Take a screenshot",
            "Return a picture of the page or of one element; passwords are covered.",
            Screenshot,
            screenshot,
            effect="read",
            output=FRAME_SCHEMA,
            listed=True,
        ),
        tool(
            "select_option",
            "Select options",
            "Select options of a drop-down list by label or value.",
            SelectOption,
            select,
            facts=look_element,
        ),
        tool(
            "hover", "Hover over an element", "Move the pointer over an element.", OnTarget, hover, facts=look_element
        ),
        tool(
            "handle_dialog",
            "Answer a dialog",
            "Answer the JavaScript dialog that blocks the page.",
            HandleDialog,
            answer,
            facts=look_dialog,
            worst="irreversible",
        ),
        tool(
            "wait_for",
            "Wait",
            "Wait for text to show or to go, or for some seconds, and return the page.",
            WaitFor,
            wait,
            effect="read",
            deadline_s=45.0,
        ),
        tool("navigate_back", "Go back", "Go back to the page before.", _Arguments, back, deadline_s=_NAVIGATE_S),
        tool("tabs", "Tabs", "List, select or close the pages of a session.", Tabs, tabs, output=_ANY_OBJECT),
        tool(
            "extract",
            "Read a table",
            "Read a table of the page into rows by column header, with no model.",
            Extract,
            extract,
            effect="read",
            output=TABLE_SCHEMA,
        ),
        tool(
            "mouse_click_xy",
            "Click a point",
            "Click a point of the screenshot; the element under it is what policy and audit see.",
            ClickAt,
            click_at,
            facts=look_point,
            worst="irreversible",
        ),
        tool("mouse_move_xy", "Move the pointer", "Move the pointer to a point.", At, move_to),
        tool("mouse_wheel", "Scroll", "Turn the wheel over a point by so many pixels.", WheelAt, wheel),
        tool("mouse_drag_xy", "Drag", "Press, move along a path of points, release.", DragAlong, drag),
        tool(
            "type_focused",
            "Type where the focus is",
            "Type text into the element that has the focus; a line break presses Enter.",
            TypeFocused,
            type_focused,
            facts=look_focus,
            worst="irreversible",
        ),
        Tool(
            name="browser_new_session",
            title="Open a session",
            description="Open a browser session of its own, with its own cookies, and return its handle.",
            family="browser",
            effect="idempotent",
            arguments=_Arguments,
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
            arguments=_Arguments,
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


def _absolute(url: str) -> str:
    known = urlsplit(url).scheme in {"http", "https", "about", "file", "data", "javascript", "chrome", "view-source"}
    return url if known else f"https://{url}"


def _is_raw_password(target: Target, text: str) -> bool:
    return is_password(target) and secret_name(text) is None


def _submitting(target: Target) -> Target:
    """Return the field as what pressing Enter in it makes of it: a submit of its form."""
    return replace(target, submits=True)
