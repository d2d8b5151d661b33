"""Checks: what a contract is made of. Each is data, and one function that runs it and keeps what it looked at.

A check looks for itself: at the page through the gate, at a downloaded file through the rooted folder, at the
claimed output. What it could not look at it cannot tell; it never passes for want of a look.
"""

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from bridges.files import OutsideRoot, Root
from tools.evidence import CheckResult, Evidence, EvidenceKind, Status
from tools.numbers import amount

__all__ = ["LOOKS_AT_PAGES", "Check", "CheckSpec", "Scene", "passes_on_nothing", "run_check"]

LOOKS_AT_PAGES = frozenset(
    {
        *("page_text", "page_address", "row_count", "total_on_page", "rows_in_download", "downloaded"),
        *("layout", "picture"),
    }
)
"""Kinds of checks that look at a browser session: at its page, or at what it downloaded."""

_REF = re.compile(r"\[ref=\w+\]")
_LEADING_ZERO = re.compile(r"^0\d")
_CURRENCIES = re.compile(r"US\$|[$€£¥]")
_FIELD = re.compile(r'((?:textbox|searchbox|combobox|spinbutton)(?: "(?:[^"\\]|\\.)*")?(?: \[[^\]]*\])*): [^|\n]*')
_MATERIAL_CHARS = 2_000
_FILE_BYTES = 32 * 2**20


class _Check(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,40}$", description="Such as total-matches.")
    about: str = Field("", max_length=300, description="What it shows, in a sentence.")
    required: bool = True
    invariant: bool = Field(False, description="Must hold before and after; then it proves no change by itself.")
    expectation: Literal["task", "caller", "independent", "derived_from_output"] = Field(
        "caller", description="Where the expected value comes from. One taken from the output proves nothing."
    )


class PageText(_Check):
    """The page shows a text, or does not."""

    kind: Literal["page_text"] = "page_text"
    text: str = Field(min_length=1)
    absent: bool = False


class PageAddress(_Check):
    """The page's address holds a text."""

    kind: Literal["page_address"] = "page_address"
    contains: str = Field(min_length=1)


class OutputSchema(_Check):
    """The output fits a JSON Schema."""

    kind: Literal["output_schema"] = "output_schema"
    json_schema: dict[str, Any] = Field(alias="schema")


class RowCount(_Check):
    """The output has so many rows, by the count that the page shows beside a label, or between two numbers."""

    kind: Literal["row_count"] = "row_count"
    label: str | None = None
    at_least: int | None = None
    at_most: int | None = None


class TotalOnPage(_Check):
    """The sum of an output column equals the amount that the page shows beside a label."""

    kind: Literal["total_on_page"] = "total_on_page"
    column: str
    label: str = Field(min_length=1)
    tolerance: Decimal = Decimal(0)
    negated: tuple[str, ...] = ()


class RowsInDownload(_Check):
    """The output has exactly the rows of a downloaded CSV file, in any order."""

    kind: Literal["rows_in_download"] = "rows_in_download"
    file: str = Field(description="Name of the file; * stands for anything.")
    columns: dict[str, str] = Field(min_length=1, description="Output column to column of the file.")
    negated: tuple[str, ...] = ()


class LooksRight(_Check):
    """Nothing on the page, or in an element, overlaps, is cut off, out of reach or too faint."""

    kind: Literal["layout"] = "layout"
    target: str | None = None
    only: tuple[Literal["overlap", "clipped", "off-screen", "contrast"], ...] = ()


class LooksAsBefore(_Check):
    """The page, or an element, looks as its kept picture, but for what is masked and a share of the pixels."""

    kind: Literal["picture"] = "picture"
    picture: str
    target: str | None = None
    mask: tuple[str, ...] = ()
    tolerance: Decimal = Decimal("0.001")


class Downloaded(_Check):
    """A file was downloaded and is not empty."""

    kind: Literal["downloaded"] = "downloaded"
    file: str


Check = Annotated[
    PageText
    | PageAddress
    | OutputSchema
    | RowCount
    | TotalOnPage
    | RowsInDownload
    | Downloaded
    | LooksRight
    | LooksAsBefore,
    Field(discriminator="kind"),
]


