"""What a request shows to a model, read out of either vendor's wire format."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from bridges.known_models import Vendor

__all__ = ["Shown", "shown_by"]

_Json = dict[str, Any]
_IMAGE_TOKENS = 1_200  # about a screenshot of 1280 x 800 on either vendor's scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a request shows. `texts`: what people and tools said, oldest first; `whole`: the body's text."""

    instructions: str
    texts: tuple[str, ...]
    images: int
    tools: tuple[str, ...]
    tool_result: bool
    whole: str

    @property
    def tokens(self) -> int:
        """A rough count: a token for four characters, and a flat price for an image."""
        return len(self.whole) // 4 + self.images * _IMAGE_TOKENS


def shown_by(vendor: Vendor, body: _Json) -> Shown:
    """Return what the body of a request shows."""
    if vendor == "openai":
        instructions, turns = str(body.get("instructions") or ""), _list(body.get("input"))
    else:
        instructions, turns = "\n".join(_texts(body.get("system"))), _list(body.get("messages"))
    asked = [turn for turn in turns if turn.get("role") == "user" or _is_result(turn)]
    last = [turn for turn in turns[-1:] if turn.get("role") == "user" or _is_result(turn)]
    parts = [*last, *(part for turn in last for part in _list(turn.get("content")))]
    return Shown(
        instructions=instructions,
        texts=tuple(text for turn in asked for text in _texts(turn)),
        images=sum(1 for turn in turns for _ in _images(turn)),
        tools=tuple(str(tool.get("name") or tool.get("type")) for tool in _list(body.get("tools"))),
        tool_result=any(_is_result(part) for part in parts) or _follows_result(turns),
        whole=json.dumps(_without_images(body), ensure_ascii=False),
    )


def _follows_result(turns: list[_Json]) -> bool:
    """Whether the turns end in results and words beside them, as this wire puts the text to a screenshot."""
    return len(turns) > 1 and turns[-1].get("role") == "user" and _is_result(turns[-2])


def _is_result(part: _Json) -> bool:
    return part.get("type") in ("function_call_output", "computer_call_output", "tool_result")


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a message, a result, or their contents."""
    match value:
        case str():
            yield value
        case list():
            for part in cast("list[Any]", value):
                yield from _texts(part)
        case {"text": str(text)}:
            yield text
        case {"content": content}:
            yield from _texts(content)
        case {"output": output}:
            yield from _texts(output)
        case _:
            pass


def _images(value: Any) -> Iterator[str]:
    match value:
        case {"type": "input_image" | "computer_screenshot" | "image" as kind}:
            yield kind
        case dict():
            for part in cast("_Json", value).values():
                yield from _images(part)
        case list():
            for part in cast("list[Any]", value):
                yield from _images(part)
        case _:
            pass


def _without_images(value: Any) -> Any:
    match value:
        case {"type": "base64", "data": str(), **rest}:
            return {**rest, "type": "base64"}
        case dict():
            parts = cast("_Json", value).items()
            return {key: "data:" if _is_data_url(part) else _without_images(part) for key, part in parts}
        case list():
            return [_without_images(part) for part in cast("list[Any]", value)]
        case _:
            return value


def _is_data_url(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("data:image/")


def _list(value: Any) -> list[_Json]:
    """Return the objects of a list; a plain string counts as one message of a user."""
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    parts: Iterable[Any] = cast("list[Any]", value) if isinstance(value, list) else ()
    return [cast("_Json", part) for part in parts if isinstance(part, dict)]
