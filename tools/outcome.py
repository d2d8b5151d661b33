"""What a call through the gate comes to. Expected outcomes are values; exceptions are broken promises."""

from dataclasses import dataclass, field
from typing import Any

from bridges.model import Image

__all__ = ["Answer", "Done", "NeedsApproval", "Outcome", "Refused", "Uncertain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a tool gives back: text for a model to read, the same facts as data, pictures."""

    text: str
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The call ran."""

    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The call did not run and nothing has changed. `reason` says what to do next; `code` is for programs."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsApproval:
    """A person must answer `question` first; nothing has happened yet.

    `run` names the run that waits for the answer, when the question comes from inside one.
    """

    question: str
    ticket: str
    run: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertain:
    """The call was begun and nobody knows whether it took effect. It must not be repeated blindly."""

    reason: str
    evidence: dict[str, Any] = field(default_factory=dict[str, Any])


Outcome = Done | Refused | NeedsApproval | Uncertain
