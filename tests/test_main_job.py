"""The founding sentence, end to end through an MCP client and real Chromium, with no model: the recipe.

The table is held against the database, by a query of our own. Whatever goes wrong ends in a clear reason and a
verdict that is not PROVEN, never in a made-up table.
"""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.house import House, Person, connected, text_of
from tests.portal_job import PASSWORD, TASK, Job, job, revenue

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]
YES = "this call"


async def replayed(house: House, portal: Job) -> Mapping[str, Any]:
    """Delegate the task with the recipe for it, and wait for what comes of it."""
    result = await house.call(
        "route_task", task=TASK, mode="delegate", recipe="regional-revenue", inputs=portal.inputs, wait_s=55
    )
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    return dict(result.structured_content)


def table(data: Mapping[str, Any]) -> dict[str, Decimal]:
    return {row["region"]: Decimal(row["revenue_usd"]) for row in data["output"]["rows"]}


@pytest.mark.parametrize("seed", [1, 7, 20])
async def test_the_table_equals_the_databases_answer(tmp_path: Path, seed: int) -> None:
    person = Person(YES)
    async with job(tmp_path, seed=seed) as portal, connected(portal.config(), person=person) as house:
        data = await replayed(house, portal)
        assert data["verdict"] == "PROVEN", data["reasons"]
        assert table(data) == revenue(portal.database)
        assert data["carried_out_by"] == "recipe"
        assert data["route"]["executor"] == "gpt-5.4"
        assert data["route"]["instead"]["missing"] == ["openai"]
        assert portal.jobs() == 1
        assert len(person.questions) == 2  # the submit, and the dialog that it opens
        kinds = await house.journal()
        assert kinds.count("approved browser_click") == 1
        assert kinds.count("approved browser_handle_dialog") == 1
        assert PASSWORD not in str(await house.app.journal_entries())
        assert PASSWORD not in str(data)


@pytest.mark.parametrize(
    "variation",
    [
        {"columns": ("revenue", "share", "region")},
        {"columns": ("units",), "rows_per_page": 3},
        {"rows_per_page": 50},
        {"layout": "plain"},
    ],
)
async def test_another_layout_gives_the_same_table(tmp_path: Path, variation: dict[str, Any]) -> None:
    async with job(tmp_path, seed=3, **variation) as portal, connected(portal.config(), person=Person(YES)) as house:
        data = await replayed(house, portal)
        assert data["verdict"] == "PROVEN", data["reasons"]
        assert table(data) == revenue(portal.database)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ({"run_report": "Execute"}, "Execute"),
        ({"column_revenue": "Turnover"}, "Turnover"),
        ({"column_revenue": "Units", "column_units": "Revenue (USD)"}, "revenue"),
        ({"next_page": "Forward"}, "rows"),
        ({"caption_region": "Figures"}, "Figures"),
        ({"summary_revenue": "Sum"}, "Total revenue"),
        ({"download_csv": "Export"}, "Export"),
        ({"result_title": "{report} report"}, "Revenue by region"),
    ],
)
async def test_a_changed_label_never_ends_in_a_proven_table(
    tmp_path: Path, labels: dict[str, str], reason: str
) -> None:
    async with job(tmp_path, labels=labels) as portal, connected(portal.config(), person=Person(YES)) as house:
        data = await replayed(house, portal)
        assert data["verdict"] in {"UNPROVEN", "REFUTED"}
        assert reason in " ".join(data["reasons"])
        if data["output"] is not None:  # a table was read: a wrong one is refuted, a right one is only not proven
            assert (data["verdict"] == "REFUTED") == (table(data) != revenue(portal.database))


async def test_a_wrong_password_is_blocked_with_what_the_portal_says(tmp_path: Path) -> None:
    async with job(tmp_path) as portal, connected(portal.config(password="not-the-one"), person=Person(YES)) as house:
        data = await replayed(house, portal)
        assert data["verdict"] == "BLOCKED"
        assert "Invalid user name or password" in data["reasons"][0]
        assert data["output"] is None
        assert portal.jobs() == 0


async def test_a_portal_that_is_down_is_blocked(tmp_path: Path) -> None:
    async with job(tmp_path) as portal:
        config = portal.config()
    async with connected(config, person=Person(YES)) as house:
        data = await replayed(house, portal)
        assert data["verdict"] == "BLOCKED"
        assert "nothing answers at 127.0.0.1" in data["reasons"][0]
        assert data["output"] is None


async def test_a_report_that_fails_on_the_server_is_not_proven(tmp_path: Path) -> None:
    async with job(tmp_path, fail_jobs=True) as portal, connected(portal.config(), person=Person(YES)) as house:
        data = await replayed(house, portal)
        assert data["verdict"] == "UNPROVEN"
        assert "Failed" in data["reasons"][0]
        assert data["output"] is None


async def test_a_declined_question_leaves_the_portal_untouched(tmp_path: Path) -> None:
    person = Person("no")
    async with job(tmp_path) as portal, connected(portal.config(), person=person) as house:
        data = await replayed(house, portal)
        assert len(person.questions) == 1
        assert 'button "Run report"' in person.questions[0]
        assert data["verdict"] == "BLOCKED"
        assert data["output"] is None
        assert portal.jobs() == 0


async def test_a_client_that_cannot_ask_waits_for_the_command_line(tmp_path: Path) -> None:
    async with job(tmp_path) as portal, connected(portal.config()) as house:
        result = await house.call("run_task", recipe="regional-revenue", inputs=portal.inputs)
        answered = 0
        while result.is_error:
            data = result.structured_content
            assert data is not None
            assert data["status"] == "needs_approval"
            assert await house.app.answer(data["ticket"], "once", "command line")
            answered += 1
            result = await house.call("run_status", run=data["run"])
        assert result.structured_content is not None
        assert result.structured_content["verdict"] == "PROVEN"
        assert answered == 2


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({}, "needs the input 'portal'"),
        ({"portal": "x", "quarter": "Q9"}, "Q1, Q2, Q3, Q4"),
        ({"a": "b"}, "no input 'a'"),
    ],
)
async def test_inputs_that_do_not_fit_are_refused_before_anything_happens(
    tmp_path: Path, inputs: dict[str, str], said: str
) -> None:
    async with job(tmp_path) as portal, connected(portal.config()) as house:
        result = await house.call("run_task", recipe="regional-revenue", inputs=inputs)
        assert result.is_error
        assert said in text_of(result)


async def test_an_unknown_recipe_gets_the_known_ones(tmp_path: Path) -> None:
    async with job(tmp_path) as portal, connected(portal.config()) as house:
        result = await house.call("run_task", recipe="nope")
        assert "regional-revenue" in text_of(result)
