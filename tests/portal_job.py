"""The main job for tests: a portal, a configuration that may work on it, and the truth by a query of our own."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import examples.portal
from examples.portal.app import PortalOptions
from examples.portal.serve import serving
from server.config import Config
from tests.house import configured

__all__ = ["PASSWORD", "TASK", "Job", "job", "revenue"]

PASSWORD = "s3cr3t-portal-pa55"
TASK = "Log into the legacy reporting portal, run the Q1 2026 revenue report, and extract the regional breakdown table."


class Job:
    """A portal that runs, and how to reach it."""

    def __init__(self, url: str, database: Path, folder: Path, more: str) -> None:
        self.url, self.database, self._folder, self._more = url, database, folder, more

    @property
    def inputs(self) -> dict[str, str]:
        """The inputs of the recipe."""
        return {"portal": self.url, "year": "2026", "quarter": "Q1"}

    def config(self, more: str = "", *, password: str = PASSWORD, **environment: str) -> Config:
        """Return a configuration that may work on the portal."""
        origin = self.url.rstrip("/")
        recipes = Path(examples.portal.__file__).parent
        text = (
            f'recipes = ["{recipes}"]\n{self._more}{more}\n[browser]\norigins = ["{origin}"]\n'
            f'[secrets.portal-password]\norigin = "{origin}"\nfield = "Password"\n'
        )
        return configured(self._folder, text, {"POINTSMAN_SECRET_PORTAL_PASSWORD": password, **environment})

    def jobs(self) -> int:
        """Return how many reports were ever queued."""
        connection = sqlite3.connect(self.database)
        count = connection.execute("select count(*) from jobs").fetchone()[0]
        connection.close()
        return int(count)


@asynccontextmanager
async def job(folder: Path, *, seed: int = 1, more: str = "", **options: Any) -> AsyncGenerator[Job]:
    """Hold a portal with the seed's data."""
    database = folder / "portal.sqlite3"
    portal = replace(PortalOptions(database=database, password=PASSWORD, seed=seed, delay=0.1), **options)
    async with serving(portal) as url:
        yield Job(url, database, folder, more)


def revenue(database: Path, *, year: int = 2026, quarter: int = 1) -> dict[str, Decimal]:
    """Return revenue in US dollars by region: what was shipped, less what came back, in the quarter."""
    first, last = f"{year}-{quarter * 3 - 2:02}", f"{year}-{quarter * 3:02}"
    connection = sqlite3.connect(database)
    rows = connection.execute(
        """
        select regions.name, sum(order_lines.amount_cents)
        from order_lines
        join orders on orders.id = order_lines.order_id
        join customers on customers.id = orders.customer_id
        join regions on regions.id = customers.region_id
        where orders.status not in ('cancelled', 'test') and substr(orders.order_date, 1, 7) between ? and ?
        group by regions.name
        """,
        (first, last),
    ).fetchall()
    connection.close()
    return {name: Decimal(cents) / 100 for name, cents in rows}
