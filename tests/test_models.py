"""The two bridges to models, driven through the vendors' own SDKs against scripted stand-ins."""

import base64
import json
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import anyio
import httpx2
import pytest
from anthropic import AsyncAnthropicFoundry

from bridges import claude, gpt
from bridges.claude import Claude
from bridges.computer import Action, Click, Drag, Key, Move, Point, Screenshot, Scroll, TypeText, Wait
from bridges.gpt import Gpt
from bridges.gpt_actions import NotUnderstood, dom_key, read_actions
from bridges.known_models import KNOWN_MODELS, facts_of
from bridges.model import (
    Call,
    CallResult,
    ComputerCall,
    Image,
    ModelAuthError,
    ModelError,
    ModelOverloaded,
    ModelRefused,
    ModelRequestError,
    ModelUnavailable,
    Part,
    Replied,
    Request,
    Results,
    Said,
    Text,
    ToolCall,
    ToolSpec,
    Usage,
)
from bridges.prices import cost_usd, price_note, upper_bound_usd
from bridges.scripted import Script, ScriptedModels, serving, transport

pytestmark = pytest.mark.anyio

KEY = "sk-test-0123456789abcdef"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"total": {"type": "integer"}},
    "required": ["total"],
    "additionalProperties": False,
}
CLICK = ToolSpec(
    name="browser_click",
    description="Click an element.",
    parameters={
        "type": "object",
        "properties": {"target": {"type": "string"}},
        "required": ["target"],
        "additionalProperties": False,
    },
)
LOOSE = ToolSpec(
    name="browser_wait_for",
    description="Wait.",
    parameters={"type": "object", "properties": {"text": {"type": "string", "default": ""}}},
)


def script(vendor: str, *steps: dict[str, Any]) -> ScriptedModels:
    return ScriptedModels(Script.model_validate({vendor: list(steps)}))


@asynccontextmanager
async def gpt_in_process(app: ScriptedModels) -> AsyncGenerator[Gpt]:
    model = gpt.connect("gpt-5.4", api_key=KEY, base_url="http://scripted/v1", http_client=transport(app))
    with anyio.fail_after(15):
        yield model
        await model.aclose()


@asynccontextmanager
async def gpt_on_loopback(app: ScriptedModels) -> AsyncGenerator[Gpt]:
    with anyio.fail_after(15):
        async with serving(app) as base_url:
            model = gpt.connect("gpt-5.4", api_key=KEY, base_url=f"{base_url}/v1")
            yield model
            await model.aclose()


@asynccontextmanager
async def claude_in_process(app: ScriptedModels) -> AsyncGenerator[Claude]:
    http_client = transport(app)
    model = claude.connect("claude-opus-4-7", api_key=KEY, base_url="http://scripted", http_client=http_client)
    with anyio.fail_after(15):
        yield model
        await model.aclose()


@asynccontextmanager
async def claude_on_loopback(app: ScriptedModels) -> AsyncGenerator[Claude]:
    with anyio.fail_after(15):
        async with serving(app) as base_url:
            model = claude.connect("claude-opus-4-7", api_key=KEY, base_url=base_url)
            yield model
            await model.aclose()


Connected = Callable[[ScriptedModels], Any]
BOTH = pytest.mark.parametrize(
    ("vendor", "connected"),
    [
        pytest.param("openai", gpt_in_process, id="gpt-in-process"),
        pytest.param("openai", gpt_on_loopback, id="gpt-on-loopback"),
        pytest.param("anthropic", claude_in_process, id="claude-in-process"),
        pytest.param("anthropic", claude_on_loopback, id="claude-on-loopback"),
    ],
)
GPT = pytest.mark.parametrize(
    "connected",
    [pytest.param(gpt_in_process, id="in-process"), pytest.param(gpt_on_loopback, id="on-loopback")],
)


def asking(*turns: Said | Replied | Results, **more: Any) -> Request:
    said = turns or (Said(parts=(Text(text="What is the total?"),)),)
    return Request(instructions="Be brief.", turns=said, **more)


def answered(call: Call, *parts: Part, error: bool = False) -> CallResult:
    return CallResult(call=call, parts=parts, error=error)


# What both vendors do alike


@BOTH
async def test_a_text_answer_comes_back_labelled_by_the_wire(vendor: str, connected: Connected) -> None:
    app = script(vendor, {"text": "Forty-two, says Ōsaka."})
    async with connected(app) as model:
        reply = await model.reply(asking())
    assert (reply.text, reply.stop, reply.calls) == ("Forty-two, says Ōsaka.", "end", ())
    assert reply.label == "scripted"
    assert reply.model == f"scripted/{model.name}"
    assert reply.usage.input_tokens > 0
    assert reply.usage.output_tokens > 0


