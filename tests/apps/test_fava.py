"""The founding sentence on somebody else's application: revenue by region out of a ledger that Fava shows.

The truth is the generator's own sums. Fava writes revenue as a ledger does, as a credit with a minus; whoever reads it
there says so, and a contract says which of its columns count with the other sign.
"""

import json
import random
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest

from tests.apps.installed import free_port, program, serving
from tests.house import House, Person, configured, connected, text_of
from tools.numbers import amount

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

HERE = Path(__file__).parent
YES = "this call"
REGIONS = ("East", "North", "South", "West")
QUERY = (
    "SELECT leaf(account) AS region, neg(sum(number)) AS revenue "
    "WHERE account ~ '^Income:Revenue:' GROUP BY region ORDER BY region"
)
TASK = "Open the ledger in Fava at {url} and extract the revenue by region for Q1 2026."


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """Goods sold in a region on a day; below zero when they came back."""

    day: date
    region: str
    cents: int


def sales(seed: int) -> list[Sale]:
    """Return two years of sales, one a day."""
    chance = random.Random(seed)
    days = (date(2025, 1, 1) + timedelta(days=n) for n in range(730))
    return [Sale(day=day, region=chance.choice(REGIONS), cents=chance.randint(-200_000, 5_000_000)) for day in days]


def ledger(sold: list[Sale]) -> str:
    """Return the sales as a ledger, with expenses among them."""
    accounts = ("Assets:Bank", "Expenses:Rent", *(f"Income:Revenue:{region}" for region in REGIONS))
    lines = ['option "title" "Acme"', 'option "operating_currency" "USD"']
    lines += [f"2025-01-01 open {account} USD" for account in accounts]
    for sale in sold:
        lines += [f'{sale.day} * "Sale"', f"  Assets:Bank  {Decimal(sale.cents) / 100} USD"]
        lines += [f"  Income:Revenue:{sale.region}"]
        if sale.day.day == 1:
            lines += [f'{sale.day} * "Rent"', "  Expenses:Rent  3000.00 USD", "  Assets:Bank"]
    return "\n".join(lines) + "\n"


def revenue(sold: list[Sale]) -> dict[str, Decimal]:
    """Return the revenue of the first quarter of 2026 by region."""
    quarter = [sale for sale in sold if date(2026, 1, 1) <= sale.day < date(2026, 4, 1)]
    return {region: Decimal(sum(s.cents for s in quarter if s.region == region)) / 100 for region in REGIONS}


SOLD = sales(seed=7)
TRUTH = revenue(SOLD)
TOTAL = sum(TRUTH.values())
ROWS = [{"region": region, "revenue_usd": f"{value:.2f}"} for region, value in TRUTH.items()]


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("fava")
    book = folder / "acme.beancount"
    book.write_text(ledger(SOLD), encoding="utf-8")
    port = free_port()
    command = [program("fava"), str(book), "--host", "127.0.0.1", "--port", str(port)]
    with serving(command, port=port, log=folder / "fava.log") as origin:
        yield origin


@asynccontextmanager
async def housed(
    folder: Path, origin: str, more: str = "", *, person: Person | None = None, recipes: Path = HERE
) -> AsyncGenerator[House]:
    """Hold a server that may work on Fava and knows the recipe."""
    config = configured(folder, f'recipes = ["{recipes}"]\n{more}\n[browser]\norigins = ["{origin}"]\n')
    async with connected(config, person=person or Person(YES)) as house:
        yield house


def role(role: str, name: str) -> str:
    return f'role={role}[name="{name}"]'


def data(result: types.CallToolResult) -> dict[str, Any]:
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    return dict(result.structured_content)


def table(rows: list[dict[str, str]], column: str) -> dict[str, Decimal | None]:
    return {row["region"]: amount(row[column]) for row in rows}


async def filtered(house: House, origin: str) -> None:
    """Open the ledger's front page and filter it by the quarter, as a person does."""
    await house.call("browser_navigate", url=origin)
    typed = await house.call("browser_type", target=role("combobox", "Time"), text="2026-Q1", submit=True)
    assert "time=2026-Q1" in data(typed)["url"]


async def test_the_income_statement_of_the_quarter_shows_revenue_as_credits(tmp_path: Path, origin: str) -> None:
    async with housed(tmp_path, origin) as house:
        await filtered(house, origin)
        shown = text_of(await house.call("browser_snapshot"))
    found = dict(re.findall(r'link "(East|North|South|West)" \[ref=\w+\]:? (\S+)', shown))
    assert {region: amount(text) for region, text in found.items()} == {name: -value for name, value in TRUTH.items()}


async def test_revenue_by_region_is_asked_for_and_read_from_the_query_page(tmp_path: Path, origin: str) -> None:
    person = Person(YES)
    async with housed(tmp_path, origin, person=person) as house:
        await filtered(house, origin)
        await house.call("browser_click", target=role("link", "Query"))
        await house.call("browser_type", target="role=textbox", text=QUERY)
        data(await house.call("browser_click", target=role("button", "Submit")))
        read = data(await house.call("call_read_tool", name="browser_extract", arguments={}))
    assert table(read["rows"], "revenue") == TRUTH
    assert len(person.questions) == 1


async def replayed(folder: Path, origin: str, control: Decimal, recipes: Path = HERE) -> dict[str, Any]:
    """Run the recipe and return what came of it."""
    inputs = {"fava": f"{origin}/acme", "control": f"{control:.2f}"}
    async with housed(folder, origin, recipes=recipes) as house:
        return data(await house.call("run_task", recipe="fava-revenue", inputs=inputs, wait_s=55))


