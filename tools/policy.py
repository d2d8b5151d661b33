"""May this call run? Principal, tool, effect, page and task in; allow, ask or deny with the rule's name out.

The rules are Cedar policies, evaluated behind a port (`Evaluate`). Cedar itself knows permit and forbid only, so
"ask" is the answer when a call is refused as it stands and permitted once a person has approved it: the policies
are evaluated a second time with `context.approved` set. What no rule permits is denied, and so is whatever the
engine could not evaluate: a forbid that errors is skipped by Cedar, which would turn a broken rule into a hole.

Pure: no clock, no disk, no network.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from bridges.browser.words import Target
from tools.shape import TaskShape

__all__ = [
    "EFFECTS",
    "Caller",
    "Decision",
    "Effect",
    "Evaluate",
    "Evaluation",
    "Facts",
    "PolicyRequest",
    "decide",
    "worse",
]

Effect = Literal["read", "idempotent", "keyed", "irreversible"]
EFFECTS: tuple[Effect, ...] = ("read", "idempotent", "keyed", "irreversible")


def worse(one: Effect, other: Effect | None) -> Effect:
    """Return the effect class with the heavier consequences."""
    return one if other is None or EFFECTS.index(one) >= EFFECTS.index(other) else other


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. `principal` is the person or account; `agent` is what acts for them: the host's model, `gpt-5.4`,
    a recipe, the command line. `run` and `shape` are set when the call belongs to a run. `progress` takes news of
    long work, in words; it must not raise. `looked` is what the gate was shown before it let this call through."""

    principal: str = "local"
    roles: tuple[str, ...] = ("operator",)
    agent: str = "host"
    run: str | None = None
    shape: TaskShape | None = None
    progress: Callable[[str], Awaitable[None]] | None = None
    looked: "Facts | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the world adds to a call's arguments: where it lands and on what.

    `kind` names the sort of act in a word ("click", "submit", "navigate"): what "this kind on this origin" means.
    `own` says whether the origin is one the session already works with. `effect` may only raise the tool's class.
    `hidden` names arguments whose values must not be recorded; `bound` is what an approval binds besides what is
    shown: where a form or a link leads, and a digest of all that is sent. `element` is what was looked at, for the
    act to hold on to.
    """

    kind: str = ""
    session: str = ""
    origin: str = ""
    own: bool = True
    target: str = ""
    effect: Effect | None = None
    values: dict[str, str] = field(default_factory=dict[str, str])
    hidden: frozenset[str] = frozenset()
    bound: str = ""
    element: Target | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRequest:
    """One question to the engine."""

    principal: str
    roles: tuple[str, ...]
    tool: str
    family: str
    effect: Effect
    kind: str
    page: dict[str, Any] | None
    task: dict[str, str]
    approved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What the engine answered: the rules that decided, by name, and what it could not evaluate."""

    allowed: bool
    rules: tuple[str, ...]
    errors: tuple[str, ...] = ()


Evaluate = Callable[[PolicyRequest], Evaluation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The policy's word on a call, with the rule that spoke it."""

    verb: Literal["allow", "ask", "deny"]
    rule: str
    reason: str


def decide(evaluate: Evaluate, *, tool: str, family: str, effect: Effect, facts: Facts, caller: Caller) -> Decision:
    """Return whether the call may run as it is, after a person's yes, or not at all."""
    outright = evaluate(_request(tool, family, effect, facts, caller, approved=False))
    if outright.errors:
        return _broken(outright)
    if outright.allowed:
        rule = _named(outright.rules)
        return Decision(verb="allow", rule=rule, reason=f"rule {rule!r} permits it")
    approved = evaluate(_request(tool, family, effect, facts, caller, approved=True))
    if approved.errors:
        return _broken(approved)
    if approved.allowed:
        rule = _named(approved.rules)
        return Decision(verb="ask", rule=rule, reason=f"rule {rule!r} wants a person's approval")
    rule = _named(approved.rules)
    what = f"rule {rule!r} forbids it" if approved.rules else "no rule permits it"
    return Decision(verb="deny", rule=rule, reason=f"{what}: {tool} ({effect})")


def _request(tool: str, family: str, effect: Effect, facts: Facts, caller: Caller, *, approved: bool) -> PolicyRequest:
    page = None
    if facts.origin:
        scheme = facts.origin.partition(":")[0]
        page = {"origin": facts.origin, "scheme": scheme, "own": facts.own, "target": facts.target}
    shape = caller.shape
    return PolicyRequest(
        principal=caller.principal,
        roles=caller.roles,
        tool=tool,
        family=family,
        effect=effect,
        kind=facts.kind,
        page=page,
        task={
            "stakes": shape.stakes.value if shape and shape.stakes.known else "unknown",
            "horizon": shape.horizon.value if shape and shape.horizon.known else "unknown",
        },
        approved=approved,
    )


def _broken(evaluation: Evaluation) -> Decision:
    return Decision(
        verb="deny",
        rule="policy-error",
        reason=f"the policy could not be evaluated, so the call is refused: {evaluation.errors[0]}",
    )


def _named(rules: tuple[str, ...]) -> str:
    return rules[0] if rules else "default-deny"
