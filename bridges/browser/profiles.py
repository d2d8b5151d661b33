"""Named sign-ins: the cookies and storage of a session, kept encrypted on disk, one session at a time.

The key lies beside them, readable by the user alone: this keeps a copied folder or a backup from being a way in, not
a program of the same user.
"""

import json
import os
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self, cast

from anyio import to_thread
from cryptography.fernet import Fernet, InvalidToken

from bridges.browser.words import BrowserError, ProfileLocked

__all__ = ["Lease", "Profiles"]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


class Profiles:
    """Profiles of one data folder. An owner's are out of reach for others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, name: str, *, owner: str) -> dict[str, Any] | None:
        """Take a profile for a session and return what it holds; None for a new one.

        Raises:
            BrowserError: The name is none, or what is kept cannot be read with the key.
            ProfileLocked: Another session has it.
        """
        if not _NAME.fullmatch(name):
            raise BrowserError(f"{name!r} is no name for a profile: small letters, digits and hyphens, at most 41")
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = self._path(name, owner, "lock")
        if not _locked(lock):
            raise ProfileLocked(f"profile {name!r} is used by another session: close that, or open one without it")
        kept = self._path(name, owner, "profile")
        if not kept.is_file():
            return None
        try:
            return cast("dict[str, Any]", json.loads(self._cipher().decrypt(kept.read_bytes())))
        except (InvalidToken, ValueError) as error:
            lock.unlink(missing_ok=True)
            raise BrowserError(
                f"profile {name!r} cannot be read with the key beside it: delete {str(kept)!r} to sign in anew"
            ) from error

    def give_back(self, name: str, state: dict[str, Any] | None, *, owner: str) -> None:
        """Keep what the session holds now, and let others take the profile; None keeps what was kept before."""
        if state is not None:
            kept = self._path(name, owner, "profile")
            _written(kept, self._cipher().encrypt(json.dumps(state).encode()))
        self._path(name, owner, "lock").unlink(missing_ok=True)

    def _path(self, name: str, owner: str, kind: str) -> Path:
        whose = sha256(owner.encode()).hexdigest()[:12]
        return self._folder / f"{whose}-{name}.{kind}"

    def _cipher(self) -> Fernet:
        path = self._folder / "key"
        if not path.is_file():
            _written(path, Fernet.generate_key(), anew=True)
        return Fernet(path.read_bytes())


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A profile in a session's hands; without a name, none."""

    profiles: Profiles | None
    name: str
    owner: str
    state: Any = None

    @classmethod
    async def taken(cls, profiles: Profiles | None, name: str | None, *, owner: str) -> Self:
        """Take a profile, or none if no name is given.

        Raises:
            BrowserError: There is nowhere to keep profiles; or as `Profiles.take`.
        """
        if name is None:
            return cls(profiles=None, name="", owner=owner)
        if profiles is None:
            raise BrowserError("no folder for profiles is configured")
        state = await to_thread.run_sync(lambda: profiles.take(name, owner=owner))
        return cls(profiles=profiles, name=name, owner=owner, state=state)

    async def given_back(self, state: Any) -> None:
        """Keep what the session holds; None keeps what was kept before."""
        if self.profiles is not None:
            give_back = self.profiles.give_back
            await to_thread.run_sync(lambda: give_back(self.name, state, owner=self.owner))


def _written(path: Path, data: bytes, *, anew: bool = False) -> None:
    """Write a file that the user alone can read, whole or not at all; with `anew`, never over another."""
    part = path.with_suffix(f".{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    if anew and path.exists():
        part.unlink()
    else:
        part.replace(path)


def _locked(lock: Path) -> bool:
    """Take the lock; one whose process is gone counts for nothing."""
    for _ in range(2):
        try:
            descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if _is_held(lock):
                return False
            lock.unlink(missing_ok=True)
            continue
        with os.fdopen(descriptor, "w") as file:
            file.write(str(os.getpid()))
        return True
    return False


def _is_held(lock: Path) -> bool:
    try:
        holder = int(lock.read_text() or 0)
        os.kill(holder, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return holder > 0