@BOTH
async def test_a_tool_round_replays_what_was_said_unchanged(vendor: str, connected: Connected) -> None:
    app = script(
        vendor,
        {
            "thinking": "The button is there.",
            "text": "I press it.",
            "calls": [{"tool": "browser_click", "arguments": {"target": {"ref_of": 'button "Run report"'}}}],
        },
        {"text": "Done.", "expect": {"tool_result": True, "contains": ["queued"]}},
    )
    page = Said(parts=(Text(text='- heading "Reports"\n- button "Run report" [ref=e12]'),))
    async with connected(app) as model:
        first = await model.reply(asking(page, tools=(CLICK, LOOSE)))
        (call,) = first.calls
        results = Results(results=(answered(call, Text(text="The report is queued.")),))
        second = await model.reply(asking(page, Replied(reply=first), results, tools=(CLICK, LOOSE)))
    assert first.stop == "calls"
    assert call == ToolCall(id=call.id, name="browser_click", arguments={"target": "e12"})
    assert second.text == "Done."
    sent = app.requests[1].body
    if vendor == "openai":
        assert sent["input"][1:4] == list(first.raw)
        assert [item["type"] for item in first.raw] == ["reasoning", "message", "function_call"]
        assert first.raw[0]["encrypted_content"]
        assert first.raw[1]["phase"] == "commentary"
        assert sent["input"][4] == {
            "type": "function_call_output",
            "call_id": call.id,
            "output": "The report is queued.",
        }
        assert [tool["strict"] for tool in sent["tools"]] == [True, False]
    else:
        assert sent["messages"][1] == {"role": "assistant", "content": list(first.raw)}
        assert [block["type"] for block in first.raw] == ["thinking", "text", "tool_use"]
        assert first.raw[0]["signature"]
        assert sent["messages"][2]["content"][0]["tool_use_id"] == call.id
        assert "strict" not in sent["tools"][0]


@BOTH
async def test_structured_output_is_asked_for_and_read(vendor: str, connected: Connected) -> None:
    app = script(vendor, {"data": {"total": 42}}, {"text": "not JSON"})
    async with connected(app) as model:
        reply = await model.reply(asking(schema=SCHEMA))
        broken = await model.reply(asking(schema=SCHEMA))
    assert reply.data == {"total": 42}
    assert (broken.data, broken.text) == (None, "not JSON")
    sent = app.requests[0].body
    shape = sent["text"]["format"] if vendor == "openai" else sent["output_config"]["format"]
    assert (shape["type"], shape["schema"]) == ("json_schema", SCHEMA)


@BOTH
async def test_a_refusal_is_a_stop_with_its_words(vendor: str, connected: Connected) -> None:
    async with connected(script(vendor, {"refusal": "I will not do that."})) as model:
        reply = await model.reply(asking())
    assert (reply.stop, reply.text, reply.calls) == ("refusal", "I will not do that.", ())


@BOTH
async def test_an_answer_cut_by_the_token_limit_says_length(vendor: str, connected: Connected) -> None:
    async with connected(script(vendor, {"text": "It begins", "stop": "length"})) as model:
        reply = await model.reply(asking(max_output_tokens=16))
    assert (reply.stop, reply.text) == ("length", "It begins")


@BOTH
async def test_a_rate_limit_that_passes_is_waited_out_by_the_sdk(vendor: str, connected: Connected) -> None:
    app = script(vendor, {"error": {"status": 429, "retry_after_s": 0.001}}, {"text": "Here."})
    async with connected(app) as model:
        reply = await model.reply(asking())
    assert reply.text == "Here."
    assert len(app.requests) == 2


@BOTH
@pytest.mark.parametrize(
    ("status", "expected"),
    [(429, ModelOverloaded), (529, ModelOverloaded), (500, ModelUnavailable)],
)
async def test_a_failure_that_outlives_the_retries_has_its_own_error(
    vendor: str, connected: Connected, status: int, expected: type[ModelError]
) -> None:
    app = script(vendor, {"error": {"status": status, "retry_after_s": 0.001}, "times": 3})
    async with connected(app) as model:
        with pytest.raises(expected, match=str(status)):
            await model.reply(asking())
    assert len(app.requests) == 3


