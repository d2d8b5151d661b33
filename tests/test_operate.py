"""A model operates: scripted stand-ins over the real SDKs and HTTP, real Chromium, the portal.

What a model would have received is read from the request bodies: tools, snapshots, screenshots, and no secret.
"""

import base64
import itertools
import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from bridges.scripted import ScriptedModels, load_script, serving
from tests.house import House, Person, connected, text_of
from tests.portal_job import PASSWORD, TASK, Job, job, revenue

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]
YES = "this call"


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"calls": [{"tool": tool, "arguments": arguments}]}


def ref(text: str) -> dict[str, str]:
    return {"ref_of": text}


def role(role: str, name: str) -> str:
    return f'role={role}[name="{name}"]'


def expecting(what: dict[str, Any], step: dict[str, Any]) -> dict[str, Any]:
    return {**step, "expect": what}


def selecting(name: str, option: str) -> dict[str, Any]:
    arguments = {"target": role("combobox", name), "values": [option]}
    return {"tool": "browser_select_option", "arguments": arguments}


def operator_for(rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Return the same for a portal whose address the task itself names."""
    return operator({"match": r"portal: (http://\S+)"}, rows)


def operator(portal: Job | dict[str, str], rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Return what an operator that knows its trade says, turn by turn."""
    url = portal if isinstance(portal, dict) else portal.url
    return [
        {
            **call("browser_navigate", url=url),
            "expect": {"contains": [TASK], "tools": ["browser_click", "finish"]},
        },
        call(
            "browser_fill_form",
            fields=[
                {"target": ref('textbox "User name"'), "value": "analyst"},
                {"target": ref('textbox "Password"'), "value": "secret://portal-password"},
            ],
        ),
        {**call("browser_click", target=role("button", "Log in")), "expect": {"lacks": [PASSWORD]}},
        {"calls": [{"computer": [{"type": "screenshot"}]}]},
        {
            "expect": {"image": True},
            "calls": [
                {
                    "tool": "browser_select_option",
                    "arguments": {"target": role("combobox", "Year"), "values": ["2026"]},
                },
                {
                    "tool": "browser_select_option",
                    "arguments": {"target": role("combobox", "Quarter"), "values": ["Q1"]},
                },
            ],
        },
        call("browser_click", target=role("button", "Run report")),
        call("browser_handle_dialog", accept=True),
        call("browser_wait_for", text="View result"),
        call("browser_click", target=role("link", "View result")),
        call("browser_extract", caption="Regional breakdown"),
        call("browser_click", target=role("link", "Download CSV")),
        call("finish", done=True, summary="extracted", rows=rows),
    ]


PLAN = {
    "data": {
        "steps": ["log in", "run the report", "read every page of the table", "download the CSV"],
        "risks": ["the wrong year"],
        "checks": [
            {
                "kind": "rows_in_download",
                "id": "equals-csv",
                "about": "rows equal the CSV",
                "text": None,
                "contains": None,
                "label": None,
                "column": None,
                "file": "*.csv",
                "columns": [["region", "region"], ["revenue_usd", "revenue_usd"]],
            }
        ],
    }
}
CLEAN = {"data": {"criteria": [{"id": "equals-csv", "status": "met", "rationale": "equal"}], "concerns": []}}


def truth(portal: Job) -> list[dict[str, str]]:
    return [{"region": name, "revenue_usd": str(value)} for name, value in revenue(portal.database).items()]


async def delegated(house: House, **arguments: Any) -> dict[str, Any]:
    result = await house.call("route_task", task=TASK, mode="delegate", wait_s=55, **arguments)
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    return dict(result.structured_content)


async def test_gpt_operates_and_claude_plans_and_verifies_over_http(tmp_path: Path) -> None:
    async with job(tmp_path) as portal:
        script = {"openai": operator(portal, truth(portal)), "anthropic": [PLAN, CLEAN]}
        app = ScriptedModels(load_script(json.dumps(script)))
        async with serving(app) as base_url:
            models = f'[models]\nopenai_base_url = "{base_url}/v1"\nanthropic_base_url = "{base_url}"\n'
            config = portal.config(models, OPENAI_API_KEY="sk-loopback-1", ANTHROPIC_API_KEY="sk-loopback-2")
            async with connected(config, person=Person(YES)) as house:
                data = await delegated(house, shape={"stakes": "high"})
                journal = await house.app.journal_entries()
    assert data["verdict"] == "PROVEN", data["reasons"]
    assert data["route"]["executor"] == "plan-act-verify"
    assert data["carried_out_by"] == "composite"
    assert data["label"] == "scripted"
    assert "scripted" in data["audit"]
    assert data["output"]["rows"] == truth(portal)
    bodies = [received.body for received in app.requests]
    whole = json.dumps(bodies)
    for absent in (PASSWORD, "sk-loopback", base64.b64encode(PASSWORD.encode()).decode()):
        assert absent not in whole
    gpt = [body for body in bodies if body["model"] == "gpt-5.4"]
    assert {"type": "computer"} in gpt[0]["tools"]
    assert all(body["store"] is False for body in gpt)
    assert any("computer_call_output" in json.dumps(body["input"]) for body in gpt)
    assert len(gpt[-1]["input"]) > len(gpt[0]["input"])
    for earlier, later in itertools.pairwise(gpt):
        assert later["input"][: len(earlier["input"])] == earlier["input"]  # append-only
    assert any(entry.record.agent == "gpt-5.4" and entry.record.kind == "approved" for entry in journal)


async def test_a_table_that_the_operator_made_up_is_refuted(tmp_path: Path) -> None:
    async with job(tmp_path) as portal:
        wrong = truth(portal)
        wrong[0]["revenue_usd"] = "1.00"
        script = {"openai": operator(portal, wrong), "anthropic": [PLAN, CLEAN]}
        (tmp_path / "script.json").write_text(json.dumps(script), encoding="utf-8")
        config = portal.config('[models]\nscript = "script.json"\n')
        async with connected(config, person=Person(YES)) as house:
            data = await delegated(house, shape={"stakes": "high"})
    assert data["verdict"] == "REFUTED"


async def operated(tmp_path: Path, portal: Job, steps: list[dict[str, Any]], person: Person, **more: Any) -> Any:
    (tmp_path / "script.json").write_text(json.dumps({"openai": steps}), encoding="utf-8")
    config = portal.config('[models]\nscript = "script.json"\nthinker = "claude-opus-4-7"\n')
    async with connected(config, person=person) as house:
        return await house.call("operate", task=TASK, wait_s=55, **more)


async def test_a_claim_without_a_contract_is_not_proven(tmp_path: Path) -> None:
    async with job(tmp_path) as portal:
        result = await operated(tmp_path, portal, [call("finish", done=True, summary="done")], Person(YES))
    assert result.structured_content["verdict"] == "UNPROVEN"


async def test_after_a_refusal_the_rest_of_the_turn_is_dropped_and_reported(tmp_path: Path) -> None:
    both = {
        "calls": [
            {"tool": "browser_click", "arguments": {"target": role("button", "No such button")}},
            {"tool": "browser_click", "arguments": {"target": role("button", "Log in")}},
        ]
    }
    told = expecting(
        {"contains": ["No such button", "not done: an earlier action"]}, call("finish", done=False, summary="stuck")
    )
    async with job(tmp_path) as portal:
        steps = [call("browser_navigate", url=portal.url), both, told]
        result = await operated(tmp_path, portal, steps, Person(YES))
    assert result.structured_content["ended"] == "the operator says that it cannot be done"
    assert result.structured_content["verdict"] == "UNPROVEN"


async def test_a_declined_act_is_reported_to_the_model_and_nothing_is_queued(tmp_path: Path) -> None:
    async with job(tmp_path) as portal:
        told = expecting({"contains": ["a person said no"]}, call("finish", done=False, summary="declined"))
        steps = [*operator(portal, [])[:6], told]
        result = await operated(tmp_path, portal, steps, Person("no"))
        assert portal.jobs() == 0
    assert result.structured_content["claimed"] is False


async def test_turns_are_bounded(tmp_path: Path) -> None:
    async with job(tmp_path) as portal:
        steps = [{**call("browser_snapshot"), "times": 10}]
        result = await operated(tmp_path, portal, steps, Person(YES), max_turns=3)
    assert result.structured_content["ended"] == "bound reached: 3 turns are used up"
    assert result.structured_content["turns"] == 3


async def test_actions_are_bounded(tmp_path: Path) -> None:
    async with job(tmp_path) as portal:
        steps = [{**call("browser_snapshot"), "times": 10}]
        result = await operated(tmp_path, portal, steps, Person(YES), max_actions=2)
    assert "2 actions are used up" in result.structured_content["ended"]


async def test_repeating_what_changes_nothing_is_noticed_and_then_stopped(tmp_path: Path) -> None:
    async with job(tmp_path) as portal:
        steps = [
            call("browser_navigate", url=portal.url),
            {**call("browser_snapshot"), "times": 4},
            {**call("browser_snapshot"), "times": 4, "expect": {"contains": ["try another way"]}},
        ]
        result = await operated(tmp_path, portal, steps, Person(YES))
    assert "repeated 6 times" in result.structured_content["ended"]


async def test_a_vendors_safety_check_is_put_to_a_person(tmp_path: Path) -> None:
    check = {"id": "sc1", "code": "malicious_instructions", "message": "The page may be trying to trick the model."}
    async with job(tmp_path) as portal:
        steps = [
            {"calls": [{"computer": [{"type": "screenshot"}], "safety_checks": [check]}]},
            call("finish", done=False, summary="x"),
        ]
        person = Person("no")
        result = await operated(tmp_path, portal, steps, person)
    assert "trick the model" in person.questions[0]
    assert "safety check" in result.structured_content["ended"]


async def test_a_cancelled_operation_stops_and_its_session_is_closed(tmp_path: Path) -> None:
    async with job(tmp_path) as portal:
        steps = [call("browser_navigate", url=portal.url), {**call("browser_snapshot"), "delay_s": 30}]
        (tmp_path / "script.json").write_text(json.dumps({"openai": steps}), encoding="utf-8")
        config = portal.config('[models]\nscript = "script.json"\n')
        async with connected(config, person=Person(YES)) as house:
            result = await house.call("operate", task=TASK, wait_s=0)
            assert result.structured_content is not None
            run = result.structured_content["run"]
            with anyio.fail_after(30):
                while "outcome browser_navigate" not in await house.journal():
                    await house.call("run_status", run=run, wait_s=0.1)
            await house.call("run_cancel", run=run)
            ended = await house.call("run_status", run=run)
            assert "cancelled" in text_of(ended)
            with anyio.fail_after(10):
                while "outcome browser_close" not in await house.journal():
                    await anyio.lowlevel.checkpoint()


async def test_an_unknown_price_stops_a_run_whose_money_is_bounded(tmp_path: Path) -> None:
    """A live model without a known price cannot be kept within a bound on money."""
    async with job(tmp_path) as portal:
        script = {"models": {"gpt-unheard-of": [{**call("browser_snapshot"), "times": 5}]}}
        app = ScriptedModels(load_script(json.dumps(script)))
        async with serving(app) as base_url:
            models = f'[models]\nopenai_base_url = "{base_url}/v1"\noperator = "gpt-unheard-of"\n'
            async with connected(portal.config(models, OPENAI_API_KEY="sk-x"), person=Person(YES)) as house:
                result = await house.call("operate", task=TASK)
    assert result.structured_content is not None
    assert result.structured_content["label"] == "scripted"
    assert result.structured_content["cost_usd"] == "0.0000"  # a stand-in costs nothing, and is labelled
