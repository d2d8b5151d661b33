"""route_task: say who should do a task, why, and what would change it; or have it carried out."""

from dataclasses import asdict, replace
from typing import Any, cast

from tools.catalog.work_arguments import RouteTask
from tools.checks import Check
from tools.delegate import composed, operated, reasoned, replayed
from tools.executors import Available, Executor, Missing, executors
from tools.means import Means
from tools.outcome import Answer, Refused
from tools.policy import Caller
from tools.recipes import BadRecipe, checks_of, filled_inputs, output_keys
from tools.registry import Result
from tools.router import Route, route
from tools.shape import Field, TaskShape, infer
from tools.tasks import Run

__all__ = ["no_recipe", "route_task"]

_HOST = (
    "This is for the connected client's own model: register checks with verify, act with the browser_ tools, then "
    "let verify decide."
)


async def route_task(means: Means, given: RouteTask, caller: Caller) -> Result:
    """Decide, and say so; with `mode="delegate"` carry the decision out."""
    if given.recipe is not None and given.recipe not in means.recipes:
        return no_recipe(means, given.recipe)
    shape = infer(given.task, given.shape, len(means.registry()))
    standing = _standing(means, given.recipe)
    decided = route(shape, policy=given.policy, executors=standing, keys=means.keys, pin=given.pin)
    if isinstance(decided, Refused):
        return decided
    try:
        plan, checks = _from_recipe(given, means)
    except BadRecipe as error:
        return Refused(code="bad_inputs", reason=str(error))
    advice = _advice(decided, shape, means)
    if given.mode == "advise":
        return advice
    harness = _possible(decided, given.recipe, means)
    if harness == "host":
        return replace(advice, text=f"{advice.text}\n{_HOST}", data=advice.data | {"carried_out_by": "host"})
    shaped = replace(caller, shape=shape)

    async def work(run: Run) -> Result:
        return await _carried_out(harness, means, given, decided, shape, plan, checks, run, shaped)

    return await means.runs().begin(
        harness,
        given.task,
        work,
        shaped,
        wait_s=given.wait_s,
        preface=f"Routed to {decided.chosen.name}; carried out as {harness}.",
        about={"route": advice.data, "carried_out_by": harness},
    )


async def _carried_out(
    harness: str,
    means: Means,
    given: RouteTask,
    decided: Route,
    shape: TaskShape,
    plan: str,
    checks: tuple[Check, ...],
    run: Run,
    caller: Caller,
) -> Result:
    stakes, budget = shape.stakes.value, means.budget
    match harness:
        case "recipe":
            recipe = means.recipes[given.recipe or decided.chosen.name.removeprefix("recipe:")]
            return await replayed(means, recipe, given.inputs, stakes=stakes, run=run, caller=caller)
        case "operate":
            return await operated(
                means,
                given.task,
                plan=plan,
                contract_id=None,
                checks=checks,
                stakes=stakes,
                session=None,
                budget=budget,
                run=run,
                caller=caller,
            )
        case "composite":
            return await composed(means, given.task, stakes=stakes, session=None, budget=budget, run=run, caller=caller)
        case _:
            return await reasoned(
                means,
                given.task,
                context="",
                contract_id=None,
                schema=None,
                stakes=stakes,
                rounds=2,
                budget=budget,
                run=run,
                caller=caller,
            )


def _standing(means: Means, recipe: str | None) -> tuple[Executor, ...]:
    return executors(
        operator=means.role_names["operator"],
        thinker=means.role_names["thinker"],
        operator_key=means.role_keys["operator"],
        thinker_key=means.role_keys["thinker"],
        recipes=(recipe,) if recipe else (),
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
    lines = [f"What fits: {decided.because}."]
    if isinstance(decided.availability, Missing):
        lines.append(f"What is possible here: {decided.availability.says}.")
    lines += [f"Not {rejected.executor}: {rejected.why}." for rejected in decided.rejected]
    lines += [f"It would change: {flip.says}." for flip in decided.flip_points]
    lines += [f"By {other.policy}: {other.because}." for other in decided.dissents]
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


def no_recipe(means: Means, name: str) -> Refused:
    """Return the refusal of a recipe that is not there, with those that are."""
    known = ", ".join(sorted(means.recipes)) or "none is configured"
    return Refused(code="unknown_recipe", reason=f"there is no recipe {name!r}; known: {known}")
