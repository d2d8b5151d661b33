"""The portal's SQLite database: its schema, and the data that a seed determines.

What a figure means (the report SQL that applies it is in reports.py):

- Money is integer US cents; dates are ISO 'YYYY-MM-DD'; quarters are calendar quarters.
- An order counts when its status is 'shipped' or 'returned'. A returned order is a credit note: its
  quantities and amounts are negative. 'cancelled' and 'test' orders never count, whatever their amounts.
- Revenue is the sum of `order_lines.amount_cents` (after discount) by `orders.order_date`; units is the sum
  of `quantity`; orders and customers are distinct counts. The region is that of the order's customer.

Every region has counting orders on the first and on the last day of every quarter, and one region's
credit notes exceed its sales in each first quarter, so that negative revenue is always somewhere.
"""

import sqlite3
from calendar import monthrange
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from random import Random

__all__ = ["SCHEMA", "YEARS", "DatabaseMismatch", "connect", "prepare", "quarter_days"]

YEARS = (2024, 2025, 2026)

SCHEMA = """
CREATE TABLE portal_data (seed INTEGER NOT NULL);
CREATE TABLE regions (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE customers (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, region_id INTEGER NOT NULL REFERENCES regions (id));
CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    product_line TEXT NOT NULL,
    unit_price_cents INTEGER NOT NULL);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    order_date TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('shipped', 'cancelled', 'returned', 'test')));
CREATE INDEX orders_by_date ON orders (order_date);
CREATE TABLE order_lines (
    order_id INTEGER NOT NULL REFERENCES orders (id),
    line_no INTEGER NOT NULL,
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity INTEGER NOT NULL,
    amount_cents INTEGER NOT NULL,
    PRIMARY KEY (order_id, line_no)) WITHOUT ROWID;
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    report TEXT NOT NULL, breakdown TEXT NOT NULL, year INTEGER NOT NULL, quarter INTEGER NOT NULL,
    submitted_by TEXT NOT NULL,
    submitted_at TEXT NOT NULL, -- UTC, 'YYYY-MM-DD HH:MM:SS'
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'completed', 'failed')),
    reason TEXT, -- why it failed
    result TEXT -- JSON, once completed
);
"""

_ALWAYS = ("Île-de-France & Normandie", "Provence-Côte d'Azur", "São Paulo")
_SOMETIMES = (
    "Midlands & Wales",
    "North",
    "Northeast",
    "O'Higgins",
    "Québec",
    "Zürich",
    "Iberia",
    "Benelux",
    "Nordics & Baltics",
    "Pacific Coast",
    "Łódź",
)
_LINES = ("Pumps & Valves", "Filters", "Sensors", "Spare Parts", "Field Service", "Maker's Range")
_STATUSES = ("shipped",) * 20 + ("cancelled",) * 2 + ("returned",) * 2 + ("test",)
_DISCOUNTS = (0, 0, 0, 3, 5, 12)


class DatabaseMismatch(ValueError):
    """The file at the database path is not this portal's database for this seed."""


def connect(path: Path) -> closing[sqlite3.Connection]:
    """A connection in autocommit mode that waits up to 5 s for a lock; closed at the end of its `with`."""
    return closing(sqlite3.connect(path, timeout=5, isolation_level=None))


def prepare(path: Path, *, seed: int) -> None:
    """Create the database of `seed` at `path`, or reuse it (with its jobs) when it is there already.

    Raises:
        DatabaseMismatch: `path` holds something else.
    """
    if path.exists() and path.stat().st_size:
        found = _seed_of(path)
        if found != seed:
            held = "no portal data" if found is None else f"the data of seed {found}"
            raise DatabaseMismatch(
                f"{str(path)!r} holds {held}, not that of seed {seed}; name another file or delete it"
            )
        return
    with connect(path) as db:
        db.executescript("BEGIN;" + SCHEMA)
        _populate(db, Random(seed))
        db.execute("INSERT INTO portal_data VALUES (?)", (seed,))
        db.execute("COMMIT")