class CheckSpec(BaseModel):
    """A check as callers write it: every kind in one shape, which costs a fraction of the tokens of seven."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    kind: Literal[
        "page_text",
        "page_address",
        "output_schema",
        "row_count",
        "total_on_page",
        "rows_in_download",
        "downloaded",
        "layout",
        "picture",
    ] = Field(
        description="page_text: text, absent. page_address: contains. output_schema: schema. row_count: label or "
        "at_least, at_most. total_on_page: column, label, tolerance, negated. rows_in_download: file, columns, "
        "negated. downloaded: file. layout: target, only. picture: picture, target, mask, tolerance."
    )
    id: str = Field(description="Such as total-matches.")
    about: str | None = None
    required: bool | None = None
    invariant: bool | None = Field(None, description="Must hold before and after.")
    expectation: Literal["task", "caller", "independent", "derived_from_output"] | None = Field(
        None, description="derived_from_output proves nothing."
    )
    text: str | None = None
    absent: bool | None = None
    contains: str | None = None
    schema_: dict[str, Any] | None = Field(None, alias="schema")
    label: str | None = Field(None, description="Words beside the amount on the page.")
    at_least: int | None = None
    at_most: int | None = None
    column: str | None = Field(None, description="Column of the output's rows.")
    tolerance: str | None = None
    file: str | None = Field(None, description="Downloaded CSV; * stands for anything.")
    columns: dict[str, str] | None = Field(None, description="Output column to column of the file.")
    target: str | None = None
    only: list[str] | None = None
    picture: str | None = None
    mask: list[str] | None = None
    negated: list[str] | None = Field(
        None, description="Output columns written with the other sign there, as ledgers do."
    )

    def plain(self) -> dict[str, Any]:
        """Return what was given, to be parsed as a check of its kind."""
        return self.model_dump(exclude_none=True, by_alias=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What checks can look at.

    `look(query)` returns address and text of the session's page as it is now (only lines with `query`, when
    given), or None when there is no page to look at. `files` is the folder of the session's downloads.
    `output` is what is claimed; None before there is any. `judge` asks one of the browser tools that verify, and
    returns what it says as data, or why it says nothing. `old_files` are downloads from before the contract.
    """

    look: Callable[[str | None], Awaitable[tuple[str, str] | None]]
    files: Root | None
    output: Any
    old_files: frozenset[str] = frozenset()
    judge: Callable[[str, dict[str, Any]], Awaitable[dict[str, Any] | str]] | None = None

    def newest(self, pattern: str) -> Path | None:
        """Return the youngest download of that name which was not there when the contract was made."""
        return self.files.newest(pattern, but=self.old_files) if self.files else None


_EMPTY: tuple[Any, ...] = ({}, [], {"rows": []}, "", 0, None)


async def passes_on_nothing(check: Check, scene: Scene) -> bool:
    """Return whether an empty output would pass: then a full one proves nothing either."""
    looks_at_output_only = isinstance(check, OutputSchema) or (isinstance(check, RowCount) and check.label is None)
    if not looks_at_output_only:
        return False
    results = [await run_check(check, replace(scene, output=empty), "empty") for empty in _EMPTY]
    return any(result.status == "met" for result in results)


async def run_check(check: Check, scene: Scene, evidence_id: str) -> CheckResult:
    """Run one check on the scene as it is now."""
    match check:
        case PageText():
            return await _page_text(check, scene, evidence_id)
        case PageAddress(contains=wanted):
            seen = await scene.look(None)
            if seen is None:
                return _blind(evidence_id, "there is no page to look at")
            found = wanted in seen[0]
            detail = f"the address {'holds' if found else 'does not hold'} {wanted!r}"
            return _told(found, detail, evidence_id, "diff", seen[0])
        case OutputSchema(json_schema=schema):
            return _fits(schema, scene.output, evidence_id)
        case RowCount():
            return await _row_count(check, scene, evidence_id)
        case TotalOnPage():
            return await _total(check, scene, evidence_id)
        case RowsInDownload():
            return _rows_in_download(check, scene, evidence_id)
        case LooksRight():
            return await _looks_right(check, scene, evidence_id)
        case LooksAsBefore():
            return await _looks_as_before(check, scene, evidence_id)
        case Downloaded(file=pattern):
            path = scene.newest(pattern)
            size = path.stat().st_size if path else 0
            detail = f"{path.name} has {size} bytes" if path else f"no file {pattern!r} was downloaded"
            return _told(size > 0, detail, evidence_id, "readback", detail)


async def _looks_right(check: LooksRight, scene: Scene, evidence_id: str) -> CheckResult:
    arguments = {"only": list(check.only)} | ({"target": check.target} if check.target else {})
    said = await scene.judge("browser_verify_layout", arguments) if scene.judge else "there is no page to look at"
    if isinstance(said, str):
        return _blind(evidence_id, said)
    flaws = [f"{flaw['kind']}: {flaw['element']}: {flaw['words']}" for flaw in said["flaws"]]
    detail = "; ".join(flaws[:5]) or "nothing overlaps, is cut off, out of reach or too faint"
    return _told(bool(said["holds"]), detail, evidence_id, "assert", "\n".join(flaws))


