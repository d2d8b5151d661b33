"""Work carried out: one function for each way that a route can end in. Each reads as its own story.

Every one of them claims, and then lets `verify` decide; what comes back says which state the claim reached, on
what evidence, who acted and who checked, and whether models were live or scripted.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

import anyio
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bridges.model import Image, Model, ModelError, Reply, Request, Said, Text
from tools.asking import Door
from tools.budget import Budget
from tools.checks import Check
from tools.evidence import Verdict
from tools.means import Means
from tools.operate import Operation, operate, tool_specs
from tools.outcome import Answer, Done, Refused, Uncertain
from tools.policy import Caller
from tools.reason import reason
from tools.recipes import BadRecipe, Recipe, checks_of, filled_inputs, replay
from tools.registry import Result
from tools.tasks import Run
from tools.verify import Audit, Contract, decide, described, parse_checks, register

__all__ = ["OPERATOR_TOOLS", "audit_cost", "composed", "money", "operated", "reasoned", "replayed"]

OPERATOR_TOOLS = (
    "browser_navigate",
    "browser_snapshot",
    "browser_click",
    "browser_type",
    "browser_fill_form",
    "browser_select_option",
    "browser_press_key",
    "browser_handle_dialog",
    "browser_wait_for",
    "browser_extract",
    "browser_navigate_back",
    "browser_tabs",
)
_CLOSE_S = 4.0
_PLANNER = """\
You plan work that somebody else will do in a browser, and fix beforehand how its result will be proven.
Give short steps, and checks that fail now and can pass only if the task is really done. Prefer checks that read
back through another channel (a downloaded file) to those that look at the page. Take expectations from the task,
never from a result. Kinds of checks: page_text (text), page_address (contains), row_count (label: words beside
which the page shows the count), total_on_page (column of the output, label), rows_in_download (file pattern,
columns: pairs of output column and file column), downloaded (file pattern)."""


class _PlannedCheck(BaseModel):
    """A check as a planner writes it: every field there, null where it does not apply."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["page_text", "page_address", "row_count", "total_on_page", "rows_in_download", "downloaded"]
    id: str
    about: str
    text: str | None
    contains: str | None
    label: str | None
    column: str | None
    file: str | None
    columns: list[list[str]] | None


class _Plan(BaseModel):
    model_config = ConfigDict(extra="forbid")

    steps: list[str] = Field(description="What to do, in order.")
    risks: list[str] = Field(description="What could go wrong or do harm.")
    checks: list[_PlannedCheck]


async def replayed(
    means: Means, recipe: Recipe, given: dict[str, str], *, stakes: str, run: Run, caller: Caller
) -> Result:
    """Replay a recipe in a session of its own and prove its result."""
    try:
        inputs = filled_inputs(recipe, given)
        checks = checks_of(recipe, inputs)
    except BadRecipe as error:
        return Refused(code="bad_inputs", reason=str(error))
    acting = replace(caller, agent=f"recipe:{recipe.name}", run=run.handle, progress=None)
    door = means.door(run, acting)
    async with _session(means, door, None) as session:
        if isinstance(session, Refused):
            return session
        return await _replayed(means, recipe, inputs, checks, stakes, session, door, run)


async def _replayed(
    means: Means,
    recipe: Recipe,
    inputs: dict[str, str],
    checks: tuple[Check, ...],
    stakes: str,
    session: str,
    door: Door,
    run: Run,
) -> Answer:
    acting = door.caller
    task = " ".join(recipe.task.format_map(inputs).split())
    contract = await register(task, checks, stakes=stakes, session=session, scene=means.scene(session, None, acting))
    keep = means.files(session).write
    done = await replay(recipe, inputs, session=session, door=door, keep=keep, tell=run.tell)
    if done.failure and not done.blocked:
        verdict, audit = Verdict(state="UNPROVEN", reasons=(done.failure,)), Audit(by="none")
    else:
        run.tell("checking the result")
        auditor = None if done.failure else means.model("thinker")
        scene = means.scene(session, done.output, acting)
        verdict, audit = await decide(contract, scene=scene, auditor=auditor, blocked=done.failure)
    data: dict[str, Any] = {
        "executor": f"recipe:{recipe.name}",
        "label": "no model",
        "output": None if done.failure else done.output,
        "steps": done.steps,
        "downloads": done.downloads,
        "pictures": done.pictures,
    }
    return await _concluded(door, session, verdict, audit, data, spent=audit_cost(means, audit))