def quarter_days(year: int, quarter: int) -> tuple[date, date]:
    """The first and the last day of a calendar quarter (1 to 4)."""
    last_month = quarter * 3
    return date(year, last_month - 2, 1), date(year, last_month, monthrange(year, last_month)[1])


def _seed_of(path: Path) -> int | None:
    try:
        with connect(path) as db:
            return db.execute("SELECT seed FROM portal_data").fetchone()[0]
    except sqlite3.DatabaseError:
        return None


def _populate(db: sqlite3.Connection, rng: Random) -> None:
    names = [*_ALWAYS, *rng.sample(_SOMETIMES, rng.randint(9, 14) - len(_ALWAYS))]
    rng.shuffle(names)
    regions = list(enumerate(names, start=1))
    prices = {number: rng.randrange(1_250, 240_000) for number in range(1, 25)}
    products = [(n, f"Item {n:03d}", _LINES[n % len(_LINES)], price) for n, price in prices.items()]
    customers = [
        (region * 100 + n, f"Customer {region:02d}-{n:02d}", region)
        for region, _ in regions
        for n in range(1, rng.randint(6, 30))
    ]
    db.executemany("INSERT INTO regions VALUES (?, ?)", regions)
    db.executemany("INSERT INTO products VALUES (?, ?, ?, ?)", products)
    db.executemany("INSERT INTO customers VALUES (?, ?, ?)", customers)
    numbers = count(1)
    recalling = rng.choice(regions)[0]
    for region, _ in regions:
        buyers = [customer for customer, _, home in customers if home == region]
        busyness = rng.randint(4, 40)
        for year in YEARS:
            for quarter in (1, 2, 3, 4):
                orders = list(_orders(rng, *quarter_days(year, quarter), rng.randint(busyness, busyness + 8)))
                revenue = sum(
                    _write_order(db, rng, next(numbers), rng.choice(buyers), day, status, prices)
                    for day, status in orders
                )
                if region == recalling and quarter == 1:
                    day = quarter_days(year, quarter)[0] + timedelta(days=rng.randrange(90))
                    order = (next(numbers), rng.choice(buyers), day.isoformat(), "returned")
                    quantity = -(max(revenue, 0) // prices[1] + rng.randint(2, 40))
                    db.execute("INSERT INTO orders VALUES (?, ?, ?, ?)", order)
                    db.execute(
                        "INSERT INTO order_lines VALUES (?, 1, 1, ?, ?)",
                        (order[0], quantity, quantity * prices[1]),
                    )


def _orders(rng: Random, first: date, last: date, number: int) -> Iterator[tuple[date, str]]:
    yield first, "shipped"
    yield last, "shipped"
    for _ in range(number):
        yield first + timedelta(days=rng.randrange((last - first).days + 1)), rng.choice(_STATUSES)


def _write_order(
    db: sqlite3.Connection,
    rng: Random,
    number: int,
    customer: int,
    day: date,
    status: str,
    prices: dict[int, int],
) -> int:
    """Insert one order with its lines; returns what it adds to revenue, in cents."""
    sign = -1 if status == "returned" else 1
    lines: list[tuple[int, int, int, int, int]] = []
    for line_no in range(1, rng.randint(1, 4) + 1):
        product, quantity = rng.randint(1, len(prices)), rng.randint(1, 30)
        amount = quantity * prices[product] * (100 - rng.choice(_DISCOUNTS)) // 100
        lines.append((number, line_no, product, sign * quantity, sign * amount))
    db.execute("INSERT INTO orders VALUES (?, ?, ?, ?)", (number, customer, day.isoformat(), status))
    db.executemany("INSERT INTO order_lines VALUES (?, ?, ?, ?, ?)", lines)
    return sum(line[-1] for line in lines) if status in ("shipped", "returned") else 0
