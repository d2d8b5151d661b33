"""What is measured: an act on a page, and what it takes to see what came of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.browser.drivers import Driver
from bench.browser.pages import FIELDS

__all__ = ["MEASURES", "Measure", "form_task"]

Act = Callable[[Driver, str], Awaitable[str]]  # takes the address of the page, returns what was read


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """An act that is repeated on a page that is open already. `aim` is how many times faster it ought to be."""

    name: str
    page: str
    act: Act
    repeats: int = 12
    aim: float | None = None


async def _open(driver: Driver, url: str) -> str:
    return await driver.open(url)


async def _look(driver: Driver, url: str) -> str:
    return await driver.act("browser_snapshot", {})


async def _picture(driver: Driver, url: str) -> str:
    return await driver.act("browser_take_screenshot", {})


async def _type(driver: Driver, url: str) -> str:
    driver.typed += 1
    target = driver.refs['textbox "City"']
    return await driver.see("browser_type", {"target": target, "text": f"Basel {driver.typed}"})


async def _fill(driver: Driver, url: str) -> str:
    driver.typed += 1
    fields = [driver.field("textbox", name, f"{name} {driver.typed}") for name in FIELDS]
    return await driver.see("browser_fill_form", {"fields": fields})


def _click(name: str) -> Act:
    async def act(driver: Driver, url: str) -> str:
        return await driver.see("browser_click", {"target": driver.refs[f'button "{name}"']})

    return act


MEASURES = (
    Measure(name="static: open", page="static", act=_open),
    Measure(name="static: snapshot", page="static", act=_look),
    Measure(name="static: click", page="static", act=_click("Count"), repeats=20, aim=5),
    Measure(name="static: screenshot", page="static", act=_picture),
    Measure(name="form: type", page="form", act=_type),
    Measure(name="form: fill eight", page="form", act=_fill),
    Measure(name="table: open", page="table", act=_open),
    Measure(name="table: snapshot", page="table", act=_look),
    Measure(name="table: click", page="table", act=_click("Count"), aim=2.5),
    Measure(name="cards: open", page="cards", act=_open),
    Measure(name="cards: snapshot", page="cards", act=_look),
    Measure(name="cards: click", page="cards", act=_click("Count")),
    Measure(name="asking: click", page="asking", act=_click("Ask")),
)


async def form_task(driver: Driver, url: str) -> tuple[list[str], list[str]]:
    """Fill a form in ten steps; return what was read in all, and what the acts alone answered."""
    await driver.open(url)
    acts: list[str] = []
    read: list[str] = []
    for name in FIELDS:
        typing = {"target": driver.refs[f'textbox "{name}"'], "text": f"My {name}"}
        acts.append(await driver.act("browser_type", typing))
        read.append(await driver.seen())
    acts.append(await driver.choose("Country", "Italy"))
    read.append(await driver.seen())
    acts.append(await driver.act("browser_click", {"target": driver.refs['button "Show"']}))
    read.append(await driver.seen())
    if "Shown: My First name" not in (acts[-1] + read[-1]):
        raise RuntimeError(f"{driver.name}: the form task did not end as it should: {acts[-1]}")
    return [*acts, *read], acts
