"""The one door, seen from a client: what passes, what is asked, what is refused, and what the journal says of it."""

import sqlite3
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from bridges.journal import Record, Ticket
from bridges.model import ToolCall
from bridges.store import Store
from tests.house import Era, Ledger, Person, configured, connected, text_of
from tools.approval import TICKET_LIFE_S
from tools.outcome import Refused
from tools.policy import Caller

pytestmark = pytest.mark.anyio
ONCE, SESSION, NO = "this call", "this kind on this origin for this session", "no"


async def test_a_read_runs_without_a_question(tmp_path: Path) -> None:
    ledger = Ledger()
    async with connected(configured(tmp_path), ledger.tool("peek", "read")) as house:
        result = await house.call("peek", text="a")
        assert not result.is_error
        assert ledger.lines == ["a"]
        assert await house.journal() == []


async def test_an_act_leaves_intent_and_outcome_in_the_journal(tmp_path: Path) -> None:
    ledger = Ledger()
    async with connected(configured(tmp_path), ledger.tool("fill", "idempotent")) as house:
        await house.call("fill", text="a")
        assert await house.journal() == ["intent fill", "outcome fill"]


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_an_irreversible_call_runs_once_after_a_persons_yes(tmp_path: Path, era: Era) -> None:
    ledger, person = Ledger(), Person(ONCE)
    async with connected(configured(tmp_path), ledger.tool("pay", "irreversible"), era=era, person=person) as house:
        result = await house.call("pay", text="rent", amount=900)
        assert text_of(result) == "wrote rent"
        assert ledger.lines == ["rent"]
        assert "rent" in person.questions[0]
        assert await house.journal() == ["asked pay", "approved pay", "intent pay", "outcome pay"]


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_each_irreversible_call_asks_anew(tmp_path: Path, era: Era) -> None:
    ledger, person = Ledger(), Person(ONCE)
    async with connected(configured(tmp_path), ledger.tool("pay", "irreversible"), era=era, person=person) as house:
        await house.call("pay", text="rent")
        await house.call("pay", text="rent")
        assert len(person.questions) == 2
        assert ledger.lines == ["rent", "rent"]


@pytest.mark.parametrize("era", ["auto", "legacy"])
@pytest.mark.parametrize("person", [Person(NO), Person(NO, action="decline"), Person("nonsense")])
async def test_a_declined_call_does_not_run(tmp_path: Path, era: Era, person: Person) -> None:
    ledger = Ledger()
    async with connected(configured(tmp_path), ledger.tool("pay", "irreversible"), era=era, person=person) as house:
        result = await house.call("pay", text="rent")
        assert result.is_error
        assert result.structured_content is not None
        assert result.structured_content["code"] == "declined"
        assert ledger.lines == []
        assert await house.journal() == ["asked pay", "declined pay"]


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_dismissed_question_stays_open_and_nothing_runs(tmp_path: Path, era: Era) -> None:
    ledger, person = Ledger(), Person(action="cancel")
    async with connected(configured(tmp_path), ledger.tool("pay", "irreversible"), era=era, person=person) as house:
        result = await house.call("pay", text="rent")
        assert result.is_error
        assert ledger.lines == []
        assert await house.journal() == ["asked pay"]


async def test_yes_for_the_session_covers_the_same_kind_and_no_other(tmp_path: Path) -> None:
    ledger, person = Ledger(), Person(SESSION, ONCE)
    tools = (ledger.tool("pay", "irreversible"), ledger.tool("delete", "irreversible"))
    async with connected(configured(tmp_path), *tools, person=person) as house:
        await house.call("pay", text="rent")
        await house.call("pay", text="power")
        assert len(person.questions) == 1
        await house.call("delete", text="all")
        assert len(person.questions) == 2
        assert ledger.lines == ["rent", "power", "all"]


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_client_that_cannot_ask_is_told_the_command_and_the_answer_counts_once(
    tmp_path: Path, era: Era
) -> None:
    ledger = Ledger()
    async with connected(configured(tmp_path), ledger.tool("pay", "irreversible"), era=era) as house:
        first = await house.call("pay", text="rent")
        assert first.is_error
        assert first.structured_content is not None
        ticket = first.structured_content["ticket"]
        assert f"pointsman approvals allow {ticket}" in text_of(first)
        again = await house.call("pay", text="rent")
        assert again.structured_content is not None
        assert again.structured_content["ticket"] == ticket  # the same question, not a second one
        assert ledger.lines == []
        assert await house.app.answer(ticket, "once", "test person")
        assert not (await house.call("pay", text="rent")).is_error
        assert ledger.lines == ["rent"]
        assert (await house.call("pay", text="rent")).is_error  # spent
        assert ledger.lines == ["rent"]


