"""`pointsman demo`, as a newcomer runs it: its last three lines, its exit status, its table, its report."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import anyio.to_thread
import pytest

from bridges.scripted import ScriptedModels, load_script, serving
from tests.portal_job import revenue
from tests.test_operate import CLEAN, operator_for

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(180)]


def typed(
    folder: Path, *options: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command without keys, unless the environment brings some."""
    without_keys = {k: v for k, v in os.environ.items() if k not in {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"}}
    return subprocess.run(
        [sys.executable, "-m", "pointsman", "demo", "--output", str(folder), *options],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
        env=without_keys | dict(environment or {}),
        stdin=subprocess.DEVNULL,
    )


class Demo:
    """One run of the command that ends with its three lines."""

    def __init__(self, folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> None:
        done = typed(folder, *options, environment=environment)
        self.status, self.output = done.returncode, done.stdout
        verdict, table, report = done.stdout.splitlines()[-3:]
        self.verdict = verdict.removeprefix("verdict: ")
        self.table = table.removeprefix("table: ")
        self.report = Path(report.removeprefix("report: "))

    def rows(self) -> dict[str, Decimal]:
        with Path(self.table).open(encoding="utf-8", newline="") as file:
            return {row["region"]: Decimal(row["revenue_usd"]) for row in csv.DictReader(file)}


@pytest.mark.parametrize("seed", [1, 2, 40])
def test_the_demo_writes_the_databases_answer_and_a_report(tmp_path: Path, seed: int) -> None:
    demo = Demo(tmp_path, "--seed", str(seed))
    assert (demo.status, demo.verdict) == (0, "PROVEN"), demo.output
    assert demo.rows() == revenue(tmp_path / f"seed-{seed}" / "portal.sqlite3")
    page = demo.report.read_text(encoding="utf-8")
    for part in (
        "PROVEN",
        "data:image/png;base64,",
        "chain valid",
        "gpt-5.4",
        "Run report",
        "cost: US$0",
        "equals-csv",
    ):
        assert part in page
    running = [line for line in demo.output.splitlines() if line.startswith("running ")]
    assert any("step 1 of" in line for line in running)
    assert any("checking the result" in line for line in running)


@pytest.mark.parametrize(
    ("options", "verdicts", "reason"),
    [
        (("--wrong-password",), {"BLOCKED"}, "Invalid user name or password"),
        (("--portal-down",), {"BLOCKED"}, "nothing answers at 127.0.0.1"),
        (("--label", "run_report=Execute"), {"UNPROVEN"}, "Run report"),
    ],
)
def test_what_goes_wrong_is_said_and_no_table_is_made_up(
    tmp_path: Path, options: tuple[str, ...], verdicts: set[str], reason: str
) -> None:
    demo = Demo(tmp_path, *options)
    assert demo.status == 1
    assert demo.verdict in verdicts
    assert demo.table == "none"
    assert not (tmp_path / "seed-1" / "regional-revenue.csv").exists()
    assert any(reason in line for line in demo.output.splitlines() if line.startswith("because "))
    assert demo.report.is_file()
    assert "Traceback" not in demo.output


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--label", "no_such_label=x", "unknown label 'no_such_label'"),
        ("--label", "run_report", "KEY=TEXT is wanted"),
        ("--quarter", "Q9", "'Q9' is not one of"),
        ("--columns", "foo", "each at most once, of region, "),
    ],
)
def test_an_option_that_means_nothing_is_refused_before_anything_begins(
    tmp_path: Path, option: str, value: str, said: str
) -> None:
    told = typed(tmp_path / "output", option, value)
    assert (told.returncode, told.stdout) == (2, "")
    assert f"Invalid value for '{option}'" in told.stderr
    assert said in told.stderr
    assert not (tmp_path / "output").exists()


def test_another_order_of_columns_changes_nothing(tmp_path: Path) -> None:
    demo = Demo(tmp_path, "--columns", "share,revenue,region")
    assert demo.verdict == "PROVEN", demo.output
    assert demo.rows() == revenue(tmp_path / "seed-1" / "portal.sqlite3")


async def test_with_keys_gpt_operates_and_claude_audits_after_the_cost_is_said(tmp_path: Path) -> None:
    """Stand-ins on loopback play both models; the output says so."""
    first = await anyio.to_thread.run_sync(Demo, tmp_path)  # for the database that the stand-in's rows come from
    answer = revenue(tmp_path / "seed-1" / "portal.sqlite3")
    with Path(first.table).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["region"]: Decimal(row["revenue_usd"]) for row in rows} == answer
    app = ScriptedModels(load_script(json.dumps({"openai": operator_for(rows), "anthropic": [CLEAN]})))
    async with serving(app) as base_url:
        environment = {
            "OPENAI_API_KEY": "sk-loopback",
            "ANTHROPIC_API_KEY": "sk-loopback",
            "OPENAI_BASE_URL": f"{base_url}/v1",
            "ANTHROPIC_BASE_URL": base_url,
        }
        demo = await anyio.to_thread.run_sync(lambda: Demo(tmp_path / "keys", environment=environment))
    assert demo.verdict == "PROVEN", demo.output
    said = demo.output.index("the most it may cost is US$")
    assert said < demo.output.index("\nrunning ")  # before any model is asked
    assert "gpt-5.4 (scripted)" in demo.output
    assert "claude-opus-4-7, scripted" in demo.output
    assert demo.rows() == answer
