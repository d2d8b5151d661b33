"""The words both vendors share: a request in, one reply out.

History is append-only. What a vendor said is kept as it came (`Reply.raw`) and sent back unchanged, since
reasoning items and thinking blocks are bound to what precedes them.
This module knows no vendor.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from bridges.computer import Action

__all__ = [
    "Call",
    "CallResult",
    "ComputerCall",
    "Image",
    "Model",
    "ModelAuthError",
    "ModelError",
    "ModelOverloaded",
    "ModelRefused",
    "ModelRequestError",
    "ModelUnavailable",
    "Part",
    "Replied",
    "Reply",
    "Request",
    "Results",
    "SafetyCheck",
    "Said",
    "Text",
    "ToolCall",
    "ToolSpec",
    "Turn",
    "Usage",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Words."""

    text: str


MimeType = Literal["image/png", "image/jpeg", "image/webp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture; `data` holds the encoded file."""

    data: bytes = field(repr=False)
    mime_type: MimeType = "image/png"


Part = Text | Image


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A function that the model may ask for; `parameters` is a JSON Schema of type object."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A request to run one tool. `malformed` says what is wrong when the arguments could not be read."""

    name: str
    arguments: dict[str, Any]
    id: str = ""
    malformed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyCheck:
    """A warning that the vendor wants a person to acknowledge before the actions run."""

    id: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputerCall:
    """A request to run actions on the screen, in order. Actions that could not be read are in `malformed`."""

    id: str
    actions: tuple[Action, ...]
    safety_checks: tuple[SafetyCheck, ...] = ()
    malformed: str | None = None


Call = ToolCall | ComputerCall


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """The answer to one call. A `ComputerCall` is answered with exactly one image, and text beside it."""

    call: Call
    parts: tuple[Part, ...]
    error: bool = False
    acknowledged: tuple[SafetyCheck, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens that replies cost. `input_tokens` includes the cached ones, `output_tokens` the reasoning."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a model said and what it asks to be done.

    `data` is the structured output when the request carried a schema and the text parsed as JSON, else None.
    `label` says who really answered: a model, or a stand-in playing one. `model` is the name on the wire.
    """

    model: str
    text: str
    calls: tuple[Call, ...]
    usage: Usage
    stop: Literal["end", "calls", "length", "refusal"]
    label: Literal["live", "scripted"]
    data: Any = None
    raw: tuple[dict[str, Any], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Something said to the model."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied:
    """Something the model said."""

    reply: Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """The answers to all calls of the reply before, in their order."""

    results: tuple[CallResult, ...]


Turn = Said | Replied | Results


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to a model.

    `computer` declares the vendor's own computer tool. `schema` asks for JSON of that schema (root: object with
    `additionalProperties: false` and every property required, as both vendors' strict modes want).
    `deadline_s` bounds the whole call, the SDK's own retries included.
    """

    instructions: str
    turns: tuple[Turn, ...]
    tools: tuple[ToolSpec, ...] = ()
    computer: bool = False
    schema: dict[str, Any] | None = None
    effort: Literal["low", "medium", "high"] = "medium"
    max_output_tokens: int = 16_000
    deadline_s: float = 120.0


class Model(Protocol):
    """A model that answers requests."""

    @property
    def name(self) -> str:
        """The model id that requests carry."""
        ...

    async def reply(self, request: Request) -> Reply:
        """Answer the request.

        Raises:
            ModelError: No usable answer came; the subclass says whose fault it is.
        """
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class ModelError(Exception):
    """A model could not answer. The message says what to do next."""


class ModelAuthError(ModelError):
    """The key is missing, wrong, or may not use this model."""


class ModelRequestError(ModelError):
    """The vendor rejects the request as it is; sending it again will not help."""


class ModelOverloaded(ModelError):
    """Rate limit or overload that outlived the SDK's retries."""


class ModelUnavailable(ModelError):
    """The vendor could not be reached, broke off, or did not answer within the deadline."""


class ModelRefused(ModelError):
    """The vendor's policy stopped the answer."""
