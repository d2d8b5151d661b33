"""Who is logged in: server-side sessions behind a cookie, CSRF tokens, and the lock after failed attempts."""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import compare_digest, token_urlsafe
from typing import Literal

__all__ = ["Session", "Sessions", "same"]

_FAILURES_ALLOWED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """`user` is empty until somebody has logged in; `csrf` is what a form of this session must send back."""

    token: str
    csrf: str
    user: str = ""


class Sessions:
    """The sessions of one running portal. They end `lasting` seconds after their last use."""

    def __init__(self, *, user: str, password: str, lasting: float, locked: float, clock: Callable[[], float]) -> None:
        self._user = user
        self._password = password
        self._lasting = lasting
        self._locked = locked
        self._clock = clock
        self._used: dict[str, tuple[Session, float]] = {}
        self._failures: list[tuple[str, float]] = []

    def open(self, user: str = "") -> Session:
        """A new session, under a token nobody has seen before."""
        now = self._clock()
        self._used = {token: kept for token, kept in self._used.items() if now - kept[1] < self._lasting}
        session = Session(token=token_urlsafe(24), csrf=token_urlsafe(24), user=user)
        self._used[session.token] = (session, now)
        return session

    def find(self, token: str) -> Session | None:
        """The session of a cookie, if it has not ended; being found is being used."""
        now = self._clock()
        session, used = self._used.get(token, (None, now))
        if session is None or now - used >= self._lasting:
            return None
        self._used[token] = (session, now)
        return session

    def close(self, session: Session) -> None:
        """End a session at once."""
        self._used.pop(session.token, None)

    def log_in(self, session: Session, user: str, password: str) -> Session | Literal["refused", "locked"]:
        """A fresh session for the right name and password; `session` ends with it.

        The fifth failure for a name within the lock time locks that name, known or not, for as long.
        """
        if self.is_locked(user):
            return "locked"
        # Both are compared always, so that the answer's time does not tell which one was wrong.
        if same(user, self._user) & same(password, self._password):
            self._failures = [failure for failure in self._failures if failure[0] != user]
            self.close(session)
            return self.open(user)
        self._failures.append((user, self._clock()))
        return "locked" if self.is_locked(user) else "refused"

    def is_locked(self, user: str) -> bool:
        """Whether attempts for this name are refused for now."""
        now = self._clock()
        self._failures = [failure for failure in self._failures if now - failure[1] < self._locked]
        return sum(name == user for name, _ in self._failures) >= _FAILURES_ALLOWED


def same(one: str, other: str) -> bool:
    """Equality in constant time, for any text."""
    return compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
