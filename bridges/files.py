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

    def marks(self) -> frozenset[str]:
        """Return a mark for each file directly under the root, that differs when the file does."""
        root = self.directory.resolve()
        return frozenset(_mark(path) for path in root.iterdir() if path.is_file()) if root.is_dir() else frozenset()

    def newest(self, pattern: str, *, but: frozenset[str] = frozenset()) -> Path | None:
        """Return the youngest file directly under the root that matches the glob pattern; not one of `but`."""
        root = self.directory.resolve()
        if not root.is_dir() or "/" in pattern or "\\" in pattern:
            return None
        files = [path for path in root.glob(pattern) if path.is_file() and path.resolve().is_relative_to(root)]
        files = [path for path in files if _mark(path) not in but]
        return max(files, key=lambda path: (path.stat().st_mtime_ns, path.name), default=None)


def _mark(path: Path) -> str:
    facts = path.stat()
    return f"{path.name} {facts.st_size} {facts.st_mtime_ns}"
