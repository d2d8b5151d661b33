"""Recipes: UI work as a file, replayed with no model through the same gate.

A recipe names controls by role and name, not by position, so that it survives a change of layout and notices a
change of words: a step that finds nothing ends the replay with the step, what was looked for and what is there
instead. It reads tables by their headers, and carries the checks that prove its result.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import anyio
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tools.asking import Door
from tools.checks import Check
from tools.numbers import amount
from tools.outcome import Answer, Done, Refused, Uncertain
from tools.render import page_text
from tools.texts import mapped
from tools.verify import parse_checks

__all__ = ["BadRecipe", "Recipe", "Replay", "checks_of", "filled_inputs", "load", "load_all", "output_keys", "replay"]

_PAGES_AT_MOST = 200
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class BadRecipe(Exception):
    """The file is no recipe, or the inputs do not fit it; the message says where."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Input(_Part):
    """A value that the caller gives."""

    about: str = ""
    default: str | None = None
    choices: tuple[str, ...] = ()


class _Step(_Part):
    """`expect` is a text that must show afterwards; `stops` are texts whose showing means that we are shut out.

    `picture` is the caption under which a screenshot of the page after the step is kept.
    """

    picture: str | None = None
    expect: str | None = None
    stops: tuple[str, ...] = ()
    within_s: float = Field(15.0, gt=0, le=600)


class Open(_Step):
    """Open an address."""

    do: Literal["open"]
    url: str


class _OnControl(_Step):
    role: str
    name: str

    @property
    def selector(self) -> str:
        """The control as the browser family takes it."""
        quoted = self.name.replace("\\", "\\\\").replace('"', '\\"')
        return f'role={self.role}[name="{quoted}"]'


class Press(_OnControl):
    """Click a control. `dialog` says how to answer the dialog that it opens."""

    do: Literal["click"]
    dialog: Literal["accept", "dismiss"] | None = None


class Type(_OnControl):
    """Type into a field; `submit` presses Enter afterwards."""

    do: Literal["type"]
    text: str
    submit: bool = False


class PressKey(_Step):
    """Press a key or a chord where the focus is."""

    do: Literal["press_key"]
    key: str


class Select(_OnControl):
    """Select an option by its label."""

    do: Literal["select"]
    option: str


class Wait(_Step):
    """Wait for `expect`; `fails` are texts that end the wait as a failure of the work itself."""

    do: Literal["wait"]
    fails: tuple[str, ...] = ()


class Column(_Part):
    """A column of the output: the header it comes from, and what it holds."""

    header: str
    type: Literal["text", "number"] = "text"


class ReadTable(_Step):
    """Read a table, page after page while the control `next` is there."""

    do: Literal["read_table"]
    caption: str
    columns: dict[str, Column] = Field(min_length=1)
    next_role: str = "link"
    next_name: str | None = None


Step = Annotated[Open | Press | PressKey | Type | Select | Wait | ReadTable, Field(discriminator="do")]