@BOTH
async def test_an_answer_that_breaks_off_is_unavailable(vendor: str, connected: Connected) -> None:
    app = script(vendor, {"text": "It begins and then", "cut": True, "times": 3})
    async with connected(app) as model:
        with pytest.raises(ModelUnavailable):
            await model.reply(asking())
    # The SDKs ask again when a whole answer is cut; one that streams has begun, and is not begun twice.
    assert len(app.requests) == {"openai": 3, "anthropic": 1}[vendor]


@BOTH
async def test_the_deadline_is_ours_and_ends_the_call(vendor: str, connected: Connected) -> None:
    async with connected(script(vendor, {"text": "Too late.", "delay_s": 60})) as model:
        with pytest.raises(ModelUnavailable, match=r"no answer within 0\.3 s"):
            await model.reply(asking(deadline_s=0.3))


@BOTH
async def test_the_deadline_holds_against_a_long_retry_after(vendor: str, connected: Connected) -> None:
    app = script(vendor, {"error": {"status": 429, "retry_after_s": 100}, "times": 3})
    async with connected(app) as model:
        with pytest.raises(ModelUnavailable, match="no answer within"):
            await model.reply(asking(deadline_s=0.5))
    assert len(app.requests) == 1


@BOTH
async def test_a_rejected_key_is_named_by_its_variable_and_never_quoted(vendor: str, connected: Connected) -> None:
    failure = {"status": 401, "message": f"Incorrect API key provided: {KEY}", "code": None}
    app = script(vendor, {"error": failure}, {"error": {**failure, "status": 403}})
    variable = "OPENAI_API_KEY" if vendor == "openai" else "ANTHROPIC_API_KEY"
    async with connected(app) as model:
        for _ in range(2):
            with pytest.raises(ModelAuthError, match=variable) as caught:
                await model.reply(asking())
            assert KEY not in str(caught.value)


@BOTH
async def test_an_exhausted_script_is_a_request_error_that_says_so(vendor: str, connected: Connected) -> None:
    app = script(vendor, {"text": "Only this."})
    async with connected(app) as model:
        await model.reply(asking())
        with pytest.raises(ModelRequestError, match="exhausted after 1 answers"):
            await model.reply(asking())
    assert len(app.requests) == 2, "a script's end must not be retried"


@BOTH
async def test_what_is_asked_stays_within_the_models_limits(vendor: str, connected: Connected) -> None:
    app = script(vendor, {"text": "Fine."})
    async with connected(app) as model:
        await model.reply(asking(max_output_tokens=10**9))
    sent = app.requests[0].body
    assert sent.get("max_output_tokens", sent.get("max_tokens")) == 128_000
    assert not {"temperature", "top_p", "top_k"} & set(sent)


