"""Routing: whole grids against restatements of the article, and what every route promises about itself."""

from collections import Counter
from dataclasses import dataclass, fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from pydantic import ValidationError

from docs import generate_routing
from tools.executors import Available, Executor, Missing, availability, executors
from tools.outcome import Refused
from tools.router import FlipPoint, Policy, Route, route
from tools.shape import (
    HORIZONS,
    STAKES,
    SURFACES,
    Attachment,
    Field,
    Horizon,
    ShapeInput,
    Source,
    Stakes,
    Surface,
    TaskShape,
    infer,
)

FOUNDING = "Log into the legacy reporting portal, run the Q1 revenue report, and extract the regional breakdown table."
STANDING = executors()
BOTH_KEYS = frozenset({"openai", "anthropic"})
COMPOSITE = "plan-act-verify"
ARTICLE_POLICIES: tuple[Policy, ...] = ("article-code", "article-prose")


def shape_of(
    *,
    computer_use: bool = False,
    tools: int = 5,
    horizon: Horizon = "multi",
    stakes: Stakes = "low",
    verify: bool = False,
    context: int = 10_000,
    surfaces: tuple[Surface, ...] = (),
    source: Source = "caller",
) -> TaskShape:
    return TaskShape(
        horizon=Field(value=horizon, source=source),
        stakes=Field(value=stakes, source=source),
        failure_cost_usd=Field(value=1.0, source=source),
        surfaces=Field(value=surfaces, source=source),
        tool_count=Field(value=tools, source=source),
        context_tokens=Field(value=context, source=source),
        requires_computer_use=Field(value=computer_use, source=source),
        requires_verification=Field(value=verify, source=source),
    )


def routed(
    shape: TaskShape,
    policy: Policy = "article-prose",
    *,
    standing: tuple[Executor, ...] = STANDING,
    keys: frozenset[str] = BOTH_KEYS,
    pin: str | None = None,
) -> Route:
    answer = route(shape, policy=policy, executors=standing, keys=keys, pin=pin)
    assert isinstance(answer, Route), answer
    return answer


# The article, restated --------------------------------------------------------------------------------------


@dataclass
class Task:
    """What the article's class looks at."""

    requires_computer_use: bool
    tool_count: int
    horizon: str
    stakes: str
    requires_verification: bool
    context_length: int


class TaskRouter:
    """The founding article's class, as printed there."""

    def route(self, task: Task) -> str:
        if task.requires_computer_use or task.tool_count > 50:
            return "gpt-5.4"
        if task.horizon == "long" or task.stakes == "high" or task.requires_verification:
            return "claude-opus-4-7"
        # Default: match to cost/latency profile
        return "claude-opus-4-7" if task.context_length > 50_000 else "gpt-5.4"


def by_the_class(shape: TaskShape) -> str:
    """Ask the article's class; it has one word where we have two: long, and high."""
    return TaskRouter().route(
        Task(
            requires_computer_use=shape.requires_computer_use.value,
            tool_count=shape.tool_count.value,
            horizon={"multi_session": "long"}.get(shape.horizon.value, shape.horizon.value),
            stakes={"irreversible": "high"}.get(shape.stakes.value, shape.stakes.value),
            requires_verification=shape.requires_verification.value,
            context_length=shape.context_tokens.value,
        )
    )


# Question 2 down; across, question 1 (costly or limited) with question 3 (up to 100 tools, or more).
# C Claude, G GPT, X the two in composition.
PROSE = {
    #                 costly  costly>100  limited  limited>100
    "live+material": ("X", "X", "X", "X"),
    "live": ("X", "X", "G", "G"),
    "material": ("C", "X", "C", "X"),
    "elsewhere": ("C", "X", "G", "G"),
}