async def test_by_recipe_the_table_is_proven_and_equals_the_books(tmp_path: Path, origin: str) -> None:
    found = await replayed(tmp_path, origin, control=Decimal(TOTAL))
    assert found["verdict"] == "PROVEN", found["reasons"]
    assert table(found["output"]["rows"], "revenue_usd") == TRUTH


async def test_a_control_total_that_is_a_cent_off_refutes_the_recipes_table(tmp_path: Path, origin: str) -> None:
    found = await replayed(tmp_path, origin, control=TOTAL + Decimal("0.01"))
    assert found["verdict"] == "REFUTED"
    assert found["reasons"][0].startswith("equals-control")


async def test_a_recipe_that_keeps_the_ledgers_sign_is_refuted(tmp_path: Path, origin: str) -> None:
    """Its rows equal the CSV file to the cent: without the sign in the contract it would pass."""
    recipe = (HERE / "fava-revenue.toml").read_text(encoding="utf-8").replace("neg(sum(number))", "sum(number)")
    (tmp_path / "fava-revenue.toml").write_text(recipe, encoding="utf-8")
    (tmp_path / "pointsman").mkdir()
    found = await replayed(tmp_path / "pointsman", origin, control=Decimal(TOTAL), recipes=tmp_path)
    assert found["verdict"] == "REFUTED"
    assert [reason.partition(":")[0] for reason in found["reasons"]] == ["revenue-adds-up"]


CONTRACT = [
    {
        "kind": "output_schema",
        "id": "equals-books",
        "about": "Revenue by region is what the company's own books say, credits turned round.",
        "schema": {"type": "object", "properties": {"rows": {"const": ROWS}}, "required": ["rows"]},
        "expectation": "independent",
    },
    {
        "kind": "page_text",
        "id": "credit-on-page",
        "about": "Fava's own total for the quarter is the same amount as a credit.",
        "text": f"−{TOTAL:.2f}",
        "expectation": "independent",
    },
    {"kind": "page_address", "id": "right-quarter", "contains": "time=2026-Q1", "expectation": "task"},
]


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"calls": [{"tool": tool, "arguments": arguments}]}


def operator(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what an operator says that finds the query page, and reports these rows in the end."""
    return [
        call("browser_navigate", url={"match": r"Fava at (http://\S+)"}),
        call("browser_type", target=role("combobox", "Time"), text="2026-Q1", submit=True),
        call("browser_click", target=role("link", "Query")),
        call("browser_type", target="role=textbox", text=QUERY),
        call("browser_click", target=role("button", "Submit")),
        call("browser_extract"),
        call("browser_click", target=role("link", "Income Statement")),
        call("finish", done=True, summary="read from the query page", rows=rows),
    ]


def as_read(region: str) -> dict[str, Any]:
    """Return the row of a region as the operator reads it from the extracted table."""
    return {"region": region, "revenue_usd": {"match": rf"\n{region} \| ([\d.]+)"}}


async def registered(house: House, session: str, url: str) -> str:
    """Fix the contract before anything is done, and return its handle."""
    found = data(await house.call("verify", task=TASK.format(url=url), checks=CONTRACT, session=session))
    assert found["vacuous"] == []
    return str(found["contract"])


async def operated(folder: Path, origin: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Let a scripted GPT do the task under the contract, and return what came of it."""
    script: dict[str, Any] = {"openai": operator(rows), "anthropic": [{"data": {"criteria": [], "concerns": []}}]}
    (folder / "script.json").write_text(json.dumps(script), encoding="utf-8")
    async with housed(folder, origin, '[models]\nscript = "script.json"') as house:
        session = data(await house.call("browser_navigate", url=origin))["session"]
        contract = await registered(house, session, origin)
        task = TASK.format(url=origin)
        return data(await house.call("operate", task=task, contract=contract, session=session, wait_s=55))


async def test_by_a_scripted_operator_the_table_is_proven_against_the_books(tmp_path: Path, origin: str) -> None:
    found = await operated(tmp_path, origin, [as_read(region) for region in REGIONS])
    assert found["verdict"] == "PROVEN", found["reasons"]
    assert found["output"]["rows"] == ROWS
    assert (found["executor"], found["label"]) == ("gpt-5.4", "scripted")


async def test_an_operators_figure_that_is_a_cent_off_is_refuted(tmp_path: Path, origin: str) -> None:
    rows = [*map(as_read, REGIONS[:3]), {"region": "West", "revenue_usd": f"{TRUTH['West'] + Decimal('0.01'):.2f}"}]
    found = await operated(tmp_path, origin, rows)
    assert found["verdict"] == "REFUTED"
    assert [reason.partition(":")[0] for reason in found["reasons"]] == ["equals-books"]


async def test_neither_the_ledgers_sign_nor_a_missing_region_passes_the_contract(tmp_path: Path, origin: str) -> None:
    as_credits = [{**row, "revenue_usd": f"-{row['revenue_usd']}"} for row in ROWS]
    async with housed(tmp_path, origin) as house:
        session = data(await house.call("browser_navigate", url=origin))["session"]
        contract = await registered(house, session, origin)
        await filtered(house, origin)
        for rows, verdict in ((as_credits, "REFUTED"), (ROWS[:3], "REFUTED"), (ROWS, "PROVEN")):
            found = data(await house.call("verify", contract=contract, output={"rows": rows}))
            assert found["verdict"] == verdict, found["reasons"]