async def test_altered_arguments_after_approval_are_not_run(tmp_path: Path) -> None:
    ledger = Ledger()
    async with connected(configured(tmp_path), ledger.tool("pay", "irreversible")) as house:
        first = await house.call("pay", text="rent", amount=900)
        assert first.structured_content is not None
        await house.app.answer(first.structured_content["ticket"], "once", "test person")
        altered = await house.call("pay", text="rent", amount=9000)
        assert altered.structured_content is not None
        assert altered.structured_content["status"] == "needs_approval"
        assert ledger.lines == []


async def test_an_answer_cannot_be_carried_over_to_another_call(tmp_path: Path) -> None:
    """A client that keeps the round's state and changes the arguments gets an error and no effect."""
    ledger = Ledger()
    async with connected(configured(tmp_path), ledger.tool("pay", "irreversible"), person=Person(ONCE)) as house:
        asked = await house.client.session.call_tool("pay", {"text": "rent"}, allow_input_required=True)
        assert isinstance(asked, types.InputRequiredResult)
        assert asked.input_requests
        yes: types.InputResponses = {
            ticket: types.ElicitResult(action="accept", content={"answer": ONCE}) for ticket in asked.input_requests
        }
        with pytest.raises(MCPError):
            await house.client.session.call_tool(
                "pay",
                {"text": "everything"},
                input_responses=yes,
                request_state=asked.request_state,
                allow_input_required=True,
            )
        assert ledger.lines == []


async def test_a_ticket_is_refused_by_the_gate_for_any_other_call(tmp_path: Path) -> None:
    ledger = Ledger()
    async with connected(configured(tmp_path), ledger.tool("pay", "irreversible")) as house:
        first = await house.call("pay", text="rent")
        assert first.structured_content is not None
        ticket = first.structured_content["ticket"]
        await house.app.answer(ticket, "once", "test person")
        other = ToolCall(name="pay", arguments={"text": "everything"})
        refused = await house.app.call(other, Caller(), ticket)
        assert isinstance(refused, Refused)
        assert refused.code == "approval_mismatch"
        assert ledger.lines == []


@pytest.mark.parametrize("tool", ["call_read_tool", "call_write_tool"])
async def test_a_destructive_tool_is_not_called_through_a_milder_call_tool(tmp_path: Path, tool: str) -> None:
    ledger = Ledger()
    hidden = ledger.tool("wipe", "irreversible", listed=False)
    async with connected(configured(tmp_path), hidden, person=Person(ONCE)) as house:
        result = await house.call(tool, name="wipe", arguments={"text": "disk"})
        assert result.is_error
        assert "call_destructive_tool" in text_of(result)
        assert ledger.lines == []


async def test_a_hidden_tool_is_found_by_search_and_called_through_its_call_tool(tmp_path: Path) -> None:
    ledger = Ledger()
    hidden = ledger.tool("wipe", "irreversible", listed=False)
    async with connected(configured(tmp_path), hidden, person=Person(ONCE)) as house:
        found = await house.call("search_tools", queries=["wipe a note"])
        assert found.structured_content is not None
        assert found.structured_content["tools"][0]["name"] == "wipe"
        assert found.structured_content["tools"][0]["call_with"] == "call_destructive_tool"
        result = await house.call("call_destructive_tool", name="wipe", arguments={"text": "disk"})
        assert text_of(result) == "wrote disk"
        assert ledger.lines == ["disk"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"text": "a", "amount": "900"}, "amount"),
        ({"text": "a", "unknown": 1}, "unknown"),
        ({"amount": 1}, "text"),
        ({"text": 7}, "text"),
    ],
)
async def test_arguments_that_do_not_fit_are_refused_with_the_field(
    tmp_path: Path, arguments: dict[str, object], complaint: str
) -> None:
    ledger = Ledger()
    async with connected(configured(tmp_path), ledger.tool("fill", "idempotent")) as house:
        result = await house.client.call_tool("fill", arguments)
        assert result.is_error
        assert complaint in text_of(result)
        assert "It takes: text, amount" in text_of(result)
        assert ledger.lines == []