def by_the_prose(shape: TaskShape) -> str:
    material = any(surface in shape.surfaces.value for surface in ("document", "code", "data"))
    live = shape.requires_computer_use.value or any(s in shape.surfaces.value for s in ("browser", "desktop"))
    place = {
        (True, True): "live+material",
        (True, False): "live",
        (False, True): "material",
        (False, False): "material" if shape.context_tokens.value > 50_000 else "elsewhere",
    }[live, material]
    costly = (
        STAKES.index(shape.stakes.value) >= 3
        or HORIZONS.index(shape.horizon.value) >= 2
        or shape.requires_verification.value
    )
    column = (0 if costly else 2) + (shape.tool_count.value >= 101)
    return {"C": "claude-opus-4-7", "G": "gpt-5.4", "X": COMPOSITE}[PROSE[place][column]]


SURFACES_OF_THE_GRID: tuple[tuple[Surface, ...], ...] = ((), ("document",))
GRID = tuple(
    shape_of(
        computer_use=computer_use,
        tools=tools,
        horizon=horizon,
        stakes=stakes,
        verify=verify,
        context=context,
        surfaces=surfaces,
    )
    for computer_use in (False, True)
    for tools in (5, 19, 20, 50, 51, 99, 100, 101, 150)
    for horizon in HORIZONS
    for stakes in STAKES
    for verify in (False, True)
    for context in (10_000, 50_000, 50_001, 80_000, 300_000)
    for surfaces in SURFACES_OF_THE_GRID
)


@pytest.mark.parametrize(("policy", "restated"), [("article-code", by_the_class), ("article-prose", by_the_prose)])
def test_a_policy_says_on_the_whole_grid_what_the_article_says(policy: Policy, restated: Any) -> None:
    wrong = [
        (shape, said, meant)
        for shape in GRID
        if (said := routed(shape, policy).chosen.name) != (meant := restated(shape))
    ]
    assert wrong == []


def test_the_grid_is_divided_as_the_record_says() -> None:
    assert {
        policy: dict(Counter(routed(shape, policy).chosen.name for shape in GRID)) for policy in ARTICLE_POLICIES
    } == snapshot(
        {
            "article-code": {"gpt-5.4": 5696, "claude-opus-4-7": 1504},
            "article-prose": {"gpt-5.4": 378, "claude-opus-4-7": 2716, "plan-act-verify": 4106},
        }
    )


def test_the_page_lists_the_cells_where_the_answers_conflict_and_is_current() -> None:
    page = generate_routing.PAGE.read_text(encoding="utf-8")
    assert page == generate_routing.page(), "run `python -m docs.generate_routing`"
    conflicts = sum(by_the_prose(shape) == COMPOSITE for shape in GRID)
    differences = sum(by_the_prose(shape) != by_the_class(shape) for shape in GRID)
    assert f"**Conflicts within the prose: {conflicts} of {len(GRID)} cells.**" in page
    assert f"**The class and the prose choose differently: {differences} of {len(GRID)} cells.**" in page


@pytest.mark.parametrize(
    ("surfaces", "chosen"),
    [
        (("api",), "gpt-5.4"),
        (("chat",), "gpt-5.4"),
        (("code",), "claude-opus-4-7"),
        (("data", "api"), "claude-opus-4-7"),
        (("browser",), "gpt-5.4"),
        (("desktop",), "gpt-5.4"),
        (("document", "browser"), COMPOSITE),
    ],
)
def test_the_prose_goes_by_where_the_work_lives(surfaces: tuple[Surface, ...], chosen: str) -> None:
    assert routed(shape_of(surfaces=surfaces)).chosen.name == chosen


@pytest.mark.parametrize(
    ("tools", "band"),
    [
        (0, "tools/under-20"),
        (19, "tools/under-20"),
        (20, "tools/20-to-100"),
        (100, "tools/20-to-100"),
        (101, "tools/above-100"),
    ],
)
def test_the_bands_of_tools_end_where_the_page_says(tools: int, band: str) -> None:
    assert routed(shape_of(tools=tools)).rules[-1].rule == band


