"""The work family: route a task, delegate it, watch it, prove it.

Each tool is a row of `_SPECS`: its arguments and one function of what work is done with.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from tools.catalog.routing import no_recipe, route_task
from tools.catalog.work_arguments import (
    Acknowledge,
    Arguments,
    Operate,
    Reason,
    RouteTask,
    RunCancel,
    RunStatus,
    RunTask,
    Verify,
)
from tools.checks import LOOKS_AT_PAGES
from tools.delegate import audit_cost, money, operated, reasoned, replayed
from tools.means import Means
from tools.outcome import Answer, Refused
from tools.policy import Caller, Effect, Facts
from tools.registry import Result, Tool
from tools.tasks import Run
from tools.verify import Contract, decide, described, parse_checks, register

__all__ = ["work_tools"]

_DEADLINE_S = 90.0
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


async def _nothing(given: Arguments) -> Facts:
    return Facts()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spec:
    """One tool of the family: what it is called, what it takes, what it does."""

    name: str
    title: str
    description: str
    effect: Effect
    arguments: type[Arguments]
    act: Callable[[Means, Any, Caller], Awaitable[Result]]
    output: dict[str, Any]
    look: Callable[[Any], Awaitable[Facts]] = _nothing
    worst: Effect | None = None
    family: str = "work"
    listed: bool = True
    open_world: bool = False
    deadline_s: float = 30.0


def work_tools(means: Means) -> tuple[Tool[Any], ...]:
    """Return the family, bound to what work is done with."""
    return tuple(_bound(spec, means) for spec in _SPECS)


def _bound(spec: _Spec, means: Means) -> Tool[Any]:
    async def run(given: Arguments, caller: Caller) -> Result:
        return await spec.act(means, given, caller)

    async def facts(given: Arguments, caller: Caller) -> Facts:
        return await spec.look(given)

    return Tool(
        name=spec.name,
        title=spec.title,
        description=spec.description,
        family=spec.family,
        effect=spec.effect,
        worst=spec.worst,
        arguments=spec.arguments,
        run=run,
        facts=facts,
        output=spec.output,
        listed=spec.listed,
        open_world=spec.open_world,
        deadline_s=spec.deadline_s,
    )


async def _look_route(given: RouteTask) -> Facts:
    return Facts(effect="irreversible") if given.mode == "delegate" else Facts()


async def _look_acknowledge(given: Acknowledge) -> Facts:
    return Facts(kind="let the operator go on past the vendor's safety check", target=repr(given.message))


async def _operate(means: Means, given: Operate, caller: Caller) -> Result:
    if means.model("operator") is None:
        return Refused(code="no_model", reason=means.missing("operator"))
    bounds = given.within(means.budget)
    budget = replace(
        bounds,
        turns=min(given.max_turns or bounds.turns, bounds.turns),
        actions=min(given.max_actions or bounds.actions, bounds.actions),
    )

    async def work(run: Run) -> Result:
        return await operated(
            means,
            given.task,
            contract_id=given.contract,
            checks=(),
            stakes=given.stakes,
            session=given.session,
            budget=budget,
            run=run,
            caller=caller,
        )

    return await means.runs().begin("operate", given.task, work, caller, wait_s=given.wait_s)


async def _reason(means: Means, given: Reason, caller: Caller) -> Result:
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

    return await means.runs().begin("reason", given.task, work, caller, wait_s=given.wait_s)


async def _run_task(means: Means, given: RunTask, caller: Caller) -> Result:
    recipe = means.recipes.get(given.recipe)
    if recipe is None:
        return no_recipe(means, given.recipe)

    async def work(run: Run) -> Result:
        return await replayed(means, recipe, given.inputs, stakes=given.stakes, run=run, caller=caller)

    return await means.runs().begin("recipe", recipe.title, work, caller, wait_s=given.wait_s)


async def _run_status(means: Means, given: RunStatus, caller: Caller) -> Result:
    run = means.runs().find(given.run, caller)
    return await means.runs().watch(run, caller, wait_s=given.wait_s) if run else _no_run(given.run)


async def _run_cancel(means: Means, given: RunCancel, caller: Caller) -> Result:
    run = means.runs().find(given.run, caller)
    if run is None:
        return _no_run(given.run)
    if run.result is not None:
        return Answer(text=f"{run.handle} had ended already.", data={"run": run.handle})
    means.runs().cancel(run)
    return Answer(text=f"Cancelled {run.handle}; what it did stays done.", data={"run": run.handle})


def _no_run(handle: str) -> Refused:
    reason = f"there is no run {handle!r} in this process; a run ends with the server that started it"
    return Refused(code="unknown_run", reason=reason)


async def _verify(means: Means, given: Verify, caller: Caller) -> Result:
    if given.contract is None:
        return await _registered(means, given, caller)
    contract = means.contracts.get(given.contract)
    if contract is None:
        reason = f"there is no contract {given.contract!r} in this process; register checks before acting"
        return Refused(code="unknown_contract", reason=reason)
    scene = means.scene(contract.session, given.output, caller)
    verdict, audit = await decide(contract, scene=scene, auditor=means.model("thinker"), blocked=given.blocked)
    text = "\n".join([f"Verdict: {verdict.state}", *(f"- {reason}" for reason in verdict.reasons)])
    cost = money(audit_cost(means, audit))
    return Answer(text=text, data=described(verdict) | {"contract": contract.id, "cost_usd": cost})


async def _registered(means: Means, given: Verify, caller: Caller) -> Result:
    if not given.task or not given.checks:
        reason = "before acting: task and checks; afterwards: contract and output"
        return Refused(code="bad_arguments", reason=reason)
    try:
        checks = parse_checks([check.plain() for check in given.checks])
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}" for wrong in error.errors())
        return Refused(code="bad_arguments", reason=f"verify: checks.{'; '.join(problems)}")
    session: str | Refused | None = None
    if given.session is not None or any(check.kind in LOOKS_AT_PAGES for check in checks):
        session = await means.session(given.session, caller)
    if isinstance(session, Refused):
        return session
    scene = means.scene(session, None, caller)
    contract = await register(given.task, checks, stakes=given.stakes, session=session, scene=scene)
    means.contracts[contract.id] = contract
    return _registration(contract)


def _registration(contract: Contract) -> Answer:
    before = {check.id: result.status for check, result in zip(contract.checks, contract.before, strict=True)}
    passed = [check.id for check in contract.checks if before[check.id] == "met" and not check.invariant]
    lines = [f"Registered {contract.id}. Before acting:", *(f"- {id}: {how}" for id, how in before.items())]
    if passed:
        lines.append(f"These pass already and will prove nothing: {', '.join(passed)}. Choose sharper ones.")
    return Answer(text="\n".join(lines), data={"contract": contract.id, "before": before, "vacuous": passed})


async def _acknowledged(means: Means, given: Acknowledge, caller: Caller) -> Result:
    return Answer(text="acknowledged", data={"code": given.code})


_SPECS: tuple[_Spec, ...] = (
    _Spec(
        name="route_task",
        title="Route a task",
        description=(
            "Say who should do a task by its shape (horizon, stakes, surface, tools, context), why, and what "
            "would change it; mode=delegate carries it out."
        ),
        effect="read",
        worst="irreversible",
        arguments=RouteTask,
        act=route_task,
        output=_ROUTED,
        look=_look_route,
        open_world=True,
        deadline_s=_DEADLINE_S,
    ),
    _Spec(
        name="operate",
        title="Operate a browser",
        description="Let the operator model carry out a task in a browser, each action through the gate.",
        effect="irreversible",
        arguments=Operate,
        act=_operate,
        output=_WORKED,
        open_world=True,
        deadline_s=_DEADLINE_S,
    ),
    _Spec(
        name="reason",
        title="Reason and check",
        description="Let the thinker model do a task, audit its own answer in a fresh context, and mend it.",
        effect="idempotent",
        arguments=Reason,
        act=_reason,
        output=_WORKED,
        open_world=True,
        deadline_s=_DEADLINE_S,
    ),
    _Spec(
        name="verify",
        title="Verify",
        description=(
            "Before acting: register checks, run on the state as it is. Afterwards: the verdict, computed from "
            "the checks. PROVEN, REFUTED, UNPROVEN or BLOCKED."
        ),
        effect="idempotent",
        arguments=Verify,
        act=_verify,
        output=_VERIFIED,
        deadline_s=_DEADLINE_S,
    ),
    _Spec(
        name="run_task",
        title="Run a recipe",
        description="Replay a recipe, a learnt UI task, with no model, and prove its result.",
        effect="irreversible",
        arguments=RunTask,
        act=_run_task,
        output=_WORKED,
        open_world=True,
        deadline_s=_DEADLINE_S,
    ),
    _Spec(
        name="run_status",
        title="Wait for a run",
        description="Wait for a run and return its result, or what it is doing.",
        effect="read",
        arguments=RunStatus,
        act=_run_status,
        output=_WORKED,
        deadline_s=_DEADLINE_S,
    ),
    _Spec(
        name="run_cancel",
        title="Cancel a run",
        description="Stop a run. What it has done stays done.",
        effect="idempotent",
        arguments=RunCancel,
        act=_run_cancel,
        output=_schema(run=_TEXT),
    ),
    _Spec(
        name="operate_acknowledge",
        title="Acknowledge a safety check",
        description="Let an operator go on past a safety check of its vendor. Always asks a person.",
        family="safety",
        effect="irreversible",
        arguments=Acknowledge,
        act=_acknowledged,
        output=_schema(code=_TEXT),
        look=_look_acknowledge,
        listed=False,
    ),
)
