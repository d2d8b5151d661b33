"""The arguments of the browser family, named as the Playwright MCP server names them.

`ref` is accepted for `target`; what an element is in words (`element`), and what else callers of that server send
along, is accepted and taken for the record, but not listed.
"""

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from bridges.computer import Point

__all__ = [
    "At",
    "ButtonAtPointer",
    "ClickArguments",
    "ClickAt",
    "ComparePicture",
    "ConsoleMessages",
    "CookieDelete",
    "CookieFilter",
    "CookieName",
    "CookieSet",
    "DragAlong",
    "DragBetween",
    "Drop",
    "ElementVisible",
    "EmulateMedia",
    "Evaluate",
    "Extract",
    "Fetch",
    "FileName",
    "FillForm",
    "Find",
    "FormField",
    "HandOver",
    "HandleDialog",
    "ItemKey",
    "ItemValue",
    "KeepPicture",
    "Layout",
    "ListVisible",
    "Navigate",
    "NetworkRequest",
    "NetworkRequests",
    "NetworkState",
    "NewSession",
    "OnSession",
    "OnTarget",
    "OpenProfile",
    "PressKey",
    "Resize",
    "Route",
    "Screenshot",
    "SelectOption",
    "Snapshot",
    "Tabs",
    "TextVisible",
    "TypeArguments",
    "TypeFocused",
    "Unroute",
    "Upload",
    "ValueIs",
    "WaitFor",
    "WheelAt",
]


class OnSession(BaseModel):
    """Arguments that every tool of the family takes: handles, without which the default session and its current
    page are meant. The server's instructions say so once for all."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    session: str | None = None
    page: str | None = None


_TARGET = Field(
    validation_alias=AliasChoices("target", "ref"),
    description='Ref such as e12, or selector such as role=button[name="Save"].',
)
_OPTIONAL_TARGET = Field(
    None, validation_alias=AliasChoices("target", "ref"), description="Ref or selector of the element."
)
Wait = Literal["auto", "none"]
_WAIT: Any = Field("auto", description="none: do not wait for the page to react.")
_ELEMENT = Field(None, json_schema_extra={"unlisted": True})


class Navigate(OnSession):
    """Arguments of browser_navigate."""

    url: str = Field(description="Absolute address; https:// is assumed when the scheme is missing.")


class Snapshot(OnSession):
    """Arguments of browser_snapshot."""

    target: str | None = Field(
        None, validation_alias=AliasChoices("target", "ref"), description="Ref of a part to see in full."
    )
    query: str | None = Field(None, description="Show only lines that hold this text, with their context.")
    cursor: int | None = Field(None, ge=0, description="Page through all lines from this one on.")
    depth: int | None = Field(None, ge=1)
    boxes: bool = False


class OnTarget(OnSession):
    """Arguments of tools that take an element."""

    target: str = _TARGET
    element: str | None = _ELEMENT


class ClickArguments(OnTarget):
    """Arguments of browser_click."""

    doubleClick: bool = False
    button: Literal["left", "right", "middle"] = "left"
    modifiers: list[Literal["Alt", "Control", "ControlOrMeta", "Meta", "Shift"]] = []
    wait: Wait = _WAIT


class TypeArguments(OnTarget):
    """Arguments of browser_type."""

    text: str = Field(description="Text, or secret://NAME for a configured secret.")
    submit: bool = Field(False, description="Press Enter afterwards.")
    slowly: bool = Field(False, description="Key by key, for fields that react to each key.")
    wait: Wait = _WAIT


class FormField(BaseModel):
    """One field of browser_fill_form."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    target: str = _TARGET
    value: str = Field(description='Text, secret://NAME, option label, or "true"/"false" for a checkbox.')
    name: str | None = _ELEMENT
    element: str | None = _ELEMENT
    type: Literal["textbox", "checkbox", "radio", "combobox", "slider"] | None = _ELEMENT


class FillForm(OnSession):
    """Arguments of browser_fill_form."""

    fields: Annotated[list[FormField], Field(min_length=1, max_length=50)]


class SelectOption(OnTarget):
    """Arguments of browser_select_option."""

    values: Annotated[list[str], Field(min_length=1)] = Field(description="Labels or values of the options.")


class PressKey(OnSession):
    """Arguments of browser_press_key."""

    key: str = Field(description="Key or chord in DOM names: Enter, ArrowDown, Control+a.")
    wait: Wait = _WAIT


class Screenshot(OnSession):
    """Arguments of browser_take_screenshot."""

    target: str | None = _OPTIONAL_TARGET
    element: str | None = _ELEMENT
    fullPage: bool = False
    annotate: bool = Field(False, description="Label what can be acted on with its ref.")
    type: Literal["png", "jpeg", "webp"] = "png"


