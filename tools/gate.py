"""The one door: every effect on the world passes `Gate.call`, whoever asks.

    find → parse → look at what it touches → decide → (ask) → record the intent → run → redact → record the outcome

The host's model, GPT inside a run, a recipe and the command line all come this way; none has another. An approval
is a return value: `NeedsApproval` comes back, nothing has happened, and the same call made again after a person
said yes goes through once. What is not a read is recorded before it happens; if it cannot be, it does not.
"""

import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import anyio
from pydantic import ValidationError

from bridges.journal import Journal, JournalUnavailable, Kind, Record, Ticket
from bridges.model import ToolCall
from tools.approval import TICKET_LIFE_S, binding, question, scope
from tools.outcome import Answer, Done, NeedsApproval, Outcome, Refused, Uncertain
from tools.policy import Caller, Decision, Effect, Evaluate, Facts, decide, worse
from tools.registry import Registry, Result, Tool
from tools.relay import unwrapped
from tools.texts import mapped

__all__ = ["Gate"]

_log = logging.getLogger(__name__)
_FACTS_DEADLINE_S = 30.0  # the first look at a page starts the browser


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A call that was found, parsed and looked at."""

    id: str
    tool: Tool[Any]
    arguments: Any
    plain: dict[str, Any]
    facts: Facts
    effect: Effect
    caller: Caller


class Gate:
    """Find, parse, decide, ask, record, run, redact."""

    def __init__(
        self,
        registry: Registry,
        *,
        evaluate: Evaluate,
        journal: Journal,
        scrub: Callable[[str], str],
        now: Callable[[], float],
    ) -> None:
        """Build the door.

        Args:
            registry: The tools that exist.
            evaluate: The policy engine.
            journal: Where records and tickets are kept.
            scrub: Takes secret values out of a text. Must not raise.
            now: The time in seconds since the epoch.
        """
        self._registry = registry
        self._evaluate = evaluate
        self._journal = journal
        self._take_out = scrub
        self._now = now

    def _scrub(self, text: str) -> str:
        return self._take_out(_encodable(text))

    async def call(self, call: ToolCall, caller: Caller, *, ticket: str | None = None) -> Outcome:
        """Run the call if it may run.

        Args:
            call: The tool's name and its arguments, as they came.
            caller: Who asks.
            ticket: The approval that this call answers to; it is refused if it is not the call that was approved.
        """
        asked = await self._look(call, caller)
        if isinstance(asked, Refused):
            return _redacted_outcome(asked, self._scrub)
        decision = decide(
            self._evaluate,
            tool=asked.tool.name,
            family=asked.tool.family,
            effect=asked.effect,
            facts=asked.facts,
            caller=caller,
        )
        try:
            return _redacted_outcome(await self._decided(asked, decision, ticket), self._scrub)
        except JournalUnavailable as error:
            return Refused(code="journal_unavailable", reason=f"{error}. Nothing was done.")

    async def _look(self, call: ToolCall, caller: Caller) -> _Asked | Refused:
        meant = unwrapped(call, self._registry)
        if isinstance(meant, Refused):
            return meant
        call = meant
        tool = self._registry.find(call.name)
        if tool is None:
            near = ", ".join(self._registry.near(call.name))
            hint = f"; did you mean {near}?" if near else "; search_tools lists what there is"
            return Refused(code="unknown_tool", reason=f"there is no tool {call.name!r}{hint}")
        if call.malformed:
            return Refused(code="bad_arguments", reason=f"{tool.name}: {call.malformed}")
        try:
            arguments = tool.arguments.model_validate(call.arguments)
        except ValidationError as error:
            return Refused(code="bad_arguments", reason=_complaint(tool, error))
        facts = await self._facts(tool, arguments, caller)
        if isinstance(facts, Refused):
            return facts
        return _Asked(
            id=f"c_{secrets.token_urlsafe(9)}",
            tool=tool,
            arguments=arguments,
            plain=arguments.model_dump(mode="json", exclude_defaults=True),
            facts=facts,
            effect=worse(tool.effect, facts.effect),
            caller=caller,
        )

    async def _facts(self, tool: Tool[Any], arguments: Any, caller: Caller) -> Facts | Refused:
        try:
            with anyio.move_on_after(_FACTS_DEADLINE_S):
                return await tool.facts(arguments, caller)
        except Exception:  # the same outer edge as `_result`, before anything has happened
            _log.exception("looking for %s failed", tool.name)
            return Refused(code="internal", reason=f"{tool.name} failed inside; the server's log has the cause")
        return Refused(code="timed_out", reason=f"{tool.name}: the page did not answer within {_FACTS_DEADLINE_S} s")

    async def _decided(self, asked: _Asked, decision: Decision, ticket: str | None) -> Outcome:
        match decision.verb:
            case "deny":
                await self._write(asked, "denied", durable=True, rule=decision.rule, reason=decision.reason)
                return Refused(code="denied", reason=decision.reason)
            case "ask":
                granted = await self._granted(asked, decision, ticket)
                return await self._run(asked, decision, granted) if isinstance(granted, Ticket) else granted
            case "allow":
                return await self._run(asked, decision, None)

    async def _granted(self, asked: _Asked, decision: Decision, ticket: str | None) -> Ticket | Outcome:
        """Return the approval that covers the call, or what to answer without one."""
        bound = binding(asked.tool.name, asked.plain, asked.facts, asked.caller)
        covers = scope(asked.tool.name, asked.facts, asked.effect, asked.caller)
        if ticket is not None:
            known = await self._journal.ticket(ticket)
            covered = known is not None and known.state == "session" and known.scope == covers
            if known is None or (known.binding != bound and not covered):
                reason = (
                    "the approval was given for another call: its arguments, its page or its target were different. "
                    "Make the call again without it to ask anew."
                )
                await self._write(asked, "denied", durable=True, rule="approval-binding", reason=reason, ticket=ticket)
                return Refused(code="approval_mismatch", reason=reason)
            if known.state == "declined":
                return Refused(code="declined", reason=f"a person said no: {known.question}")
        grant = await self._journal.take(binding=bound, scope=covers, at=self._now())
        if grant is not None:
            return grant
        if ticket is not None:
            return Refused(code="approval_spent", reason="this approval was used already, or has expired")
        return await self._ask(asked, decision, bound, covers)

    async def _ask(self, asked: _Asked, decision: Decision, bound: str, covers: str) -> NeedsApproval:
        now = self._now()
        shown = _shown(asked)
        ticket = Ticket(
            id=f"ap_{secrets.token_urlsafe(9)}",
            principal=asked.caller.principal,
            agent=asked.caller.agent,
            tool=asked.tool.name,
            binding=bound,
            scope=covers,
            question=self._scrub(
                question(asked.tool.name, shown, asked.facts, asked.effect, asked.caller),
            ),
            created_at=now,
            expires_at=now + TICKET_LIFE_S,
            run=asked.caller.run,
        )
        record = self._record(asked, "asked", rule=decision.rule, ticket=ticket.id, question=ticket.question)
        open_ticket = await self._journal.ask(ticket, record)
        return NeedsApproval(question=open_ticket.question, ticket=open_ticket.id, run=asked.caller.run)

    async def _run(self, asked: _Asked, decision: Decision, grant: Ticket | None) -> Outcome:
        acts = asked.effect != "read"
        if acts:
            permitted = {"rule": decision.rule} | ({"ticket": grant.id} if grant else {})
            await self._write(asked, "intent", durable=True, **permitted)
        began = anyio.current_time()
        try:
            result = await self._result(asked)
        except BaseException:
            with anyio.CancelScope(shield=True), suppress(JournalUnavailable):
                await self._finish(asked, began, "cancelled")
            raise  # the intent is on disk; an outcome that could not be written leaves the call uncertain
        outcome: Outcome = Done(answer=result) if isinstance(result, Answer) else result
        try:
            await self._finish(asked, began, outcome)
        except JournalUnavailable:
            # It happened, and the caller must hear of it; the intent without an outcome tells the auditor.
            _log.exception("the outcome of %s could not be recorded", asked.tool.name)
        return outcome

    async def _result(self, asked: _Asked) -> Result:
        tool = asked.tool
        try:
            with anyio.fail_after(tool.deadline_s):
                return await tool.run(asked.arguments, replace(asked.caller, looked=asked.facts))
        except TimeoutError:
            why = f"{tool.name} did not end within {tool.deadline_s:.0f} s"
            return Refused(code="timed_out", reason=why) if asked.effect == "read" else Uncertain(reason=why)
        except Exception:  # the outer edge of whatever a tool may break: the caller gets an answer, the log the cause
            _log.exception("%s failed", tool.name)
            why = f"{tool.name} failed inside; the server's log has the cause"
            return Refused(code="internal", reason=why) if asked.effect == "read" else Uncertain(reason=why)

    async def _finish(self, asked: _Asked, began: float, outcome: Outcome | str) -> None:
        body: dict[str, Any] = {"ms": round((anyio.current_time() - began) * 1e3, 1)}
        match outcome:
            case str():
                body["status"] = outcome
            case Done():
                body["status"] = "done"
            case Refused(code=code, reason=reason):
                body |= {"status": "refused", "code": code, "reason": reason}
            case NeedsApproval(ticket=ticket):
                body |= {"status": "waiting", "ticket": ticket}
            case Uncertain(reason=reason):
                body |= {"status": "uncertain", "reason": reason}
        record = self._record(asked, "outcome", **body)
        if asked.effect == "read":
            await self._journal.remember(record)
        else:
            await self._journal.append(record, durable=False)

    async def _write(self, asked: _Asked, kind: Kind, *, durable: bool, **body: Any) -> None:
        await self._journal.append(self._record(asked, kind, **body), durable=durable)

    def _record(self, asked: _Asked, kind: Kind, **body: Any) -> Record:
        what: dict[str, Any] = {"effect": asked.effect}
        if kind != "outcome" or asked.effect == "read":
            what["arguments"] = _shown(asked)
            for name in ("kind", "origin", "target", "session"):
                if value := getattr(asked.facts, name):
                    what[name] = value
        return Record(
            kind=kind,
            at=self._now(),
            call=asked.id,
            principal=asked.caller.principal,
            agent=asked.caller.agent,
            tool=asked.tool.name,
            run=asked.caller.run,
            body=mapped(what | body, self._scrub),
        )


def _redacted_outcome(outcome: Outcome, scrub: Callable[[str], str]) -> Outcome:
    """Return the outcome with secret values taken out of every text in it."""
    match outcome:
        case Done(answer=answer):
            clean = replace(answer, text=scrub(answer.text), data=mapped(answer.data, scrub))
            return Done(answer=clean)
        case Refused(code=code, reason=reason):
            return Refused(code=code, reason=scrub(reason))
        case NeedsApproval():
            return replace(outcome, question=scrub(outcome.question))
        case Uncertain(reason=reason, evidence=evidence):
            return Uncertain(reason=scrub(reason), evidence=mapped(evidence, scrub))


def _encodable(text: str) -> str:
    """Return the text with half characters, as pages cut them, replaced: no protocol and no disk takes them."""
    return text.encode("utf-8", "replace").decode()


def _shown(asked: _Asked) -> dict[str, Any]:
    return {name: "[hidden]" if name in asked.facts.hidden else value for name, value in asked.plain.items()}


def _complaint(tool: Tool[Any], error: ValidationError) -> str:
    """Return what is wrong with the arguments, field by field, and what the tool takes; values stay unquoted."""
    problems = [
        f"{'.'.join(map(str, problem['loc'])) or 'arguments'}: {problem['msg']}"
        for problem in error.errors(include_input=False, include_url=False, include_context=False)
    ]
    takes = ", ".join(tool.input_schema.get("properties", {})) or "no arguments"
    return f"{tool.name}: {'; '.join(problems)}. It takes: {takes}."
