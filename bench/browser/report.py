"""The figures as a table, and which aims they meet."""

import json
from collections.abc import Iterator
from pathlib import Path

import anyio

from bench.browser.compare import Figures, compared
from bench.browser.measures import MEASURES

__all__ = ["main"]

_FEWER = 20  # times; how many fewer tokens the form task ought to take
_MOST_DEFINED = 4_000  # tokens
_COLUMNS = ("p50 ms", "p95 ms", "characters", "tokens", "MiB")


def main(path: Path | None = None) -> dict[str, Figures]:
    """Measure, print, save if asked to, and return the figures."""
    figures = anyio.run(compared)
    print(f"{'ours / reference':24}" + "".join(f"{column:>19}" for column in _COLUMNS) + f"{'times faster':>14}")
    for what, found in figures.items():
        print(_row(what, found))
    print()
    for aim, met, measured in _aims(figures):
        print(f"{'met' if met else 'NOT MET':8} {aim}: {measured}")
    if path is not None:
        path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return figures


def _row(what: str, found: Figures) -> str:
    cells = (
        f"{found[f'ours {column}']:,.0f} / {found[f'reference {column}']:,.0f}" if f"ours {column}" in found else ""
        for column in _COLUMNS
    )
    faster = f"{found['times faster']:.1f}" if "times faster" in found else ""
    return f"{what:24}" + "".join(f"{cell:>19}" for cell in cells) + f"{faster:>14}"


def _aims(figures: dict[str, Figures]) -> Iterator[tuple[str, bool, str]]:
    for measure in MEASURES:
        if measure.aim is not None:
            faster = figures[measure.name]["times faster"]
            yield f"{measure.name}, at least {measure.aim:g} times faster", faster >= measure.aim, f"{faster:.1f}"
    task = figures["form task, ten steps"]
    fewer = task["reference tokens"] / task["ours tokens"]
    yield f"form task, at most 1/{_FEWER} of the tokens", fewer >= _FEWER, f"1/{fewer:.1f}"
    faster = figures["start to first page"]["times faster"]
    yield "start to first page, no slower", faster >= 1, f"{faster:.2f} times faster"
    defined = figures["definitions"]["ours tokens"]
    yield f"definitions, fewer than {_MOST_DEFINED:,} tokens", defined < _MOST_DEFINED, f"{defined:,.0f}"
