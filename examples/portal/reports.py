"""The reports: the one SQL statement behind them, and how a figure is written on a page and in a CSV file."""

import csv
import io
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, get_args

from examples.portal.data import quarter_days

__all__ = [
    "COLUMNS",
    "KINDS",
    "Breakdown",
    "Column",
    "Figures",
    "Kind",
    "Report",
    "ReportRequest",
    "as_csv",
    "cell",
    "columns_of",
    "from_json",
    "run",
    "summary_of",
    "to_json",
    "years",
]

Kind = Literal["revenue", "orders", "customers"]
Breakdown = Literal["region", "product_line"]
Column = Literal["region", "customers", "orders", "units", "revenue", "share"]
"""`region` stands for the column that names the group, also when the groups are product lines."""

COLUMNS: tuple[Column, ...] = get_args(Column)

KINDS: dict[Kind, tuple[Column, ...]] = {
    "revenue": ("region", "orders", "units", "revenue", "share"),
    "orders": ("region", "orders", "units", "share"),
    "customers": ("region", "customers", "orders", "share"),
}
"""The columns of each report, in the order of its CSV file."""

_SQL = """
SELECT {name}, count(DISTINCT orders.customer_id), count(DISTINCT orders.id),
       coalesce(sum(order_lines.quantity), 0), coalesce(sum(order_lines.amount_cents), 0)
FROM orders
JOIN order_lines ON order_lines.order_id = orders.id
JOIN products ON products.id = order_lines.product_id
JOIN customers ON customers.id = orders.customer_id
JOIN regions ON regions.id = customers.region_id
WHERE orders.status IN ('shipped', 'returned') AND orders.order_date BETWEEN ? AND ?
"""
_NAMES: dict[Breakdown, str] = {"region": "regions.name", "product_line": "products.product_line"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequest:
    """What was asked for; `quarter` is 1 to 4."""

    kind: Kind
    breakdown: Breakdown
    year: int
    quarter: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One row, or the total: counts, and revenue in integer cents."""

    name: str
    customers: int
    orders: int
    units: int
    revenue: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A finished report. An order may hold several product lines: only regional counts add up to totals."""

    request: ReportRequest
    rows: tuple[Figures, ...]
    total: Figures


def run(db: sqlite3.Connection, request: ReportRequest) -> Report:
    """Compute a report; rows are sorted by name, code point by code point."""
    days = tuple(day.isoformat() for day in quarter_days(request.year, request.quarter))
    grouped = _SQL.format(name=_NAMES[request.breakdown]) + " GROUP BY 1 ORDER BY 1"
    rows = tuple(_figures(row) for row in db.execute(grouped, days))
    (total,) = (_figures(row) for row in db.execute(_SQL.format(name="''"), days))
    return Report(request=request, rows=rows, total=total)


def years(db: sqlite3.Connection) -> list[int]:
    """The years that have orders, ascending."""
    return [int(year) for (year,) in db.execute("SELECT DISTINCT substr(order_date, 1, 4) FROM orders ORDER BY 1")]


def columns_of(kind: Kind, order: Sequence[Column]) -> list[Column]:
    """The columns of a report, those named in `order` first and in that order."""
    return sorted(KINDS[kind], key=lambda column: order.index(column) if column in order else len(order))


def summary_of(report: Report) -> list[tuple[str, str]]:
    """The summary block: pairs of label key and formatted value."""
    total, groups = report.total, (f"summary_{report.request.breakdown}", _whole(len(report.rows)))
    orders = ("summary_orders", _whole(total.orders))
    match report.request.kind:
        case "revenue":
            return [("summary_revenue", _hundredths(total.revenue)), orders, groups]
        case "orders":
            return [orders, ("summary_units", _whole(total.units)), groups]
        case "customers":
            return [("summary_customers", _whole(total.customers)), orders, groups]


def cell(report: Report, row: Figures, column: Column) -> str:
    """A value as the page shows it: 1,234 or 1,234.50 or 12.34%, negative in parentheses."""
    match column:
        case "region":
            return row.name
        case "customers" | "orders" | "units":
            return _whole(getattr(row, column))
        case "revenue":
            return _hundredths(row.revenue)
        case "share":
            return _hundredths(_share(report, row)) + "%"


def as_csv(report: Report) -> str:
    """All rows for machines: fixed headers and column order, plain decimals with a point and a minus sign."""
    headers = {"region": report.request.breakdown, "revenue": "revenue_usd", "share": "share_percent"}
    columns = KINDS[report.request.kind]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(headers.get(column, column) for column in columns)
    writer.writerows([_plain(report, row, column) for column in columns] for row in report.rows)
    return text.getvalue()


def to_json(report: Report) -> str:
    """A report's figures as text for the job's record; `from_json` reads it back."""
    return json.dumps({"rows": [asdict(row) for row in report.rows], "total": asdict(report.total)})


def from_json(request: ReportRequest, text: str) -> Report:
    """The report that `to_json` wrote down for `request`."""
    stored = json.loads(text)
    return Report(
        request=request,
        rows=tuple(Figures(**row) for row in stored["rows"]),
        total=Figures(**stored["total"]),
    )


def _figures(row: tuple[str, int, int, int, int]) -> Figures:
    name, customers, orders, units, revenue = row
    return Figures(name=name, customers=customers, orders=orders, units=units, revenue=revenue)


def _share(report: Report, row: Figures) -> int:
    """The row's part of the total in hundredths of a percent, rounded half away from zero."""
    measure = report.request.kind
    part, whole = getattr(row, measure), getattr(report.total, measure)
    return int((Decimal(part * 10_000) / whole).quantize(Decimal(1), ROUND_HALF_UP)) if whole else 0


def _plain(report: Report, row: Figures, column: Column) -> str:
    match column:
        case "region":
            return row.name
        case "customers" | "orders" | "units":
            return str(getattr(row, column))
        case "revenue":
            return str(Decimal(row.revenue).scaleb(-2))
        case "share":
            return str(Decimal(_share(report, row)).scaleb(-2))


def _whole(number: int) -> str:
    return f"({-number:,})" if number < 0 else f"{number:,}"


def _hundredths(number: int) -> str:
    whole, rest = divmod(abs(number), 100)
    text = f"{whole:,}.{rest:02d}"
    return f"({text})" if number < 0 else text
