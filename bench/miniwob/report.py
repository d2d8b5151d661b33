"""MiniWoB++ through the tools: what scripted policies solve that see text alone; calls, tokens and seconds it takes.

No model plays: the policies are scripted. Whatever a server asks a person is answered with yes, and counted.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import anyio

from bench.browser.tokens import counted
from bench.miniwob.hand import NAMES, Name
from bench.miniwob.run import POLICIES, Episode, Total, episodes, total
from bench.miniwob.site import tasks as all_tasks

__all__ = ["main"]

_GOOD = 0.8  # of the episodes of a task; then it counts as solvable
Totals = dict[str, dict[str, Total]]


def main(*, tasks: Sequence[str] = (), seeds: int = 5, reference: bool = False, path: Path | None = None) -> Totals:
    """Measure, print, save if asked to, and return the totals by task and server."""
    if unknown := [task for task in tasks if task not in POLICIES]:
        raise SystemExit(f"no policy for {', '.join(unknown)}; there are: {', '.join(sorted(POLICIES))}")
    names = NAMES if reference else NAMES[:1]
    chosen = list(tasks or sorted(POLICIES))
    found = anyio.run(_gathered, names, chosen, seeds)
    unit, tokens = counted("\n".join(episode.answers) for episode in found)
    totals = {
        task: {name: _total(found, tokens, name, {task}) for name in names} for task in chosen
    } | {"all": {name: _total(found, tokens, name, set(chosen)) for name in names}}  # fmt: skip
    for line in _table(totals, names, unit):
        print(line)
    for line in _summary(found, totals, names, chosen):
        print(line)
    if path is not None:
        path.write_text(json.dumps(_data(found, totals, unit), indent=1) + "\n", encoding="utf-8")
    return totals


async def _gathered(names: Sequence[Name], tasks: Sequence[str], seeds: int) -> list[Episode]:
    return [episode async for episode in episodes(names, tasks, seeds)]


def _total(found: Sequence[Episode], tokens: Sequence[int], name: Name, tasks: set[str]) -> Total:
    chosen = [at for at, episode in enumerate(found) if episode.name == name and episode.task in tasks]
    return total([found[at] for at in chosen], [tokens[at] for at in chosen])


def _table(totals: Totals, names: Sequence[Name], unit: str) -> Iterator[str]:
    yield f"{'':30}" + "".join(f"{name:>36}" for name in names)
    yield f"{'medians of what was solved':30}" + f"{'solved  calls   tokens   seconds':>36}" * len(names)
    for task, by_name in totals.items():
        yield f"{task:30}" + "".join(f"{_cells(by_name[name]):>36}" for name in names)
    yield f"tokens: {unit} of the answers"


def _cells(found: Total) -> str:
    return f"{found.solved:>3}/{found.episodes:<3}{found.steps:6.0f} {found.tokens:8,.0f} {found.seconds:9.2f}"


def _summary(found: Sequence[Episode], totals: Totals, names: Sequence[Name], tasks: Sequence[str]) -> Iterator[str]:
    there = len(all_tasks())
    for name in names:
        good = sum(totals[task][name].solved >= _GOOD * totals[task][name].episodes for task in tasks)
        questions = sum(episode.questions for episode in found if episode.name == name)
        yield f"{name}: {good} of {len(tasks)} tasks that have a policy solved in {_GOOD:.0%} of the episodes or more"
        yield f"{name}: {questions} questions to a person, all answered with yes"
    yield f"{there - len(POLICIES)} of the {there} tasks have no policy: they want eyes, or a policy that nobody wrote"
    first: dict[tuple[Name, str], Episode] = {}
    for episode in found:
        if not episode.solved:
            first.setdefault((episode.name, episode.task), episode)
    for episode in first.values():
        why = episode.why.partition("\n")[0][:200]
        yield f"unsolved: {episode.name} {episode.task} seed {episode.seed}, reward {episode.reward:g}: {why}"


def _data(found: Sequence[Episode], totals: Totals, unit: str) -> dict[str, object]:
    return {
        "unit": unit,
        "policies": "scripted",
        "totals": {task: {name: asdict(of) for name, of in by_name.items()} for task, by_name in totals.items()},
        "unsolved": [
            {"name": one.name, "task": one.task, "seed": one.seed, "reward": one.reward, "why": one.why}
            for one in found
            if not one.solved
        ],
    }
