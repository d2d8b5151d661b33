"""The command line, as a person types it."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.browser_site import served
from tests.house import Ledger, configured, connected

pytestmark = pytest.mark.anyio


def pointsman(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command against the folder's configuration."""
    config = folder / "pointsman.toml"
    if not config.exists():
        config.write_text('data = "data"\n', encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pointsman", "--config", str(config), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | dict(environment or {}),
        stdin=subprocess.DEVNULL,
    )


def test_tools_shows_fewer_than_twenty_and_all_of_them_on_request(tmp_path: Path) -> None:
    listed = pointsman(tmp_path, "tools").stdout.splitlines()
    assert len(listed) < 20
    everything = json.loads(pointsman(tmp_path, "tools", "--all", "--json").stdout)
    assert len(everything) > len(listed)
    assert all(tool["arguments"]["type"] == "object" for tool in everything)


def test_route_says_who_why_and_what_would_change_it(tmp_path: Path) -> None:
    told = pointsman(
        tmp_path,
        "route",
        "Log into the legacy reporting portal, run the Q1 revenue report, and extract the regional breakdown table.",
        environment={"OPENAI_API_KEY": ""},
    )
    assert told.returncode == 0, told.stderr
    fits, possible, *rest = told.stdout.splitlines()
    assert fits.startswith("What fits: gpt-5.4: ")
    assert possible.startswith("What is possible here: there is no openai key, so host acts")
    assert [line.partition(":")[0] for line in rest if line.startswith("Not ")] == [
        "Not claude-opus-4-7",
        "Not plan-act-verify",
        "Not host",
    ]
    assert any(line.startswith("It would change: ") for line in rest)


def test_a_call_prints_its_result_as_data(tmp_path: Path) -> None:
    told = pointsman(tmp_path, "call", "route_task", '{"task": "x"}', "--json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["executor"] == "gpt-5.4"


def test_call_of_a_tool_that_needs_a_key_says_what_can_be_done_without(tmp_path: Path) -> None:
    told = pointsman(tmp_path, "call", "operate", '{"task": "x"}', environment={"OPENAI_API_KEY": ""})
    assert told.returncode == 1
    assert "OPENAI_API_KEY is not set" in told.stderr
    assert "run_task" in told.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("call", "verify", "{"), "not JSON"),
        (("call", "verify", "[]"), "a JSON object is wanted"),
        (("call", "no_such_tool"), "there is no tool"),
        (("approvals", "allow", "ap_none"), "no open question"),
    ],
)
def test_bad_input_gets_a_sentence_and_a_status(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    told = pointsman(tmp_path, *arguments)
    assert told.returncode in {1, 2}
    assert said in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("data = ", "pointsman.toml"),
        ("unknown = 1", "unknown"),
        ("[browser]\nwidth = 10", "browser.width"),
        ('[browser]\norigins = ["reports.example"]', "'reports.example' is no site: scheme and host are wanted"),
        ('recipes = ["gone"]', "there is no folder of recipes"),
        ("[secrets.a]\nfield = 'x'", "secrets.a.origin"),
        ('[models]\nthinker = "llama-9"', "models.thinker: Value error, unknown model 'llama-9'"),
        ('[models]\nscript = "gone.json"', "models.script"),
        ('[models]\nscript = "pointsman.toml"', "is not a script"),
    ],
)
def test_a_bad_configuration_is_refused_with_file_and_field(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "pointsman.toml").write_text(text, encoding="utf-8")
    told = pointsman(tmp_path, "tools")
    assert told.returncode == 2
    assert said in told.stderr
    assert "Traceback" not in told.stderr


def test_a_configuration_in_the_working_directory_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "pointsman.toml").write_text("this is not TOML", encoding="utf-8")
    environment = os.environ | {"XDG_CONFIG_HOME": str(tmp_path / "none"), "XDG_DATA_HOME": str(tmp_path / "data")}
    command = [sys.executable, "-m", "pointsman", "tools"]
    told = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path, env=environment
    )
    assert told.returncode == 0, told.stderr


async def test_a_question_is_answered_from_the_command_line_while_the_server_runs(tmp_path: Path) -> None:
    ledger = Ledger()
    async with connected(configured(tmp_path), ledger.tool("pay", "irreversible")) as house:
        first = await house.call("pay", text="rent")
        assert first.structured_content is not None
        ticket = first.structured_content["ticket"]
        assert ticket in pointsman(tmp_path, "approvals", "list").stdout
        assert "rent" in pointsman(tmp_path, "approvals", "list", "--json").stdout
        assert pointsman(tmp_path, "approvals", "allow", ticket).returncode == 0
        assert not (await house.call("pay", text="rent")).is_error
        assert ledger.lines == ["rent"]
        assert pointsman(tmp_path, "approvals", "allow", ticket).returncode == 1
        assert pointsman(tmp_path, "approvals", "list").stdout == "No question is open.\n"


