"""Which executor a task goes to, why, and what would change it.

A policy is a list of questions. A question is a list of rules, and the first rule that holds for the shape
answers it by naming the roles that the task needs: a thinker (works inside a context, proves what it
claims), an operator (acts on the world), both, or neither. The answers are united, and one table turns the
union into an executor:

    nobody is needed    the operator: its throughput is worth the tradeoff when nothing speaks against it
    a thinker           the thinker
    an operator         the operator
    both                the composite: the thinker plans and registers the checks, the operator acts, the
                        thinker verifies

The founding article states its rule twice, and the two are not the same. Its router class is *one* question
of seven rules: the first that holds decides, and there are no conflicts, only precedence. Its prose is
*three* questions that are all asked, so answers can conflict, and a conflict is what the composite is for.

Availability is a second step: a route says what fits, then what can be done with the keys at hand.
Pure: no clock, no disk, no network, no chance.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from types import MappingProxyType
from typing import Any, Literal, cast

from tools.executors import Availability, Available, Executor, Harness, Role, availability
from tools.outcome import Refused
from tools.shape import HORIZONS, STAKES, SURFACES, Field, TaskShape

__all__ = [
    "POLICIES",
    "Dissent",
    "Fired",
    "FlipPoint",
    "Policy",
    "Rejected",
    "Route",
    "Rule",
    "answers",
    "harness_of",
    "route",
]

Policy = Literal["article-code", "article-prose", "pinned"]

CLASS_TOOLS = 50  # the class: `tool_count > 50`
CLASS_CONTEXT = 50_000  # the class: `context_length > 50_000`
FEW_TOOLS = 20  # the prose: "Under 20"
MANY_TOOLS = 100  # the prose: "20–100", then "100+"; 100 itself is in both and stays in the middle band


@dataclass(frozen=True, slots=True)
class Rule:
    """When `holds`, the task needs these roles. `because` may quote fields of the shape."""

    name: str
    holds: Callable[[TaskShape], bool]
    needs: frozenset[Role]
    because: str


Question = tuple[Rule, ...]


# The shape, as the rules ask about it -----------------------------------------------------------------------


def _long(shape: TaskShape) -> bool:
    """The article's horizon "long", which to it includes work across sessions."""
    return shape.horizon.value in ("long", "multi_session")


def _costly(shape: TaskShape) -> bool:
    """The article's stakes "high", the heaviest word it has: what cannot be undone is not less than high."""
    return shape.stakes.value in ("high", "irreversible")


def _inside(shape: TaskShape) -> bool:
    """Documents, codebases, structured data."""
    return not {"document", "code", "data"}.isdisjoint(shape.surfaces.value)


def _otherwise(shape: TaskShape) -> bool:
    return True


# The policies -----------------------------------------------------------------------------------------------

_NOBODY: frozenset[Role] = frozenset()
_THINKER: frozenset[Role] = frozenset({"thinker"})
_OPERATOR: frozenset[Role] = frozenset({"operator"})
_BOTH = _THINKER | _OPERATOR

# fmt: off
_CLASS: Question = (
    Rule("computer-use", lambda shape: shape.requires_computer_use.value, _OPERATOR,
         "it requires computer use"),
    Rule("tools-over-50", lambda shape: shape.tool_count.value > CLASS_TOOLS, _OPERATOR,
         "it needs more than 50 tools: {tool_count}"),
    Rule("long-horizon", _long, _THINKER,
         "its horizon is {horizon}"),
    Rule("high-stakes", _costly, _THINKER,
         "its stakes are {stakes}"),
    Rule("verification", lambda shape: shape.requires_verification.value, _THINKER,
         "it requires verification"),
    Rule("context-over-50000", lambda shape: shape.context_tokens.value > CLASS_CONTEXT, _THINKER,
         "its context is over 50000 tokens: {context_tokens}"),
    Rule("default", _otherwise, _OPERATOR,
         "nothing asks for more than the better cost and latency"),
)