AT_LEAST = {"kind": "row_count", "id": "rows", "at_least": "3"}


@pytest.mark.parametrize(
    ("tool", "arguments", "field"),
    [
        ("operate", {"task": "x", "max_turns": "3"}, "max_turns"),
        ("reason", {"task": "x", "rounds": "2"}, "rounds"),
        ("run_task", {"recipe": "x", "wait_s": "0"}, "wait_s"),
        ("verify", {"task": "x", "checks": [AT_LEAST]}, "at_least"),
        ("route_task", {"task": "x", "mode": "delegate", "wait_s": "0"}, "wait_s"),
    ],
)
async def test_no_changing_tool_coerces(tmp_path: Path, tool: str, arguments: dict[str, Any], field: str) -> None:
    async with connected(configured(tmp_path)) as house:
        result = await house.call(tool, **arguments)
        assert result.structured_content is not None
        assert result.structured_content["code"] == "bad_arguments"
        assert field in text_of(result).partition("It takes")[0]


async def test_an_unknown_tool_gets_the_names_that_may_be_meant(tmp_path: Path) -> None:
    async with connected(configured(tmp_path)) as house:
        result = await house.call("browser_clik", target="e1")
        assert result.is_error
        assert "browser_click" in text_of(result)


async def test_a_policy_file_that_forbids_is_obeyed_and_no_yes_lifts_it(tmp_path: Path) -> None:
    (tmp_path / "strict.cedar").write_text(
        '@id("all") permit (principal, action, resource);\n'
        '@id("no-payments") forbid (principal, action, resource) when { context.kind == "pay" };'
    )
    ledger, person = Ledger(), Person(ONCE)
    config = configured(tmp_path, 'policy = "strict.cedar"')
    async with connected(config, ledger.tool("pay", "irreversible"), person=person) as house:
        result = await house.call("pay", text="rent")
        assert result.is_error
        assert "no-payments" in text_of(result)
        assert person.questions == []
        assert ledger.lines == []
        assert await house.journal() == ["denied pay"]


async def test_a_policy_that_does_not_fit_the_schema_refuses_everything_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "typo.cedar").write_text(
        'permit (principal, action, resource);\nforbid (principal, action, resource) when { context.stakes == "high" };'
    )
    ledger = Ledger()
    async with connected(configured(tmp_path, 'policy = "typo.cedar"'), ledger.tool("fill", "idempotent")) as house:
        result = await house.call("fill", text="a")
        assert result.is_error
        assert "stakes" in text_of(result)
        assert ledger.lines == []


async def test_a_rule_that_cannot_be_evaluated_refuses(tmp_path: Path) -> None:
    (tmp_path / "overflow.cedar").write_text(
        "permit (principal, action, resource);\n"
        "forbid (principal, action, resource) when { 9223372036854775807 + 1 == 0 };"
    )
    ledger = Ledger()
    async with connected(configured(tmp_path, 'policy = "overflow.cedar"'), ledger.tool("fill", "idempotent")) as house:
        result = await house.call("fill", text="a")
        assert result.is_error
        assert "could not be evaluated" in text_of(result)
        assert ledger.lines == []


async def test_what_no_rule_permits_is_denied(tmp_path: Path) -> None:
    (tmp_path / "reading.cedar").write_text('permit (principal, action, resource) when { context.effect == "read" };')
    ledger, person = Ledger(), Person(ONCE)
    config = configured(tmp_path, 'policy = "reading.cedar"')
    async with connected(config, ledger.tool("fill", "idempotent"), person=person) as house:
        result = await house.call("fill", text="a")
        assert "no rule permits it" in text_of(result)
        assert person.questions == []
        assert ledger.lines == []
        assert await house.journal() == ["denied fill"]


