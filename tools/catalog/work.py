"""The work family: route a task, delegate it, watch it, prove it."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Described

from tools.budget import Budget
from tools.checks import Check, CheckSpec
from tools.delegate import audit_cost, composed, money, operated, reasoned, replayed
from tools.executors import Available, Missing, executors
from tools.means import Means
from tools.outcome import Answer, Done, NeedsApproval, Refused, Uncertain
from tools.policy import Caller, Facts
from tools.recipes import BadRecipe, checks_of, filled_inputs, output_keys
from tools.registry import Result, Tool
from tools.router import Route, route
from tools.shape import Field, ShapeInput, Stakes, TaskShape, infer
from tools.tasks import Run, TooManyRuns
from tools.tasks import described as run_data
from tools.verify import decide, described, parse_checks, register

__all__ = ["work_tools"]

_WAIT_S = 45.0
_DEADLINE_S = 90.0
_HOST = (
    "This is for the connected client's own model: register checks with verify, act with the browser_ tools, then "
    "let verify decide."
)


_TEXT: dict[str, Any] = {"type": "string"}
_OBJECT: dict[str, Any] = {"type": ["object", "null"]}
_LIST: dict[str, Any] = {"type": "array"}


def _schema(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


_VERDICT = {
    "verdict": {"enum": ["PROVEN", "REFUTED", "UNPROVEN", "BLOCKED"]},
    "reasons": _LIST,
    "criteria": _LIST,
    "audit": _TEXT,
    "cost_usd": _TEXT,
}
_VERIFIED = _schema(contract=_TEXT, before=_OBJECT, vacuous=_LIST, **_VERDICT)
_WORKED = _schema(run=_TEXT, state=_TEXT, doing=_TEXT, executor=_TEXT, label=_TEXT, **_VERDICT)
_ROUTED = _schema(
    executor=_TEXT,
    harness=_TEXT,
    because=_TEXT,
    rules=_LIST,
    rejected=_LIST,
    flip_points=_LIST,
    instead=_OBJECT,
    shape=_OBJECT,
    route=_OBJECT,
    carried_out_by=_TEXT,
    run=_TEXT,
    **_VERDICT,
)


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


_WAIT = Described(_WAIT_S, ge=0, le=55, description="Seconds to wait for the result; after that a run handle comes.")


class _Bounds(_Arguments):
    max_seconds: float | None = Described(None, gt=0, le=86_400)
    max_usd: float | None = Described(None, ge=0, description="0 lifts the bound on money.")

    def within(self, configured: Budget) -> Budget:
        """Return the configured bounds with what the caller narrowed or set."""
        usd = configured.usd
        if self.max_usd is not None:
            usd = Decimal(str(self.max_usd)) if self.max_usd else None
        return replace(configured, seconds=self.max_seconds or configured.seconds, usd=usd)


class RouteTask(_Arguments):
    """Arguments of route_task."""

    task: str = Described(min_length=1, description="What is to be done, in words.")
    shape: ShapeInput = Described(default_factory=ShapeInput, description="What you know of its shape; omit the rest.")
    policy: Literal["article-prose", "article-code", "pinned"] = "article-prose"
    pin: str | None = Described(None, description="Executor to use, with policy pinned.")
    mode: Literal["advise", "delegate"] = Described("advise", description="delegate carries the decision out.")
    recipe: str | None = Described(None, description="A recipe that does this task, for when no operator is there.")
    inputs: dict[str, str] = Described(default_factory=dict[str, str], description="Inputs of the recipe.")
    wait_s: float = _WAIT


class Operate(_Bounds):
    """Arguments of operate."""

    task: str = Described(min_length=1)
    max_turns: int | None = Described(None, ge=1, le=400)
    max_actions: int | None = Described(None, ge=1, le=4000)
    contract: str | None = Described(None, description="Contract from verify that will prove it.")
    session: str | None = Described(None, description="Browser session to work in; omit for one of its own.")
    stakes: Stakes = "low"
    wait_s: float = _WAIT


class Reason(_Bounds):
    """Arguments of reason."""

    task: str = Described(min_length=1)
    context: str = Described("", description="Material to work with.")
    contract: str | None = Described(None, description="Contract from verify that will prove it.")
    schema_: dict[str, Any] | None = Described(None, alias="schema", description="JSON Schema of the answer.")
    stakes: Stakes = "low"
    rounds: int = Described(2, ge=1, le=5, description="Answers at most.")
    wait_s: float = _WAIT


class RunTask(_Arguments):
    """Arguments of run_task."""

    recipe: str
    inputs: dict[str, str] = Described(default_factory=dict[str, str])
    stakes: Stakes = "low"
    wait_s: float = _WAIT


class RunStatus(_Arguments):
    """Arguments of run_status."""

    run: str
    wait_s: float = _WAIT


class RunCancel(_Arguments):
    """Arguments of run_cancel."""

    run: str


class Verify(_Arguments):
    """Arguments of verify: task and checks before acting; contract and output afterwards."""

    task: str | None = Described(None, description="Before acting: what is to be done.")
    checks: list[CheckSpec] = Described(
        default_factory=list[CheckSpec], description="Before acting: what will prove it."
    )
    session: str | None = Described(None, description="Browser session whose page and downloads are looked at.")
    stakes: Stakes = "low"
    contract: str | None = Described(None, description="Afterwards: the handle that registering returned.")
    output: Any = Described(None, description="Afterwards: what is claimed, such as {rows: [...]}.")
    blocked: str = Described("", description="Afterwards: what stood in the way and was not ours to move.")


class Acknowledge(_Arguments):
    """Arguments of operate_acknowledge."""

    code: str
    message: str


def work_tools(means: Means) -> tuple[Tool[Any], ...]:
    """Return the family, bound to what work is done with."""

    def standing(recipe: str | None) -> Any:
        names = means.role_names
        keys = means.role_keys
        return executors(
            operator=names["operator"],
            thinker=names["thinker"],
            operator_key=keys["operator"],
            thinker_key=keys["thinker"],
            recipes=(recipe,) if recipe else (),
        )

    async def route_task(given: RouteTask, caller: Caller) -> Result:
        if given.recipe is not None and given.recipe not in means.recipes:
            return _no_recipe(means, given.recipe)
        shape = infer(given.task, given.shape, len(means.registry()))
        decided = route(shape, policy=given.policy, executors=standing(given.recipe), keys=means.keys, pin=given.pin)
        if isinstance(decided, Refused):
            return decided
        try:
            _from_recipe(given, means)
        except BadRecipe as error:
            return Refused(code="bad_inputs", reason=str(error))
        if given.mode == "advise":
            return _advice(decided, shape, means)
        return await delegated(given, decided, shape, caller)

    async def delegated(given: RouteTask, decided: Route, shape: TaskShape, caller: Caller) -> Result:
        """Carry the decision out with the keys that are there, and say with what it was carried out."""
        stakes, shaped = shape.stakes.value, replace(caller, shape=shape)
        harness = _possible(decided, given.recipe, means)
        advice = _advice(decided, shape, means)

        async def work(run: Run) -> Result:
            match harness:
                case "recipe":
                    recipe = means.recipes[given.recipe or decided.chosen.name.removeprefix("recipe:")]
                    return await replayed(means, recipe, given.inputs, stakes=stakes, run=run, caller=shaped)
                case "operate":
                    plan, checks = _from_recipe(given, means)
                    return await operated(
                        means,
                        given.task,
                        plan=plan,
                        contract_id=None,
                        checks=checks,
                        stakes=stakes,
                        session=None,
                        budget=means.budget,
                        run=run,
                        caller=shaped,
                    )
                case "composite":
                    return await composed(
                        means,
                        given.task,
                        stakes=stakes,
                        session=None,
                        budget=means.budget,
                        run=run,
                        caller=shaped,
                    )
                case _:
                    return await reasoned(
                        means,
                        given.task,
                        context="",
                        contract_id=None,
                        schema=None,
                        stakes=stakes,
                        rounds=2,
                        budget=means.budget,
                        run=run,
                        caller=shaped,
                    )

        if harness == "host":
            return replace(advice, text=f"{advice.text}\n{_HOST}", data=advice.data | {"carried_out_by": "host"})
        how = f"Routed to {advice.data['executor']}; carried out as {harness}."
        about = {"route": advice.data, "carried_out_by": harness}
        return await started(harness, given.task, work, shaped, given.wait_s, preface=how, about=about)

    async def started(
        kind: str,
        task: str,
        work: Callable[[Run], Awaitable[Result]],
        caller: Caller,
        wait_s: float,
        *,
        preface: str = "",
        about: dict[str, Any] | None = None,
    ) -> Result:
        """Begin a run and wait for it for a while."""
        try:
            run = means.runs().start(kind, task, work, caller, preface=preface, about=about)
        except TooManyRuns as error:
            return Refused(code="too_many_runs", reason=str(error))
        return await watched(run, caller, wait_s)

    async def watched(run: Run, caller: Caller, wait_s: float) -> Result:
        outcome = await means.runs().wait(run, caller, wait_s=wait_s)
        match outcome:
            case None:
                text = (
                    f"Still working: {run.doing}. Call run_status with run={run.handle!r} to wait on. "
                    "The run lives in this server process and ends with it."
                )
                return Answer(text=text, data=run_data(run))
            case Done(answer=answer):
                text = f"{run.preface}\n{answer.text}" if run.preface else answer.text
                return replace(answer, text=text, data=answer.data | run.about | run_data(run))
            case Refused() | NeedsApproval() | Uncertain():
                return outcome

    async def operate_(given: Operate, caller: Caller) -> Result:
        if means.model("operator") is None:
            return Refused(code="no_model", reason=means.missing("operator"))

        async def work(run: Run) -> Result:
            return await operated(
                means,
                given.task,
                contract_id=given.contract,
                checks=(),
                stakes=given.stakes,
                session=given.session,
                budget=replace(
                    given.within(means.budget),
                    turns=given.max_turns or means.budget.turns,
                    actions=given.max_actions or means.budget.actions,
                ),
                run=run,
                caller=caller,
            )

        return await started("operate", given.task, work, caller, given.wait_s)

    async def reason_(given: Reason, caller: Caller) -> Result:
        if means.model("thinker") is None:
            return Refused(code="no_model", reason=means.missing("thinker"))

        async def work(run: Run) -> Result:
            return await reasoned(
                means,
                given.task,
                context=given.context,
                contract_id=given.contract,
                schema=given.schema_,
                stakes=given.stakes,
                rounds=given.rounds,
                budget=given.within(means.budget),
                run=run,
                caller=caller,
            )

        return await started("reason", given.task, work, caller, given.wait_s)

    async def run_task(given: RunTask, caller: Caller) -> Result:
        recipe = means.recipes.get(given.recipe)
        if recipe is None:
            return _no_recipe(means, given.recipe)

        async def work(run: Run) -> Result:
            return await replayed(means, recipe, given.inputs, stakes=given.stakes, run=run, caller=caller)

        return await started("recipe", recipe.title, work, caller, given.wait_s)

    async def run_status(given: RunStatus, caller: Caller) -> Result:
        run = means.runs().find(given.run, caller)
        return await watched(run, caller, given.wait_s) if run else _no_run(given.run)

    async def run_cancel(given: RunCancel, caller: Caller) -> Result:
        run = means.runs().find(given.run, caller)
        if run is None:
            return _no_run(given.run)
        means.runs().cancel(run)
        return Answer(text=f"Cancelled {run.handle}; what it did stays done.", data={"run": run.handle})

    async def verify(given: Verify, caller: Caller) -> Result:
        if given.contract is not None:
            contract = means.contracts.get(given.contract)
            if contract is None:
                reason = f"there is no contract {given.contract!r} in this process; register checks before acting"
                return Refused(code="unknown_contract", reason=reason)
            scene = means.scene(contract.session, given.output, caller)
            verdict, audit = await decide(contract, scene=scene, auditor=means.model("thinker"), blocked=given.blocked)
            text = "\n".join([f"Verdict: {verdict.state}", *(f"- {reason}" for reason in verdict.reasons)])
            cost = money(audit_cost(means, audit))
            return Answer(text=text, data=described(verdict) | {"contract": contract.id, "cost_usd": cost})
        if not given.task or not given.checks:
            reason = "before acting: task and checks; afterwards: contract and output"
            return Refused(code="bad_arguments", reason=reason)
        try:
            checks = parse_checks([check.plain() for check in given.checks])
        except ValidationError as error:
            problems = (f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}" for wrong in error.errors())
            return Refused(code="bad_arguments", reason=f"verify: checks.{'; '.join(problems)}")
        contract = await register(
            given.task,
            checks,
            stakes=given.stakes,
            session=given.session,
            scene=means.scene(given.session, None, caller),
        )
        means.contracts[contract.id] = contract
        before = {c.id: r.status for c, r in zip(contract.checks, contract.before, strict=True)}
        lines = [f"Registered {contract.id}. Before acting:", *(f"- {id}: {how}" for id, how in before.items())]
        passed = [
            check.id
            for check, result in zip(contract.checks, contract.before, strict=True)
            if result.status == "met" and not check.invariant
        ]
        if passed:
            lines.append(f"These pass already and will prove nothing: {', '.join(passed)}. Choose sharper ones.")
        return Answer(text="\n".join(lines), data={"contract": contract.id, "before": before, "vacuous": passed})

    async def acknowledged(given: Acknowledge, caller: Caller) -> Result:
        return Answer(text="acknowledged", data={"code": given.code})

    async def look_acknowledge(given: Acknowledge, caller: Caller) -> Facts:
        return Facts(kind="let the operator go on past the vendor's safety check", target=repr(given.message))

    async def look_route(given: RouteTask, caller: Caller) -> Facts:
        return Facts(effect="irreversible") if given.mode == "delegate" else Facts()

    return (
        Tool(
            name="route_task",
            title="Route a task",
            description=(
                "Say who should do a task by its shape (horizon, stakes, surface, tools, context), why, and what "
                "would change it; mode=delegate carries it out."
            ),
            family="work",
            effect="read",
            worst="irreversible",
            arguments=RouteTask,
            run=route_task,
            output=_ROUTED,
            facts=look_route,
            open_world=True,
            deadline_s=_DEADLINE_S,
        ),
        Tool(
            name="operate",
            title="Operate a browser",
            description="Let the operator model carry out a task in a browser, each action through the gate.",
            family="work",
            effect="irreversible",
            arguments=Operate,
            run=operate_,
            output=_WORKED,
            open_world=True,
            deadline_s=_DEADLINE_S,
        ),
        Tool(
            name="reason",
            title="Reason and check",
            description="Let the thinker model do a task, audit its own answer in a fresh context, and mend it.",
            family="work",
            effect="idempotent",
            arguments=Reason,
            run=reason_,
            output=_WORKED,
            open_world=True,
            deadline_s=_DEADLINE_S,
        ),
        Tool(
            name="verify",
            title="Verify",
            description=(
                "Before acting: register checks, run on the state as it is. Afterwards: the verdict, computed from "
                "the checks. PROVEN, REFUTED, UNPROVEN or BLOCKED."
            ),
            family="work",
            effect="idempotent",
            arguments=Verify,
            run=verify,
            output=_VERIFIED,
            deadline_s=_DEADLINE_S,
        ),
        Tool(
            name="run_task",
            title="Run a recipe",
            description="Replay a recipe, a learnt UI task, with no model, and prove its result.",
            family="work",
            effect="irreversible",
            arguments=RunTask,
            run=run_task,
            output=_WORKED,
            open_world=True,
            deadline_s=_DEADLINE_S,
        ),
        Tool(
            name="run_status",
            title="Wait for a run",
            description="Wait for a run and return its result, or what it is doing.",
            family="work",
            effect="read",
            arguments=RunStatus,
            run=run_status,
            output=_WORKED,
            deadline_s=_DEADLINE_S,
        ),
        Tool(
            name="run_cancel",
            title="Cancel a run",
            description="Stop a run. What it has done stays done.",
            family="work",
            effect="idempotent",
            arguments=RunCancel,
            run=run_cancel,
            output=_schema(run=_TEXT),
        ),
        Tool(
            name="operate_acknowledge",
            title="Acknowledge a safety check",
            description="Let an operator go on past a safety check of its vendor. Always asks a person.",
            family="safety",
            effect="irreversible",
            arguments=Acknowledge,
            run=acknowledged,
            output=_schema(code=_TEXT),
            facts=look_acknowledge,
            listed=False,
        ),
    )


def _from_recipe(given: RouteTask, means: Means) -> tuple[str, tuple[Check, ...]]:
    """Return what a recipe for the same task tells an operator: its inputs, the keys of the rows, the checks.

    Raises:
        BadRecipe: The inputs do not fit the recipe.
    """
    if given.recipe is None:
        return "", ()
    recipe = means.recipes[given.recipe]
    inputs = filled_inputs(recipe, given.inputs)
    told = "\n".join(f"{name}: {value}" for name, value in inputs.items())
    keys = ", ".join(output_keys(recipe))
    return f"{told}\nGive the rows these keys: {keys}.", checks_of(recipe, inputs)


def _possible(decided: Route, recipe: str | None, means: Means) -> str:
    """Return how the decision can be carried out with the keys that are there."""
    if isinstance(decided.availability, Available):
        return decided.chosen.harness
    operates = "operator" in decided.chosen.roles
    if operates and means.role_keys["operator"] in means.keys:
        return "operate"
    if operates:
        return "recipe" if recipe else "host"
    return "host"


def _advice(decided: Route, shape: TaskShape, means: Means) -> Answer:
    lines = [decided.because]
    if isinstance(decided.availability, Missing):
        lines.append(decided.availability.says)
    lines += [f"Instead of {rejected.executor}: {rejected.why}" for rejected in decided.rejected]
    lines += [f"It would change: {flip.says}" for flip in decided.flip_points]
    lines += [f"{other.policy} would say {other.executor}: {other.because}" for other in decided.dissents]
    lines += list(decided.warnings)
    if means.recipes:
        known = ", ".join(f"{recipe.name} ({recipe.title})" for recipe in means.recipes.values())
        lines.append(f"Recipes that need no model: {known}.")
    data = {
        "policy": decided.policy,
        "executor": decided.chosen.name,
        "harness": decided.chosen.harness,
        "because": decided.because,
        "parts": [asdict(part) for part in decided.chosen.parts],
        "rules": [asdict(fired) | {"needs": list(fired.needs)} for fired in decided.rules],
        "rejected": [asdict(rejected) for rejected in decided.rejected],
        "flip_points": [asdict(flip) for flip in decided.flip_points],
        "dissents": [asdict(other) for other in decided.dissents],
        "warnings": list(decided.warnings),
        "available": isinstance(decided.availability, Available),
        "instead": _instead(decided),
        "shape": _shape_data(shape),
        "recipes": sorted(means.recipes),
    }
    return Answer(text="\n".join(lines), data=data)


def _instead(decided: Route) -> dict[str, Any] | None:
    match decided.availability:
        case Available():
            return None
        case Missing(what=what, instead=instead) as missing:
            return {"missing": list(what), "parts": [asdict(part) for part in instead], "says": missing.says}


def _shape_data(shape: TaskShape) -> dict[str, Any]:
    return {
        name: {
            "value": field.value,
            "source": field.source,
            "note": field.note,
        }
        for name in TaskShape.__dataclass_fields__
        if (field := cast("Field[Any]", getattr(shape, name)))
    }


def _no_recipe(means: Means, name: str) -> Refused:
    known = ", ".join(sorted(means.recipes)) or "none is configured"
    return Refused(code="unknown_recipe", reason=f"there is no recipe {name!r}; known: {known}")


def _no_run(handle: str) -> Refused:
    reason = f"there is no run {handle!r} in this process; a run ends with the server that started it"
    return Refused(code="unknown_run", reason=reason)