def test_high_stakes_on_a_live_interface_is_the_composite_and_the_reason_names_both_sides() -> None:
    answer = routed(shape_of(stakes="high", surfaces=("browser",), computer_use=True))
    assert answer.because == snapshot(
        "plan-act-verify: a wrong step does damage before it is seen, with stakes high, "
        "and the work is done by acting on a live interface; "
        "so claude-opus-4-7 plans and registers the checks, gpt-5.4 acts through the gate, "
        "claude-opus-4-7 audits the result against the contract in a fresh context"
    )
    assert [(part.role, part.who) for part in answer.chosen.parts] == [
        ("thinker", "claude-opus-4-7"),
        ("operator", "gpt-5.4"),
        ("verifier", "claude-opus-4-7"),
    ]


def test_the_default_policy_is_the_prose() -> None:
    answer = route(shape_of(), executors=STANDING, keys=BOTH_KEYS)
    assert isinstance(answer, Route)
    assert answer.policy == "article-prose"


# What a route says of itself --------------------------------------------------------------------------------

shapes = st.builds(
    shape_of,
    computer_use=st.booleans(),
    tools=st.integers(0, 160),
    horizon=st.sampled_from(HORIZONS),
    stakes=st.sampled_from(STAKES),
    verify=st.booleans(),
    context=st.integers(0, 120_000),
    surfaces=st.sets(st.sampled_from(SURFACES)).map(lambda picked: tuple(s for s in SURFACES if s in picked)),
    source=st.sampled_from(("caller", "default")),
)
policies = st.sampled_from(ARTICLE_POLICIES)


def changed(shape: TaskShape, field: str, value: Any) -> TaskShape:
    return replace(shape, **{field: replace(getattr(shape, field), value=value)})


def variants(shape: TaskShape) -> dict[str, list[Any]]:
    """Every value that one field could have instead: all levels, and all numbers near an edge."""
    here = shape.surfaces.value
    return {
        "stakes": list(STAKES),
        "horizon": list(HORIZONS),
        "tool_count": list(range(161)),
        "context_tokens": [0, 1, 49_999, 50_000, 50_001, 50_002, 1_000_000],
        "requires_verification": [False, True],
        "requires_computer_use": [False, True],
        "surfaces": [(*here, s) for s in SURFACES if s not in here]
        + [tuple(s for s in here if s != left) for left in here],
    }


def holds(flip: FlipPoint, value: Any, shape: TaskShape) -> bool:
    """Read a condition as a person would."""
    match flip.condition.split():
        case ["surfaces", "include", *names]:
            listed = {name.strip(",") for name in names} - {"or"}
            return bool((set(value) - set(shape.surfaces.value)) & listed)
        case ["surfaces", "leave", "out", name]:
            return name not in value
        case ["not", _]:
            return not value
        case [_]:
            return bool(value)
        case [low, "<=", _, "<=", high]:
            return int(low) <= value <= int(high)
        case [field, sign, limit]:
            order: Any = {"stakes": STAKES, "horizon": HORIZONS}.get(field)
            left, right = (order.index(value), order.index(limit)) if order else (value, int(limit))
            return {">": left > right, ">=": left >= right, "<=": left <= right}[sign]
        case _:
            raise AssertionError(f"nobody can read {flip.condition!r}")


@given(shapes, policies)
def test_flip_points_are_true_and_none_is_missing(shape: TaskShape, policy: Policy) -> None:
    answer = routed(shape, policy)
    for field, values in variants(shape).items():
        flips = [flip for flip in answer.flip_points if flip.field == field]
        for value in values:
            other = routed(changed(shape, field, value), policy).chosen.name
            told = {flip.executor for flip in flips if holds(flip, value, shape)}
            assert told == ({other} if other != answer.chosen.name else set()), (field, value)


@given(shapes, policies)
def test_raising_the_stakes_never_moves_away_from_an_executor_that_verifies(shape: TaskShape, policy: Policy) -> None:
    verified = [routed(changed(shape, "stakes", level), policy).chosen.verifies for level in STAKES]
    assert verified == sorted(verified)


@given(shapes, policies, st.sampled_from((frozenset[str](), frozenset({"openai"}), BOTH_KEYS)))
def test_the_same_shape_gets_the_same_route_and_keys_change_only_what_is_available(
    shape: TaskShape, policy: Policy, keys: frozenset[str]
) -> None:
    answer = routed(shape, policy, keys=keys)
    assert answer == routed(shape, policy, keys=keys)
    assert replace(answer, availability=Available()) == routed(shape, policy)