async def test_a_yes_for_the_session_from_the_command_line_covers_the_next_call_of_the_kind(tmp_path: Path) -> None:
    ledger = Ledger()
    tools = (ledger.tool("pay", "irreversible"), ledger.tool("delete", "irreversible"))
    async with connected(configured(tmp_path), *tools) as house:
        first = await house.call("pay", text="rent")
        assert first.structured_content is not None
        assert (
            pointsman(tmp_path, "approvals", "allow", first.structured_content["ticket"], "--session").returncode == 0
        )
        assert not (await house.call("pay", text="rent")).is_error
        assert not (await house.call("pay", text="power")).is_error
        assert (await house.call("delete", text="all")).is_error
        assert ledger.lines == ["rent", "power"]


async def test_a_no_from_the_command_line_stays_a_no(tmp_path: Path) -> None:
    ledger = Ledger()
    async with connected(configured(tmp_path), ledger.tool("pay", "irreversible")) as house:
        first = await house.call("pay", text="rent")
        assert first.structured_content is not None
        assert pointsman(tmp_path, "approvals", "deny", first.structured_content["ticket"]).returncode == 0
        assert (await house.call("pay", text="rent")).is_error
        assert ledger.lines == []


def test_a_yes_from_the_command_line_lets_the_same_call_of_another_process_through_once(tmp_path: Path) -> None:
    """Each process has a default session of its own; the yes binds the call, not the session's handle."""
    with served() as site:
        navigate = ("call", "browser_navigate", json.dumps({"url": site.url("acts.html")}), "--json")
        asked = pointsman(tmp_path, *navigate)
        assert asked.returncode == 3, asked.stderr
        ticket = json.loads(asked.stderr.splitlines()[-1])["ticket"]  # log lines may come before
        allowed = pointsman(tmp_path, "approvals", "allow", ticket)
        assert allowed.returncode == 0, allowed.stderr
        opened = pointsman(tmp_path, *navigate)
        assert opened.returncode == 0, opened.stderr
        assert site.url("acts.html") in opened.stdout
        assert pointsman(tmp_path, *navigate).returncode == 3


async def test_the_journal_is_shown_and_verified(tmp_path: Path) -> None:
    ledger = Ledger()
    async with connected(configured(tmp_path), ledger.tool("fill", "idempotent")) as house:
        await house.call("fill", text="a")
    shown = pointsman(tmp_path, "audit", "show").stdout
    assert "intent" in shown
    assert "outcome" in shown
    lines = [json.loads(line) for line in pointsman(tmp_path, "audit", "show", "--json").stdout.splitlines()]
    assert [line["kind"] for line in lines] == ["intent", "outcome"]
    assert pointsman(tmp_path, "audit", "verify").stdout == "2 entries, chain valid\n"


async def test_a_forged_record_is_found(tmp_path: Path) -> None:
    ledger = Ledger()
    async with connected(configured(tmp_path), ledger.tool("fill", "idempotent")) as house:
        await house.call("fill", text="a")
        await house.call("fill", text="b")
    connection = sqlite3.connect(tmp_path / "data" / "pointsman.sqlite3")
    connection.execute("drop trigger journal_no_update")
    connection.execute("update journal set tool = 'peek' where seq = 3")
    connection.commit()
    connection.close()
    told = pointsman(tmp_path, "audit", "verify")
    assert (told.returncode, told.stdout) == (1, "")
    assert "entry 3 was changed" in told.stderr


@pytest.mark.parametrize("command", ["tools", "doctor"])
def test_a_bad_recipe_is_refused_with_file_and_field(tmp_path: Path, command: str) -> None:
    (tmp_path / "pointsman.toml").write_text('data = "data"\nrecipes = ["recipes"]\n', encoding="utf-8")
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "broken.toml").write_text(
        'name = "broken"\ntitle = "Broken"\ntask = "x"\n\n[[steps]]\ndo = "click"\nrole = "button"\n', encoding="utf-8"
    )
    told = pointsman(tmp_path, command)
    assert told.returncode in {1, 2}
    for part in ("broken.toml", "steps.0.click.name", "Field required"):
        assert part in told.stdout + told.stderr
    assert "Traceback" not in told.stderr


def test_doctor_says_what_is_there(tmp_path: Path) -> None:
    told = pointsman(tmp_path, "doctor")
    assert told.returncode == 0, told.stdout
    for part in ("policy: the default one", "browser: ", "thinker: claude-opus-4-7", "operator: gpt-5.4"):
        assert part in told.stdout
