"""The arguments of the browser family, named as the Playwright MCP server names them.

`ref` is accepted for `target`, and what an element is in words (`element`) is taken for the record.
"""

from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from bridges.computer import Point

__all__ = [
    "At",
    "ClickArguments",
    "ClickAt",
    "DragAlong",
    "Extract",
    "FillForm",
    "FormField",
    "HandleDialog",
    "Navigate",
    "OnSession",
    "OnTarget",
    "PressKey",
    "Screenshot",
    "SelectOption",
    "Snapshot",
    "Tabs",
    "TypeArguments",
    "TypeFocused",
    "WaitFor",
    "WheelAt",
]


class OnSession(BaseModel):
    """Arguments that every tool of the family takes."""

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


class Navigate(OnSession):
    """Arguments of browser_navigate."""

    url: str = Field(description="Absolute address; https:// is assumed when the scheme is missing.")


class Snapshot(OnSession):
    """Arguments of browser_snapshot."""

    target: str | None = Field(
        None, validation_alias=AliasChoices("target", "ref"), description="Ref of a part to see in full."
    )
    query: str | None = Field(None, description="Show only lines that hold this text, with their context.")


class OnTarget(OnSession):
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


class FillForm(OnSession):
    """Arguments of browser_fill_form."""

    fields: Annotated[list[FormField], Field(min_length=1, max_length=50)]


class SelectOption(OnTarget):
    """Arguments of browser_select_option."""

    values: Annotated[list[str], Field(min_length=1)] = Field(description="Labels or values of the options.")


class PressKey(OnSession):
    """Arguments of browser_press_key."""

    key: str = Field(description="Key or chord in DOM names: Enter, ArrowDown, Control+a.")


class Screenshot(OnSession):
    """Arguments of browser_take_screenshot."""

    target: str | None = _OPTIONAL_TARGET
    element: str | None = _ELEMENT
    fullPage: bool = False


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

    action: Literal["list", "select", "close"]


class Extract(OnSession):
    """Arguments of browser_extract."""

    target: str | None = _OPTIONAL_TARGET
    caption: str | None = Field(None, description="Name of the table, when there are several.")


class At(OnSession):
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


class DragAlong(OnSession):
    """Arguments of browser_mouse_drag_xy."""

    path: Annotated[list[Point], Field(min_length=2, max_length=100)]
    keys: list[str] = []


class TypeFocused(OnSession):
    """Arguments of browser_type_focused."""

    text: str = Field(description="Text, or secret://NAME for a configured secret.")
