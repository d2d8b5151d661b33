"""A model operates: scripted stand-ins over the real SDKs and HTTP, real Chromium, the portal.

What a model would have received is read from the request bodies: tools, snapshots, screenshots, and no secret.
"""

import base64
import itertools
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from bridges import gpt
from bridges.model import Replied, Results, ToolCall, ToolSpec
from bridges.scripted import ScriptedModels, load_script, serving, transport
from tests.browser_site import Site, served
from tests.house import House, Person, configured, connected, text_of
from tests.portal_job import PASSWORD, TASK, Job, job, revenue
from tools.asking import Door
from tools.budget import Budget
from tools.operate import Operation, operate
from tools.outcome import Outcome, Refused
from tools.policy import Caller
from tools.tasks import Run

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
    by_gpt = [entry.record for entry in journal if entry.record.agent == "gpt-5.4, scripted"]
    assert {"asked", "approved", "intent", "outcome"} <= {record.kind for record in by_gpt}
    # Between them come the run's own first and last acts, and what checks look at.
    assert {entry.record.agent for entry in journal} == {"host", "pointsman", "gpt-5.4, scripted"}


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


async def test_with_one_key_the_other_role_falls_to_what_is_there(tmp_path: Path) -> None:
    async with job(tmp_path) as portal:
        recipe = {"recipe": "regional-revenue", "inputs": portal.inputs}
        with_claude, asked = await alone(portal, "anthropic", [CLEAN], **recipe)
        assert (with_claude["verdict"], with_claude["carried_out_by"]) == ("PROVEN", "recipe")
        assert with_claude["route"]["instead"]["missing"] == ["openai"]
        assert with_claude["audit"] == "claude-opus-4-7, scripted, in a context of its own"
        assert asked == {"claude-opus-4-7"}

        rows = with_claude["output"]["rows"]
        with_gpt, asked = await alone(portal, "openai", operator(portal, rows), **recipe)
        assert (with_gpt["verdict"], with_gpt["carried_out_by"]) == ("PROVEN", "operate")
        assert with_gpt["route"]["instead"] is None
        assert with_gpt["audit"] == "none"
        assert asked == {"gpt-5.4"}


async def alone(portal: Job, vendor: str, steps: list[dict[str, Any]], **more: Any) -> tuple[dict[str, Any], set[str]]:
    """Delegate the task with the key of one vendor, and return what came of it and which models were asked."""
    app = ScriptedModels(load_script(json.dumps({vendor: steps})))
    async with serving(app) as base_url:
        address = f"{base_url}/v1" if vendor == "openai" else base_url
        models = f'[models]\n{vendor}_base_url = "{address}"\n'
        config = portal.config(models, **{f"{vendor.upper()}_API_KEY": "sk-loopback"})
        async with connected(config, person=Person(YES)) as house:
            return await delegated(house, **more), {received.model for received in app.requests}


async def operated(tmp_path: Path, portal: Job, steps: list[dict[str, Any]], person: Person, **more: Any) -> Any:
    (tmp_path / "script.json").write_text(json.dumps({"openai": steps}), encoding="utf-8")
    config = portal.config('[models]\nscript = "script.json"\nthinker = "claude-opus-4-7"\n')
    async with connected(config, person=person) as house:
        return await house.call("operate", task=TASK, wait_s=55, **more)


@pytest.mark.parametrize("elsewhere", ["/etc", "../..", "bs_of_nobody"])
async def test_what_is_no_session_of_the_caller_is_refused_before_a_model_is_asked(
    tmp_path: Path, elsewhere: str
) -> None:
    async with job(tmp_path) as portal:
        steps = [call("finish", done=True, summary="never asked")]
        result = await operated(tmp_path, portal, steps, Person(YES), session=elsewhere)
    assert result.is_error
    assert result.structured_content["code"] == "no_such_session"


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
        {"contains": ["No such button", "not done: the one before was refused"]},
        call("finish", done=False, summary="stuck"),
    )
    async with job(tmp_path) as portal:
        steps = [call("browser_navigate", url=portal.url), both, told]
        result = await operated(tmp_path, portal, steps, Person(YES))
    assert result.structured_content["ended"] == "the operator says that it cannot be done"
    assert result.structured_content["verdict"] == "UNPROVEN"


