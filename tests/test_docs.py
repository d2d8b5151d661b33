"""What the pages say is there, is there."""

import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from docs import generate_tools
from pointsman import __version__
from server.cli import command_line
from server.config import load
from tests.house import configured, connected

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DESIGN = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")


async def test_the_tool_reference_is_current() -> None:
    wanted = await generate_tools.page()
    assert (ROOT / "docs" / "tools.md").read_text(encoding="utf-8") == wanted, "run python -m docs.generate_tools"


async def test_every_tool_that_the_readme_names_is_listed(tmp_path: Path) -> None:
    async with connected(configured(tmp_path)) as house:
        listed = {tool.name for tool in (await house.client.list_tools()).tools}
    section = README.partition("## Use it")[2].partition("## Configure it")[0]
    named = set(re.findall(r"`([a-z_]+)`", section)) - {"servers"}
    assert named
    assert named <= listed


def test_every_command_that_the_pages_name_exists() -> None:
    for text in (README, DESIGN):
        for command in re.findall(r"`pointsman ([a-z]+)", text):
            assert command in command_line.commands, command


def test_the_readme_has_exactly_two_commands_to_set_everything_up() -> None:
    block = README.partition("```sh\n")[2].partition("```")[0]
    assert [line.split("#")[0].strip() for line in block.splitlines()] == ["make demo", "make test"]
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"demo", "test", "check", "bench", "nightly"} <= set(targets)


def test_the_configuration_of_the_readme_is_one(tmp_path: Path) -> None:
    block = README.partition("```toml\n")[2].partition("```")[0]
    assert tomllib.loads(block)
    (tmp_path / "pointsman.toml").write_text(block, encoding="utf-8")
    config = load(tmp_path / "pointsman.toml", environment={"POINTSMAN_SECRET_PORTAL_PASSWORD": "x"})
    assert config.secrets().missing() == ()
    assert config.browser.origins == ("https://reports.example",)


def test_every_module_that_the_design_names_exists() -> None:
    for room, section in re.findall(r"^### (bridges|tools|server)\n(.*?)(?=^#)", DESIGN, re.MULTILINE | re.DOTALL):
        named = re.findall(r"`([a-z_]+(?:\.py|/))`", section)
        assert named
        for name in named:
            assert (ROOT / room / name).exists(), f"{room}/{name}"


def test_every_module_has_its_line_in_the_design() -> None:
    for room in ("bridges", "tools", "server"):
        for module in sorted((ROOT / room).glob("*.py")):
            if module.name != "__init__.py" and not module.stem.endswith(("_wire", "_actions", "_errors")):
                assert f"`{module.name}`" in DESIGN, f"{room}/{module.name} is not in docs/design.md"


def test_the_papers_are_there() -> None:
    assert "Apache License\n" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    heads = re.findall(r"^## \[?([^\]\s]+)", changes, re.MULTILINE)
    assert {"Unreleased", __version__} & set(heads)
    agents = (ROOT / "AGENTS.md").read_text(encoding="utf-8")
    for command in ("make test", "make check"):
        assert command in agents


def test_every_decision_is_numbered_once() -> None:
    numbers = [path.name[:3] for path in (ROOT / "docs" / "decisions").glob("*.md")]
    assert numbers
    assert sorted(numbers) == [f"{number:03}" for number in range(1, len(numbers) + 1)]


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "AGENTS.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_help_is_there_for_every_command() -> None:
    runner = CliRunner()
    for name in command_line.commands:
        told = runner.invoke(command_line, [name, "--help"])
        assert told.exit_code == 0
        assert "Usage: " in told.output


def test_every_row_of_the_browsers_table_names_a_test() -> None:
    text = (ROOT / "docs" / "browser.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if re.match(r"\| .* \| [yn] \|", line)]
    named = [re.search(r"`(test_\w+\.py)::(test_\w+)`", row) for row in rows]
    assert len(rows) > 20
    for row, found in zip(rows, named, strict=True):
        assert found, row
        assert f"def {found[2]}(" in (ROOT / "tests" / found[1]).read_text(encoding="utf-8"), row
