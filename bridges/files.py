"""A rooted directory that refuses to leave its root, links included."""

from pathlib import Path

__all__ = ["OutsideRoot", "Root"]


class OutsideRoot(Exception):
    """The path leads out of the directory, or to nothing in it."""


class Root:
    """Files under one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, relative: str) -> Path:
        """Return the real path of an existing file.

        Raises:
            OutsideRoot: There is no such file under the root.
        """
        root = self.directory.resolve()
        found = (root / relative).resolve()
        if not found.is_relative_to(root) or not found.is_file():
            raise OutsideRoot(f"{relative!r} is not a file under {root.name!r}")
        return found

    def write(self, name: str, data: bytes) -> Path:
        """Write a file directly under the root and return its path.

        Raises:
            OutsideRoot: The name leads elsewhere.
        """
        root = self.directory.resolve()
        target = root / name
        if target.parent != root or target.is_symlink():
            raise OutsideRoot(f"{name!r} is not a name for a file under {root.name!r}")
        root.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return target

    def newest(self, pattern: str) -> Path | None:
        """Return the youngest file directly under the root whose name matches the glob pattern."""
        root = self.directory.resolve()
        if not root.is_dir() or "/" in pattern or "\\" in pattern:
            return None
        files = [path for path in root.glob(pattern) if path.is_file() and path.resolve().is_relative_to(root)]
        return max(files, key=lambda path: (path.stat().st_mtime_ns, path.name), default=None)
