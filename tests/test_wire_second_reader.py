"""Our bridges against a reader of both wire formats that nobody here wrote: npm's `@copilotkit/aimock`.

Our own stand-ins and our own bridges could share a misunderstanding; this one cannot share it.
It needs Node and, once, npm's registry. Without them it is skipped, except on CI.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest

from bridges import claude, gpt
from bridges.claude import Claude
from bridges.gpt import Gpt
from bridges.model import (
    CallResult,
    ModelOverloaded,
    Replied,
    Request,
    Results,
    Said,
    Text,
    ToolCall,
    ToolSpec,
    Turn,
)
from tests.npm import installed

pytestmark = pytest.mark.anyio

PACKAGE = "@copilotkit/aimock@1.43.0"

FIXTURES: dict[str, Any] = {
    "fixtures": [
        {
            "match": {"userMessage": "run the report", "hasToolResult": False},
            "response": {"toolCalls": [{"name": "run_report", "arguments": {"quarter": "Q1"}}]},
        },
        {
            "match": {"userMessage": "run the report", "hasToolResult": True, "toolResultContains": "566649"},
            "response": {"content": "The total is 566649."},
        },
        {"match": {"userMessage": "as JSON"}, "response": {"content": '{"total": 566649}'}},
        {
            "match": {"userMessage": "think"},
            "response": {"reasoning": "Let me see.", "content": "Thought through."},
        },
        {
            "match": {"userMessage": "too much"},
            "response": {"error": {"message": "slow down", "type": "rate_limit_error"}, "status": 429},
        },
        {"match": {"userMessage": "hello"}, "response": {"content": "Hello, operator."}},
    ]
}

RUN_REPORT = ToolSpec(
    name="run_report",
    description="Run a report.",
    parameters={
        "type": "object",
        "properties": {"quarter": {"type": "string"}},
        "required": ["quarter"],
        "additionalProperties": False,
    },
)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[str]:
    """Install the second reader once, start it on a free port, and yield its address."""
    program = installed(PACKAGE, "dist/cli.js", pytestconfig)
    fixtures = tmp_path_factory.mktemp("aimock") / "fixtures.json"
    fixtures.write_text(json.dumps(FIXTURES), encoding="utf-8")
    started = subprocess.Popen(
        [*program, "--port", "0", "--strict", "--fixtures", str(fixtures)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with started as process:
        try:
            yield address(process)
        finally:
            process.terminate()


def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if "listening on " in line:
            return line.rpartition("listening on ")[2].strip()
    raise AssertionError(f"the second reader ended before it listened: {''.join(said)}")


def a_gpt(address: str) -> Gpt:
    return gpt.connect("gpt-5.4", api_key="sk-second-reader", base_url=f"{address}/v1", max_retries=0)


def a_claude(address: str) -> Claude:
    return claude.connect("claude-opus-4-7", api_key="sk-second-reader", base_url=address, max_retries=0)


BOTH = pytest.mark.parametrize("connect", [pytest.param(a_gpt, id="gpt"), pytest.param(a_claude, id="claude")])
Connect = Callable[[str], Gpt | Claude]


def asking(*turns: Turn, **more: Any) -> Request:
    return Request(instructions="Be brief.", turns=turns, **more)


def said(text: str) -> Said:
    return Said(parts=(Text(text=text),))


@BOTH
async def test_a_text_answer_is_read_and_called_live(reader: str, connect: Connect) -> None:
    model = connect(reader)
    with anyio.fail_after(10):
        reply = await model.reply(asking(said("hello")))
    await model.aclose()
    assert (reply.text, reply.stop, reply.label) == ("Hello, operator.", "end", "live")


@BOTH
async def test_reasoning_before_the_answer_is_kept_and_replayed(reader: str, connect: Connect) -> None:
    model = connect(reader)
    with anyio.fail_after(10):
        first = await model.reply(asking(said("think")))
        second = await model.reply(asking(said("think"), Replied(reply=first), said("hello")))
    await model.aclose()
    assert first.text == "Thought through."
    assert {item["type"] for item in first.raw} & {"reasoning", "thinking"}
    assert second.text == "Hello, operator."


@BOTH
async def test_a_tool_call_and_its_result_make_a_round(reader: str, connect: Connect) -> None:
    model = connect(reader)
    question = said("run the report")
    with anyio.fail_after(10):
        first = await model.reply(asking(question, tools=(RUN_REPORT,)))
        (call,) = first.calls
        result = Results(results=(CallResult(call=call, parts=(Text(text="total: 566649"),)),))
        second = await model.reply(asking(question, Replied(reply=first), result, tools=(RUN_REPORT,)))
    await model.aclose()
    assert call == ToolCall(id=call.id, name="run_report", arguments={"quarter": "Q1"})
    assert (first.stop, second.stop, second.text) == ("calls", "end", "The total is 566649.")


@BOTH
async def test_structured_output_is_read(reader: str, connect: Connect) -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"total": {"type": "integer"}},
        "required": ["total"],
        "additionalProperties": False,
    }
    model = connect(reader)
    with anyio.fail_after(10):
        reply = await model.reply(asking(said("as JSON"), schema=schema))
    await model.aclose()
    assert reply.data == {"total": 566649}


@BOTH
async def test_a_rate_limit_is_overload(reader: str, connect: Connect) -> None:
    model = connect(reader)
    with anyio.fail_after(10):
        with pytest.raises(ModelOverloaded, match="slow down"):
            await model.reply(asking(said("too much")))
    await model.aclose()


async def test_declaring_the_computer_tool_is_accepted(reader: str) -> None:
    model = a_gpt(reader)
    with anyio.fail_after(10):
        reply = await model.reply(asking(said("hello"), computer=True))
    await model.aclose()
    assert reply.text == "Hello, operator."
