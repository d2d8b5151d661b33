"""A saying in the wire format of OpenAI's Responses API, built from the SDK's own types."""

import json
from collections.abc import Iterator
from typing import Literal

from openai.types import responses as wire
from openai.types.responses.response import IncompleteDetails
from openai.types.responses.response_computer_tool_call import PendingSafetyCheck
from openai.types.responses.response_reasoning_item import Summary
from openai.types.responses.response_usage import InputTokensDetails, OutputTokensDetails

from bridges.scripted.saying import BatchAsked, FunctionAsked, Saying

__all__ = ["events_of", "response_of"]

_Item = (
    wire.ResponseReasoningItem
    | wire.ResponseOutputMessage
    | wire.ResponseFunctionToolCall
    | wire.ResponseComputerToolCall
)


def response_of(saying: Saying) -> wire.Response:
    """Return the whole response.

    Raises:
        pydantic.ValidationError: The SDK's types reject what the script wants to say.
    """
    return _response(saying, _items(saying), "incomplete" if saying.stop else "completed")


def events_of(saying: Saying) -> Iterator[wire.ResponseStreamEvent]:
    """Yield the events of the streamed response, numbered.

    Raises:
        pydantic.ValidationError: The SDK's types reject what the script wants to say.
    """
    for number, event in enumerate(_events(saying)):
        event.sequence_number = number
        yield event


def _response(
    saying: Saying, items: list[_Item], status: Literal["in_progress", "incomplete", "completed"]
) -> wire.Response:
    return wire.Response(
        id=f"resp_{saying.number}",
        object="response",
        created_at=0,  # the stand-in has no clock: the same script gives the same bytes
        model=saying.model,
        status=status,
        output=[*items],
        incomplete_details=IncompleteDetails(reason="max_output_tokens") if status == "incomplete" else None,
        parallel_tool_calls=True,
        tool_choice="auto",
        tools=[],
        usage=None if status == "in_progress" else _usage(saying),
    )


