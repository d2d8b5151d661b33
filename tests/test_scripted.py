"""The stand-ins for models: scripts, look-ups, and both wire formats as the vendors' own SDKs read them."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from anthropic import APIStatusError as AnthropicStatusError
from anthropic import AsyncAnthropic
from openai import APIStatusError as OpenAIStatusError
from openai import AsyncOpenAI

from bridges.scripted import BadScript, Script, ScriptedModels, load_script, serving, transport

pytestmark = pytest.mark.anyio

PAGE = """- heading "Reports"
- button "Run report" [ref=e12] [box=100,200,80,20]
- button "Run" [ref=e13] [box=10,20,30,40]
- link "Log out" [ref=e14]
session s_71f3"""


def playing(**parts: Any) -> ScriptedModels:
    return ScriptedModels(Script.model_validate(parts))


@asynccontextmanager
async def openai_in_process(app: ScriptedModels) -> AsyncGenerator[AsyncOpenAI]:
    async with AsyncOpenAI(
        api_key="k", base_url="http://scripted/v1", http_client=transport(app), max_retries=0
    ) as client:
        with anyio.fail_after(15):
            yield client


@asynccontextmanager
async def openai_on_loopback(app: ScriptedModels) -> AsyncGenerator[AsyncOpenAI]:
    with anyio.fail_after(15):
        async with (
            serving(app) as url,
            AsyncOpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0) as client,
        ):
            yield client


@asynccontextmanager
async def anthropic_in_process(app: ScriptedModels) -> AsyncGenerator[AsyncAnthropic]:
    async with AsyncAnthropic(
        api_key="k", base_url="http://scripted", http_client=transport(app), max_retries=0
    ) as client:
        with anyio.fail_after(15):
            yield client


@asynccontextmanager
async def anthropic_on_loopback(app: ScriptedModels) -> AsyncGenerator[AsyncAnthropic]:
    with anyio.fail_after(15):
        async with serving(app) as url, AsyncAnthropic(api_key="k", base_url=url, max_retries=0) as client:
            yield client


OPENAI = pytest.mark.parametrize("connected", [openai_in_process, openai_on_loopback])
ANTHROPIC = pytest.mark.parametrize("connected", [anthropic_in_process, anthropic_on_loopback])

SAYS_ALL: dict[str, Any] = {
    "thinking": "First this, then that.",
    "text": "I press both – now.",
    "calls": [
        {"tool": "browser_click", "arguments": {"target": "e12", "names": ["Ōsaka"]}},
        {"tool": "browser_snapshot"},
    ],
}


def plain(items: list[Any]) -> list[dict[str, Any]]:
    """Return the items without what differs between two answers."""
    own = {"id", "call_id", "encrypted_content", "signature"}
    return [{name: value for name, value in item.to_dict().items() if name not in own} for item in items]


async def read_out(pieces: AsyncIterator[bytes]) -> list[bytes]:
    return [piece async for piece in pieces]


async def ask_openai(app: ScriptedModels, text: str, model: str = "gpt-5.4") -> dict[str, Any]:
    body = {"model": model, "input": [{"role": "user", "content": [{"type": "input_text", "text": text}]}]}
    async with transport(app) as client:
        answer = await client.post("http://scripted/v1/responses", json=body)
    return answer.json()


# The wire formats


@OPENAI
async def test_a_streamed_response_adds_up_to_the_whole_one(connected: Any) -> None:
    batch = {"computer": [{"type": "wait"}], "safety_checks": [{"id": "sc_1", "code": "irrelevant_domain"}]}
    step = {**SAYS_ALL, "calls": [*SAYS_ALL["calls"], batch], "times": 2}
    async with connected(playing(openai=[step])) as client:
        whole = await client.responses.create(model="gpt-5.4", input="Go.")
        stream = await client.responses.create(model="gpt-5.4", input="Go.", stream=True)
        events = [event async for event in stream]
    types = [event.type for event in events]
    spoken = [event.delta for event in events if event.type == "response.output_text.delta"]
    asked = [event.delta for event in events if event.type == "response.function_call_arguments.delta"]
    items = [event.item for event in events if event.type == "response.output_item.done"]
    assert plain(items) == plain(events[-1].response.output) == plain(whole.output)
    assert "".join(spoken) == events[-1].response.output_text == "I press both – now."
    assert json.loads("".join(asked).removesuffix("{}")) == {"target": "e12", "names": ["Ōsaka"]}
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert (types[0], types[-1]) == ("response.created", "response.completed")
    assert len(items) == 5


@OPENAI
async def test_a_streamed_refusal_reaches_the_sdk(connected: Any) -> None:
    async with (
        connected(playing(openai=[{"refusal": "No."}])) as client,
        client.responses.stream(model="gpt-5.4", input="Go.") as stream,
    ):
        response = await stream.get_final_response()
    assert response.output[0].to_dict()["content"] == [{"type": "refusal", "refusal": "No."}]


@ANTHROPIC
async def test_a_streamed_message_adds_up_to_the_whole_one(connected: Any) -> None:
    asked: Any = {
        "model": "claude-opus-4-7",
        "max_tokens": 99,
        "messages": [{"role": "user", "content": "Go."}],
    }
    async with connected(playing(anthropic=[{**SAYS_ALL, "times": 2}])) as client:
        whole = await client.messages.create(**asked)
        async with client.messages.stream(**asked) as stream:
            streamed = await stream.get_final_message()
    assert plain(streamed.content) == plain(whole.content)
    assert (streamed.stop_reason, whole.stop_reason) == ("tool_use", "tool_use")
    assert streamed.usage.output_tokens == whole.usage.output_tokens > 1


@pytest.mark.parametrize("connected", [openai_in_process, openai_on_loopback])
async def test_the_openai_models_are_listed_as_scripted(connected: Any) -> None:
    async with connected(playing()) as client:
        names = [model.id async for model in client.models.list()]
    assert "scripted/gpt-5.4" in names
    assert all(name.startswith("scripted/") for name in names)


@pytest.mark.parametrize("connected", [anthropic_in_process, anthropic_on_loopback])
async def test_the_anthropic_models_are_listed_as_scripted(connected: Any) -> None:
    async with connected(playing()) as client:
        names = [model.id async for model in client.models.list()]
    assert "scripted/claude-opus-4-7" in names


async def test_a_stream_in_process_arrives_piece_by_piece_before_it_breaks() -> None:
    app = playing(openai=[{"text": "Hello there.", "cut": True}])
    body = {"model": "gpt-5.4", "input": "Go.", "stream": True}
    async with (
        transport(app) as client,
        client.stream("POST", "http://scripted/v1/responses", json=body) as got,
    ):
        pieces = got.aiter_raw()
        first, second = await anext(pieces), await anext(pieces)
        with pytest.raises(httpx2.RemoteProtocolError):
            await read_out(pieces)
    assert first.startswith(b"event: response.created\n")
    assert second.startswith(b"event: response.in_progress\n")


async def test_a_cut_on_loopback_breaks_the_connection() -> None:
    app = playing(anthropic=[{"text": "Hello there.", "cut": True}])
    body: dict[str, Any] = {"model": "claude-opus-4-7", "messages": [], "stream": True}
    with anyio.fail_after(10):
        async with serving(app) as url, httpx2.AsyncClient() as client:
            with pytest.raises(httpx2.RemoteProtocolError):
                await client.post(f"{url}/v1/messages", json=body)


async def test_the_server_is_gone_when_its_scope_ends() -> None:
    with anyio.fail_after(10):
        async with serving(playing()) as url, httpx2.AsyncClient() as client:
            assert (await client.get(f"{url}/v1/models")).status_code == 200
        async with httpx2.AsyncClient() as client:
            with pytest.raises(httpx2.ConnectError):
                await client.get(f"{url}/v1/models")


async def test_usage_grows_with_what_is_shown() -> None:
    app = playing(openai=[{"text": "Yes.", "times": 2}])
    short = (await ask_openai(app, "Short?"))["usage"]
    long = (await ask_openai(app, "Long? " * 400))["usage"]
    assert 0 < short["input_tokens"] < long["input_tokens"] - 500
    assert short["output_tokens"] == long["output_tokens"] > 0


# Scripts


async def test_steps_are_given_in_order_and_a_models_own_part_comes_first() -> None:
    app = playing(
        openai=[{"text": "one", "times": 2}, {"text": "two"}],
        models={"gpt-5.4-mini": [{"text": "mine"}]},
    )
    said = [await ask_openai(app, "?", model) for model in ("gpt-5.4", "gpt-5.4-mini", "gpt-5.4", "gpt-5.5")]
    assert [answer["output"][0]["content"][0]["text"] for answer in said] == ["one", "mine", "one", "two"]
    assert [answer["model"] for answer in said][:2] == ["scripted/gpt-5.4", "scripted/gpt-5.4-mini"]
    assert [received.model for received in app.requests] == ["gpt-5.4", "gpt-5.4-mini", "gpt-5.4", "gpt-5.5"]


@pytest.mark.parametrize(
    ("expect", "says"),
    [
        ({"contains": ["Q1"]}, "expected to be shown 'Q1'"),
        ({"lacks": ["Reports"]}, "expected not to find 'Reports'"),
        ({"tools": ["browser_click"]}, "expected the tool 'browser_click'"),
        ({"tool_result": True}, "expected a tool result"),
        ({"image": True}, "expected an image"),
    ],
)
async def test_an_unmet_expectation_is_a_400_that_names_it_and_keeps_its_turn(
    expect: dict[str, Any], says: str
) -> None:
    app = playing(openai=[{"text": "Fine.", "expect": expect}])
    for _ in range(2):
        answer = await ask_openai(app, PAGE)
        assert says in answer["error"]["message"]
        assert "part 'openai': answer 1" in answer["error"]["message"]


async def test_look_ups_act_on_the_latest_text_shown() -> None:
    step = {
        "text": {"match": "session s_\\w+"},
        "calls": [
            {
                "tool": "browser_click",
                "arguments": {"target": {"ref_of": 'button "Run"'}, "session": {"match": "session (s_\\w+)"}},
            },
            {"computer": [{"type": "click", "button": "left", "at": {"ref_of": 'button "Run report"'}}]},
        ],
    }
    app = playing(openai=[step])
    older = {"role": "user", "content": 'button "Run" [ref=e99] session s_old'}
    newer = {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": PAGE}]}
    async with transport(app) as client:
        body = {"model": "gpt-5.4", "input": [older, newer]}
        answer = (await client.post("http://scripted/v1/responses", json=body)).json()
    message, function, computer = answer["output"]
    assert message["content"][0]["text"] == "session s_71f3"
    assert json.loads(function["arguments"]) == {"target": "e13", "session": "s_71f3"}
    assert computer["actions"] == [{"type": "click", "button": "left", "x": 140, "y": 210}]


async def test_look_ups_read_the_tool_results_of_claude() -> None:
    step = {"calls": [{"tool": "browser_click", "arguments": {"target": {"ref_of": "Log out"}}}]}
    result = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": PAGE}]}
    body = {"model": "claude-opus-4-7", "messages": [{"role": "user", "content": [result]}]}
    app = playing(anthropic=[{**step, "expect": {"tool_result": True}}])
    async with transport(app) as client:
        answer = (await client.post("http://scripted/v1/messages", json=body)).json()
    assert answer["content"][0]["input"] == {"target": "e14"}


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"ref_of": "Delete"}, "found none; the last text shown begins"),
        ({"ref_of": "button"}, r"found several: \['e12', 'e13'\]"),
        ({"match": "run (\\d+)"}, "found none"),
    ],
)
async def test_a_look_up_that_finds_nothing_or_too_much_is_a_400(wanted: dict[str, str], says: str) -> None:
    step = {"calls": [{"tool": "browser_click", "arguments": {"target": wanted}}]}
    answer = await ask_openai(playing(openai=[step]), PAGE)
    assert answer["error"]["message"].startswith("script, part 'openai': looked for ")
    assert says.replace("\\", "") in answer["error"]["message"]


async def test_an_action_that_the_sdk_does_not_know_cannot_be_said() -> None:
    app = playing(openai=[{"calls": [{"computer": [{"type": "click", "x": 1.5, "y": 2}]}]}])
    assert "the SDK's types reject it" in (await ask_openai(app, "?"))["error"]["message"]


async def test_claude_cannot_be_made_to_say_what_its_wire_lacks() -> None:
    app = playing(anthropic=[{"calls": [{"computer": [{"type": "wait"}]}]}])
    async with anthropic_in_process(app) as client:
        with pytest.raises(AnthropicStatusError, match="'openai' part only"):
            await client.messages.create(
                model="claude-opus-4-7", max_tokens=9, messages=[{"role": "user", "content": "?"}]
            )


async def test_an_error_step_has_its_status_code_and_patience() -> None:
    failure = {"status": 429, "message": "slow down", "code": "rate_limit_exceeded", "retry_after_s": 2}
    async with openai_in_process(playing(openai=[{"error": failure}])) as client:
        with pytest.raises(OpenAIStatusError) as caught:
            await client.responses.create(model="gpt-5.4", input="?")
    assert (caught.value.status_code, caught.value.code) == (429, "rate_limit_exceeded")
    assert caught.value.response.headers["retry-after"] == "2"


@pytest.mark.parametrize("raw", [b"not JSON", b"[]", b'{"input": "?"}'])
async def test_a_body_that_is_no_request_is_a_400(raw: bytes) -> None:
    async with transport(playing()) as client:
        answer = await client.post("http://scripted/v1/responses", content=raw)
    assert answer.status_code == 400
    assert "JSON object with a model" in answer.json()["error"]["message"]


async def test_another_address_is_a_404_that_says_what_there_is() -> None:
    async with transport(playing()) as client:
        answer = await client.post("http://scripted/v1/embeddings", json={"model": "gpt-5.4"})
    assert answer.status_code == 404
    assert "responses, messages and models" in answer.json()["error"]["message"]


def test_a_script_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "script.json"
    file.write_text(json.dumps({"openai": [{"text": "Ōsaka"}]}), encoding="utf-8")
    assert load_script(file).openai[0].text == "Ōsaka"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{", "Invalid JSON"),
        ('{"gpt": []}', "gpt: Extra inputs"),
        ('{"openai": [{}]}', r"openai\.0: .*a step says something"),
        ('{"openai": [{"text": "a", "refusal": "b"}]}', r"openai\.0: .*says one thing"),
        ('{"openai": [{"data": {}, "calls": [{"tool": "a"}]}]}', r"openai\.0: .*says one thing"),
        ('{"openai": [{"error": {"status": 200}}]}', r"openai\.0\.error\.status"),
        ('{"openai": [{"txt": "a"}]}', r"openai\.0\.txt: Extra inputs"),
    ],
)
def test_a_bad_script_is_refused_with_the_place_and_the_reason(source: str, says: str) -> None:
    with pytest.raises(BadScript, match=f"the script is not a script: .*{says}"):
        load_script(source)
