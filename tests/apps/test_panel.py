"""A Panel application: its controls and its grid lie in shadow roots, where `innerText` is empty and CSS finds nothing.

The application reads its data frame from a CSV file; the same file is the truth.
"""

import csv
import random
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest

from tests.apps.installed import free_port, program, serving
from tests.house import House, Person, configured, connected, text_of
from tools.numbers import amount

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

YES = "this call"
APP = """
import pandas, panel
panel.extension("tabulator")
frame = pandas.read_csv({path!r})
quarter = panel.widgets.Select(name="Quarter", options=["(choose)", "Q1", "Q2"])
run = panel.widgets.Button(name="Run report")
grid = panel.widgets.Tabulator(frame.iloc[:0], show_index=False, disabled=True)
total = panel.pane.Markdown("No report yet.")
def report(event):
    grid.value = rows = frame[frame.quarter == quarter.value]
    total.object = f"Total revenue: **{{rows.revenue.sum():,.2f}}**"
run.on_click(report)
panel.Column("# Revenue", quarter, run, total, grid).servable(title="Revenue")
"""
COLUMNS = ("quarter", "region", "orders", "revenue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where the application is, and the file that its data frame is read from."""

    origin: str
    frame: Path

    def rows(self, quarter: str) -> list[dict[str, str]]:
        """Return the rows of a quarter."""
        with self.frame.open(encoding="utf-8", newline="") as file:
            return [row for row in csv.DictReader(file) if row["quarter"] == quarter]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder, port = tmp_path_factory.mktemp("panel"), free_port()
    frame, script = folder / "frame.csv", folder / "revenue.py"
    frame.write_text(generated(seed=3), encoding="utf-8")
    script.write_text(APP.format(path=str(frame)), encoding="utf-8")
    command = [program("panel"), "serve", str(script), "--address", "127.0.0.1", "--port", str(port)]
    with serving(command, port=port, log=folder / "panel.log") as origin:
        yield Served(origin=origin, frame=frame)


def generated(seed: int) -> str:
    """Return two quarters of four regions as CSV."""
    chance = random.Random(seed)
    places = [(quarter, region) for quarter in ("Q1", "Q2") for region in ("North", "South", "East", "West")]
    lines = [f"{q},{region},{chance.randint(1, 90)},{chance.randint(1, 10**7) / 100:.2f}" for q, region in places]
    return "\n".join([",".join(COLUMNS), *lines]) + "\n"


@asynccontextmanager
async def opened(folder: Path, app: Served, person: Person) -> AsyncGenerator[House]:
    """Hold a server that has opened the application."""
    config = configured(folder, f'[browser]\norigins = ["{app.origin}"]\n')
    async with connected(config, person=person) as house:
        shown = await house.call("browser_navigate", url=f"{app.origin}/revenue")
        assert "No report yet." in text_of(shown)
        yield house


def role(role: str, name: str) -> str:
    return f'role={role}[name="{name}"]'


def data(result: types.CallToolResult) -> dict[str, Any]:
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    return dict(result.structured_content)


async def chosen(house: House, quarter: str) -> types.CallToolResult:
    """Choose the quarter, press the button and return what came of that."""
    choice = {"target": role("combobox", "Quarter"), "values": [quarter]}
    data(await house.call("call_write_tool", name="browser_select_option", arguments=choice))
    return await house.call("browser_click", target=role("button", "Run report"))


async def grid(house: House) -> list[dict[str, str]]:
    """Return the rows of the only grid on the page."""
    read = data(await house.call("call_read_tool", name="browser_extract", arguments={}))
    return [{column: row[column] for column in COLUMNS} for row in read["rows"]]


def comparable(rows: list[dict[str, str]]) -> list[tuple[str, str, Decimal | None, Decimal | None]]:
    """Return rows by their values: a grid writes numbers in its own way."""
    return [(row["quarter"], row["region"], amount(row["orders"]), amount(row["revenue"])) for row in rows]


async def test_a_grid_across_shadow_roots_equals_the_data_frame(tmp_path: Path, app: Served) -> None:
    async with opened(tmp_path, app, Person(YES)) as house:
        for quarter in ("Q1", "Q2"):
            data(await chosen(house, quarter))
            total = sum(Decimal(row["revenue"]) for row in app.rows(quarter))
            shown = {"name": "browser_wait_for", "arguments": {"text": f"Total revenue: {total:,.2f}"}}
            data(await house.call("call_read_tool", **shown))
            assert comparable(await grid(house)) == comparable(app.rows(quarter))


async def test_a_declined_report_leaves_the_grid_empty(tmp_path: Path, app: Served) -> None:
    person = Person("no")
    async with opened(tmp_path, app, person) as house:
        assert (await chosen(house, "Q1")).is_error
        assert 'button "Run report"' in person.questions[0]
        assert "No report yet." in text_of(await house.call("browser_snapshot"))
        assert await grid(house) == []
