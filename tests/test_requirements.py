"""The manifest and the tests agree, in both directions."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.requirements import REQUIREMENTS

ROOT = Path(__file__).parents[1]

SECTIONS_OF_THE_ARTICLE = (
    "The Wrong Question",
    "Claude Opus 4.7",
    "GPT-5.4",
    "The Honest Comparison",
    "The Decision Framework",
    "The Production Architecture",
    "What This Means for Your Stack",
    "Conclusion",
)
POINTS_OF_ISSUE_2 = {"1": 5, "2": 4, "3": 3, "4": 3, "5": 4, "6": 2}
SHOWN_BY_IN_ISSUE_2 = 6
PARTS_OF_ISSUE_3 = 16
SHOWN_BY_IN_ISSUE_3 = ("1", "1b", "1c", "1d", "2", "3", "4", "5", "6")


def test_every_point_of_the_sources_has_a_requirement() -> None:
    sources = {
        *(f"article: {section}" for section in SECTIONS_OF_THE_ARTICLE),
        *(f"issue 2: {part}.{n}" for part, count in POINTS_OF_ISSUE_2.items() for n in range(1, count + 1)),
        *(f"issue 2: shown by {n}" for n in range(1, SHOWN_BY_IN_ISSUE_2 + 1)),
        *(f"issue 3: build.{n}" for n in range(1, PARTS_OF_ISSUE_3 + 1)),
        *(f"issue 3: shown by {n}" for n in SHOWN_BY_IN_ISSUE_3),
    }
    assert {requirement.source for requirement in REQUIREMENTS} == sources


def test_no_two_requirements_share_an_id() -> None:
    ids = Counter(requirement.id for requirement in REQUIREMENTS)
    assert [name for name, count in ids.items() if count > 1] == []


def test_every_requirement_has_tests_or_says_what_is_missing() -> None:
    assert [entry.id for entry in REQUIREMENTS if not entry.tests and not entry.gap] == []


def test_every_test_that_is_named_exists() -> None:
    named = {test for requirement in REQUIREMENTS for test in requirement.tests}
    assert sorted(named - set(_tests())) == []


def test_every_test_file_shows_a_requirement() -> None:
    shown = {test.split("::")[0] for requirement in REQUIREMENTS for test in requirement.tests}
    assert sorted({test.split("::")[0] for test in _tests()} - shown) == []


def _tests() -> Iterator[str]:
    """Yield the id of every test function, read from the source: nothing is imported."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        file = path.relative_to(ROOT).as_posix()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield f"{file}::{node.name}"