class HandleDialog(OnSession):
    """Arguments of browser_handle_dialog."""

    accept: bool
    promptText: str | None = None


class WaitFor(OnSession):
    """Arguments of browser_wait_for."""

    text: str | None = Field(None, description="Wait until this text shows.")
    textGone: str | None = Field(None, description="Wait until this text is gone.")
    time: float | None = Field(None, ge=0, le=30, description="Wait so many seconds.")


class Tabs(OnSession):
    """Arguments of browser_tabs."""

    action: Literal["list", "new", "select", "close"]
    index: int | None = Field(None, ge=0, description="Position in the list, instead of a page handle.")
    url: str | None = Field(None, description="Where a new page goes.")


class Extract(OnSession):
    """Arguments of browser_extract."""

    target: str | None = _OPTIONAL_TARGET
    caption: str | None = Field(None, description="Name of the table, when there are several.")
    kind: Literal["table", "list", "form"] = Field("table", description="list: items that repeat. form: fields.")
    schema_: dict[str, Any] | None = Field(
        None, alias="schema", description="JSON Schema of a row: its properties name the columns or fields wanted."
    )


class At(OnSession):
    """A point of the page, or with `scale` of a screenshot of it."""

    x: float
    y: float
    scale: float = Field(1.0, gt=0, le=100, description="Of the screenshot that the point is read from.")
    element: str | None = _ELEMENT

    @property
    def point(self) -> tuple[int, int]:
        """The point in CSS pixels of the page."""
        return round(self.x * self.scale), round(self.y * self.scale)


class ClickAt(At):
    """Arguments of browser_mouse_click_xy."""

    button: Literal["left", "right", "middle", "back", "forward"] = "left"
    clickCount: Literal[1, 2, 3] = 1
    keys: list[str] = []


class WheelAt(OnSession):
    """Arguments of browser_mouse_wheel."""

    x: int | None = Field(None, description="Where; where the pointer is, if not given.")
    y: int | None = None
    deltaX: int = 0
    deltaY: int = 0
    keys: list[str] = []


class DragAlong(OnSession):
    """Arguments of browser_mouse_drag_xy."""

    path: Annotated[list[Point], Field(min_length=2, max_length=100)] | None = Field(
        None, description="Points to move along, instead of a start and an end."
    )
    startX: int | None = None
    startY: int | None = None
    endX: int | None = None
    endY: int | None = None
    keys: list[str] = []

    @model_validator(mode="after")
    def _is_whole(self) -> "DragAlong":
        if self.path is None and None in (self.startX, self.startY, self.endX, self.endY):
            raise ValueError("give path, or startX, startY, endX and endY")
        return self

    @property
    def points(self) -> tuple[Point, ...]:
        """The way from the first point to the last."""
        if self.path is not None:
            return tuple(self.path)
        ends = [(self.startX, self.startY), (self.endX, self.endY)]
        return tuple(Point(x=x or 0, y=y or 0) for x, y in ends)


class TypeFocused(OnSession):
    """Arguments of browser_type_focused."""

    text: str = Field(description="Text, or secret://NAME for a configured secret.")


class DragBetween(OnSession):
    """Arguments of browser_drag."""

    startTarget: str = Field(validation_alias=AliasChoices("startTarget", "startRef"), description="Ref or selector.")
    endTarget: str = Field(validation_alias=AliasChoices("endTarget", "endRef"), description="Ref or selector.")
    startElement: str | None = _ELEMENT
    endElement: str | None = _ELEMENT


class ButtonAtPointer(OnSession):
    """Arguments of browser_mouse_down and browser_mouse_up."""

    button: Literal["left", "right", "middle"] = "left"


class Upload(OnSession):
    """Arguments of browser_file_upload."""

    paths: list[str] = Field([], description="Files in the folder of artefacts; none cancels the chooser.")
    target: str | None = _OPTIONAL_TARGET
    element: str | None = _ELEMENT


class Drop(OnTarget):
    """Arguments of browser_drop."""

    paths: list[str] = Field([], description="Files in the folder of artefacts.")
    data: dict[str, str] = Field({}, description="Data by MIME type.")


class FileName(OnSession):
    """Arguments of tools that write a file into the folder of artefacts."""

    filename: str | None = Field(None, description="A name, not a path.")


class Resize(OnSession):
    """Arguments of browser_resize."""

    width: int = Field(ge=100, le=8_000)
    height: int = Field(ge=100, le=8_000)


class EmulateMedia(OnSession):
    """Arguments of browser_emulate_media; null takes a setting back."""

    colorScheme: Literal["light", "dark", "no-preference"] | None = None
    reducedMotion: Literal["reduce", "no-preference"] | None = None
    forcedColors: Literal["active", "none"] | None = None
    contrast: Literal["more", "no-preference"] | None = None
    media: Literal["screen", "print"] | None = None


