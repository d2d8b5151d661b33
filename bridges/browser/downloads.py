"""Files that a page sends: saved under a clean, unique name in one folder and nowhere else."""

import hashlib
import re
from pathlib import Path
from urllib.parse import urlsplit

import anyio
from anyio import to_thread
from playwright.async_api import Download as Sent

from bridges.browser.words import Download

__all__ = ["clean_name", "kept", "reserved", "save"]

_LONGEST_NAME = 120
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # devices on Windows


def clean_name(suggested: str) -> str:
    """Return a file name that is only a name: no folder, no hidden file, no device."""
    last = re.split(r"[\\/]", suggested)[-1]
    name = re.sub(r"[^\w .()+-]", "_", last).strip(" .")
    if len(name) > _LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        name = f"{(stem or ending)[: _LONGEST_NAME - 12]}{dot}{ending[:10] if stem else ''}"
    if not name or _RESERVED.fullmatch(name):
        return f"download_{name}" if name else "download"
    return name


async def save(sent: Sent, folder: Path) -> Download:
    """Wait for the file and return where it is; the caller sets the deadline.

    Raises:
        OSError: The folder cannot be written.
        Error: The page or the server gave the download up.
    """
    path = await to_thread.run_sync(reserved, folder, clean_name(sent.suggested_filename))
    try:
        await sent.save_as(path)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(path.unlink, True)
        raise
    size, digest = await to_thread.run_sync(_measured, path)
    return Download(name=path.name, path=str(path), url=_without_query(sent.url), size=size, sha256=digest)


def kept(folder: Path, name: str, data: bytes, url: str) -> Download:
    """Write what was received into a file of its own and return where it is.

    Raises:
        OSError: The folder cannot be written.
    """
    path = reserved(folder, name)
    path.write_bytes(data)
    size, digest = _measured(path)
    return Download(name=path.name, path=str(path), url=_without_query(url), size=size, sha256=digest)


def reserved(folder: Path, name: str) -> Path:
    """Create the file, so that no other download takes the name."""
    folder.mkdir(parents=True, exist_ok=True)
    root = folder.resolve()
    stem, dot, ending = name.rpartition(".")
    for number in range(1, 1_000):
        unique = name if number == 1 else f"{stem}-{number}{dot}{ending}" if stem else f"{name}-{number}"
        path = root / unique
        if path.parent != root:
            break
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            continue
        return path
    raise OSError(f"no free name for {name!r} in the artefact folder")


def _measured(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _without_query(url: str) -> str:
    return urlsplit(url)._replace(query="", fragment="").geturl() if url.startswith("http") else url[:100]