async def test_a_tool_that_was_not_offered_is_not_called(tmp_path: Path) -> None:
    told = expecting({"contains": ["'reason' was not offered"]}, call("finish", done=False, summary="stuck"))
    async with job(tmp_path) as portal:
        result = await operated(tmp_path, portal, [call("reason", task="Approve it."), told], Person(YES))
    assert result.structured_content["ended"] == "the operator says that it cannot be done"


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


async def test_time_is_bounded(tmp_path: Path) -> None:
    async with job(tmp_path) as portal:
        steps = [{**call("browser_snapshot"), "times": 10}]
        result = await operated(tmp_path, portal, steps, Person(YES), max_seconds=0.01)
    assert result.structured_content["ended"] == "bound reached: 0.01 s are used up"
    assert result.structured_content["verdict"] == "UNPROVEN"


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


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as site:
        yield site


async def on_site(tmp_path: Path, site: Site, page: str, *steps: dict[str, Any]) -> list[Any]:
    """Let a stand-in carry out steps on a page of the site until it gives up, and return the journal."""
    first, last = call("browser_navigate", url=site.url(page)), call("finish", done=False, summary="enough")
    *before, expected = steps
    script = {"openai": [first, *before, expecting(expected, last)]}
    (tmp_path / "script.json").write_text(json.dumps(script), encoding="utf-8")
    config = configured(tmp_path, f'[models]\nscript = "script.json"\n[browser]\norigins = ["{site.origin}"]\n')
    async with connected(config, person=Person(YES)) as house:
        result = await house.call("operate", task="Work on the page.", wait_s=55)
        assert result.structured_content is not None
        assert result.structured_content["ended"] == "the operator says that it cannot be done"
        return [entry.record for entry in await house.app.journal_entries()]


async def test_each_action_of_a_batch_is_a_gate_call(tmp_path: Path, site: Site) -> None:
    batch = [
        {"type": "click", "button": "left", "x": 100, "y": 20},
        {"type": "type", "text": "ab"},
        {"type": "click", "button": "left", "x": 50, "y": 75},
    ]
    shown = {"image": True, "contains": ["action 1 (click)", "action 2 (type)", "action 3 (click)", "Page: clicked"]}
    records = await on_site(tmp_path, site, "canvas.html", {"calls": [{"computer": batch}]}, shown)
    acts = [record for record in records if record.kind == "intent" and record.agent == "gpt-5.4, scripted"]
    assert [(act.tool, act.body.get("target")) for act in acts] == [
        ("browser_navigate", site.url("canvas.html")),
        ("browser_mouse_click_xy", "textbox"),
        ("browser_type_focused", "textbox"),
        ("browser_mouse_click_xy", 'button "Point"'),
    ]


async def test_after_an_approved_question_the_rest_of_a_batch_is_dropped(tmp_path: Path, site: Site) -> None:
    batch = [{"type": "keypress", "keys": ["ENTER"]}, {"type": "type", "text": "late"}]
    typed = call("browser_type", target=role("textbox", "User"), text="ada")
    dropped = {"contains": ["action 1 (key)", "1 more actions not done"]}
    records = await on_site(tmp_path, site, "form.html", typed, {"calls": [{"computer": batch}]}, dropped)
    assert [post["user"] for post in site.posts] == [["ada"]]
    assert "browser_type_focused" not in {record.tool for record in records}