async def test_the_environment_is_not_mixed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "OPENAI_ORG_ID": "org-foreign",
        "OPENAI_PROJECT_ID": "proj-foreign",
        "OPENAI_BASE_URL": "http://127.0.0.1:9/",
        "OPENAI_API_KEY": "foreign-key",
        "OPENAI_ADMIN_KEY": "foreign-admin-key",
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:9/",
        "ANTHROPIC_API_KEY": "foreign-key",
        "ANTHROPIC_AUTH_TOKEN": "foreign-token",
    }.items():
        monkeypatch.setenv(name, value)
    seen: list[httpx2.Request] = []

    def refuse(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(401, json={"error": {"message": "no"}})

    for bridge, name in ((gpt, "gpt-5.4"), (claude, "claude-opus-4-7")):
        http_client = httpx2.AsyncClient(transport=httpx2.MockTransport(refuse))
        model = bridge.connect(name, api_key=KEY, http_client=http_client)
        with pytest.raises(ModelAuthError):
            await model.reply(asking())
        await model.aclose()
    assert [request.url.host for request in seen] == ["api.openai.com", "api.anthropic.com"]
    assert not [value for request in seen for value in request.headers.values() if "foreign" in value]
    assert "openai-organization" not in seen[0].headers
    assert "openai-project" not in seen[0].headers


async def test_an_unreachable_vendor_is_unavailable_and_named() -> None:
    with anyio.fail_after(15):
        for bridge, name in ((gpt, "gpt-5.4"), (claude, "claude-opus-4-7")):
            model = bridge.connect(name, api_key=KEY, base_url="http://127.0.0.1:9/v1", max_retries=0)
            with pytest.raises(ModelUnavailable, match=r"127\.0\.0\.1:9"):
                await model.reply(asking())
            await model.aclose()


# GPT


@GPT
async def test_a_batch_of_actions_is_answered_with_one_screenshot(connected: Connected) -> None:
    check = {"id": "sc_1", "code": "malicious_instructions", "message": "The page gives orders."}
    batch = [
        {"type": "click", "button": "wheel", "x": 1, "y": 2},
        {"type": "double_click", "x": 3, "y": 4, "keys": ["CTRL"]},
        {"type": "keypress", "keys": ["CTRL", "A"]},
        {"type": "type", "text": "Q1"},
    ]
    app = script(
        "openai",
        {
            "thinking": "Two things at once.",
            "calls": [
                {"tool": "browser_click", "arguments": {"target": "e1"}},
                {"computer": batch, "safety_checks": [check]},
            ],
        },
        {
            "text": "Seen.",
            "expect": {"image": True, "tool_result": True, "contains": ["Action 4 was refused"]},
        },
    )
    async with connected(app) as model:
        first = await model.reply(asking(computer=True, tools=(CLICK,)))
        function, computer = first.calls
        assert isinstance(computer, ComputerCall)
        screen = (Image(data=PNG), Text(text="Action 4 was refused."))
        results = Results(
            results=(
                answered(function, Text(text="No such element."), error=True),
                CallResult(call=computer, parts=screen, acknowledged=computer.safety_checks),
            )
        )
        turns = (Said(parts=(Text(text="Go."),)), Replied(reply=first), results)
        await model.reply(asking(*turns, computer=True, tools=(CLICK,)))
    assert computer.actions == (
        Click(x=1, y=2, button="middle"),
        Click(x=3, y=4, count=2, keys=("Control",)),
        Key(keys=("Control", "a")),
        TypeText(text="Q1"),
    )
    assert (computer.malformed, computer.safety_checks[0].code) == (None, "malicious_instructions")
    sent = app.requests[1].body
    assert sent["store"] is False
    assert sent["include"] == ["reasoning.encrypted_content"]
    assert sent["tools"][0] == {"type": "computer"}
    assert not {"previous_response_id", "conversation", "background"} & set(sent)
    assert sent["input"][1:-3] == list(first.raw)
    assert sent["input"][-3:] == [
        {"type": "function_call_output", "call_id": function.id, "output": "Error:\nNo such element."},
        {
            "type": "computer_call_output",
            "call_id": computer.id,
            "output": {
                "type": "computer_screenshot",
                "image_url": f"data:image/png;base64,{base64.b64encode(PNG).decode()}",
                "detail": "original",
            },
            "acknowledged_safety_checks": [check],
        },
        {
            "role": "user",
            "content": [{"type": "input_text", "text": f"About computer call {computer.id}: Action 4 was refused."}],
        },
    ]


async def test_a_computer_request_to_a_model_without_the_tool_fails_before_any_traffic() -> None:
    app = script("openai", {"text": "never"})
    http_client = transport(app)
    for name, bridge in (("claude-opus-4-7", claude), ("gpt-4.1", gpt)):
        model = bridge.connect(name, api_key=KEY, base_url="http://scripted/v1", http_client=http_client)
        with pytest.raises(ModelRequestError, match=r"gpt-5\.4"):
            await model.reply(asking(computer=True))
    await http_client.aclose()
    assert app.requests == []


async def test_a_computer_call_without_a_screenshot_is_not_sent() -> None:
    call = ComputerCall(id="call_1", actions=())
    app = script("openai", {"text": "never"})
    async with gpt_in_process(app) as model:
        with pytest.raises(ModelRequestError, match="exactly one screenshot"):
            await model.reply(asking(Results(results=(answered(call, Text(text="no picture")),))))
    assert app.requests == []


ACTIONS: list[tuple[dict[str, Any], Action]] = [
    ({"type": "click", "button": "left", "x": 5, "y": 6}, Click(x=5, y=6)),
    ({"type": "click", "button": "back", "x": 5, "y": 6, "keys": None}, Click(x=5, y=6, button="back")),
    ({"type": "move", "x": 0, "y": 0, "keys": ["SHIFT"]}, Move(x=0, y=0, keys=("Shift",))),
    (
        {"type": "drag", "path": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]},
        Drag(path=(Point(x=1, y=2), Point(x=3, y=4))),
    ),
    ({"type": "scroll", "x": 1, "y": 2, "scroll_x": 0, "scroll_y": -300}, Scroll(x=1, y=2, dy=-300)),
    ({"type": "keypress", "keys": ["CMD", "SHIFT", "P"]}, Key(keys=("Meta", "Shift", "p"))),
    ({"type": "keypress", "keys": ["A"]}, Key(keys=("A",))),
    ({"type": "wait"}, Wait()),
    ({"type": "screenshot", "a_field_of_next_year": 1}, Screenshot()),
]