@given(shapes, policies)
def test_every_executor_is_either_chosen_or_rejected_with_a_reason(shape: TaskShape, policy: Policy) -> None:
    answer = routed(shape, policy)
    names = {answer.chosen.name, *(rejected.executor for rejected in answer.rejected)}
    assert names == {executor.name for executor in STANDING}
    assert all(rejected.why for rejected in answer.rejected)


@given(shapes)
def test_a_route_carries_what_the_other_policy_says_exactly_when_it_differs(shape: TaskShape) -> None:
    class_says, prose_says = by_the_class(shape), by_the_prose(shape)
    dissents = [(dissent.policy, dissent.executor) for dissent in routed(shape).dissents]
    assert dissents == ([("article-code", class_says)] if class_says != prose_says else [])


def test_a_field_that_nobody_gave_is_named_where_another_value_would_change_the_choice() -> None:
    answer = routed(infer(FOUNDING, ShapeInput(), 19))
    assert [flip.says for flip in answer.flip_points] == snapshot(
        [
            "stakes was not given (medium assumed): plan-act-verify if stakes >= high",
            "plan-act-verify if horizon >= long",
            "requires_verification was not given (False assumed): plan-act-verify if requires_verification",
            "plan-act-verify if surfaces include document, code or data",
        ]
    )


def test_a_rule_that_came_too_late_is_told() -> None:
    answer = routed(shape_of(computer_use=True, stakes="high"), "article-code")
    assert answer.rejected[0].why == snapshot("'high-stakes' would choose it, but 'computer-use' comes first")
    assert answer.warnings == snapshot(
        ("stakes are high and gpt-5.4 has no verifier of its own: register checks, or choose policy 'article-prose'",)
    )


def test_a_context_that_does_not_fit_is_warned_of() -> None:
    answer = routed(shape_of(surfaces=("document",), context=1_000_001))
    assert answer.warnings == snapshot(
        ("its context of 1000001 tokens does not fit the 1000000 of claude-opus-4-7; split the material",)
    )


# Pinned -----------------------------------------------------------------------------------------------------


def test_a_pin_is_followed_and_the_policies_that_disagree_are_shown() -> None:
    answer = routed(shape_of(surfaces=("document",)), "pinned", pin="gpt-5.4")
    assert answer.chosen.name == "gpt-5.4"
    assert [(dissent.policy, dissent.executor) for dissent in answer.dissents] == [("article-prose", "claude-opus-4-7")]


@pytest.mark.parametrize(
    ("shape", "pin", "keys", "code", "word"),
    [
        (shape_of(), None, BOTH_KEYS, "pin_missing", "name one of: claude-opus-4-7"),
        (shape_of(), "gpt-9", BOTH_KEYS, "pin_unknown", "'gpt-9'"),
        (shape_of(), "gpt-5.4", {"anthropic"}, "pin_impossible", "no openai key"),
        (shape_of(computer_use=True), "claude-opus-4-7", BOTH_KEYS, "pin_impossible", "no operator"),
        (shape_of(context=2_000_000), "gpt-5.4", BOTH_KEYS, "pin_impossible", "does not fit"),
        (shape_of(), "recipe:q1", BOTH_KEYS, "pin_impossible", "live interface"),
    ],
)
def test_an_impossible_pin_is_refused_with_the_reason(
    shape: TaskShape, pin: str | None, keys: frozenset[str], code: str, word: str
) -> None:
    answer = route(shape, policy="pinned", executors=executors(recipes=("q1",)), keys=keys, pin=pin)
    assert isinstance(answer, Refused)
    assert answer.code == code
    assert word in answer.reason


def test_a_pin_under_another_policy_is_refused_instead_of_ignored() -> None:
    answer = route(shape_of(), executors=STANDING, keys=BOTH_KEYS, pin="gpt-5.4")
    assert isinstance(answer, Refused)
    assert answer.code == "pin_without_policy"


