"""Both servers in one run, in turn, so that a busy moment of the machine hits both alike; and what came of it."""

import json
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from bench.browser.drivers import NAMES, Driver, Name, started
from bench.browser.measures import MEASURES, Measure, form_task
from bench.browser.site import served
from bench.browser.tokens import O200K, counted

__all__ = ["Figures", "compared"]

_STARTS = 5
_DEADLINE_S = 900
Figures = dict[str, float]


@dataclass(slots=True)
class _Times:
    """What one kind of act took and gave, by server."""

    seconds: dict[Name, list[float]] = field(default_factory=lambda: {name: [] for name in NAMES})
    texts: dict[Name, str] = field(default_factory=lambda: dict.fromkeys(NAMES, ""))

    def note(self, name: Name, seconds: float, text: str) -> None:
        self.seconds[name].append(seconds)
        self.texts[name] = text

    def figures(self) -> Figures:
        found: Figures = {}
        for name in NAMES:
            taken = sorted(self.seconds[name])
            found[f"{name} p50 ms"] = statistics.median(taken) * 1e3
            found[f"{name} p95 ms"] = taken[min(len(taken) - 1, round(0.95 * len(taken)))] * 1e3
            found[f"{name} characters"] = len(self.texts[name])
        found["times faster"] = found["reference p50 ms"] / found["ours p50 ms"]
        return found


@asynccontextmanager
async def _both(folder: Path, origin: str) -> AsyncGenerator[list[Driver]]:
    async with AsyncExitStack() as stack:
        drivers: list[Driver] = []
        for name in NAMES:
            own = folder / name
            own.mkdir(exist_ok=True)
            drivers.append(await stack.enter_async_context(started(name, own, origin)))
        yield drivers


async def compared() -> dict[str, Figures]:
    """Measure everything; return the figures by measure."""
    with tempfile.TemporaryDirectory() as name, served() as origin:
        folder = Path(name)
        with anyio.fail_after(_DEADLINE_S):
            times = {"start to first page": await _starts(folder, origin)}
            async with _both(folder, origin) as drivers:
                for measure in MEASURES:
                    times[measure.name] = await _repeated(measure, drivers, f"{origin}/{measure.page}")
                memory = {f"{driver.name} MiB": driver.memory() / 2**20 for driver in drivers}
                tasks = {driver.name: await form_task(driver, f"{origin}/form") for driver in drivers}
                tools = {driver.name: await _definitions(driver) for driver in drivers}
    figures = {what: taken.figures() for what, taken in times.items()} | {"memory of one session": memory}
    texts = {what: taken.texts for what, taken in times.items()}
    texts["form task, ten steps"] = {name: "\n".join(tasks[name][0]) for name in NAMES}
    texts["form task, acts alone"] = {name: "\n".join(tasks[name][1]) for name in NAMES}
    texts["definitions"] = {name: tools[name] for name in NAMES}
    return _with_tokens(figures, texts)


async def _starts(folder: Path, origin: str) -> _Times:
    times = _Times()
    for at in range(_STARTS):
        for name in NAMES:
            own = folder / f"{name}-{at}"
            own.mkdir()
            times.note(name, *await _started(name, own, origin))
    return times


async def _started(name: Name, folder: Path, origin: str) -> tuple[float, str]:
    """Return the seconds from no process to the first page read, and what was read."""
    began = time.perf_counter()
    async with started(name, folder, origin) as driver:
        text = await driver.open(f"{origin}/static")
        return time.perf_counter() - began, text


async def _repeated(measure: Measure, drivers: list[Driver], url: str) -> _Times:
    times = _Times()
    for driver in drivers:
        await driver.open(url)
        await measure.act(driver, url)  # the first one warms everything up
    for _ in range(measure.repeats):
        for driver in drivers:
            began = time.perf_counter()
            text = await measure.act(driver, url)
            times.note(driver.name, time.perf_counter() - began, text)
    return times


async def _definitions(driver: Driver) -> str:
    """Return the tools as a model is given them."""
    tools = (await driver.client.list_tools()).tools
    kept = [{"name": t.name, "description": t.description, "input_schema": t.input_schema} for t in tools]
    return json.dumps(kept, ensure_ascii=False)


def _with_tokens(figures: dict[str, Figures], texts: dict[str, dict[Name, str]]) -> dict[str, Figures]:
    keys: list[tuple[str, Name]] = [(what, name) for what in texts for name in NAMES]
    unit, counts = counted(texts[what][name] for what, name in keys)
    if unit != O200K:
        print(f"No tables of {O200K} (npm was not to be had): tokens are {unit}.")
    for (what, name), count in zip(keys, counts, strict=True):
        figures.setdefault(what, {})[f"{name} tokens"] = count
    return figures