class Recipe(_Part):
    """A UI task that can be replayed."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")
    title: str
    task: str
    inputs: dict[str, Input] = Field(default_factory=dict[str, Input])
    steps: tuple[Step, ...] = Field(min_length=1)
    checks: tuple[dict[str, Any], ...] = ()


@dataclass(slots=True, kw_only=True)
class Replay:
    """How a replay went. `failure` is why it ended early; `blocked` says that it was shut out, not mistaken."""

    session: str
    steps: list[str] = field(default_factory=list[str])
    output: dict[str, Any] | None = None
    downloads: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    pictures: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    failure: str = ""
    blocked: bool = False


class _Stopped(Exception):
    """The replay cannot go on."""

    def __init__(self, reason: str, *, blocked: bool = False) -> None:
        super().__init__(reason)
        self.blocked = blocked


def load(path: Path) -> Recipe:
    """Read a recipe from its TOML file.

    Raises:
        BadRecipe: It cannot be read, or is none.
    """
    try:
        recipe = Recipe.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        used = set(_PLACEHOLDER.findall(recipe.model_dump_json(include={"task", "steps", "checks"})))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadRecipe(f"{path}: {error}") from error
    except ValidationError as error:
        raise BadRecipe(f"{path}: {_problems(error)}") from error
    unknown = sorted(used - recipe.inputs.keys())
    if unknown:
        raise BadRecipe(f"{path}: {{{unknown[0]}}} is used, but is no input")
    return recipe


def load_all(folders: tuple[Path, ...]) -> dict[str, Recipe]:
    """Return the recipes of all folders by name; a later folder wins.

    Raises:
        BadRecipe: One of the files is none, or a folder is not there.
    """
    for folder in folders:
        if not folder.is_dir():
            raise BadRecipe(f"there is no folder of recipes {str(folder)!r}")
    paths = [path for folder in folders for path in sorted(folder.glob("*.toml"))]
    return {recipe.name: recipe for recipe in map(load, paths)}


def filled_inputs(recipe: Recipe, given: Mapping[str, str]) -> dict[str, str]:
    """Return every input with its value.

    Raises:
        BadRecipe: One is missing, unknown or not among its choices.
    """
    unknown = sorted(given.keys() - recipe.inputs.keys())
    if unknown:
        raise BadRecipe(f"{recipe.name} has no input {unknown[0]!r}; it takes {', '.join(recipe.inputs)}")
    filled: dict[str, str] = {}
    for name, wanted in recipe.inputs.items():
        value = given.get(name, wanted.default)
        if value is None:
            raise BadRecipe(f"{recipe.name} needs the input {name!r}: {wanted.about or 'no description'}")
        if wanted.choices and value not in wanted.choices:
            raise BadRecipe(f"{name} = {value!r} is not one of {', '.join(wanted.choices)}")
        filled[name] = value
    return filled


def checks_of(recipe: Recipe, inputs: Mapping[str, str]) -> tuple[Check, ...]:
    """Return the contract of the recipe with the inputs in place.

    Raises:
        BadRecipe: A check is none.
    """
    try:
        return parse_checks([_filled(check, inputs) for check in recipe.checks])
    except ValidationError as error:
        raise BadRecipe(f"{recipe.name}: {_problems(error)}") from error


def output_keys(recipe: Recipe) -> tuple[str, ...]:
    """Return the keys of the output's rows, for somebody who does the task in another way."""
    return next((tuple(step.columns) for step in recipe.steps if isinstance(step, ReadTable)), ())


async def replay(
    recipe: Recipe,
    inputs: Mapping[str, str],
    *,
    session: str,
    door: Door,
    keep: Callable[[str, bytes], Path],
    tell: Callable[[str], None],
) -> Replay:
    """Carry out the steps in the session; stop at the first that does not find what it names.

    Args:
        recipe: What to do.
        inputs: Every input with its value.
        session: The browser session to do it in.
        door: The gate, as this run uses it.
        keep: Writes a picture to a file of this name and returns its path.
        tell: Takes news in words. Must not raise.
    """
    done = Replay(session=session)
    for number, step in enumerate(recipe.steps, 1):
        ready = type(step).model_validate(_filled(step.model_dump(), inputs))
        words = _in_words(ready)
        tell(f"step {number} of {len(recipe.steps)}: {words}")
        try:
            await _carry_out(ready, done, door)
            if ready.picture:
                shot = await _call(door, done, "browser_take_screenshot", {})
                path = keep(f"step-{number:02}.png", shot.images[0].data)
                done.pictures.append({"caption": ready.picture, "path": str(path)})
        except _Stopped as stop:
            done.failure, done.blocked = f"step {number} ({words}): {stop}", stop.blocked
            return done
        done.steps.append(words)
    return done


async def _carry_out(step: Step, done: Replay, door: Door) -> None:
    match step:
        case Open(url=url):
            await _call(door, done, "browser_navigate", {"url": url})
        case Press(dialog=dialog):
            answer = await _call(door, done, "browser_click", {"target": step.selector, "element": step.name})
            await _answer_dialog(answer, dialog, door, done)
        case Type(text=text, submit=submit):
            await _call(door, done, "browser_type", {"target": step.selector, "text": text, "submit": submit})
        case PressKey(key=key):
            await _call(door, done, "browser_press_key", {"key": key})
        case Select(option=option):
            await _call(door, done, "browser_select_option", {"target": step.selector, "values": [option]})
        case Wait():
            pass
        case ReadTable():
            done.output = await _read_table(step, done, door)
    await _expected(step, done, door)