@pytest.mark.parametrize(("wire", "action"), ACTIONS)
def test_each_action_of_the_wire_has_one_meaning(wire: dict[str, Any], action: Action) -> None:
    assert read_actions([wire]) == (action,)


@pytest.mark.parametrize(
    ("wire", "says"),
    [
        ({"type": "click", "button": "left", "x": 1.5, "y": 2}, "x: .*1.5"),
        ({"type": "click", "button": "left", "x": 1.0, "y": 2}, "x: .*1.0"),
        ({"type": "click", "button": "left", "x": "512", "y": 2}, "x: .*'512'"),
        ({"type": "click", "button": "left", "x": True, "y": 2}, "x: .*True"),
        ({"type": "click", "button": "left", "x": -1, "y": 2}, "x: .*-1"),
        ({"type": "click", "button": "left", "y": 2}, "x: Field required"),
        ({"type": "click", "button": "primary", "x": 1, "y": 2}, "button: .*'primary'"),
        ({"type": "click", "button": "left", "x": 1, "y": 2, "keys": ["Q"]}, "'Q' cannot be held"),
        ({"type": "triple_click", "x": 1, "y": 2}, "triple_click"),
        ({"type": "drag", "path": [{"x": 1, "y": 2}]}, "path"),
        ({"type": "keypress", "keys": []}, "keys"),
        ({"type": "keypress", "keys": ["CTRLL"]}, "unknown key 'CTRLL'; near names: 'CTRL'"),
        ({"type": "keypress", "keys": ["CTRL+S"]}, r"one by one, as \['CTRL', 'S'\]"),
        ("click", "it: .*'click'"),
        (None, "it: .*None"),
    ],
)
def test_an_action_outside_the_vocabulary_is_said_and_never_guessed(wire: Any, says: str) -> None:
    with pytest.raises(NotUnderstood, match=f"^action 2: .*{says}"):
        read_actions([{"type": "wait"}, wire])


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("CTRL", "Control"),
        ("ARROWLEFT", "ArrowLeft"),
        ("Left", "ArrowLeft"),
        ("CMD", "Meta"),
        ("OPTION", "Alt"),
        ("ENTER", "Enter"),
        ("Return", "Enter"),
        ("ESC", "Escape"),
        ("SPACE", "Space"),
        (" ", "Space"),
        ("Page_Up", "PageUp"),
        ("F12", "F12"),
        ("+", "+"),
        ("ß", "ß"),
    ],
)
def test_key_names_become_dom_names(name: str, key: str) -> None:
    assert dom_key(name) == key


def body_of_response(*output: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "resp_1", "object": "response", "model": "gpt-5.4", "output": list(output), **more}


async def gpt_told(status: int = 200, **answer: Any) -> Gpt:
    """Return a GPT bridge to which a vendor answers what no script can say."""
    mock = httpx2.MockTransport(lambda _: httpx2.Response(status, **answer))
    return gpt.connect("gpt-5.4", api_key=KEY, http_client=httpx2.AsyncClient(transport=mock), max_retries=0)


async def test_a_batch_with_a_fractional_coordinate_runs_nothing_and_names_it() -> None:
    actions = [
        {"type": "click", "button": "left", "x": 1, "y": 2},
        {"type": "click", "button": "left", "x": 512.5, "y": 2},
    ]
    item = {"type": "computer_call", "call_id": "call_1", "actions": actions, "pending_safety_checks": []}
    model = await gpt_told(json=body_of_response(item, status="completed"))
    reply = await model.reply(asking(computer=True))
    (call,) = reply.calls
    assert isinstance(call, ComputerCall)
    assert call.actions == ()
    assert "action 2: click.x" in str(call.malformed)
    assert reply.label == "live"
    assert reply.raw == (item,)


async def test_function_arguments_that_are_no_object_are_malformed() -> None:
    broken = {"type": "function_call", "call_id": "call_1", "name": "browser_click", "arguments": '{"target'}
    cut = {**broken, "call_id": "call_2", "arguments": "{}", "status": "incomplete"}
    model = await gpt_told(json=body_of_response(broken, cut, status="completed"))
    first, second = (await model.reply(asking())).calls
    assert "not a JSON object" in str(first.malformed)
    assert "cut off" in str(second.malformed)