@pytest.mark.parametrize("kind", ["upload", "evaluate"])
async def test_uploads_and_scripts_ask(tmp_path: Path, kind: str) -> None:
    ledger, person = Ledger(), Person(NO)
    tools = (ledger.tool(kind, "idempotent"), ledger.tool("fill", "idempotent"))
    async with connected(configured(tmp_path), *tools, person=person) as house:
        assert not (await house.call("fill", text="a")).is_error
        assert person.questions == []
        assert (await house.call(kind, text="b")).is_error
        assert len(person.questions) == 1
        assert ledger.lines == ["a"]


async def test_without_a_journal_nothing_but_reading_happens(tmp_path: Path) -> None:
    ledger = Ledger()
    tools = (ledger.tool("fill", "idempotent"), ledger.tool("peek", "read"))
    async with connected(configured(tmp_path), *tools) as house:
        await house.call("fill", text="before")
        database = tmp_path / "data" / "pointsman.sqlite3"
        _lock_for_good(database)
        result = await house.call("fill", text="after")
        assert result.is_error
        assert result.structured_content is not None
        assert result.structured_content["code"] == "journal_unavailable"
        assert ledger.lines == ["before"]
        assert not (await house.call("peek", text="look")).is_error


async def test_a_tool_that_breaks_inside_is_uncertain_and_says_so(tmp_path: Path) -> None:
    ledger = Ledger()
    broken = ledger.tool("fill", "idempotent")

    async def explode(note: object, caller: object) -> None:
        raise RuntimeError("the secret cause")

    object.__setattr__(broken, "run", explode)
    async with connected(configured(tmp_path), broken) as house:
        result = await house.call("fill", text="a")
        assert result.structured_content is not None
        assert result.structured_content["status"] == "uncertain"
        assert "secret cause" not in text_of(result)
        assert await house.journal() == ["intent fill", "outcome fill"]


async def test_a_cancelled_call_leaves_its_outcome_in_the_journal(tmp_path: Path) -> None:
    ledger, begun = Ledger(), anyio.Event()
    slow = ledger.tool("fill", "idempotent")

    async def hang(note: object, caller: object) -> None:
        begun.set()
        await anyio.sleep_forever()

    object.__setattr__(slow, "run", hang)
    async with connected(configured(tmp_path), slow) as house:
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:

                async def call() -> None:
                    await house.call("fill", text="a")

                tasks.start_soon(call)
                await begun.wait()
                tasks.cancel_scope.cancel()
            while await house.journal() != ["intent fill", "outcome fill"]:
                await anyio.lowlevel.checkpoint()
        entries = await house.app.journal_entries()
        assert entries[-1].record.body["status"] == "cancelled"


async def test_a_secret_value_appears_in_no_answer_and_no_record(tmp_path: Path) -> None:
    ledger = Ledger()
    config = configured(
        tmp_path,
        '[secrets.pin]\norigin = "https://a.example"\nfield = "PIN"\n',
        {"POINTSMAN_SECRET_PIN": "c4n4ry/+value"},
    )
    async with connected(config, ledger.tool("fill", "idempotent")) as house:
        for shape in ("c4n4ry/+value", "c4n4ry%2F%2Bvalue", "YzRuNHJ5Lyt2YWx1ZQ", "eulav+/yr4n4c"):
            result = await house.call("fill", text=f"it is {shape} indeed")
            assert shape not in text_of(result)
            assert "[secret]" in text_of(result)
        for entry in await house.app.journal_entries():
            assert "c4n4ry" not in str(entry)


async def test_an_expired_question_cannot_be_answered(tmp_path: Path) -> None:
    store = Store(tmp_path)
    ticket = Ticket(
        id="ap_1",
        principal="local",
        agent="host",
        tool="pay",
        binding="b",
        scope="s",
        question="?",
        created_at=1000.0,
        expires_at=1000.0 + TICKET_LIFE_S,
    )
    record = Record(kind="asked", at=1000.0, call="c", principal="local", agent="host", tool="pay")
    await store.ask(ticket, record)
    assert await store.answer("ap_1", "once", by="person", at=1000.0 + TICKET_LIFE_S) is None
    assert await store.take(binding="b", scope="s", at=1001.0) is None
    await store.aclose()


def _lock_for_good(database: Path) -> None:
    """Make every further write fail, as a full or broken disk would."""
    connection = sqlite3.connect(database)
    connection.execute(
        "create trigger broken_disk before insert on journal begin select raise(abort, 'disk I/O error'); end"
    )
    connection.commit()
    connection.close()


