"""How a run puts a question: the gate's "a person must say yes" suspends the run until somebody has.

The answer may come from any process that shares the journal, so the ticket is looked at again and again.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

import anyio

from bridges.journal import Ticket
from bridges.model import ToolCall
from tools.approval import TICKET_LIFE_S
from tools.outcome import NeedsApproval, Outcome, Refused
from tools.policy import Caller
from tools.tasks import Run

__all__ = ["Door"]

_LOOK_EVERY_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The gate as a run uses it: who calls, and how tickets are looked up."""

    gate: Callable[[ToolCall, Caller, str | None], Awaitable[Outcome]]
    ticket: Callable[[str], Awaitable[Ticket | None]]
    caller: Caller
    run: Run

    def signed(self, agent: str) -> "Door":
        """Return the same door for an agent of this name: who acts is part of every record."""
        return replace(self, caller=replace(self.caller, agent=agent))

    async def call(self, name: str, arguments: Mapping[str, object]) -> tuple[Outcome, bool]:
        """Make the call, waiting for a person where one is needed.

        Returns:
            What came of it (never `NeedsApproval`), and whether a person was asked.
        """
        call = ToolCall(name=name, arguments=dict(arguments))
        outcome = await self.gate(call, self.caller, None)
        asked = False
        while isinstance(outcome, NeedsApproval):
            asked = True
            outcome = await self._answered(call, outcome)
        return outcome, asked

    async def _answered(self, call: ToolCall, question: NeedsApproval) -> Outcome:
        self.run.suspend(NeedsApproval(question=question.question, ticket=question.ticket, run=self.run.handle))
        try:
            with anyio.move_on_after(TICKET_LIFE_S) as waiting:
                # Looked at again and again, since the answer may come from another process.
                while (ticket := await self.ticket(question.ticket)) and ticket.state == "open":  # noqa: ASYNC110
                    await anyio.sleep(_LOOK_EVERY_S)
            if waiting.cancelled_caught:
                return Refused(code="not_answered", reason=f"nobody answered in time: {question.question}")
            return await self.gate(call, self.caller, question.ticket)
        finally:
            self.run.resume()
