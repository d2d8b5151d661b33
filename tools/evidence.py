"""What a claim of completion rests on, and the verdict that follows. Pure; the verdict is computed, never asked.

Evidence has ranks; the stakes of a task set the least rank that can prove it. A check that already passed before
anything was done is vacuous: it proves nothing about what was done. Only PROVEN counts as success.
"""

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "RANKS",
    "CheckResult",
    "Concern",
    "Criterion",
    "Evidence",
    "EvidenceKind",
    "Status",
    "Verdict",
    "least_rank",
    "verdict",
]

EvidenceKind = Literal["exec", "readback", "assert", "diff", "quote", "vision", "opinion"]
RANKS: dict[EvidenceKind, int] = {
    "exec": 6,
    "readback": 5,
    "assert": 4,
    "diff": 3,
    "quote": 2,
    "vision": 1,
    "opinion": 0,
}
Status = Literal["met", "unmet", "cannot_tell"]
State = Literal["PROVEN", "REFUTED", "UNPROVEN", "BLOCKED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Something that was seen: its kind, what it is about in words, and the material, cut to a bound."""

    id: str
    kind: EvidenceKind
    what: str
    material: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """How a check came out once, with the evidence that it looked at."""

    status: Status
    detail: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A check of the contract with both its results. `before` None means that it was never run before acting."""

    id: str
    about: str
    required: bool
    invariant: bool
    circular: bool
    before: Status | None
    after: CheckResult

    @property
    def vacuous(self) -> bool:
        """True when the check passed before anything was done, and was not meant to hold throughout."""
        return self.before == "met" and not self.invariant


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """What an auditor holds against the result, with the evidence that it cites."""

    severity: Literal["minor", "major", "critical"]
    claim: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The state of a claim and the reasons for it, in the order of their weight."""

    state: State
    reasons: tuple[str, ...]
    criteria: tuple[Criterion, ...] = ()
    concerns: tuple[Concern, ...] = ()
    inadmissible: int = 0
    audit: str = "none"


def least_rank(stakes: str) -> int:
    """Return the rank that at least one proving check must have."""
    return RANKS["readback"] if stakes in {"high", "irreversible"} else RANKS["assert"]


def verdict(
    criteria: tuple[Criterion, ...],
    *,
    stakes: str,
    concerns: tuple[Concern, ...] = (),
    audit: str = "none",
    audit_failed: str = "",
    blocked: str = "",
) -> Verdict:
    """Return what the evidence amounts to.

    Args:
        criteria: Every check of the contract with its results.
        stakes: The task's stakes; they set the least rank of evidence.
        concerns: What the auditor found. One that cites no known evidence is dropped, and counted.
        audit: Who audited, for the record.
        audit_failed: Why the audit gave no readable answer; never a pass.
        blocked: What stood in the way and was not ours to move: a refused sign-in, an outage.
    """
    known = {criterion.after.evidence.id for criterion in criteria}
    admissible = tuple(c for c in concerns if c.evidence and set(c.evidence) <= known)
    dropped = len(concerns) - len(admissible)

    def result(state: State, reasons: list[str]) -> Verdict:
        return Verdict(
            state=state,
            reasons=tuple(reasons),
            criteria=criteria,
            concerns=admissible,
            inadmissible=dropped,
            audit=audit,
        )

    if blocked:
        return result("BLOCKED", [blocked])
    required = [criterion for criterion in criteria if criterion.required]
    failed = [f"{c.id}: {c.after.detail}" for c in required if c.after.status == "unmet"]
    if failed:
        return result("REFUTED", failed)
    doubts = [doubt for criterion in required for doubt in _doubts(criterion)]
    proving = [c for c in required if c.after.status == "met" and not _doubts(c) and c.before != "met"]
    if not required:
        doubts.append("no required check was registered before acting")
    elif not proving:
        doubts.append("no check shows that anything was achieved: none failed before and passes now")
    elif max(RANKS[c.after.evidence.kind] for c in proving) < least_rank(stakes):
        least = next(kind for kind, rank in RANKS.items() if rank == least_rank(stakes))
        doubts.append(f"stakes are {stakes}: no check rests on evidence as strong as {least!r}")
    doubts += [f"the auditor objects ({c.severity}): {c.claim}" for c in admissible if c.severity != "minor"]
    if audit_failed:
        doubts.append(f"the audit gave no readable verdict: {audit_failed}")
    if doubts:
        return result("UNPROVEN", doubts)
    return result("PROVEN", [f"{c.id}: {c.after.detail}" for c in required])


def _doubts(criterion: Criterion) -> list[str]:
    if criterion.circular:
        return [f"{criterion.id}: what it expects was taken from the result itself, so it proves nothing"]
    if criterion.before is None:
        return [f"{criterion.id}: it was not run before acting, so it may have passed all along"]
    if criterion.before == "cannot_tell":
        return [f"{criterion.id}: it could not be looked at before acting, so it may have passed all along"]
    if criterion.vacuous:
        return [f"{criterion.id}: it passed before anything was done, so it proves nothing"]
    if criterion.after.status == "cannot_tell":
        return [f"{criterion.id}: {criterion.after.detail}"]
    return []
