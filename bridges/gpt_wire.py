"""OpenAI's Responses API as JSON: a request becomes a body, what comes back becomes a reply.

Pure: no SDK, no network. Items that the model said are kept as they came (`Reply.raw`) and sent back
unchanged.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal, cast

from bridges.gpt_actions import NotUnderstood, read_actions
from bridges.known_models import SCRIPTED, ModelFacts
from bridges.model import (
    Call,
    CallResult,
    ComputerCall,
    Image,
    ModelError,
    ModelOverloaded,
    ModelRefused,
    ModelRequestError,
    ModelUnavailable,
    Part,
    Replied,
    Reply,
    Request,
    Results,
    SafetyCheck,
    Said,
    Text,
    ToolCall,
    ToolSpec,
    Turn,
    Usage,
)

__all__ = ["body_of", "reply_of"]

_Json = dict[str, Any]


def body_of(request: Request, name: str, facts: ModelFacts) -> _Json:
    """Return the body of `POST /responses`.

    Raises:
        ModelRequestError: The model cannot take the request.
    """
    if request.computer and facts.computer != "openai_computer":
        raise ModelRequestError(
            f"{name} does not take the computer tool: choose an operator that does, such as 'gpt-5.4', offer"
            " the screen as function tools, or state computer = 'openai_computer' for it in the configuration"
        )
    body: _Json = {
        "model": name,
        "instructions": request.instructions,
        "input": [item for turn in request.turns for item in _items(turn, facts)],
        "max_output_tokens": min(request.max_output_tokens, facts.max_output_tokens),
        "store": False,
    }
    tools: list[_Json] = [{"type": "computer"}] if request.computer else []
    tools += [_function(tool) for tool in request.tools]
    if tools:
        body["tools"] = tools
    if facts.efforts:
        body["reasoning"] = {"effort": request.effort}
        body["include"] = ["reasoning.encrypted_content"]  # since nothing is stored, we carry the reasoning
    if request.schema is not None:
        shape = {"type": "json_schema", "name": "answer", "schema": request.schema, "strict": True}
        body["text"] = {"format": shape}
    return body


def _items(turn: Turn, facts: ModelFacts) -> Iterator[_Json]:
    match turn:
        case Said(parts=parts):
            yield {"role": "user", "content": [_content(part, facts) for part in parts]}
        case Replied(reply=reply):
            yield from reply.raw or _spelled_out(reply)
        case Results(results=results):
            yield from (_output(result, facts) for result in results)
            yield from _beside_screenshots(results, facts)


def _spelled_out(reply: Reply) -> Iterator[_Json]:
    """Yield the items of a reply that no vendor sent, such as one written by hand."""
    if reply.text:
        yield {"role": "assistant", "content": reply.text}
    for call in reply.calls:
        if isinstance(call, ToolCall):
            arguments = json.dumps(call.arguments)
            yield {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments}


def _content(part: Part, facts: ModelFacts) -> _Json:
    match part:
        case Text(text=text):
            return {"type": "input_text", "text": text}
        case Image():
            return {"type": "input_image", "image_url": _data_url(part), "detail": facts.image_detail}


def _output(result: CallResult, facts: ModelFacts) -> _Json:
    match result.call:
        case ComputerCall(id=call_id):
            return {
                "type": "computer_call_output",
                "call_id": call_id,
                "output": _screen(result, facts),
                "acknowledged_safety_checks": [
                    {"id": check.id, "code": check.code or None, "message": check.message or None}
                    for check in result.acknowledged
                ],
            }
        case ToolCall(id=call_id):
            return {"type": "function_call_output", "call_id": call_id, "output": _answer(result, facts)}


def _screen(result: CallResult, facts: ModelFacts) -> _Json:
    images = [part for part in result.parts if isinstance(part, Image)]
    if len(images) != 1:
        raise ModelRequestError(
            f"computer call {result.call.id!r} came with {len(images)} images: give exactly one screenshot"
        )
    # `detail` is documented for screenshots, though the SDK's type does not list it.
    return {"type": "computer_screenshot", "image_url": _data_url(images[0]), "detail": facts.image_detail}


def _answer(result: CallResult, facts: ModelFacts) -> str | list[_Json]:
    """Return what a function gave. This wire has no field for a failure, so it is said in words."""
    parts = (Text(text="Error:"), *result.parts) if result.error else result.parts
    texts = [part.text for part in parts if isinstance(part, Text)]
    return "\n".join(texts) if len(texts) == len(parts) else [_content(part, facts) for part in parts]


def _beside_screenshots(results: Sequence[CallResult], facts: ModelFacts) -> Iterator[_Json]:
    """Yield what was said beside screenshots, as a message: a `computer_call_output` has no room for text."""
    texts = [
        Text(text=f"About computer call {result.call.id}: {part.text}")
        for result in results
        if isinstance(result.call, ComputerCall)
        for part in result.parts
        if isinstance(part, Text)
    ]
    if texts:
        yield {"role": "user", "content": [_content(text, facts) for text in texts]}


def _data_url(image: Image) -> str:
    return f"data:{image.mime_type};base64,{base64.b64encode(image.data).decode()}"


def _function(tool: ToolSpec) -> _Json:
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "strict": _may_be_strict(tool.parameters),
    }


_STRICT_KEYWORDS = frozenset(
    {
        *("type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf"),
        *("description", "title", "$defs", "$ref", "pattern", "multipleOf", "minItems", "maxItems"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    }
)


def _may_be_strict(schema: _Json) -> bool:
    """Whether strict mode takes the schema: closed objects, all properties required, keywords it knows."""
    properties = _object(schema.get("properties"))
    if schema.get("type") == "object" or properties:
        open_ended = schema.get("additionalProperties") is not False
        if open_ended or set(schema.get("required", ())) != set(properties):
            return False
    inner = [*properties.values(), *_object(schema.get("$defs")).values(), *schema.get("anyOf", ())]
    if "items" in schema:
        inner.append(schema["items"])
    return _STRICT_KEYWORDS.issuperset(schema) and all(_may_be_strict(_object(part)) for part in inner)


def reply_of(wire: _Json, name: str, *, structured: bool) -> Reply:
    """Return what the model said.

    Raises:
        ModelError: The vendor reports that it failed.
    """
    if wire.get("status") == "failed":
        raise _failure(_object(wire.get("error")), name)
    items: list[_Json] = wire["output"]
    calls = tuple(call for item in items for call in _calls(item))
    refusal = "\n".join(_said(items, "refusal"))
    text = refusal or "\n".join(_said(items, "text"))
    stop = "refusal" if refusal else _stop(wire, calls)
    model = str(wire.get("model", name))
    return Reply(
        model=model,
        text=text,
        calls=calls,
        usage=_usage(_object(wire.get("usage"))),
        stop=stop,
        label="scripted" if model.startswith(SCRIPTED) else "live",
        data=_parsed(text) if structured and stop == "end" else None,
        raw=tuple(items),
    )


def _failure(error: _Json, name: str) -> ModelError:
    code, message = str(error.get("code")), str(error.get("message"))
    if code == "rate_limit_exceeded":
        return ModelOverloaded(f"{name}: rate limit ({code}): wait, then try again. {message}")
    if code.endswith(("_policy", "_policy_violation")):
        return ModelRefused(f"{name}: the vendor's policy stopped the answer ({code}): {message}")
    if code in ("server_error", "None"):
        return ModelUnavailable(f"{name}: the vendor failed ({code}): try again later. {message}")
    return ModelRequestError(f"{name}: the vendor rejects the request ({code}): {message}")


def _stop(wire: _Json, calls: tuple[Call, ...]) -> Literal["end", "calls", "length", "refusal"]:
    if wire.get("status") == "incomplete":
        reason = _object(wire.get("incomplete_details")).get("reason")
        return "refusal" if reason == "content_filter" else "length"
    return "calls" if calls else "end"


def _said(items: Sequence[_Json], kind: Literal["text", "refusal"]) -> list[str]:
    """Return what the messages say: the final answer, or the commentary while there is no final answer."""
    messages = [item for item in items if item.get("type") == "message"]
    final = [message for message in messages if message.get("phase") != "commentary"]
    return [
        str(part[kind])
        for message in final or messages
        for part in message.get("content", ())
        if isinstance(part.get(kind), str)
    ]


def _calls(item: _Json) -> Iterator[Call]:
    """Yield the call in an item; reasoning, messages and the items of hosted tools hold none."""
    cut = item.get("status") == "incomplete"
    match item:
        case {"type": "function_call", "call_id": str(id), "name": str(name), "arguments": str(text)}:
            arguments = None if cut else _parsed(text)
            if isinstance(arguments, dict):
                yield ToolCall(id=id, name=name, arguments=cast("_Json", arguments))
            else:
                wrong = _CUT if cut else f"the arguments are not a JSON object: {text[:200]!r}"
                yield ToolCall(id=id, name=name, arguments={}, malformed=wrong)
        case {"type": "computer_call", "call_id": str(id)}:
            yield _computer_call(id, item, cut=cut)
        case _:
            pass


_CUT = "the call was cut off by the token limit: make it shorter"


def _computer_call(id: str, item: _Json, *, cut: bool) -> ComputerCall:
    checks = tuple(
        SafetyCheck(
            id=str(check.get("id")),
            code=str(check.get("code") or ""),
            message=str(check.get("message") or ""),
        )
        for check in item.get("pending_safety_checks") or ()
    )
    if cut:
        return ComputerCall(id=id, actions=(), safety_checks=checks, malformed=_CUT)
    single = item.get("action")  # the older form of the tool: one action a call
    wire: Sequence[object] = item.get("actions") or ([] if single is None else [single])
    try:
        return ComputerCall(id=id, actions=read_actions(wire), safety_checks=checks)
    except NotUnderstood as error:
        wrong = f"{error}. No action of this batch was carried out"
        return ComputerCall(id=id, actions=(), safety_checks=checks, malformed=wrong)


def _usage(wire: _Json) -> Usage:
    return Usage(
        input_tokens=int(wire.get("input_tokens") or 0),
        cached_tokens=int(_object(wire.get("input_tokens_details")).get("cached_tokens") or 0),
        output_tokens=int(wire.get("output_tokens") or 0),
    )


def _parsed(text: str) -> Any:
    """Return the JSON value that the text is, or None."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _object(value: Any) -> _Json:
    """Return the value when it is a JSON object, else an empty one."""
    return cast("_Json", value) if isinstance(value, dict) else {}