def _usage(saying: Saying) -> wire.ResponseUsage:
    return wire.ResponseUsage(
        input_tokens=saying.input_tokens,
        input_tokens_details=InputTokensDetails(cached_tokens=0, cache_write_tokens=0),
        output_tokens=saying.output_tokens,
        output_tokens_details=OutputTokensDetails(reasoning_tokens=len(saying.thinking) // 4),
        total_tokens=saying.input_tokens + saying.output_tokens,
    )


def _items(saying: Saying) -> list[_Item]:
    items: list[_Item] = []
    if saying.thinking:
        items.append(
            wire.ResponseReasoningItem(
                id=f"rs_{saying.number}",
                type="reasoning",
                summary=[Summary(type="summary_text", text=saying.thinking)],
                encrypted_content=f"scripted-{saying.number}",
            )
        )
    if saying.text or saying.refusal is not None:
        items.append(_message(saying))
    for index, call in enumerate(saying.calls):
        items.append(_call(call, f"{saying.number}_{index}"))
    return items


def _message(saying: Saying) -> wire.ResponseOutputMessage:
    said: wire.ResponseOutputRefusal | wire.ResponseOutputText
    if saying.refusal is not None:
        said = wire.ResponseOutputRefusal(type="refusal", refusal=saying.refusal)
    else:
        said = wire.ResponseOutputText(type="output_text", text=saying.text, annotations=[], logprobs=[])
    return wire.ResponseOutputMessage(
        id=f"msg_{saying.number}",
        type="message",
        role="assistant",
        status="incomplete" if saying.stop else "completed",
        content=[said],
        phase="commentary" if saying.calls else "final_answer",
    )


def _call(call: FunctionAsked | BatchAsked, id: str) -> _Item:
    match call:
        case FunctionAsked(name=name, arguments=arguments):
            return wire.ResponseFunctionToolCall(
                id=f"fc_{id}",
                call_id=f"call_{id}",
                type="function_call",
                name=name,
                arguments=json.dumps(arguments, ensure_ascii=False),
                status="completed",
            )
        case BatchAsked(actions=actions, safety_checks=checks):
            # model_validate, not the constructor: the actions are JSON that the SDK's types are to check
            return wire.ResponseComputerToolCall.model_validate(
                {
                    "id": f"cu_{id}",
                    "call_id": f"call_{id}",
                    "type": "computer_call",
                    "actions": actions,
                    "pending_safety_checks": [PendingSafetyCheck.model_validate(check) for check in checks],
                    "status": "completed",
                }
            )


def _events(saying: Saying) -> Iterator[wire.ResponseStreamEvent]:
    begun = _response(saying, [], "in_progress")
    yield wire.ResponseCreatedEvent(type="response.created", response=begun, sequence_number=0)
    yield wire.ResponseInProgressEvent(type="response.in_progress", response=begun, sequence_number=0)
    for index, item in enumerate(_items(saying)):
        yield wire.ResponseOutputItemAddedEvent(
            type="response.output_item.added", item=_begun(item), output_index=index, sequence_number=0
        )
        yield from _inside(item, index)
        yield wire.ResponseOutputItemDoneEvent(
            type="response.output_item.done", item=item, output_index=index, sequence_number=0
        )
    ended = response_of(saying)
    if saying.stop:
        yield wire.ResponseIncompleteEvent(type="response.incomplete", response=ended, sequence_number=0)
    else:
        yield wire.ResponseCompletedEvent(type="response.completed", response=ended, sequence_number=0)


def _begun(item: _Item) -> _Item:
    """Return the item as it is announced, before anything is in it."""
    match item:
        case wire.ResponseOutputMessage():
            return item.model_copy(update={"content": [], "status": "in_progress"})
        case wire.ResponseFunctionToolCall():
            return item.model_copy(update={"arguments": "", "status": "in_progress"})
        case wire.ResponseReasoningItem():
            return item.model_copy(update={"summary": []})
        case wire.ResponseComputerToolCall():
            return item.model_copy(update={"status": "in_progress"})


def _inside(item: _Item, index: int) -> Iterator[wire.ResponseStreamEvent]:
    match item:
        case wire.ResponseOutputMessage(id=id, content=[wire.ResponseOutputText() as part]):
            yield from _text_events(id, index, part)
        case wire.ResponseOutputMessage(id=id, content=[wire.ResponseOutputRefusal() as part]):
            yield from _refusal_events(id, index, part)
        case wire.ResponseFunctionToolCall(id=str(id), arguments=arguments):
            for delta in _pieces(arguments):
                yield wire.ResponseFunctionCallArgumentsDeltaEvent(
                    type="response.function_call_arguments.delta",
                    delta=delta,
                    item_id=id,
                    output_index=index,
                    sequence_number=0,
                )
            yield wire.ResponseFunctionCallArgumentsDoneEvent(
                type="response.function_call_arguments.done",
                arguments=arguments,
                item_id=id,
                output_index=index,
                sequence_number=0,
            )
        case _:
            pass


def _text_events(id: str, index: int, part: wire.ResponseOutputText) -> Iterator[wire.ResponseStreamEvent]:
    yield wire.ResponseContentPartAddedEvent(
        type="response.content_part.added",
        part=part.model_copy(update={"text": ""}),
        content_index=0,
        item_id=id,
        output_index=index,
        sequence_number=0,
    )
    for delta in _pieces(part.text):
        yield wire.ResponseTextDeltaEvent(
            type="response.output_text.delta",
            delta=delta,
            logprobs=[],
            content_index=0,
            item_id=id,
            output_index=index,
            sequence_number=0,
        )
    yield wire.ResponseTextDoneEvent(
        type="response.output_text.done",
        text=part.text,
        logprobs=[],
        content_index=0,
        item_id=id,
        output_index=index,
        sequence_number=0,
    )
    yield _part_done(id, index, part)


def _refusal_events(id: str, index: int, part: wire.ResponseOutputRefusal) -> Iterator[wire.ResponseStreamEvent]:
    yield wire.ResponseContentPartAddedEvent(
        type="response.content_part.added",
        part=part.model_copy(update={"refusal": ""}),
        content_index=0,
        item_id=id,
        output_index=index,
        sequence_number=0,
    )
    yield wire.ResponseRefusalDeltaEvent(
        type="response.refusal.delta",
        delta=part.refusal,
        content_index=0,
        item_id=id,
        output_index=index,
        sequence_number=0,
    )
    yield wire.ResponseRefusalDoneEvent(
        type="response.refusal.done",
        refusal=part.refusal,
        content_index=0,
        item_id=id,
        output_index=index,
        sequence_number=0,
    )
    yield _part_done(id, index, part)


def _part_done(
    id: str, index: int, part: wire.ResponseOutputText | wire.ResponseOutputRefusal
) -> wire.ResponseContentPartDoneEvent:
    return wire.ResponseContentPartDoneEvent(
        type="response.content_part.done",
        part=part,
        content_index=0,
        item_id=id,
        output_index=index,
        sequence_number=0,
    )


def _pieces(text: str) -> list[str]:
    """Cut a text in two, so that whoever reads the stream must join."""
    half = (len(text) + 1) // 2
    return [piece for piece in (text[:half], text[half:]) if piece]