async def operated(
    means: Means,
    task: str,
    *,
    plan: str = "",
    contract_id: str | None,
    checks: tuple[Check, ...],
    stakes: str,
    session: str | None,
    budget: Budget,
    run: Run,
    caller: Caller,
) -> Result:
    """Let the operator work in the browser, then check what it claims against the contract."""
    operator = means.model("operator")
    if operator is None:
        return Refused(code="no_model", reason=means.missing("operator"))
    acting = replace(caller, agent="pointsman", run=run.handle, progress=None)  # until the operator speaks
    door = means.door(run, acting)
    async with _session(means, door, session) as own:
        if isinstance(own, Refused):
            return own
        contract = await _contract(means, task, contract_id, checks, stakes, own, acting)
        if isinstance(contract, Refused):
            return contract
        return await _operated(means, operator, f"{task}\n{plan}".strip(), contract, own, budget, door, run)


async def _operated(
    means: Means,
    operator: Model,
    task: str,
    contract: Contract,
    own: str,
    budget: Budget,
    door: Door,
    run: Run,
) -> Answer:
    operation = await _operate(means, operator, task, own, budget, door, run)
    run.tell("checking the result")
    if operation.claimed:
        scene = means.scene(own, operation.output, door.caller)
        verdict, audit = await decide(contract, scene=scene, auditor=means.model("thinker"))
    else:
        verdict, audit = Verdict(state="UNPROVEN", reasons=(operation.ended,)), Audit(by="none")
    data: dict[str, Any] = {
        "executor": operator.name,
        "label": ", ".join(sorted(operation.labels)) or "none",
        "claimed": operation.claimed,
        "summary": operation.summary,
        "output": operation.output if operation.claimed else None,
        "ended": operation.ended,
        "downloads": operation.downloads,
        "turns": operation.spent.turns,
        "actions": operation.spent.actions,
    }
    cost = _sum(operation.spent.usd, audit_cost(means, audit))
    return await _concluded(door, own, verdict, audit, data, spent=cost)


async def composed(
    means: Means, task: str, *, stakes: str, session: str | None, budget: Budget, run: Run, caller: Caller
) -> Result:
    """Claude plans and registers the checks, GPT acts, Claude verifies."""
    thinker = means.model("thinker")
    if thinker is None:
        return Refused(code="no_model", reason=means.missing("thinker"))
    run.tell(f"{thinker.name} plans and registers the checks")
    began = anyio.current_time()
    try:
        plan, checks, reply = await _planned(task, thinker)
    except (ModelError, ValidationError) as error:
        return Refused(code="no_plan", reason=f"{thinker.name} gave no usable plan: {error}")
    cost = Decimal(0) if reply.label == "scripted" else means.price(reply.model, reply.usage)
    if budget.usd is not None:
        if cost is None:
            why = (
                f"the price of {reply.model} is unknown, so the money bound cannot be kept;"
                " a person can lift it: [budget] usd = 0"
            )
            return Refused(code="budget", reason=why)
        budget = replace(budget, usd=max(Decimal(0), budget.usd - cost))
    budget = replace(budget, seconds=max(1.0, budget.seconds - (anyio.current_time() - began)))
    steps = "\n".join(f"{number}. {step}" for number, step in enumerate(plan.steps, 1))
    result = await operated(
        means,
        task,
        plan=f"Plan:\n{steps}\nRisks: {'; '.join(plan.risks) or 'none named'}",
        contract_id=None,
        checks=checks,
        stakes=stakes,
        session=session,
        budget=budget,
        run=run,
        caller=caller,
    )
    if not isinstance(result, Answer):
        return result
    planned = {
        "plan": plan.model_dump(),
        "planner": f"{thinker.name}, {reply.label}",
        "planning_cost_usd": money(cost),
        "cost_usd": money(_sum(cost, _read(result.data["cost_usd"]))),
    }
    return replace(result, text=f"{result.text}\nPlanned by {thinker.name}.", data=result.data | planned)


async def reasoned(
    means: Means,
    task: str,
    *,
    context: str,
    contract_id: str | None,
    schema: dict[str, Any] | None,
    stakes: str,
    rounds: int,
    budget: Budget,
    run: Run,
    caller: Caller,
) -> Result:
    """Let the thinker do the work, audit it in another context, and mend it."""
    thinker = means.model("thinker")
    if thinker is None:
        return Refused(code="no_model", reason=means.missing("thinker"))
    contract = await _contract(means, task, contract_id, (), stakes, None, caller)
    if isinstance(contract, Refused):
        return contract
    try:
        thought = await reason(
            task,
            context=context,
            contract=contract,
            schema=schema,
            thinker=thinker,
            rounds=rounds,
            budget=budget,
            price=means.price,
            scene_of=lambda output: means.scene(None, output, caller),
            tell=run.tell,
        )
    except ModelError as error:
        return Refused(code="model_failed", reason=str(error))
    best = thought.best
    cost = means.price(thinker.name, thought.usage) if thought.label == "live" else Decimal(0)
    data = described(best.verdict) | {
        "executor": thinker.name,
        "label": thought.label,
        "output": best.output,
        "rounds": thought.rounds,
        "ended": thought.ended,
        "cost_usd": money(cost),
    }
    return Answer(text=f"{best.text}\n\n{_verdict_text(best.verdict)}", data=data)


