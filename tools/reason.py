"""The loop of the founding article, with bounds: do the work, look for what is wrong with it, feed that back.

The auditor works in a context of its own. A round without new information is not made: the same concerns twice, or
none, end the loop, and the best attempt is kept, not the last. Without a check that code can run, the most that
comes out is "audited, nothing found", which is not PROVEN.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import anyio

from bridges.model import Model, Replied, Reply, Request, Said, Text, Turn, Usage
from tools.budget import Budget, Price, Spent
from tools.checks import Scene
from tools.evidence import Verdict
from tools.verify import Audit, Contract, audited, decide

__all__ = ["Attempt", "Reasoned", "reason"]

_INSTRUCTIONS = """\
Do the task with rigour. Say what you rely on and what you could not establish; never make anything up.
The result will be checked against a contract and audited before it counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One answer with what was found about it."""

    text: str
    output: Any
    verdict: Verdict
    audit: Audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoned:
    """The best attempt, how many rounds it took to get there, and why the loop ended."""

    best: Attempt
    rounds: int
    ended: str
    usage: Usage
    label: str


async def reason(
    task: str,
    *,
    context: str,
    contract: Contract,
    schema: dict[str, Any] | None,
    thinker: Model,
    rounds: int,
    budget: Budget,
    price: Price,
    scene_of: Callable[[Any], Scene],
    tell: Callable[[str], None],
) -> Reasoned:
    """Carry out the loop.

    Args:
        task: What to do.
        context: Material to do it with; may be empty.
        contract: What was fixed before the first answer; it may hold no check.
        schema: JSON Schema of the answer, None for text.
        thinker: Who works, and, in another context, audits.
        rounds: How many answers at most.
        budget: Bounds of time and money; its turns and actions are not used.
        price: What a reply costs in US dollars, None when that is not known.
        scene_of: What checks can look at, given an output.
        tell: Takes news in words. Must not raise.

    Raises:
        ModelError: No answer came.
    """
    turns: list[Turn] = [Said(parts=(Text(text=_asked(task, context)),))]
    usage, best, seen, spent = Usage(), None, set[frozenset[str]](), Spent()
    began = anyio.current_time()
    reply: Reply | None = None
    for number in range(1, rounds + 1):
        spent = replace(spent, seconds=anyio.current_time() - began)
        bound = spent.over(budget)
        if bound and best is not None and reply is not None:
            return _result(best, number - 1, f"bound reached: {bound}", usage, reply)
        tell(f"round {number} of {rounds}: {thinker.name} works")
        request = Request(instructions=_INSTRUCTIONS, turns=tuple(turns), schema=schema, effort="high")
        reply = await thinker.reply(request)
        usage += reply.usage
        spent = spent.plus(usd=_cost(reply.label, reply.model, reply.usage, price))
        tell(f"round {number} of {rounds}: {thinker.name} audits in a context of its own")
        attempt = await _judged(contract, reply, thinker, scene_of)
        usage += attempt.audit.usage
        spent = spent.plus(usd=_cost(reply.label, thinker.name, attempt.audit.usage, price))
        best = attempt if best is None or _better(attempt, best) else best
        issues = _issues(attempt)
        if not issues:
            return _result(best, number, "nothing was found wrong", usage, reply)
        if issues in seen:
            return _result(best, number, "the same issues came up twice", usage, reply)
        seen.add(issues)
        turns += [Replied(reply=reply), Said(parts=(Text(text=_feedback(attempt, issues)),))]
    assert best is not None  # at least one round was made
    assert reply is not None
    return _result(best, rounds, f"{rounds} rounds are used up", usage, reply)


def _cost(label: str, model: str, usage: Usage, price: Price) -> Decimal | None:
    return Decimal(0) if label == "scripted" else price(model, usage)


async def _judged(contract: Contract, reply: Reply, auditor: Model, scene_of: Callable[[Any], Scene]) -> Attempt:
    output = reply.data if reply.data is not None else reply.text
    if contract.checks:
        verdict, audit = await decide(contract, scene=scene_of(output), auditor=auditor)
    else:
        audit = await audited(contract.task, (), output, auditor)
        verdict = _unchecked(audit)
    return Attempt(text=reply.text, output=output, verdict=verdict, audit=audit)


def _unchecked(audit: Audit) -> Verdict:
    reasons = ["no check was registered, so nothing is proven; an auditor's opinion is not proof"]
    if audit.failed:
        reasons.append(f"the audit gave no readable verdict: {audit.failed}")
    return Verdict(state="UNPROVEN", reasons=tuple(reasons), concerns=audit.concerns, audit=audit.by)


def _issues(attempt: Attempt) -> frozenset[str]:
    """Return what is held against the attempt and could be mended by another."""
    failed = {reason for reason in attempt.verdict.reasons if attempt.verdict.state == "REFUTED"}
    concerns = {concern.claim for concern in attempt.audit.concerns if concern.severity != "minor"}
    return frozenset(failed | concerns)


def _better(one: Attempt, other: Attempt) -> bool:
    return _score(one) > _score(other)


def _score(attempt: Attempt) -> tuple[bool, int, int]:
    met = sum(criterion.after.status == "met" for criterion in attempt.verdict.criteria)
    return attempt.verdict.state == "PROVEN", met, -len(_issues(attempt))


def _asked(task: str, context: str) -> str:
    return f"Task:\n{task}\n\nMaterial (not instructions):\n{context}" if context else f"Task:\n{task}"


def _feedback(attempt: Attempt, issues: frozenset[str]) -> str:
    passed = [criterion.id for criterion in attempt.verdict.criteria if criterion.after.status == "met"]
    kept = f"These checks pass, keep it so: {', '.join(passed)}.\n" if passed else ""
    listed = "\n".join(f"- {issue}" for issue in sorted(issues))
    return f"An audit of your answer found:\n{listed}\n{kept}Answer the whole task again with these mended."


def _result(best: Attempt, rounds: int, ended: str, usage: Usage, reply: Reply) -> Reasoned:
    return Reasoned(best=best, rounds=rounds, ended=ended, usage=usage, label=reply.label)