# Executors --------------------------------------------------------------------------------------------------


def cast_of(name: str, keys: set[str], standing: tuple[Executor, ...]) -> dict[str, str]:
    executor = next(executor for executor in standing if executor.name == name)
    answer = availability(executor, keys, standing)
    assert isinstance(answer, Missing)
    return {part.role: part.who for part in answer.instead}


def test_with_both_keys_everything_is_available() -> None:
    assert all(availability(executor, BOTH_KEYS, STANDING) == Available() for executor in STANDING)


@pytest.mark.parametrize(
    ("keys", "recipes", "cast"),
    [
        ({"openai"}, (), {"thinker": "host", "operator": "gpt-5.4", "verifier": "checks"}),
        (
            {"anthropic"},
            (),
            {"thinker": "claude-opus-4-7", "operator": "host", "verifier": "claude-opus-4-7"},
        ),
        (
            {"anthropic"},
            ("q1",),
            {"thinker": "claude-opus-4-7", "operator": "recipe:q1", "verifier": "claude-opus-4-7"},
        ),
        (set[str](), ("q1",), {"thinker": "host", "operator": "recipe:q1", "verifier": "checks"}),
    ],
)
def test_without_a_key_each_role_falls_to_what_is_there(
    keys: set[str], recipes: tuple[str, ...], cast: dict[str, str]
) -> None:
    assert cast_of(COMPOSITE, keys, executors(recipes=recipes)) == cast


def test_a_missing_key_is_said_in_words_with_what_happens_instead() -> None:
    answer = routed(shape_of(stakes="high", computer_use=True), keys=frozenset({"openai"})).availability
    assert isinstance(answer, Missing)
    assert answer.says == snapshot(
        "there is no anthropic key, so host plans with the client's own model and registers the checks; "
        "gpt-5.4 acts through the gate; checks prove or refute the result by rule, with no model's opinion"
    )


def test_other_models_take_the_roles_by_name_and_an_unknown_limit_stays_unknown() -> None:
    standing = executors(operator="fresh-1", thinker="fresh-1", operator_key="fresh", thinker_key="fresh")
    assert len({executor.name for executor in standing}) == len(standing)
    assert {executor.context_limit for executor in standing} == {None}
    assert standing[2].needs == {"fresh"}


# The shape --------------------------------------------------------------------------------------------------


def told(shape: TaskShape) -> dict[str, tuple[Any, Source]]:
    return {
        field.name: (getattr(shape, field.name).value, getattr(shape, field.name).source) for field in fields(shape)
    }


def test_the_founding_task_is_many_steps_on_a_live_page_at_stakes_that_are_not_high() -> None:
    assert told(infer(FOUNDING, ShapeInput(), 19)) == snapshot(
        {
            "horizon": ("multi", "rule"),
            "stakes": ("medium", "default"),
            "failure_cost_usd": (10.0, "default"),
            "surfaces": (("browser",), "rule"),
            "tool_count": (19, "registry"),
            "context_tokens": (27, "default"),
            "requires_computer_use": (True, "rule"),
            "requires_verification": (False, "default"),
        }
    )


def test_what_nothing_says_stays_visibly_assumed() -> None:
    shape = infer("fix it", ShapeInput(), None)
    assert {source for _, source in told(shape).values()} == {"default"}
    assert shape.surfaces.value == ()


def test_the_callers_word_wins_over_the_words_of_the_task_and_the_doubt_is_noted() -> None:
    given_ = ShapeInput(
        horizon="single",
        stakes="low",
        surfaces=["api"],
        tool_count=3,
        context_tokens=7,
        requires_computer_use=False,
        requires_verification=False,
    )
    shape = infer("Every day, delete the production tables in the portal and verify.", given_, 50)
    assert told(shape) == {
        "horizon": ("single", "caller"),
        "stakes": ("low", "caller"),
        "failure_cost_usd": (2.0, "caller"),
        "surfaces": (("api",), "caller"),
        "tool_count": (3, "caller"),
        "context_tokens": (7, "caller"),
        "requires_computer_use": (False, "caller"),
        "requires_verification": (False, "caller"),
    }
    assert shape.stakes.note == snapshot("the words of the task would say high (destructive: 'delete')")