# "What is the cost of a wrong step?"
_COST: Question = (
    Rule("cost/high-stakes", _costly, _THINKER,
         "a wrong step does damage before it is seen, with stakes {stakes}"),
    Rule("cost/compounds", _long, _THINKER,
         "an error compounds over the steps that follow, with horizon {horizon}"),
    Rule("cost/to-be-proven", lambda shape: shape.requires_verification.value, _THINKER,
         "the result must be verified before it counts"),
    Rule("cost/limited", _otherwise, _NOBODY,
         "a wrong step costs little, with stakes {stakes} and horizon {horizon}, so throughput wins"),
)

# "Where does the work live?"
_PLACE: Question = (
    Rule("place/both", lambda shape: shape.live and _inside(shape), _BOTH,
         "the work lives both on a live interface and inside material: {surfaces}"),
    Rule("place/live", lambda shape: shape.live, _OPERATOR,
         "the work is done by acting on a live interface"),
    Rule("place/inside", _inside, _THINKER,
         "the work lives inside material: {surfaces}"),
    Rule("place/large-context", lambda shape: shape.context_tokens.value > CLASS_CONTEXT, _THINKER,
         "the work lives inside a large context: {context_tokens} tokens"),
    Rule("place/elsewhere", _otherwise, _NOBODY,
         "neither a live interface nor a body of material is named: {surfaces}"),
)

# "How many tools does the agent need?"
_TOOLS: Question = (
    Rule("tools/above-100", lambda shape: shape.tool_count.value > MANY_TOOLS, _OPERATOR,
         "the operator's tool search is made for this many tools: {tool_count}"),
    Rule("tools/20-to-100", lambda shape: shape.tool_count.value >= FEW_TOOLS, _NOBODY,
         "either serves {tool_count} tools: the one with governed access, the other with tool search"),
    Rule("tools/under-20", _otherwise, _NOBODY,
         "either serves {tool_count} tools as they are"),
)
# fmt: on

POLICIES: Mapping[Policy, tuple[Question, ...]] = MappingProxyType(
    {"article-code": (_CLASS,), "article-prose": (_COST, _PLACE, _TOOLS)}
)

_HARNESS: Mapping[frozenset[Role], Harness] = MappingProxyType(
    {_NOBODY: "operate", _THINKER: "reason", _OPERATOR: "operate", _BOTH: "composite"}
)

# The least value of each range within which no rule changes its mind.
_EDGES: Mapping[Literal["tool_count", "context_tokens"], tuple[int, ...]] = MappingProxyType(
    {"tool_count": (0, FEW_TOOLS, CLASS_TOOLS + 1, MANY_TOOLS + 1), "context_tokens": (0, CLASS_CONTEXT + 1)}
)