async def test_the_final_answer_is_the_text_and_commentary_only_without_it() -> None:
    comment = {"type": "message", "phase": "commentary", "content": [{"type": "output_text", "text": "Hm."}]}
    final = {"type": "message", "phase": "final_answer", "content": [{"type": "output_text", "text": "42"}]}
    assert (await (await gpt_told(json=body_of_response(comment))).reply(asking())).text == "Hm."
    assert (await (await gpt_told(json=body_of_response(comment, final))).reply(asking())).text == "42"


async def test_usage_tells_cached_tokens_apart() -> None:
    usage = {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 80}, "output_tokens": 7}
    reply = await (await gpt_told(json=body_of_response(usage=usage))).reply(asking())
    assert reply.usage == Usage(input_tokens=100, cached_tokens=80, output_tokens=7)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("rate_limit_exceeded", ModelOverloaded),
        ("server_error", ModelUnavailable),
        ("misalignment_policy_violation", ModelRefused),
        ("bio_policy", ModelRefused),
        ("invalid_image", ModelRequestError),
    ],
)
async def test_a_failed_response_has_the_error_of_its_code(code: str, expected: type[ModelError]) -> None:
    wire = body_of_response(status="failed", error={"code": code, "message": "so it is"})
    with pytest.raises(expected, match="so it is"):
        await (await gpt_told(json=wire)).reply(asking())


async def test_a_content_filter_is_a_refusal() -> None:
    wire = body_of_response(status="incomplete", incomplete_details={"reason": "content_filter"})
    assert (await (await gpt_told(json=wire)).reply(asking())).stop == "refusal"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (429, "insufficient_quota", ModelAuthError),
        (400, "content_policy_violation", ModelRefused),
        (400, "context_length_exceeded", ModelRequestError),
        (404, "model_not_found", ModelRequestError),
        (413, None, ModelRequestError),
    ],
)
async def test_an_error_status_has_the_error_of_its_cause(
    status: int, code: str | None, expected: type[ModelError]
) -> None:
    error = {"error": {"message": "so it is", "code": code, "type": "x", "param": None}}
    with pytest.raises(expected):
        await (await gpt_told(status, json=error)).reply(asking())


@pytest.mark.parametrize("answer", [{"text": "<html>hello</html>"}, {"json": {"hello": 1}}, {"json": []}])
async def test_an_address_that_is_no_model_asks_for_the_base_url(answer: dict[str, Any]) -> None:
    with pytest.raises(ModelUnavailable, match="is the base URL right"):
        await (await gpt_told(**answer)).reply(asking())


async def test_azure_is_asked_by_deployment_and_version() -> None:
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json=body_of_response())

    model = gpt.connect_azure(
        "our-operator",
        api_key=KEY,
        endpoint="https://example.openai.azure.com",
        api_version="2026-10-01",
        facts=facts_of("gpt-5.4"),
        http_client=httpx2.AsyncClient(transport=httpx2.MockTransport(answer)),
    )
    await model.reply(asking(computer=True))
    await model.aclose()
    assert str(seen[0].url) == "https://example.openai.azure.com/openai/responses?api-version=2026-10-01"
    assert json.loads(seen[0].content)["model"] == "our-operator"
    assert seen[0].headers["api-key"] == KEY


# Claude


@pytest.mark.parametrize("connected", [claude_in_process, claude_on_loopback])
async def test_claude_thinks_adaptively_with_effort_and_caching(connected: Connected) -> None:
    app = script("anthropic", {"text": "Fine."})
    async with connected(app) as model:
        await model.reply(asking(effort="high"))
    sent = app.requests[0].body
    assert sent["stream"] is True
    assert sent["thinking"] == {"type": "adaptive"}
    assert sent["output_config"] == {"effort": "high"}
    assert sent["cache_control"] == {"type": "ephemeral"}
    assert sent["system"] == "Be brief."


async def test_claude_sees_results_with_images_and_errors_before_new_words() -> None:
    call = ToolCall(id="toolu_1", name="browser_click", arguments={"target": "e1"})
    app = script("anthropic", {"text": "I see.", "expect": {"image": True, "tool_result": True}})
    failed = answered(call, Text(text="No such element."), Image(data=PNG), error=True)
    async with claude_in_process(app) as model:
        await model.reply(asking(Results(results=(failed,)), Said(parts=(Text(text="Go on."),))))
    (message,) = app.requests[0].body["messages"]
    result, words = message["content"]
    assert (result["type"], result["is_error"]) == ("tool_result", True)
    assert result["content"][1]["source"]["media_type"] == "image/png"
    assert words == {"type": "text", "text": "Go on."}


