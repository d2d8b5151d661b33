"""The words of the journal: records and tickets. One record for each thing that was asked, answered, begun or ended.

The journal of a call reads `denied`, or `asked → approved → intent → outcome`; a read leaves its outcome only.
Each record is chained to the one before by its hash, so that an edit, a removal or a change of order shows.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

__all__ = [
    "GENESIS",
    "Answer",
    "Entry",
    "Journal",
    "JournalUnavailable",
    "Kind",
    "Record",
    "Ticket",
    "TicketState",
    "chained",
]

Answer = Literal["once", "session", "no"]
TicketState = Literal["open", "once", "session", "declined", "spent"]
Kind = Literal["denied", "asked", "approved", "declined", "intent", "outcome"]
GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is to be remembered. `body` must be JSON and hold no secret. `at` is seconds since the epoch."""

    kind: Kind
    at: float
    call: str
    principal: str
    agent: str
    tool: str
    run: str | None = None
    body: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A record in its place: its number, the hash of the entry before, and its own."""

    seq: int
    record: Record
    prev: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A question put to a person, and what came of it. Times are seconds since the epoch.

    `binding` is the digest of the exact call, `scope` that of "this kind on this origin for this session".
    """

    id: str
    principal: str
    agent: str
    tool: str
    binding: str
    scope: str
    question: str
    created_at: float
    expires_at: float
    run: str | None = None
    state: TicketState = "open"
    answered_by: str = ""


def chained(prev: str, record: Record) -> str:
    """Return the hash of the record when it follows the entry whose hash is `prev`."""
    canonical = json.dumps(
        [
            record.kind,
            record.at,
            record.call,
            record.principal,
            record.agent,
            record.tool,
            record.run,
            record.body,
        ],
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(f"{prev}\n{canonical}".encode()).hexdigest()


class JournalUnavailable(Exception):
    """The record could not be written; what it would have permitted must not happen."""


class Journal(Protocol):
    """Where records and tickets are kept."""

    async def append(self, record: Record, *, durable: bool) -> None:
        """Add a record; with `durable` it is on disk when this returns.

        Raises:
            JournalUnavailable: It could not be written.
        """
        ...

    async def remember(self, record: Record) -> None:
        """Add a record of something that changed nothing; it is written soon, in its place. Never raises."""
        ...

    async def ask(self, ticket: Ticket, record: Record) -> Ticket:
        """Put the question, or return the open ticket that asks the very same."""
        ...

    async def answer(self, ticket_id: str, answer: Answer, *, by: str, at: float) -> Ticket | None:
        """Record a person's answer; None when there is no open, unexpired ticket of this id."""
        ...

    async def ticket(self, ticket_id: str) -> Ticket | None:
        """Return the ticket."""
        ...

    async def take(self, *, binding: str, scope: str, at: float) -> Ticket | None:
        """Spend a "once" that binds this call, or return a "session" that covers it; None without either."""
        ...