READS, WRITES, DESTROYS = (True, False, True), (False, False, True), (False, True, False)
INSIDE, OUTSIDE = False, True
LISTED = {
    "browser_click": (*DESTROYS, OUTSIDE),
    "browser_fill_form": (*WRITES, OUTSIDE),
    "browser_navigate": (*WRITES, OUTSIDE),
    "browser_press_key": (*DESTROYS, OUTSIDE),
    "browser_snapshot": (*READS, OUTSIDE),
    "browser_take_screenshot": (*READS, OUTSIDE),
    "browser_type": (*DESTROYS, OUTSIDE),
    "call_destructive_tool": (*DESTROYS, OUTSIDE),
    "call_read_tool": (*READS, OUTSIDE),
    "call_write_tool": (*WRITES, OUTSIDE),
    "operate": (*DESTROYS, OUTSIDE),
    "reason": (*WRITES, OUTSIDE),
    "route_task": (*DESTROYS, OUTSIDE),
    "run_cancel": (*WRITES, INSIDE),
    "run_status": (*READS, INSIDE),
    "run_task": (*DESTROYS, OUTSIDE),
    "search_tools": (*READS, INSIDE),
    "verify": (*WRITES, INSIDE),
}


async def test_every_listed_tool_has_schemas_and_true_annotations(tmp_path: Path) -> None:
    """What a tool may do is written down here once more; a client's permission prompts go by its annotations."""
    async with connected(configured(tmp_path)) as house:
        tools = (await house.client.list_tools()).tools
    said = {
        tool.name: (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint)
        for tool in tools
        if (hints := tool.annotations)
    }
    assert said == LISTED
    assert [tool.name for tool in tools if tool.input_schema.get("additionalProperties") is not False] == []
    assert [tool.name for tool in tools if (tool.output_schema or {}).get("type") != "object"] == []


LEAST: dict[str, dict[str, Any]] = {
    "browser_click": {"target": "e1"},
    "browser_fill_form": {"fields": [{"target": "e1", "value": "x"}]},
    "browser_navigate": {"url": "about:blank"},
    "browser_press_key": {"key": "a"},
    "browser_snapshot": {},
    "browser_take_screenshot": {},
    "browser_type": {"target": "e1", "text": "x"},
    "call_destructive_tool": {"name": "browser_handle_dialog", "arguments": {"accept": True}},
    "call_read_tool": {"name": "browser_wait_for", "arguments": {"time": 0.0}},
    "call_write_tool": {"name": "browser_tabs", "arguments": {"action": "list"}},
    "operate": {"task": "x"},
    "reason": {"task": "x"},
    "route_task": {"task": "x"},
    "run_cancel": {"run": "run_none"},
    "run_status": {"run": "run_none"},
    "run_task": {"recipe": "none"},
    "search_tools": {"queries": ["wait"]},
    "verify": {"task": "x", "checks": [{"kind": "page_text", "id": "done", "text": "Done"}]},
}


async def test_every_listed_tool_answers(tmp_path: Path) -> None:
    """Each is called with the least that it takes: it does its work, or says what is missing."""
    async with connected(configured(tmp_path)) as house:
        listed = [tool.name for tool in (await house.client.list_tools()).tools]
        assert listed == sorted(LEAST)
        for name in listed:
            result = await house.call(name, **LEAST[name])  # the client holds the data against the output schema
            said: dict[str, Any] = result.structured_content or {}
            assert said, name
            assert said.get("code") not in {"unknown_tool", "bad_arguments", "internal"}, (name, said)
            assert "failed inside" not in text_of(result), name


async def test_both_eras_show_the_same_tools_and_instructions(tmp_path: Path) -> None:
    config = configured(tmp_path)
    seen: list[object] = []
    eras: tuple[Era, ...] = ("auto", "legacy")
    for era in eras:
        async with connected(config, era=era) as house:
            tools = await house.client.list_tools()
            names = [tool.name for tool in tools.tools]
            assert names == sorted(names)
            seen.append((names, _instructions(house.client)))
    assert seen[0] == seen[1]


def _instructions(client: Client) -> str | None:
    return client.instructions