async def _answer_dialog(answer: Answer, wanted: str | None, door: Door, done: Replay) -> None:
    dialog = answer.data.get("dialog")
    if dialog and wanted is None:
        raise _Stopped(f"an unexpected {dialog['kind']}() dialog opened: {dialog['message']!r}")
    if wanted and not dialog:
        raise _Stopped("the dialog that was expected did not open")
    if dialog:
        await _call(door, done, "browser_handle_dialog", {"accept": wanted == "accept"})


async def _expected(step: Step, done: Replay, door: Door) -> None:
    """Wait until the expected text shows, the page says no, or the time is up."""
    fails = step.fails if isinstance(step, Wait) else ()
    if step.expect is None and not step.stops and not fails:
        return
    seen = ""
    with anyio.move_on_after(step.within_s):
        while True:
            seen = page_text(await _call(door, done, "browser_snapshot", {}))
            for text in step.stops:
                if text in seen:
                    raise _Stopped(f"the site says {text!r}", blocked=True)
            for text in fails:
                if text in seen:
                    raise _Stopped(f"the site says {text!r}")
            if step.expect is None or step.expect in seen:
                return
            await _call(door, done, "browser_wait_for", {"time": 0.4})
    raise _Stopped(f"{step.expect!r} did not show within {step.within_s:g} s; the page shows:\n{seen[:1500]}")


async def _read_table(step: ReadTable, done: Replay, door: Door) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    before: list[dict[str, Any]] | None = None
    for _ in range(_PAGES_AT_MOST):
        answer = await _call(door, done, "browser_extract", {"caption": step.caption})
        page = [_row(step, row) for row in answer.data["rows"]]
        if page == before:
            raise _Stopped(f"{step.next_name!r} led to the same rows again")
        rows, before = rows + page, page
        if step.next_name is None or not await _next_page(step, done, door):
            return {"columns": list(step.columns), "rows": rows}
    raise _Stopped(f"the table has more than {_PAGES_AT_MOST} pages")


async def _next_page(step: ReadTable, done: Replay, door: Door) -> bool:
    target = f'role={step.next_role}[name="{step.next_name}"]'
    outcome, _ = await door.call("browser_click", {"target": target, "session": done.session})
    match outcome:
        case Done():
            return True
        case Refused(code="no_such_target"):
            return False
        case Refused(reason=reason) | Uncertain(reason=reason):
            raise _Stopped(reason)
        case _:
            raise _Stopped("the next page could not be opened")


def _row(step: ReadTable, cells: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, column in step.columns.items():
        if column.header not in cells:
            raise _Stopped(f"the table has no column {column.header!r}; it has {', '.join(map(repr, cells))}")
        text = cells[column.header]
        if column.type == "text":
            row[name] = text
            continue
        value = amount(text)
        if value is None:
            raise _Stopped(f"{text!r} in column {column.header!r} is no number")
        row[name] = str(value)
    return row


async def _call(door: Door, done: Replay, tool: str, arguments: dict[str, object]) -> Answer:
    outcome, _ = await door.call(tool, {**arguments, "session": done.session})
    match outcome:
        case Done(answer=answer):
            done.downloads += answer.data.get("downloads", [])
            return answer
        case Refused(code=code, reason=reason):
            raise _Stopped(reason, blocked=code in {"navigation_failed", "declined", "denied", "not_answered"})
        case Uncertain(reason=reason):
            raise _Stopped(f"{reason}; whether it took effect is unknown")
        case _:
            raise _Stopped("the call came to nothing")


def _filled(value: Any, inputs: Mapping[str, str]) -> Any:
    return mapped(value, lambda text: _PLACEHOLDER.sub(lambda found: inputs.get(found[1], found[0]), text))


def _in_words(step: Step) -> str:
    match step:
        case Open(url=url):
            return f"open {url}"
        case Press(role=role, name=name):
            return f"click {role} {name!r}"
        case Type(name=name, text=text):
            return f"type {text!r} into {name!r}"
        case PressKey(key=key):
            return f"press {key}"
        case Select(name=name, option=option):
            return f"select {option!r} in {name!r}"
        case Wait(expect=expect):
            return f"wait for {expect!r}"
        case ReadTable(caption=caption):
            return f"read the table {caption!r}"


def _problems(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors())
