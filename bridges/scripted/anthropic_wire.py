"""A saying in the wire format of Anthropic's Messages API, built from the SDK's own types."""

import json
from collections.abc import Iterator

from anthropic import types as wire
from anthropic.types.raw_message_delta_event import Delta

from bridges.scripted.saying import FunctionAsked, Saying
from bridges.scripted.script import NotShown

__all__ = ["events_of", "message_of"]

_Block = wire.ThinkingBlock | wire.TextBlock | wire.ToolUseBlock


def message_of(saying: Saying) -> wire.Message:
    """Return the whole message.

    Raises:
        NotShown: The script asks for what this wire cannot say.
    """
    return wire.Message(
        id=f"msg_{saying.number}",
        type="message",
        role="assistant",
        model=saying.model,
        content=[*_blocks(saying)],
        stop_reason=_stop(saying),
        stop_details=_refused(saying),
        stop_sequence=None,
        usage=wire.Usage(input_tokens=saying.input_tokens, output_tokens=saying.output_tokens),
    )


def events_of(saying: Saying) -> Iterator[wire.RawMessageStreamEvent]:
    """Yield the events of the streamed message.

    Raises:
        NotShown: The script asks for what this wire cannot say.
    """
    begun = message_of(saying).model_copy(
        update={
            "content": [],
            "stop_reason": None,
            "stop_details": None,
            "usage": wire.Usage(input_tokens=saying.input_tokens, output_tokens=1),
        }
    )
    yield wire.RawMessageStartEvent(type="message_start", message=begun)
    for index, block in enumerate(_blocks(saying)):
        yield wire.RawContentBlockStartEvent(type="content_block_start", index=index, content_block=_begun(block))
        for delta in _deltas(block):
            yield wire.RawContentBlockDeltaEvent(type="content_block_delta", index=index, delta=delta)
        yield wire.RawContentBlockStopEvent(type="content_block_stop", index=index)
    yield wire.RawMessageDeltaEvent(
        type="message_delta",
        delta=Delta(stop_reason=_stop(saying), stop_details=_refused(saying), stop_sequence=None),
        usage=wire.MessageDeltaUsage(output_tokens=saying.output_tokens),
    )
    yield wire.RawMessageStopEvent(type="message_stop")


def _blocks(saying: Saying) -> list[_Block]:
    blocks: list[_Block] = []
    if saying.thinking:
        signature = f"scripted-{saying.number}"
        blocks.append(wire.ThinkingBlock(type="thinking", thinking=saying.thinking, signature=signature))
    if saying.text:
        blocks.append(wire.TextBlock(type="text", text=saying.text, citations=None))
    for index, call in enumerate(saying.calls):
        if not isinstance(call, FunctionAsked):
            raise NotShown("actions on the screen exist in the 'openai' part only; this wire has function calls")
        blocks.append(
            wire.ToolUseBlock(
                id=f"toolu_{saying.number}_{index}", type="tool_use", name=call.name, input=call.arguments
            )
        )
    return blocks


def _stop(saying: Saying) -> wire.StopReason:
    if saying.refusal is not None:
        return "refusal"
    match saying.stop:
        case "length":
            return "max_tokens"
        case "pause":
            return "pause_turn"
        case None:
            return "tool_use" if saying.calls else "end_turn"


def _refused(saying: Saying) -> wire.RefusalStopDetails | None:
    if saying.refusal is None:
        return None
    return wire.RefusalStopDetails(type="refusal", category=None, explanation=saying.refusal)


def _begun(block: _Block) -> _Block:
    """Return the block as it is announced, before anything is in it."""
    match block:
        case wire.ThinkingBlock():
            return block.model_copy(update={"thinking": "", "signature": ""})
        case wire.TextBlock():
            return block.model_copy(update={"text": ""})
        case wire.ToolUseBlock():
            return block.model_copy(update={"input": {}})


def _deltas(block: _Block) -> Iterator[wire.RawContentBlockDelta]:
    match block:
        case wire.ThinkingBlock(thinking=thinking, signature=signature):
            yield wire.ThinkingDelta(type="thinking_delta", thinking=thinking)
            yield wire.SignatureDelta(type="signature_delta", signature=signature)
        case wire.TextBlock(text=text):
            for piece in _pieces(text):
                yield wire.TextDelta(type="text_delta", text=piece)
        case wire.ToolUseBlock(input=arguments):
            for piece in _pieces(json.dumps(arguments, ensure_ascii=False)):
                yield wire.InputJSONDelta(type="input_json_delta", partial_json=piece)


def _pieces(text: str) -> list[str]:
    """Cut a text in two, so that whoever reads the stream must join."""
    half = (len(text) + 1) // 2
    return [piece for piece in (text[:half], text[half:]) if piece]