async def _looks_as_before(check: LooksAsBefore, scene: Scene, evidence_id: str) -> CheckResult:
    arguments: dict[str, Any] = {"name": check.picture, "mask": list(check.mask), "tolerance": float(check.tolerance)}
    arguments |= {"target": check.target} if check.target else {}
    said = await scene.judge("browser_verify_picture", arguments) if scene.judge else "there is no page to look at"
    if isinstance(said, str):
        return _blind(evidence_id, said)
    return _told(bool(said["holds"]), str(said["said"]), evidence_id, "diff", str(said["said"]))


async def _page_text(check: PageText, scene: Scene, evidence_id: str) -> CheckResult:
    seen = await scene.look(check.text)
    if seen is None:
        return _blind(evidence_id, "there is no page to look at")
    text = _FIELD.sub(r"\1", seen[1])  # what somebody typed into a field is not what the page says
    shown = check.text in text
    if check.absent and not shown and seen[1]:
        return _blind(evidence_id, f"the page shows something like {check.text!r}, cut or typed into a field")
    detail = f"the page {'shows' if shown else 'does not show'} {check.text!r}"
    return _told(shown is not check.absent, detail, evidence_id, "assert", seen[1])


def _fits(schema: dict[str, Any], output: Any, evidence_id: str) -> CheckResult:
    import jsonschema

    if output is None:
        return _told(False, "there is no output", evidence_id, "assert", "")
    try:
        jsonschema.validate(output, schema, cls=jsonschema.Draft202012Validator)
    except jsonschema.ValidationError as error:
        return _told(False, f"the output does not fit its schema: {error.message}", evidence_id, "assert", str(output))
    except jsonschema.SchemaError as error:
        return _blind(evidence_id, f"the schema is no JSON Schema: {error.message}")
    return _told(True, "the output fits its schema", evidence_id, "assert", str(output))


async def _row_count(check: RowCount, scene: Scene, evidence_id: str) -> CheckResult:
    rows = _rows(scene.output)
    if rows is None:
        return _told(False, "there is no output with rows", evidence_id, "assert", "")
    count, material = len(rows), f"{len(rows)} rows"
    low, high = check.at_least, check.at_most
    if check.label is not None:
        shown = await _amount_beside(check.label, scene)
        if isinstance(shown, str):
            return _blind(evidence_id, shown)
        if shown[0] != shown[0].to_integral_value():
            return _blind(evidence_id, f"the page shows {shown[0]} beside {check.label!r}, which is no count")
        low = high = int(shown[0])
        material += f"; the page: {shown[1]}"
    if low is None and high is None:
        return _blind(evidence_id, f"{check.id} names neither a label nor a bound")
    enough = (low is None or count >= low) and (high is None or count <= high)
    expected = f"{low}" if low == high else f"{low if low is not None else 0} to {high if high is not None else 'any'}"
    return _told(enough, f"{count} rows, {expected} expected", evidence_id, "assert", material)


async def _total(check: TotalOnPage, scene: Scene, evidence_id: str) -> CheckResult:
    rows = _rows(scene.output)
    if rows is None:
        return _told(False, "there is no output with rows", evidence_id, "assert", "")
    values = [_number(row.get(check.column)) for row in rows]
    unread = [row for row, value in zip(rows, values, strict=True) if value is None]
    if unread or not rows:
        what = f"{unread[0]!r} has no number in {check.column!r}" if unread else "the output has no rows"
        return _told(False, what, evidence_id, "assert", "")
    shown = await _amount_beside(check.label, scene)
    if isinstance(shown, str):
        return _blind(evidence_id, shown)
    total = sum((value for value in values if value is not None), Decimal(0))
    negated = check.column in check.negated
    equal = abs(total - (-shown[0] if negated else shown[0])) <= check.tolerance
    sign = ", which counts with the other sign" if negated else ""
    detail = f"{check.column} adds up to {total}, the page says {check.label!r} {shown[0]}{sign}"
    return _told(equal, detail, evidence_id, "assert", shown[1])