async def test_a_client_for_another_platform_is_taken_as_it_is() -> None:
    app = script("anthropic", {"text": "From the foundry."})
    client = AsyncAnthropicFoundry(api_key=KEY, base_url="http://scripted/anthropic", http_client=transport(app))
    model = Claude(client, "claude-opus-4-7", cached=False)
    reply = await model.reply(asking())
    await model.aclose()
    assert reply.text == "From the foundry."
    assert "cache_control" not in app.requests[0].body


async def test_a_pause_is_resumed_and_both_halves_are_one_reply() -> None:
    app = script("anthropic", {"text": "First, ", "stop": "pause"}, {"text": "then."})
    async with claude_in_process(app) as model:
        reply = await model.reply(asking())
    assert (reply.text, reply.stop, len(reply.raw)) == ("First, then.", "end", 2)
    assert app.requests[1].body["messages"][-1]["role"] == "assistant"


async def test_pauses_without_an_end_are_unavailable() -> None:
    app = script("anthropic", {"text": "Still.", "stop": "pause", "times": 9})
    async with claude_in_process(app) as model:
        with pytest.raises(ModelUnavailable, match="paused 4 times"):
            await model.reply(asking())
    assert len(app.requests) == 4


async def test_a_tool_call_cut_by_the_token_limit_is_malformed() -> None:
    step = {"calls": [{"tool": "a"}, {"tool": "b", "arguments": {"x": 1}}], "stop": "length"}
    async with claude_in_process(script("anthropic", step)) as model:
        reply = await model.reply(asking())
    assert [call.malformed is None for call in reply.calls if isinstance(call, ToolCall)] == [True, False]
    assert reply.stop == "length"


def sse(*events: dict[str, Any]) -> bytes:
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


async def claude_told(*events: dict[str, Any]) -> Claude:
    """Return a Claude bridge to which a vendor streams what no script can say."""
    headers = {"content-type": "text/event-stream"}
    mock = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=sse(*events)))
    client = httpx2.AsyncClient(transport=mock)
    return claude.connect("claude-opus-4-7", api_key=KEY, http_client=client, max_retries=0)


START: dict[str, Any] = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-4-7",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 10,
            "cache_read_input_tokens": 20,
            "cache_creation_input_tokens": 30,
            "output_tokens": 1,
        },
    },
}
STOP: dict[str, Any] = {"type": "message_stop"}


def ended(reason: str) -> dict[str, Any]:
    delta = {"stop_reason": reason, "stop_sequence": None}
    return {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 7}}


async def test_claudes_cached_tokens_count_as_input() -> None:
    reply = await (await claude_told(START, ended("end_turn"), STOP)).reply(asking())
    assert reply.usage == Usage(input_tokens=60, cached_tokens=20, output_tokens=7)
    assert reply.label == "live"


async def test_a_conversation_that_no_longer_fits_asks_for_a_fresh_start() -> None:
    model = await claude_told(START, ended("model_context_window_exceeded"), STOP)
    with pytest.raises(ModelRequestError, match="1,000,000 tokens"):
        await model.reply(asking())


@pytest.mark.parametrize(("kind", "expected"), [("overloaded_error", ModelOverloaded), ("api_error", ModelUnavailable)])
async def test_an_error_inside_the_stream_counts_as_what_it_is(kind: str, expected: type[ModelError]) -> None:
    model = await claude_told(START, {"type": "error", "error": {"type": kind, "message": "so it is"}})
    with pytest.raises(expected, match="so it is"):
        await model.reply(asking())


