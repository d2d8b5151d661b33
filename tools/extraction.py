"""Rows in the form of a JSON Schema: which column or field is meant by a property, and its value in the type wanted.

By words and nothing else, so that the same page gives the same rows. Pure.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridges.browser.words import Field, Table
from tools.numbers import amount

__all__ = ["Rows", "rows_of_items", "shaped"]

_TRUE, _FALSE = frozenset({"true", "yes", "checked", "on", "✓", "✔"}), frozenset({"false", "no", "off", "", "✗", "✘"})
_MOST_COLUMNS = 12
Properties = dict[str, Mapping[str, Any]]
_ANY: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows, the refs of the values in them, and what could not be had."""

    columns: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    cells: tuple[dict[str, str], ...]
    problems: tuple[str, ...] = ()


def shaped(table: Table, schema: Mapping[str, Any] | None) -> Rows:
    """Return a table in the form of the schema of one row; as it is without one."""
    if schema is None:
        return Rows(columns=table.columns, rows=table.rows, cells=table.cells)
    wanted = _properties(schema)
    meant = {name: _column(name, about, table.columns) for name, about in wanted.items()}
    problems = [f"no column is called like {name!r}" for name, column in meant.items() if column is None]
    rows: list[dict[str, Any]] = []
    cells: list[dict[str, str]] = []
    for number, row in enumerate(table.rows):
        values = {name: row.get(column, "") for name, column in meant.items() if column is not None}
        refs = table.cells[number] if number < len(table.cells) else {}
        rows.append(_typed(values, wanted, problems, number))
        cells.append({name: refs[column] for name, column in meant.items() if column in refs})
    return Rows(columns=tuple(wanted), rows=tuple(rows), cells=tuple(cells), problems=tuple(problems))


def rows_of_items(items: Sequence[Sequence[Field]], schema: Mapping[str, Any] | None) -> Rows:
    """Return items in the form of the schema of one row; without one, by the words that most items have."""
    wanted: Properties = _properties(schema) if schema is not None else dict.fromkeys(_common(items), _ANY)
    problems: list[str] = []
    rows: list[dict[str, Any]] = []
    cells: list[dict[str, str]] = []
    for number, item in enumerate(items):
        fields = {name: _field(name, about, item) for name, about in wanted.items()}
        found = {name: field for name, field in fields.items() if field is not None}
        values = {name: field.value for name, field in found.items()}
        rows.append(_typed(values, wanted, problems, number))
        cells.append({name: field.ref for name, field in found.items()})
    missing = [name for name in wanted if not any(name in row for row in cells)]
    problems = [f"nothing is called like {name!r}" for name in missing] + problems
    return Rows(columns=tuple(wanted), rows=tuple(rows), cells=tuple(cells), problems=tuple(problems))


def _properties(schema: Mapping[str, Any]) -> Properties:
    """Return the properties of a row, whether the schema is that of a row or of a list of rows."""
    row = schema.get("items", schema) if schema.get("type") == "array" else schema
    return dict(row.get("properties", {}))


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\W_]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", text).casefold()))


def _names(name: str, about: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [words for words in (_words(name), _words(str(about.get("title", "")))) if words]


def _column(name: str, about: Mapping[str, Any], columns: Sequence[str]) -> str | None:
    """Return the column that is called so; else the only one that has all of the words in it."""
    for words in _names(name, about):
        if exact := [column for column in columns if _words(column) == words]:
            return exact[0]
    for words in _names(name, about):
        holding = [column for column in columns if set(words) <= set(_words(column))]
        if len(holding) == 1:
            return holding[0]
    return None


def _field(name: str, about: Mapping[str, Any], item: Sequence[Field]) -> Field | None:
    """Return the field that is called so; else the first that has all of the words in what it is called."""
    for words in _names(name, about):
        exact = [field for field in item if words in map(_words, field.keys)]
        holding = [field for field in item if any(set(words) <= set(_words(key)) for key in field.keys)]
        if found := exact or holding:
            return found[0]
    return None


def _common(items: Sequence[Sequence[Field]]) -> list[str]:
    """Return the words of at least half of the items, one for each value, in the order of the first item."""
    counted = Counter(key for item in items for key in {field.keys[0] for field in item if field.keys})
    ordered = dict.fromkeys(field.keys[0] for item in items for field in item if field.keys)
    return [key for key in ordered if 2 * counted[key] >= len(items)][:_MOST_COLUMNS]


def _typed(values: Mapping[str, str], wanted: Properties, problems: list[str], number: int) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, about in wanted.items():
        text = values.get(name)
        row[name] = value = None if text is None else _value(text, about.get("type", "string"))
        if value is None and text:
            problems.append(f"row {number + 1}: {text[:60]!r} in {name!r} is no {about.get('type')}")
    return row


def _value(text: str, kind: object) -> Any:
    match kind:
        case "number" | "integer":
            number = amount(text)
            if number is None or (kind == "integer" and number != number.to_integral_value()):
                return None
            return int(number) if number == number.to_integral_value() else float(number)
        case "boolean":
            word = text.strip().casefold()
            return True if word in _TRUE else False if word in _FALSE else None
        case _:
            return text
