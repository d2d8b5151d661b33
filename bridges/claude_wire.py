"""Anthropic's Messages API as JSON: a request becomes a body, what comes back becomes a reply.

Pure: no SDK, no network. Blocks that the model said, thinking included, are kept as they came (`Reply.raw`)
and sent back unchanged. Sampling parameters are never sent: current models reject them.
"""

import base64
import json
from collections.abc import Sequence
from typing import Any, Literal, cast

from bridges.known_models import SCRIPTED, ModelFacts
from bridges.model import (
    CallResult,
    Image,
    ModelRequestError,
    Part,
    Replied,
    Reply,
    Request,
    Results,
    Said,
    Text,
    ToolCall,
    ToolSpec,
    Turn,
    Usage,
)

__all__ = ["body_of", "reply_of"]

_Json = dict[str, Any]


def body_of(request: Request, name: str, facts: ModelFacts, *, cached: bool) -> _Json:
    """Return the body of `POST /v1/messages`. `cached` asks the vendor to cache the prefix by itself.

    Raises:
        ModelRequestError: The model cannot take the request.
    """
    if request.computer:
        raise ModelRequestError(
            f"{name} is not driven through a computer tool here: choose a GPT model such as 'gpt-5.4' as the"
            " operator, or offer the screen as function tools"
        )
    body: _Json = {
        "model": name,
        "max_tokens": min(request.max_output_tokens, facts.max_output_tokens),
        "system": request.instructions,
        "messages": _merged([_message(turn) for turn in request.turns]),
    }
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if facts.thinking == "adaptive":
        body["thinking"] = {"type": "adaptive"}
    output: _Json = {}
    if facts.efforts:
        output["effort"] = request.effort
    if request.schema is not None:
        output["format"] = {"type": "json_schema", "schema": request.schema}
    if output:
        body["output_config"] = output
    if cached:
        body["cache_control"] = {"type": "ephemeral"}
    return body


def _message(turn: Turn) -> _Json:
    match turn:
        case Said(parts=parts):
            return {"role": "user", "content": [_content(part) for part in parts]}
        case Replied(reply=reply):
            return {"role": "assistant", "content": list(reply.raw or _spelled_out(reply))}
        case Results(results=results):
            return {"role": "user", "content": [_result(result) for result in results]}


def _merged(messages: Sequence[_Json]) -> list[_Json]:
    """Join neighbours of one role, since roles alternate on this wire, and drop messages that say nothing."""
    merged: list[_Json] = []
    for message in messages:
        if not message["content"]:
            continue
        if merged and merged[-1]["role"] == message["role"]:
            merged[-1] = {**message, "content": merged[-1]["content"] + message["content"]}
        else:
            merged.append(message)
    return merged


def _spelled_out(reply: Reply) -> list[_Json]:
    """Return the blocks of a reply that no vendor sent, such as one written by hand."""
    text = [{"type": "text", "text": reply.text}] if reply.text else []
    calls = [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}
        for call in reply.calls
        if isinstance(call, ToolCall)
    ]
    return [*text, *calls]


def _content(part: Part) -> _Json:
    match part:
        case Text(text=text):
            return {"type": "text", "text": text}
        case Image(data=data, mime_type=mime_type):
            encoded = base64.b64encode(data).decode()
            return {"type": "image", "source": {"type": "base64", "media_type": mime_type, "data": encoded}}


def _result(result: CallResult) -> _Json:
    return {
        "type": "tool_result",
        "tool_use_id": result.call.id,
        "content": [_content(part) for part in result.parts],
        "is_error": result.error,
    }


def _tool(tool: ToolSpec) -> _Json:
    """Declare a tool; not as a strict one, since their number is limited and arguments are checked anyway."""
    return {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}


def reply_of(messages: Sequence[_Json], *, structured: bool) -> Reply:
    """Return what the model said in one message, or in several when it paused between them."""
    blocks = [cast("_Json", block) for message in messages for block in message["content"]]
    last = messages[-1]
    stop = _stop(last["stop_reason"])
    text = "".join(block["text"] for block in blocks if block["type"] == "text")
    if stop == "refusal" and not text:
        text = _explained(last)
    model = str(last["model"])
    return Reply(
        model=model,
        text=text,
        calls=_calls(blocks, cut=stop == "length"),
        usage=sum((_usage(message["usage"]) for message in messages), Usage()),
        stop=stop,
        label="scripted" if model.startswith(SCRIPTED) else "live",
        data=_parsed(text) if structured and stop == "end" else None,
        raw=tuple(blocks),
    )


def _explained(message: _Json) -> str:
    details: _Json | None = message.get("stop_details")
    return str((details or {}).get("explanation") or "")


def _stop(reason: str) -> Literal["end", "calls", "length", "refusal"]:
    match reason:
        case "tool_use":
            return "calls"
        case "max_tokens":
            return "length"
        case "refusal":
            return "refusal"
        case _:
            return "end"


def _calls(blocks: Sequence[_Json], *, cut: bool) -> tuple[ToolCall, ...]:
    """Return the calls. When the token limit cut the message, its last block is only a beginning."""
    return tuple(_call(block, cut=cut and block is blocks[-1]) for block in blocks if block["type"] == "tool_use")


def _call(block: _Json, *, cut: bool) -> ToolCall:
    arguments = block["input"]
    if not cut and isinstance(arguments, dict):
        return ToolCall(id=block["id"], name=block["name"], arguments=cast("_Json", arguments))
    wrong = (
        "the call was cut off by the token limit: make it shorter"
        if cut
        else f"the arguments are not a JSON object: {arguments!r:.200}"
    )
    return ToolCall(id=block["id"], name=block["name"], arguments={}, malformed=wrong)


def _usage(wire: _Json) -> Usage:
    """Return the tokens. Here `input_tokens` leaves out what was read from or written to the cache."""
    read = int(wire.get("cache_read_input_tokens") or 0)
    written = int(wire.get("cache_creation_input_tokens") or 0)
    return Usage(
        input_tokens=int(wire["input_tokens"]) + read + written,
        cached_tokens=read,
        output_tokens=int(wire["output_tokens"]),
    )


def _parsed(text: str) -> Any:
    """Return the JSON value that the text is, or None."""
    try:
        return json.loads(text)
    except ValueError:
        return None
