"""The demo's report: one HTML page that needs nothing else."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jinja2

__all__ = ["Report", "write"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the page shows. Pictures are captions, each with a PNG in base64."""

    task: str
    verdict: str
    reasons: tuple[str, ...]
    criteria: tuple[dict[str, Any], ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    route: str
    executor: str
    label: str
    audit: str
    cost: str
    questions: tuple[str, ...]
    progress: tuple[str, ...]
    pictures: tuple[tuple[str, str], ...]
    trail: tuple[dict[str, str], ...]
    chain: str
    seed: int


def write(path: Path, report: Report) -> None:
    """Write the page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html").render(asdict(report))
    path.write_text(page, encoding="utf-8")