# What a route says ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A rule that answered, with its reason. `needs` names the roles it asks for, sorted."""

    rule: str
    because: str
    needs: tuple[Role, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An executor that was not chosen, and why."""

    executor: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlipPoint:
    """With this one field changed until `condition` holds, `executor` would have been chosen.

    `known` is False when the field is only assumed: then the condition may well hold already.
    """

    field: str
    condition: str
    executor: str
    known: bool
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dissent:
    """What another policy says of the same shape, where it chooses differently."""

    policy: Policy
    executor: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A decision with its grounds. `chosen` is what fits; `availability` says what the keys allow."""

    policy: Policy
    chosen: Executor
    because: str
    rules: tuple[Fired, ...]
    rejected: tuple[Rejected, ...]
    flip_points: tuple[FlipPoint, ...]
    dissents: tuple[Dissent, ...]
    availability: Availability
    warnings: tuple[str, ...]


def route(
    shape: TaskShape,
    *,
    policy: Policy = "article-prose",
    executors: Sequence[Executor],
    keys: Collection[str],
    pin: str | None = None,
) -> Route | Refused:
    """Return where a task of this shape goes, or why the caller's pin is impossible.

    `executors` is the standing list; of several with the same harness the first is meant. `keys` names the
    keys that are configured ("openai", "anthropic"). `pin` names an executor, with policy `pinned` only.

    Raises:
        ValueError: The standing list lacks a kind of executor that a policy may choose.
    """
    if policy == "pinned":
        return _pinned(shape, pin, executors, keys)
    if pin is not None:
        return Refused(
            code="pin_without_policy", reason=f"pin {pin!r} has no effect here; give policy 'pinned' with it"
        )
    fired = answers(shape, policy)
    chosen = _standing(harness_of(fired), executors)
    return Route(
        policy=policy,
        chosen=chosen,
        because=_because(fired, chosen),
        rules=fired,
        rejected=tuple(
            Rejected(executor=other.name, why=_why_not(other, chosen, shape, policy, fired))
            for other in executors
            if other is not chosen
        ),
        flip_points=tuple(_flip_points(shape, policy, executors)),
        dissents=tuple(_dissents(shape, chosen, policy, executors)),
        availability=availability(chosen, keys, executors),
        warnings=tuple(_warnings(shape, chosen)),
    )


def answers(shape: TaskShape, policy: Policy) -> tuple[Fired, ...]:
    """Return the answer to each question of a policy, in order: per question, the first rule that holds."""
    words = _words(shape)
    return tuple(
        Fired(rule=rule.name, because=rule.because.format_map(words), needs=tuple(sorted(rule.needs)))
        for rule in _answering(shape, policy)
    )


def harness_of(fired: Sequence[Fired]) -> Harness:
    """Return the kind of executor that these answers, taken together, ask for."""
    return _HARNESS[frozenset[Role](role for answer in fired for role in answer.needs)]


def _answering(shape: TaskShape, policy: Policy) -> Iterator[Rule]:
    return (next(rule for rule in question if rule.holds(shape)) for question in POLICIES[policy])


def _standing(harness: Harness, executors: Sequence[Executor]) -> Executor:
    for executor in executors:
        if executor.harness == harness:
            return executor
    raise ValueError(f"no executor with the harness {harness!r} in {[executor.name for executor in executors]!r}")


def _chosen(shape: TaskShape, policy: Policy, executors: Sequence[Executor]) -> Executor:
    needs = frozenset[Role]().union(*(rule.needs for rule in _answering(shape, policy)))
    return _standing(_HARNESS[needs], executors)


# Pinned -----------------------------------------------------------------------------------------------------


def _pinned(shape: TaskShape, pin: str | None, executors: Sequence[Executor], keys: Collection[str]) -> Route | Refused:
    names = ", ".join(executor.name for executor in executors)
    if pin is None:
        return Refused(code="pin_missing", reason=f"policy 'pinned' needs a pin; name one of: {names}")
    chosen = next((executor for executor in executors if executor.name == pin), None)
    if chosen is None:
        return Refused(code="pin_unknown", reason=f"no executor is called {pin!r}; there are: {names}")
    if obstacle := _obstacle(chosen, shape, keys):
        return Refused(code="pin_impossible", reason=f"{pin!r} cannot take this task: {obstacle}")
    because = f"the caller pinned {pin}"
    return Route(
        policy="pinned",
        chosen=chosen,
        because=because,
        rules=(Fired(rule="pin", because=because, needs=()),),
        rejected=tuple(Rejected(executor=other.name, why=because) for other in executors if other is not chosen),
        flip_points=(),
        dissents=tuple(_dissents(shape, chosen, "pinned", executors)),
        availability=Available(),
        warnings=tuple(_warnings(shape, chosen)),
    )


def _obstacle(executor: Executor, shape: TaskShape, keys: Collection[str]) -> str | None:
    if missing := sorted(executor.needs.difference(keys)):
        return f"no {_and(missing)} key is configured; configure it, or leave out the pin to see what serves"
    if shape.live and "operator" not in executor.roles:
        return "it acts on a live interface and this executor has no operator; pin one that operates"
    if executor.harness == "recipe" and not shape.live:
        return "a recipe replays work on a live interface and this task has none; pin a model"
    return _too_long(executor, shape)


def _too_long(executor: Executor, shape: TaskShape) -> str | None:
    limit, context = executor.context_limit, shape.context_tokens.value
    if limit is None or context <= limit:
        return None
    return f"its context of {context} tokens does not fit the {limit} of {executor.name}; split the material"


# Grounds ----------------------------------------------------------------------------------------------------


def _words(shape: TaskShape) -> dict[str, str]:
    """Return the fields as a reason quotes them; what nobody said is marked."""
    fields: dict[str, Field[Any]] = {
        "horizon": shape.horizon,
        "stakes": shape.stakes,
        "surfaces": shape.surfaces,
        "tool_count": shape.tool_count,
        "context_tokens": shape.context_tokens,
    }
    return {name: _word(field) for name, field in fields.items()}


def _word(field: Field[Any]) -> str:
    value: Any = field.value
    text = _and(cast("tuple[str, ...]", value)) or "unknown" if isinstance(value, tuple) else str(value)
    return text if field.known or text == "unknown" else f"{text} (assumed)"


def _because(fired: Sequence[Fired], chosen: Executor) -> str:
    asking = [answer.because for answer in fired if answer.needs] or [fired[0].because]
    if chosen.harness != "composite":
        return f"{chosen.name}: {asking[0]}"
    parts = ", ".join(f"{part.who} {part.does}" for part in chosen.parts)
    return f"{chosen.name}: {', and '.join(asking)}; so {parts}"


def _why_not(other: Executor, chosen: Executor, shape: TaskShape, policy: Policy, fired: Sequence[Fired]) -> str:
    match other.harness:
        case "recipe":
            return "it replays with no model; it stands in when the operator's key is missing, or when pinned"
        case "host":
            return "it stands in where a key is missing, with the client's own model"
        case "composite":
            if len(POLICIES[policy]) == 1:
                return f"the class names one model, and {fired[0].rule!r} decided"
            return "the answers do not conflict"
        case "reason" | "operate":
            return _why_not_alone(other, chosen, shape, policy, fired)


def _why_not_alone(other: Executor, chosen: Executor, shape: TaskShape, policy: Policy, fired: Sequence[Fired]) -> str:
    role, needs = _asked(other.harness)
    if other.harness == chosen.harness:
        return f"{chosen.name} comes first among the executors of its kind"
    against = [answer.rule for answer in fired if set(answer.needs) - {role}]
    if chosen.harness == "composite":
        return f"{_a(role)} alone does not satisfy {_listed(against)}"
    passed = {answer.rule for answer in fired}
    outvoted = [
        rule.name
        for question in POLICIES[policy]
        for rule in question
        if rule.needs == needs and rule.holds is not _otherwise and rule.name not in passed and rule.holds(shape)
    ]
    if outvoted:
        return f"{_listed(outvoted)} would choose it, but {_listed(against)} comes first"
    if against:
        return f"{_listed(against)} decided, and nothing needs {_a(role)}"
    return f"no rule that holds needs {_a(role)}"


def _asked(harness: Harness) -> tuple[Role, frozenset[Role]]:
    return ("thinker", _THINKER) if harness == "reason" else ("operator", _OPERATOR)


def _a(role: str) -> str:
    return f"an {role}" if role[0] in "aeiou" else f"a {role}"


def _and(names: Iterable[str]) -> str:
    return " and ".join(names)


def _listed(names: Sequence[str]) -> str:
    return _and(repr(name) for name in names)


def _dissents(shape: TaskShape, chosen: Executor, policy: Policy, executors: Sequence[Executor]) -> Iterator[Dissent]:
    for other in POLICIES:
        if other == policy:
            continue
        fired = answers(shape, other)
        executor = _standing(harness_of(fired), executors)
        if executor is not chosen:
            yield Dissent(policy=other, executor=executor.name, because=_because(fired, executor))


def _warnings(shape: TaskShape, chosen: Executor) -> Iterator[str]:
    if _costly(shape) and not chosen.verifies:
        yield (
            f"stakes are {_word(shape.stakes)} and {chosen.name} has no verifier of its own: "
            "register checks, or choose policy 'article-prose'"
        )
    if obstacle := _too_long(chosen, shape):
        yield obstacle


# What would change it ---------------------------------------------------------------------------------------

_Words = Callable[[Sequence[Any]], str]


def _flip_points(shape: TaskShape, policy: Policy, executors: Sequence[Executor]) -> Iterator[FlipPoint]:
    """Re-run the policy with one field changed at a time, wherever it could answer otherwise."""
    now = _chosen(shape, policy, executors).name
    for field, values, words in _axes(shape):
        chosen = [(value, _chosen(_with(shape, field, value), policy, executors).name) for value in values]
        for executor, run in groupby(chosen, key=lambda pair: pair[1]):
            if executor != now:
                yield _flip(shape, field, words([value for value, _ in run]), executor)


def _axes(shape: TaskShape) -> Iterator[tuple[str, Sequence[Any], _Words]]:
    """Yield each field with the values worth trying and the words for a run of them."""
    yield "stakes", STAKES, _levels("stakes", STAKES)
    yield "horizon", HORIZONS, _levels("horizon", HORIZONS)
    yield "tool_count", _EDGES["tool_count"], _range("tool_count", _EDGES["tool_count"])
    yield "context_tokens", _EDGES["context_tokens"], _range("context_tokens", _EDGES["context_tokens"])
    yield "requires_verification", (False, True), _flag("requires_verification")
    yield "requires_computer_use", (False, True), _flag("requires_computer_use")
    here = shape.surfaces.value
    more = [surface for surface in SURFACES if surface not in here]
    yield (
        "surfaces",
        [(*here, surface) for surface in more],
        lambda run: f"surfaces include {_or(v[-1] for v in run)}",
    )
    for left in here:
        yield (
            "surfaces",
            [tuple(s for s in here if s != left)],
            lambda _, left=left: f"surfaces leave out {left}",
        )


def _with(shape: TaskShape, field: str, value: Any) -> TaskShape:
    changed: dict[str, Any] = {field: replace(getattr(shape, field), value=value)}
    return replace(shape, **changed)


def _flip(shape: TaskShape, field: str, condition: str, executor: str) -> FlipPoint:
    now: Field[Any] = getattr(shape, field)
    says = f"{executor} if {condition}"
    if not now.known:
        assumed = "unknown" if now.value == () else f"{now.value} assumed"
        says = f"{field} was not given ({assumed}): {says}"
    return FlipPoint(field=field, condition=condition, executor=executor, known=now.known, says=says)


def _levels(field: str, levels: Sequence[str]) -> _Words:
    def words(run: Sequence[str]) -> str:
        if run[-1] == levels[-1]:
            return f"{field} >= {run[0]}"
        if run[0] == levels[0]:
            return f"{field} <= {run[-1]}"
        return f"{field} in {', '.join(run)}"

    return words


def _range(field: str, edges: Sequence[int]) -> _Words:
    def words(run: Sequence[int]) -> str:
        if run[-1] == edges[-1]:
            return f"{field} > {run[0] - 1}"
        last = edges[edges.index(run[-1]) + 1] - 1
        return f"{field} <= {last}" if run[0] == edges[0] else f"{run[0]} <= {field} <= {last}"

    return words


def _flag(field: str) -> _Words:
    return lambda run: field if run[0] else f"not {field}"


def _or(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last
