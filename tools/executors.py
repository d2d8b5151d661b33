"""What a task can be routed to: a model in a harness, a composition of two, a recipe, or the host itself.

The same model solves from an eighth to a half of the same tasks depending on the harness around it, so a
route never ends at a bare model name. An executor is data: its parts say who does what and which key that
takes, so that what is possible with the keys at hand can be read off instead of tried out.

Pure: knows which keys are needed by name, never a key.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

__all__ = [
    "CONTEXT_LIMITS",
    "Availability",
    "Available",
    "Effort",
    "Executor",
    "Harness",
    "Missing",
    "Part",
    "Role",
    "availability",
    "executors",
    "fallback",
]

Role = Literal["thinker", "operator", "verifier"]
Harness = Literal["reason", "operate", "composite", "recipe", "host"]
Effort = Literal["low", "medium", "high"]

CONTEXT_LIMITS: Mapping[str, int] = MappingProxyType({"claude-opus-4-7": 1_000_000, "gpt-5.4": 1_050_000})
"""Tokens that fit, by model, as published in November 2026. A model that is not here has no known limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One role in an executor: who plays it, what it does there, and the key it takes (None: no key)."""

    role: Role
    who: str
    does: str
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """Something that can carry out a task.

    `model` is None where no one model stands behind it: composites, recipes, the host. `context_limit` is in
    tokens, None when it is not known.
    """

    name: str
    harness: Harness
    parts: tuple[Part, ...]
    model: str | None = None
    effort: Effort | None = None
    context_limit: int | None = None

    @property
    def roles(self) -> frozenset[Role]:
        """The roles that this executor fills."""
        return frozenset(part.role for part in self.parts)

    @property
    def needs(self) -> frozenset[str]:
        """The keys that it takes to run as described."""
        return frozenset(part.key for part in self.parts if part.key is not None)

    @property
    def verifies(self) -> bool:
        """Whether the result is checked apart from the work: by a model in a fresh context, or by rule."""
        return "verifier" in self.roles


@dataclass(frozen=True, slots=True, kw_only=True)
class Available:
    """Every key is there: the executor runs as described."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Keys are missing (`what`). `instead` says, part by part, who plays each role with the keys at hand."""

    what: tuple[str, ...]
    instead: tuple[Part, ...]

    @property
    def says(self) -> str:
        """The same in words."""
        keys = " or ".join(self.what)
        return f"there is no {keys} key, so " + "; ".join(f"{part.who} {part.does}" for part in self.instead)


Availability = Available | Missing


def executors(
    *,
    operator: str = "gpt-5.4",
    thinker: str = "claude-opus-4-7",
    recipes: Sequence[str] = (),
    operator_key: str = "openai",
    thinker_key: str = "anthropic",
) -> tuple[Executor, ...]:
    """Return the standing list. `recipes` names those recipes that fit the task at hand."""
    plans = Part(role="thinker", who=thinker, key=thinker_key, does="plans and registers the checks")
    reasons = Part(role="thinker", who=thinker, key=thinker_key, does="does the work")
    acts = Part(role="operator", who=operator, key=operator_key, does="acts through the gate")
    verifies = Part(
        role="verifier",
        who=thinker,
        key=thinker_key,
        does="audits the result against the contract in a fresh context",
    )
    limits = (CONTEXT_LIMITS.get(thinker), CONTEXT_LIMITS.get(operator))
    return (
        Executor(
            name=thinker,
            harness="reason",
            model=thinker,
            effort="high",
            context_limit=limits[0],
            parts=(reasons, verifies),
        ),
        Executor(
            name=operator if operator != thinker else f"{operator}:operate",
            harness="operate",
            model=operator,
            effort="medium",
            context_limit=limits[1],
            parts=(acts,),
        ),
        Executor(
            name="plan-act-verify",
            harness="composite",
            context_limit=None if None in limits else min(limit for limit in limits if limit is not None),
            parts=(plans, acts, verifies),
        ),
        *(
            Executor(name=f"recipe:{name}", harness="recipe", parts=(_replay(f"recipe:{name}"), _CHECKS))
            for name in recipes
        ),
        Executor(name="host", harness="host", parts=(_HOST_THINKS, _HOST_ACTS, _CHECKS)),
    )


def availability(executor: Executor, keys: Collection[str], among: Sequence[Executor]) -> Availability:
    """Return whether the keys suffice and, if not, who plays each role. `among` is the standing list."""
    missing = executor.needs.difference(keys)
    if not missing:
        return Available()
    instead = (part if part.key not in missing else fallback(part.role, among) for part in executor.parts)
    return Missing(what=tuple(sorted(missing)), instead=tuple(instead))


def fallback(role: Role, among: Sequence[Executor]) -> Part:
    """Return who plays a role when the key for its model is missing: never a stub, never somebody unnamed."""
    match role:
        case "thinker":
            return _HOST_THINKS
        case "operator":
            recipe = next((executor for executor in among if executor.harness == "recipe"), None)
            return _replay(recipe.name) if recipe else _HOST_ACTS
        case "verifier":
            return _CHECKS


def _replay(recipe: str) -> Part:
    return Part(role="operator", who=recipe, does="replays the learnt steps through the gate, with no model")


_HOST_THINKS = Part(role="thinker", who="host", does="plans with the client's own model and registers the checks")
_HOST_ACTS = Part(role="operator", who="host", does="acts with the client's own model and our browser tools")
_CHECKS = Part(role="verifier", who="checks", does="prove or refute the result by rule, with no model's opinion")