async def _planned(task: str, thinker: Model) -> tuple[_Plan, tuple[Check, ...], Reply]:
    said = Said(parts=(Text(text=f"Task:\n{task}"),))
    schema = _Plan.model_json_schema()
    reply = await thinker.reply(Request(instructions=_PLANNER, turns=(said,), schema=schema, effort="high"))
    plan = _Plan.model_validate(reply.data)
    checks = [_check_data(check) | {"expectation": "task"} for check in plan.checks]
    return plan, parse_checks(checks), reply


def _check_data(planned: _PlannedCheck) -> dict[str, Any]:
    data = planned.model_dump(exclude_none=True)
    if planned.columns is not None:
        data["columns"] = {pair[0]: pair[-1] for pair in planned.columns if pair}
    return data


async def _operate(
    means: Means, operator: Model, task: str, session: str, budget: Budget, door: Door, run: Run
) -> Operation:
    registry = means.registry()
    offered = [tool for name in OPERATOR_TOOLS if (tool := registry.find(name)) is not None]
    return await operate(
        task,
        model=operator,
        door=door,
        session=session,
        tools=tool_specs(offered),
        secret_names=means.secret_names,
        computer=means.computer(operator),
        budget=budget,
        price=means.price,
        tell=run.tell,
    )


async def _contract(
    means: Means,
    task: str,
    contract_id: str | None,
    checks: tuple[Check, ...],
    stakes: str,
    session: str | None,
    caller: Caller,
) -> Contract | Refused:
    if contract_id is None:
        scene = means.scene(session, None, caller)
        return await register(task, checks, stakes=stakes, session=session, scene=scene)
    known = means.contracts.get(contract_id)
    if known is None:
        return Refused(code="unknown_contract", reason=f"there is no contract {contract_id!r}; register it anew")
    return known


@asynccontextmanager
async def _session(means: Means, door: Door, given: str | None) -> AsyncGenerator[str | Refused]:
    """Hold the session that was given, or one of the run's own, closed at the end however it ends."""
    if given is not None:
        yield await means.session(given, door.caller)
        return
    outcome, _ = await door.call("browser_new_session", {})
    if not isinstance(outcome, Done):
        why = outcome.reason if isinstance(outcome, Refused | Uncertain) else "nobody allowed it"
        yield Refused(code="no_session", reason=f"a browser session could not be opened: {why}")
        return
    session = str(outcome.answer.data["session"])
    try:
        yield session
    finally:
        with anyio.move_on_after(_CLOSE_S, shield=True):
            await door.call("browser_close", {"session": session})


async def _concluded(
    door: Door,
    session: str,
    verdict: Verdict,
    audit: Audit,
    data: dict[str, Any],
    *,
    spent: Decimal | None,
) -> Answer:
    """Return what came of a run, with a last picture of the page."""
    shot, _ = await door.call("browser_take_screenshot", {"session": session})
    images: tuple[Image, ...] = shot.answer.images if isinstance(shot, Done) else ()
    proof = described(verdict) | {"session": session, "audit": audit.by, "cost_usd": money(spent)}
    text = [_verdict_text(verdict), f"By {data['executor']} ({data['label']}); audit: {audit.by}."]
    output = data.get("output")
    if output and output.get("rows"):
        text.append(f"{len(output['rows'])} rows:")
        text += [" | ".join(str(value) for value in row.values()) for row in output["rows"]]
    return Answer(text="\n".join(text), data=data | proof, images=images)


def _verdict_text(verdict: Verdict) -> str:
    return "\n".join([f"Verdict: {verdict.state}", *(f"- {reason}" for reason in verdict.reasons)])


def audit_cost(means: Means, audit: Audit) -> Decimal | None:
    """Return what an audit cost in US dollars; None when the price of its model is unknown."""
    if audit.by == "none" or "scripted" in audit.by:
        return Decimal(0)
    return means.price(audit.model, audit.usage)


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other


def _read(shown: str) -> Decimal | None:
    return None if shown == "unknown" else Decimal(shown)


def money(value: Decimal | None) -> str:
    """Return an amount in US dollars as results show it."""
    return "unknown" if value is None else f"{value:.4f}"
