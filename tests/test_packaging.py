"""What the wheel and the editable install hold, and that they import their own packages anywhere."""

import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from pointsman import __version__

ROOT = Path(__file__).parents[1]
PACKAGES = ("server", "tools", "bridges", "examples")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """An environment of its own in which Pointsman was installed among foreign packages of the same names."""

    kind: str
    bin: Path
    site_packages: Path
    project: Path

    def run(self, *command: str, **environment: str) -> str:
        """Run a program of the environment in somebody's project and return what it prints, or fail."""
        done = subprocess.run(
            [str(self.bin / command[0]), *command[1:]],
            cwd=self.project,
            env={"PATH": str(self.bin), "HOME": str(self.project.parent), **environment},
            capture_output=True,
            text=True,
            timeout=50,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=50)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module", params=["wheel", "editable"])
def installed(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp(request.param)
    venv.create(folder / "venv", symlinks=True)
    place = {"base": str(folder / "venv"), "platbase": str(folder / "venv")}
    installed = Installed(
        kind=request.param,
        bin=Path(sysconfig.get_path("scripts", "venv", place)),
        site_packages=Path(sysconfig.get_path("purelib", "venv", place)),
        project=folder / "project",
    )
    dependencies = installed.site_packages / "dependencies.pth"
    dependencies.write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    what = [str(wheel)] if installed.kind == "wheel" else ["--no-build-isolation", "--editable", str(ROOT)]
    pip = [sys.executable, "-m", "pip", "--python", str(installed.bin / "python"), "install"]
    subprocess.run(
        [*pip, "--no-deps", "--no-index", "--disable-pip-version-check", *what],
        check=True,
        capture_output=True,
        timeout=50,
    )
    for name in PACKAGES:
        _foreign(installed.site_packages / name)
    for name in (*PACKAGES, "mcp", "anyio", "click"):
        _foreign(installed.project / name)
    return installed


def _foreign(package: Path) -> None:
    package.mkdir(parents=True)
    program = f"raise ImportError('imported the foreign {package.name}')"
    (package / "__init__.py").write_text(program, encoding="utf-8")


def test_the_wheel_spills_no_generic_name_into_site_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        top_level = {name.split("/")[0] for name in archive.namelist()}
    assert top_level == {"pointsman", f"pointsman-{__version__}.dist-info"}


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name.removeprefix("pointsman/") for name in archive.namelist() if ".dist-info/" not in name}
    files = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == files | {"__init__.py", "__main__.py", "py.typed"}


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt", "requirements-bench.txt"])
def test_every_locked_requirement_has_a_hash_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = [entry for entry in re.split(r"\n(?=\S)", text.strip()) if not entry.startswith("#")]
    assert entries
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
    assert re.findall(r"://|--(?:extra-)?index-url|--find-links", text) == []


def test_an_install_imports_its_own_packages(installed: Installed) -> None:
    home = installed.site_packages / "pointsman" if installed.kind == "wheel" else ROOT
    program = (
        "from pointsman.__main__ import own_packages_first; own_packages_first(); "
        f"import {', '.join(PACKAGES)}; print(*({'.__file__, '.join(PACKAGES)}.__file__), sep='\\n')"
    )
    printed = installed.run("python", "-c", program)
    assert [Path(line) for line in printed.splitlines()] == [home / name / "__init__.py" for name in PACKAGES]


@pytest.mark.parametrize("command", [("pointsman",), ("python", "-m", "pointsman")], ids=["script", "module"])
def test_it_starts_in_a_project_with_packages_of_the_same_names(installed: Installed, command: tuple[str, ...]) -> None:
    assert __version__ in installed.run(*command, "--version")
    assert "route_task" in installed.run(*command, "tools")


def test_it_starts_with_the_project_on_the_python_path(installed: Installed) -> None:
    assert __version__ in installed.run("pointsman", "--version", PYTHONPATH=str(installed.project))