class ConsoleMessages(OnSession):
    """Arguments of browser_console_messages."""

    level: Literal["error", "warning", "info", "debug"] = "info"
    all: bool = Field(False, description="Since the page was opened, not since its last navigation.")


class NetworkRequests(OnSession):
    """Arguments of browser_network_requests."""

    static: bool = Field(False, description="With images, scripts and style sheets that succeeded.")
    filter: str | None = Field(None, description="Regular expression for the address.")
    all: bool = Field(False, description="Since the page was opened, not since its last navigation.")


class NetworkRequest(OnSession):
    """Arguments of browser_network_request."""

    index: int = Field(ge=1, description="Number in browser_network_requests.")
    part: Literal["request-headers", "request-body", "response-headers", "response-body"] | None = None


class Route(OnSession):
    """Arguments of browser_route."""

    pattern: str = Field(description="Glob for the address, such as **/api/users.")
    status: int | None = Field(None, ge=100, le=599)
    body: str | None = None
    contentType: str | None = None
    headers: list[str] = Field([], description="Lines such as Name: value.")
    removeHeaders: str | None = Field(None, description="Names, separated by commas.")


class Unroute(OnSession):
    """Arguments of browser_unroute."""

    pattern: str | None = Field(None, description="Which; all, if not given.")


class NetworkState(OnSession):
    """Arguments of browser_network_state_set."""

    state: Literal["online", "offline"]


class CookieFilter(OnSession):
    """Arguments of browser_cookie_list."""

    domain: str | None = None
    path: str | None = None


class CookieName(OnSession):
    """Arguments of browser_cookie_get."""

    name: str


class CookieDelete(CookieFilter):
    """Arguments of browser_cookie_delete."""

    name: str


class CookieSet(OnSession):
    """Arguments of browser_cookie_set."""

    name: str
    value: str
    domain: str | None = None
    path: str | None = None
    expires: float | None = Field(None, description="Seconds since the epoch.")
    httpOnly: bool | None = None
    secure: bool | None = None
    sameSite: Literal["Strict", "Lax", "None"] | None = None


class ItemKey(OnSession):
    """Arguments of tools that take a key of a storage."""

    key: str


class ItemValue(ItemKey):
    """Arguments of tools that keep a value in a storage."""

    value: str


class Evaluate(OnSession):
    """Arguments of browser_evaluate."""

    function: str = Field(description="() => value, or (element) => value with a target.")
    target: str | None = _OPTIONAL_TARGET
    element: str | None = _ELEMENT


class Find(OnSession):
    """Arguments of browser_find."""

    text: str | None = None
    regex: str | None = None
    maxResults: int = Field(20, ge=1, le=100)


class ElementVisible(OnSession):
    """Arguments of browser_verify_element_visible."""

    role: str
    accessibleName: str


class TextVisible(OnSession):
    """Arguments of browser_verify_text_visible."""

    text: str


class ListVisible(OnTarget):
    """Arguments of browser_verify_list_visible."""

    items: Annotated[list[str], Field(min_length=1)]


class ValueIs(OnTarget):
    """Arguments of browser_verify_value."""

    value: str
    type: Literal["textbox", "checkbox", "radio", "combobox", "slider"] | None = None


class NewSession(BaseModel):
    """Arguments of browser_new_session."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class OpenProfile(NewSession):
    """Arguments of browser_open_profile."""

    profile: str = Field(description="Small letters, digits and hyphens.")


class Fetch(OnSession):
    """Arguments of browser_download."""

    url: str | None = Field(None, description="Absolute address.")
    target: str | None = Field(None, description="Or the ref or selector of a link to it.")


class HandOver(OnSession):
    """Arguments of browser_hand_over."""

    reason: str = Field(min_length=1, max_length=500, description="What the person is to do, such as a captcha.")


class Layout(OnSession):
    """Arguments of browser_verify_layout."""

    target: str | None = _OPTIONAL_TARGET
    only: list[Literal["overlap", "clipped", "off-screen", "contrast"]] = Field([], description="These kinds alone.")


class KeepPicture(OnSession):
    """Arguments of browser_keep_picture."""

    name: str = Field(description="Small letters, digits, dots and hyphens.")
    target: str | None = _OPTIONAL_TARGET
    mask: list[str] = Field([], description="Selectors of what may differ, such as a clock.")


class ComparePicture(KeepPicture):
    """Arguments of browser_verify_picture."""

    tolerance: float = Field(0.001, ge=0, le=1, description="Share of the pixels that may differ.")
