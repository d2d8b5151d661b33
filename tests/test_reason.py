"""The article's loop, through a client: execute, verify in another context, feed the issues back, with bounds.

A scripted stand-in plays Claude over the real SDK and its wire format; every result says so.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from bridges.scripted import ScriptedModels, load_script, serving
from tests.house import House, configured, connected, text_of

pytestmark = pytest.mark.anyio

CLEAN: dict[str, Any] = {"data": {"criteria": [], "concerns": []}}


def worried(claim: str, severity: str = "major", evidence: str = "after-shape") -> dict[str, Any]:
    return {"data": {"criteria": [], "concerns": [{"severity": severity, "claim": claim, "evidence": [evidence]}]}}


def scripted(folder: Path, *steps: dict[str, Any]) -> Any:
    (folder / "script.json").write_text(json.dumps({"anthropic": steps}), encoding="utf-8")
    return configured(folder, '[models]\nscript = "script.json"\n')


SHAPE = {
    "kind": "output_schema",
    "id": "shape",
    "schema": {"type": "object", "properties": {"n": {"const": 4}}, "required": ["n"]},
}
ANSWER = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}


async def reasoned(house: House, *, checks: list[dict[str, Any]] | None = None, **arguments: Any) -> dict[str, Any]:
    if checks:
        registered = await house.call("verify", task="What is 2 + 2?", checks=checks)
        assert registered.structured_content is not None
        arguments["contract"] = registered.structured_content["contract"]
    result = await house.call("reason", task="What is 2 + 2?", **arguments)
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    return dict(result.structured_content)


async def test_a_clean_audit_without_a_check_is_not_proof(tmp_path: Path) -> None:
    async with connected(scripted(tmp_path, {"text": "4"}, CLEAN)) as house:
        data = await reasoned(house)
        assert (data["verdict"], data["output"], data["rounds"]) == ("UNPROVEN", "4", 1)
        assert data["label"] == "scripted"
        assert "scripted" in data["audit"]


async def test_an_answer_that_passes_its_check_and_its_audit_is_proven(tmp_path: Path) -> None:
    async with connected(scripted(tmp_path, {"data": {"n": 4}}, CLEAN)) as house:
        data = await reasoned(house, checks=[SHAPE], schema=ANSWER)
        assert (data["verdict"], data["output"]) == ("PROVEN", {"n": 4})


async def test_issues_are_fed_back_until_nothing_is_found(tmp_path: Path) -> None:
    again = {"data": {"n": 4}, "expect": {"contains": ["An audit of your answer found"]}}
    steps = ({"data": {"n": 5}}, worried("it is 4"), again, CLEAN)
    async with connected(scripted(tmp_path, *steps)) as house:
        data = await reasoned(house, checks=[SHAPE], schema=ANSWER)
        assert (data["verdict"], data["rounds"], data["output"]) == ("PROVEN", 2, {"n": 4})
        assert data["ended"] == "nothing was found wrong"


async def test_the_rounds_are_bounded_and_the_best_attempt_is_kept(tmp_path: Path) -> None:
    steps = ({"data": {"n": 4}}, worried("first"), {"data": {"n": 5}}, worried("second"))
    async with connected(scripted(tmp_path, *steps)) as house:
        data = await reasoned(house, checks=[SHAPE], schema=ANSWER, rounds=2)
        assert (data["verdict"], data["output"], data["rounds"]) == ("UNPROVEN", {"n": 4}, 2)


async def test_no_round_is_begun_beyond_the_bound_on_time(tmp_path: Path) -> None:
    steps = ({"data": {"n": 4}}, worried("first"))
    async with connected(scripted(tmp_path, *steps)) as house:
        data = await reasoned(house, checks=[SHAPE], schema=ANSWER, rounds=5, max_seconds=0.0001, max_usd=1.0)
        assert (data["rounds"], data["output"]) == (1, {"n": 4})
        assert data["ended"] == "bound reached: 0.0001 s are used up"


async def test_the_same_issue_twice_ends_the_loop(tmp_path: Path) -> None:
    steps = ({"text": "4"}, worried("vague"), {"text": "four"}, worried("vague"))
    async with connected(scripted(tmp_path, *steps)) as house:
        data = await reasoned(house, rounds=5)
        assert data["rounds"] == 2
        assert data["ended"] == "the same issues came up twice"


async def test_an_audit_that_cannot_be_read_is_asked_for_once_more_and_is_never_a_pass(tmp_path: Path) -> None:
    garbled = {"text": "looks fine to me"}
    async with connected(scripted(tmp_path, {"data": {"n": 4}}, garbled, garbled)) as house:
        data = await reasoned(house, checks=[SHAPE], schema=ANSWER, rounds=1)
        assert data["verdict"] == "UNPROVEN"
        assert any("no readable verdict" in reason for reason in data["reasons"])


async def test_a_concern_without_evidence_does_not_count_against_a_proof(tmp_path: Path) -> None:
    steps = ({"data": {"n": 4}}, worried("I dislike it", evidence="nowhere"))
    async with connected(scripted(tmp_path, *steps)) as house:
        data = await reasoned(house, checks=[SHAPE], schema=ANSWER, rounds=1)
        assert (data["verdict"], data["inadmissible_concerns"]) == ("PROVEN", 1)


async def test_the_auditor_works_in_a_fresh_context_with_the_articles_instruction(tmp_path: Path) -> None:
    script = load_script(
        json.dumps(
            {"anthropic": [{"thinking": "a hunch", "data": {"n": 4}}, {"data": {"criteria": [], "concerns": []}}]}
        )
    )
    app = ScriptedModels(script)
    async with serving(app) as base_url:
        config = configured(
            tmp_path, f'[models]\nanthropic_base_url = "{base_url}"\n', {"ANTHROPIC_API_KEY": "k-for-loopback"}
        )
        async with connected(config) as house:
            data = await reasoned(house, checks=[SHAPE], schema=ANSWER)
    assert data["verdict"] == "PROVEN"
    work, audit = (received.body for received in app.requests)
    assert work["model"] == audit["model"] == "claude-opus-4-7"
    assert len(audit["messages"]) == 1
    sent = json.dumps(audit)
    assert "Identify what could be wrong with this output before declaring it complete" in sent
    assert "Task:\\nWhat is 2 + 2?" in sent
    assert audit["output_config"]["format"]["type"] == "json_schema"
    assert {"criteria", "concerns"} <= set(audit["output_config"]["format"]["schema"]["properties"])
    assert "a hunch" not in sent
    assert "after-shape" in sent
    assert "k-for-loopback" not in sent


async def test_a_delegated_task_is_reasoned_about(tmp_path: Path) -> None:
    async with connected(scripted(tmp_path, {"text": "Clause 7 conflicts."}, CLEAN)) as house:
        result = await house.call("route_task", task="Review a 200-page contract", mode="delegate")
        data = result.structured_content
        assert data is not None
        assert (data["carried_out_by"], data["output"]) == ("reason", "Clause 7 conflicts.")
        assert data["route"]["executor"] == data["executor"] == "claude-opus-4-7"
        assert "Routed to claude-opus-4-7; carried out as reason." in text_of(result)


async def test_without_keys_a_delegated_task_is_handed_to_the_client(tmp_path: Path) -> None:
    async with connected(configured(tmp_path)) as house:
        result = await house.call("route_task", task="x", mode="delegate")
        assert result.structured_content is not None
        assert result.structured_content["carried_out_by"] == "host"
        assert "register checks with verify" in text_of(result)


async def test_without_a_key_the_answer_says_what_is_missing_and_what_to_do(tmp_path: Path) -> None:
    async with connected(configured(tmp_path)) as house:
        result = await house.call("reason", task="x")
        assert result.is_error
        assert "ANTHROPIC_API_KEY is not set" in text_of(result)
        assert "verify" in text_of(result)


async def test_a_vendor_error_is_a_sentence_and_not_a_made_up_answer(tmp_path: Path) -> None:
    failing = {"error": {"status": 401, "message": "invalid x-api-key"}}
    async with connected(scripted(tmp_path, failing)) as house:
        result = await house.call("reason", task="x")
        assert result.is_error
        assert result.structured_content is not None
        assert result.structured_content["code"] == "model_failed"


async def test_long_thinking_returns_a_handle_and_run_status_waits_on(tmp_path: Path) -> None:
    async with connected(scripted(tmp_path, {"text": "4", "delay_s": 0.5}, CLEAN)) as house:
        result = await house.call("reason", task="x", wait_s=0)
        assert result.structured_content is not None
        handle = result.structured_content["run"]
        assert "ends with it" in text_of(result)
        finished = await house.call("run_status", run=handle)
        assert finished.structured_content is not None
        assert finished.structured_content["verdict"] == "UNPROVEN"
        assert finished.structured_content["state"] == "done"


async def test_a_run_that_is_cancelled_says_so(tmp_path: Path) -> None:
    async with connected(scripted(tmp_path, {"text": "4", "delay_s": 30})) as house:
        result = await house.call("reason", task="x", wait_s=0)
        assert result.structured_content is not None
        handle = result.structured_content["run"]
        await house.call("run_cancel", run=handle)
        finished = await house.call("run_status", run=handle)
        assert finished.is_error
        assert "cancelled" in text_of(finished)


async def test_a_run_of_nobody_is_refused(tmp_path: Path) -> None:
    async with connected(configured(tmp_path)) as house:
        for tool in ("run_status", "run_cancel"):
            result = await house.call(tool, run="run_none")
            assert result.is_error
            assert "there is no run" in text_of(result)