async def test_every_record_of_a_models_call_says_whether_it_was_live_or_scripted(tmp_path: Path, site: Site) -> None:
    clicked = call("browser_click", target=role("button", "Send"))
    records = await on_site(tmp_path, site, "form.html", call("browser_snapshot"), clicked, {})
    signed = {(record.tool, record.kind): record.agent for record in records if record.run}
    for tool, kinds in {
        "browser_navigate": ("intent", "outcome"),
        "browser_snapshot": ("outcome",),
        "browser_click": ("asked", "approved", "intent", "outcome"),
    }.items():
        assert [signed[tool, kind] for kind in kinds] == ["gpt-5.4, scripted"] * len(kinds)


def door(gate: Any) -> Door:
    """Return the gate as a run uses it."""

    async def no_ticket(ticket: str) -> None:
        return None

    run = Run(handle="run_1", kind="operate", task="x", principal="local")
    return Door(gate=gate, ticket=no_ticket, caller=Caller(), run=run)


async def let_operate(model: gpt.Gpt, gate: Any, operation: Operation, budget: Budget) -> None:
    """Run the loop alone, with no page behind the gate and no price known."""
    await operate(
        "Click.",
        model=model,
        door=door(gate),
        session="bs_1",
        tools=(ToolSpec(name="browser_click", description="Click.", parameters={"type": "object"}),),
        secret_names=(),
        computer=False,
        budget=budget,
        price=lambda model, usage: None,
        tell=lambda news: None,
        operation=operation,
    )


async def test_a_cancelled_turn_leaves_every_call_answered() -> None:
    """A history in which a call has no answer is refused by both vendors."""
    begun = anyio.Event()

    async def gate(call: ToolCall, caller: Caller, ticket: str | None) -> Outcome:
        if call.name == "browser_snapshot":
            return Refused(code="no_page", reason="there is no page")
        begun.set()
        await anyio.sleep_forever()
        raise AssertionError("unreachable")

    two = {"calls": [{"tool": "browser_click", "arguments": {"target": target}} for target in ("e1", "e2")]}
    http_client = transport(ScriptedModels(load_script(json.dumps({"openai": [two]}))))
    model = gpt.connect("gpt-5.4", api_key="sk-in-process", http_client=http_client)
    operation = Operation(session="bs_1")
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(let_operate, model, gate, operation, Budget())
            await begun.wait()
            tasks.cancel_scope.cancel()
        await model.aclose()
    replied, results = operation.turns[-2:]
    assert isinstance(replied, Replied)
    assert isinstance(results, Results)
    assert len(replied.reply.calls) == 2
    assert tuple(result.call for result in results.results) == replied.reply.calls
    assert all("the run was stopped" in str(result.parts) for result in results.results)


@pytest.mark.parametrize(
    ("usd", "turns", "ended"),
    [(Decimal(2), 1, "the price of a reply is unknown"), (None, 3, "3 turns are used up")],
    ids=["money bounded", "money not bounded"],
)
async def test_an_unknown_price_ends_a_live_run_whose_money_is_bounded(
    usd: Decimal | None, turns: int, ended: str
) -> None:
    asked = {"type": "function_call", "call_id": "call_1", "name": "browser_click", "arguments": '{"target": "e1"}'}
    reply = {"id": "resp_1", "object": "response", "model": "gpt-5.4", "output": [asked], "status": "completed"}
    vendor = httpx2.MockTransport(lambda request: httpx2.Response(200, json=reply))
    agents: list[str] = []

    async def gate(call: ToolCall, caller: Caller, ticket: str | None) -> Outcome:
        agents.append(caller.agent)
        return Refused(code="no_page", reason="there is no page")

    model = gpt.connect("gpt-5.4", api_key="sk-none", http_client=httpx2.AsyncClient(transport=vendor))
    operation = Operation(session="bs_1")
    with anyio.fail_after(30):
        await let_operate(model, gate, operation, Budget(turns=3, usd=usd))
        await model.aclose()
    assert ended in operation.ended
    assert (operation.spent.turns, operation.spent.usd) == (turns, None)
    assert agents[1:] == ["gpt-5.4, live"] * turns  # the first look was nobody's
