"""`python -m bench.browser.settle`: is what is read after a click the end of the page's reaction, and how long did it
take; ours beside the reference, on the behaviours of `tests/site/settle`.

A reaction that ends counts when its end was read. One that does not end counts when the answer says what is pending.
"""

import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import anyio

from bench.browser.behaviours import ENDLESS, behaviours
from bench.browser.drivers import NAMES, Driver, Name, started
from bench.browser.site import DONE, served

__all__ = ["main"]

_PENDING = "Still pending: "
_DEADLINE_S = 900


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read after a click, and after how long."""

    text: str
    seconds: float

    @property
    def outcome(self) -> str:
        return "end" if DONE in self.text else "told" if _PENDING in self.text else "neither"


def main() -> None:
    """Measure and print."""
    found = anyio.run(_all_clicked)
    print(f"{'':26}" + "".join(f"{name:>20}" for name in NAMES))
    for behaviour, reads in found.items():
        cells = (f"{reads[name].outcome:>10}{reads[name].seconds * 1e3:7.0f} ms" for name in NAMES)
        print(f"{behaviour:26}" + "".join(cells))
    ending = [reads for behaviour, reads in found.items() if behaviour not in ENDLESS]
    endless = [found[behaviour] for behaviour in found if behaviour in ENDLESS]
    for name in NAMES:
        print(
            f"{name:10} the end was read {_count(ending, name, 'end')} of {len(ending)} times, and said to be pending "
            f"{_count(ending, name, 'told')} times; what has no end was told {_count(endless, name, 'told')} of "
            f"{len(endless)} times; median {_median(ending, name):.0f} ms"
        )


def _count(reads: list[dict[Name, _Read]], name: Name, outcome: str) -> int:
    return sum(read[name].outcome == outcome for read in reads)


def _median(reads: list[dict[Name, _Read]], name: Name) -> float:
    return statistics.median(read[name].seconds * 1e3 for read in reads)


async def _all_clicked() -> dict[str, dict[Name, _Read]]:
    with tempfile.TemporaryDirectory() as folder, served() as origin:
        async with AsyncExitStack() as stack:
            stack.enter_context(anyio.fail_after(_DEADLINE_S))
            drivers = [await stack.enter_async_context(started(name, _own(folder, name), origin)) for name in NAMES]
            return {
                behaviour: {
                    driver.name: await _clicked(driver, f"{origin}/settle/?case={behaviour}") for driver in drivers
                }
                for behaviour in behaviours()
            }


def _own(folder: str, name: Name) -> Path:
    own = Path(folder) / name
    own.mkdir()
    return own


async def _clicked(driver: Driver, url: str) -> _Read:
    await driver.open(url)
    began = time.perf_counter()
    try:
        text = await driver.see("browser_click", {"target": driver.refs['button "Go"']})
    except RuntimeError as error:  # it could not see the page
        text = str(error)
    return _Read(text, time.perf_counter() - began)


if __name__ == "__main__":
    main()