@pytest.mark.parametrize("events", [(), (START,), (START, ended("end_turn")), (STOP,)])
async def test_a_stream_without_its_end_is_unavailable(events: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(ModelUnavailable, match="broke off"):
        await (await claude_told(*events)).reply(asking())


async def test_tool_arguments_that_are_no_json_break_off() -> None:
    block: dict[str, Any] = {"type": "tool_use", "id": "toolu_1", "name": "a", "input": {}}
    delta = {"type": "input_json_delta", "partial_json": '{"x": nope'}
    model = await claude_told(
        START,
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
    )
    with pytest.raises(ModelUnavailable, match="broke off"):
        await model.reply(asking())


# Known models and prices


@pytest.mark.parametrize("name", ["claude-opus-4-7", "gpt-5.4"])
def test_the_default_models_are_known_and_priced(name: str) -> None:
    facts = KNOWN_MODELS[name]
    assert facts.context_tokens >= 1_000_000
    assert upper_bound_usd(name, input_tokens=1_000, output_tokens=1_000, provider=facts.vendor)


def test_every_listed_model_is_keyed_by_its_name_and_has_a_price() -> None:
    assert {facts.name for facts in KNOWN_MODELS.values()} == set(KNOWN_MODELS)
    unpriced = [name for name in KNOWN_MODELS if upper_bound_usd(name, input_tokens=1, output_tokens=1) is None]
    assert unpriced == []


@pytest.mark.parametrize("name", ["gpt-5.4-2026-03-05", "scripted/gpt-5.4", "gpt-5.4-20260305"])
def test_dated_and_scripted_names_have_the_facts_of_their_model(name: str) -> None:
    assert facts_of(name) is KNOWN_MODELS["gpt-5.4"]


@pytest.mark.parametrize(
    ("name", "vendor"), [("claude-hypothetical-9", "anthropic"), ("gpt-9-nova", "openai"), ("o3", "openai")]
)
def test_an_unlisted_model_gets_its_vendor_by_prefix_and_cautious_limits(name: str, vendor: str) -> None:
    facts = facts_of(name)
    assert (facts.vendor, facts.computer) == (vendor, "none")
    assert facts.context_tokens <= 200_000


def test_an_unknown_model_says_what_to_configure() -> None:
    with pytest.raises(ValueError, match=r"'llama-9'.*vendor.*context_tokens"):
        facts_of("llama-9")


@pytest.mark.parametrize("name", ["gpt-99", "llama-9", "scripted/gpt-5.4"])
def test_an_unknown_price_is_none_and_never_zero(name: str) -> None:
    assert cost_usd(name, Usage(input_tokens=1_000, output_tokens=1_000)) is None
    assert upper_bound_usd(name, input_tokens=1_000, output_tokens=1_000) is None


def test_cached_tokens_cost_less() -> None:
    plain = cost_usd("gpt-5.4", Usage(input_tokens=10_000, output_tokens=100))
    cached = cost_usd("gpt-5.4", Usage(input_tokens=10_000, cached_tokens=8_000, output_tokens=100))
    assert (plain, cached) == (Decimal("0.0265"), Decimal("0.0085"))


def test_the_upper_bound_covers_writing_everything_to_the_cache() -> None:
    usage = Usage(input_tokens=10_000, output_tokens=100)
    cost = cost_usd("claude-opus-4-7", usage, provider="anthropic")
    bound = upper_bound_usd("claude-opus-4-7", input_tokens=10_000, output_tokens=100, provider="anthropic")
    assert cost is not None
    assert bound == Decimal("0.065") > cost


def test_the_source_of_prices_is_named() -> None:
    assert price_note().startswith("list prices of genai-prices ")


# Real models: only where a key is


@pytest.mark.live
@pytest.mark.skipif("OPENAI_API_KEY" not in os.environ, reason="needs OPENAI_API_KEY")
async def test_the_real_gpt_answers_with_structure_and_asks_for_the_screen() -> None:
    model = gpt.connect("gpt-5.4", api_key=os.environ["OPENAI_API_KEY"])
    said = Said(parts=(Text(text="Six times seven: give the total."),))
    reply = await model.reply(asking(said, schema=SCHEMA, effort="low"))
    assert (reply.data, reply.label) == ({"total": 42}, "live")
    look = Said(parts=(Text(text="Take a screenshot with the computer tool."),))
    first = await model.reply(asking(look, computer=True, effort="low"))
    (call,) = first.calls
    seen = Results(results=(answered(call, Image(data=PNG)),))
    second = await model.reply(asking(look, Replied(reply=first), seen, computer=True, effort="low"))
    await model.aclose()
    assert isinstance(call, ComputerCall)
    assert second.usage.output_tokens > 0


@pytest.mark.live
@pytest.mark.skipif("ANTHROPIC_API_KEY" not in os.environ, reason="needs ANTHROPIC_API_KEY")
async def test_the_real_claude_answers_with_structure_and_uses_a_tool() -> None:
    model = claude.connect("claude-opus-4-7", api_key=os.environ["ANTHROPIC_API_KEY"])
    said = Said(parts=(Text(text="Six times seven: give the total."),))
    reply = await model.reply(asking(said, schema=SCHEMA, effort="low"))
    assert (reply.data, reply.label) == ({"total": 42}, "live")
    click = Said(parts=(Text(text="Click the element e12 with the tool."),))
    first = await model.reply(asking(click, tools=(CLICK,), effort="low"))
    (call,) = first.calls
    done = Results(results=(answered(call, Text(text="Clicked.")),))
    second = await model.reply(asking(click, Replied(reply=first), done, tools=(CLICK,), effort="low"))
    await model.aclose()
    assert second.stop == "end"