def _rows_in_download(check: RowsInDownload, scene: Scene, evidence_id: str) -> CheckResult:
    rows = _rows(scene.output)
    if rows is None:
        return _told(False, "there is no output with rows", evidence_id, "readback", "")
    read = _csv(check.file, scene)
    if isinstance(read, str):
        return _blind(evidence_id, read)
    name, text, table = read
    missing = sorted(set(check.columns.values()) - set(table[0] if table else {}))
    if missing:
        return _told(False, f"{name} has no column {missing[0]!r}", evidence_id, "readback", text)
    claimed = Counter(_comparable(row, check.columns.keys(), check.negated) for row in rows)
    filed = Counter(_comparable(row, check.columns.values()) for row in table)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    if claimed == filed:
        return _told(
            True, f"all {len(table)} rows equal those of {name} (sha256 {digest})", evidence_id, "readback", text
        )
    strange, lacking = sum((claimed - filed).values()), sum((filed - claimed).values())
    detail = f"{strange} rows are not in {name}, {lacking} of its rows are not in the output"
    return _told(False, detail, evidence_id, "readback", text)


def _csv(pattern: str, scene: Scene) -> tuple[str, str, list[dict[str, str]]] | str:
    path = scene.newest(pattern)
    if path is None:
        return f"no file {pattern!r} was downloaded"
    if path.stat().st_size > _FILE_BYTES:
        return f"{path.name} is larger than {_FILE_BYTES} bytes"
    try:
        text = path.read_text(encoding="utf-8-sig")
        table = [dict(row) for row in csv.DictReader(io.StringIO(text), strict=True)]
    except (OSError, UnicodeDecodeError, csv.Error, OutsideRoot) as error:
        return f"{path.name} cannot be read as CSV in UTF-8: {error}"
    return path.name, text, table


async def _amount_beside(label: str, scene: Scene) -> tuple[Decimal, str] | str:
    """Return the one amount that the page shows after the label and the line it stands in, or why there is none."""
    seen = await scene.look(label)
    if seen is None:
        return "there is no page to look at"
    found: dict[Decimal, str] = {}
    for line in seen[1].splitlines():
        _, here, rest = line.partition(label)
        value = _first_amount(rest) if here else None
        if value is not None:
            found.setdefault(value, line.strip())
    if not found:
        return f"the page shows no amount beside {label!r}"
    if len(found) > 1:
        return f"the page shows several amounts beside {label!r}: {', '.join(map(str, found))}"
    return next(iter(found.items()))


def _first_amount(text: str) -> Decimal | None:
    """Return the first amount in the rest of a line, however its cells are divided."""
    for cell in _REF.sub("\n", text).replace("|", "\n").replace('"', "\n").splitlines():
        words = cell.strip(" :\t").split(" [", 1)[0].strip()
        value = amount(words)
        if value is not None:
            return value
    return None


def _rows(output: Any) -> list[dict[str, Any]] | None:
    rows = cast("Mapping[str, Any]", output).get("rows") if isinstance(output, Mapping) else output
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        return None
    listed = list(cast("Sequence[Any]", rows))
    return [dict(row) for row in listed] if all(isinstance(row, Mapping) for row in listed) else None


def _comparable(row: Mapping[str, Any], columns: Iterable[str], negated: Sequence[str] = ()) -> tuple[Any, ...]:
    return tuple(_cell(row.get(column), negated=column in negated) for column in columns)


def _cell(value: Any, *, negated: bool = False) -> Any:
    """Return what two cells must have in common: the number with its currency, or the words.

    A text with leading zeros is a name that looks like a number, such as an account.
    """
    if value is None:
        return None
    text = " ".join(str(value).split())
    number = _number(value)
    if number is None or _LEADING_ZERO.match(text):
        return text
    plain = format(-number if negated else number, "f")
    currency = "".join(_CURRENCIES.findall(text)).replace("US$", "$")
    return (plain.rstrip("0").rstrip(".") if "." in plain else plain) or "0", currency


def _number(value: Any) -> Decimal | None:
    match value:
        case bool():
            return None
        case int():
            return Decimal(value)
        case float():
            return Decimal(str(value))
        case Decimal():
            return value
        case str():
            return amount(value)
        case _:
            return None


def _told(met: bool, detail: str, evidence_id: str, kind: EvidenceKind, material: str) -> CheckResult:
    return _result("met" if met else "unmet", detail, evidence_id, kind, material)


def _blind(evidence_id: str, why: str) -> CheckResult:
    return _result("cannot_tell", why, evidence_id, "opinion", "")


def _result(status: Status, detail: str, evidence_id: str, kind: EvidenceKind, material: str) -> CheckResult:
    evidence = Evidence(id=evidence_id, kind=kind, what=detail, material=material[:_MATERIAL_CHARS])
    return CheckResult(status=status, detail=detail, evidence=evidence)