@pytest.mark.parametrize(
    ("task", "field", "value", "note"),
    [
        ("Delete the old accounts", "stakes", "high", "destructive: 'Delete'"),
        ("Erase it permanently", "stakes", "irreversible", "no-way-back: 'permanently'"),
        ("Restart the live system", "stakes", "high", "production: 'live system'"),
        ("Submit the form", "stakes", "medium", "changes: 'Submit'"),
        ("Every morning, look at the queue", "horizon", "multi_session", "recurs: 'Every morning'"),
        ("Refactor the parser", "horizon", "long", "compounds: 'Refactor'"),
        ("1. open\n2. look", "horizon", "multi", "numbered-steps: '2 steps'"),
        ("Click the button", "surfaces", ("browser",), "browser-words: 'Click'"),
        ("Open https://a.example/x", "surfaces", ("browser",), "browser-words: 'https://a.example/x'"),
        ("Compare this contract", "surfaces", ("document",), "document-words: 'contract'"),
        ("Make the unit tests pass", "surfaces", ("code",), "code-words: 'tests'"),
        ("Call the API", "surfaces", ("api",), "api-words: 'API'"),
        ("Reconcile the totals", "requires_verification", True, "asks-for-proof: 'Reconcile'"),
    ],
)
def test_a_word_rule_names_itself_and_the_words(task: str, field: str, value: Any, note: str) -> None:
    assert getattr(infer(task, ShapeInput(), 5), field) == Field(value=value, source="rule", note=note)


@given(st.text(), st.sampled_from(("", " on production", " permanently", " and delete it", " for all to see")))
def test_more_words_never_lower_the_stakes(task: str, more: str) -> None:
    level = [STAKES.index(infer(text, ShapeInput(), 0).stakes.value) for text in (task, task + more)]
    assert level == sorted(level)


@pytest.mark.parametrize(
    ("cost", "stakes", "level"),
    [
        (0.0, None, "trivial"),
        (9.99, None, "low"),
        (100.0, None, "high"),
        (5000.0, "low", "irreversible"),
        (1.0, "high", "high"),
    ],
)
def test_a_cost_in_dollars_gives_the_level_and_the_heavier_of_two_counts(
    cost: float, stakes: Stakes | None, level: Stakes
) -> None:
    shape = infer("", ShapeInput(failure_cost_usd=cost, stakes=stakes), 0)
    assert (shape.stakes.value, shape.failure_cost_usd.value) == (level, cost)


def test_an_installation_may_price_the_levels_itself() -> None:
    money: dict[Stakes, float] = dict(zip(STAKES, (1, 10, 100, 10_000, 1_000_000), strict=True))
    assert infer("", ShapeInput(failure_cost_usd=500), 0, money=money).stakes.value == "medium"
    assert infer("", ShapeInput(stakes="high"), 0, money=money).failure_cost_usd.value == 10_000


def test_attachments_say_where_the_work_lives_and_how_much_there_is_to_read() -> None:
    shape = infer("What is in it?", ShapeInput(), 0, attachments=[Attachment(name="Q1.PDF", tokens=60_000)])
    assert shape.surfaces.source == "attachment"
    assert shape.surfaces.value == ("document", "chat")
    assert (shape.context_tokens.value, shape.context_tokens.source) == (60_004, "attachment")


def test_an_attachment_that_nobody_counted_leaves_the_context_assumed() -> None:
    attachments = [Attachment(name="a.pdf", tokens=60_000), Attachment(name="b.pdf")]
    context = infer("", ShapeInput(), 0, attachments=attachments).context_tokens
    assert (context.value, context.known) == (60_000, False)


@pytest.mark.parametrize(
    "arguments",
    [{"stakes": "huge"}, {"tool_count": "3"}, {"tool_count": -1}, {"surface": "browser"}, {"surfaces": []}],
)
def test_what_the_caller_says_is_read_strictly(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ShapeInput.model_validate(arguments)
