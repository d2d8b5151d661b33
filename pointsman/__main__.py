"""The way in: makes sure that `server`, `tools` and `bridges` are ours, then starts the command line.

Clients start servers inside people's projects, which have a `tools/` of their own, and so may site-packages.
"""

import sys
from pathlib import Path

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    own_packages_first()
    from server.cli import main as command_line  # here: only now does `server` mean ours

    command_line()


def own_packages_first() -> None:
    """Put the folder of our packages first on the import path, and take the working directory off it."""
    inside = Path(__file__).resolve().parent
    home = str(inside if (inside / "server").is_dir() else inside.parent)
    unwanted = {"", home, _working_directory()}
    sys.path[:] = [home, *(entry for entry in sys.path if entry not in unwanted)]


def _working_directory() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError:  # it was removed after we were started in it
        return ""


if __name__ == "__main__":
    main()
