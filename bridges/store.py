"""The disk: the journal and the tickets in one SQLite file, through SQLAlchemy Core.

Several processes may share the file: every transaction is `BEGIN IMMEDIATE`, so that two writers queue
instead of failing, and the head of the chain is read inside the transaction that extends it. A transaction takes
a fraction of a millisecond, less than handing it to a thread and back, so it runs where it is called; a file
locked by another process is waited for without blocking the loop. A durable record is on disk
(`synchronous=FULL`) when `append` returns; the others survive the death of the process, not that of the machine.
What changed nothing is gathered and written in one go, before the next record or after a moment.
"""

import json
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import anyio
import sqlalchemy as sa
from sqlalchemy.event import listen
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from bridges.journal import GENESIS, Answer, Entry, JournalUnavailable, Record, Ticket, chained

__all__ = ["ChainBroken", "Store"]

T = TypeVar("T")
_PATIENCE_S = 5.0  # how long a file locked by another process is waited for
_RETRY_S = 0.003
_GATHER_S = 0.2
_GATHERED_AT_MOST = 500

_metadata = sa.MetaData()
_journal = sa.Table(
    "journal",
    _metadata,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("call", sa.Text, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("agent", sa.Text, nullable=False),
    sa.Column("tool", sa.Text, nullable=False),
    sa.Column("run", sa.Text),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("prev", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Index("journal_by_run", "run", "seq"),
    sqlite_autoincrement=True,  # SQLite then remembers the highest number given, whatever is deleted
)
_tickets = sa.Table(
    "tickets",
    _metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("agent", sa.Text, nullable=False),
    sa.Column("tool", sa.Text, nullable=False),
    sa.Column("binding", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("expires_at", sa.Float, nullable=False),
    sa.Column("run", sa.Text),
    sa.Column("call", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("answered_by", sa.Text, nullable=False),
    sa.Index("tickets_by_binding", "binding"),
    sa.Index("tickets_by_scope", "scope"),
)
_APPEND_ONLY = (
    "create trigger if not exists journal_no_update before update on journal "
    "begin select raise(abort, 'the journal is append-only'); end",
    "create trigger if not exists journal_no_delete before delete on journal "
    "begin select raise(abort, 'the journal is append-only'); end",
)
# The two statements of every call, in the driver's own words: compiling them anew costs as much as the disk does.
# Counted on from the highest number ever given, so that what was removed at the end leaves a gap.
_HEAD = (
    "select (select seq from sqlite_sequence where name = 'journal'),"
    " (select hash from journal order by seq desc limit 1)"
)
_APPEND = f"insert into journal values ({', '.join('?' * len(_journal.columns))})"
_SESSION_ANSWER_LIFE_S = 8 * 3600.0
_ANSWERS: dict[Answer, tuple[str, str]] = {
    "once": ("once", "approved"),
    "session": ("session", "approved"),
    "no": ("declined", "declined"),
}


class ChainBroken(Exception):
    """The journal was changed after it was written. The message names the first entry that does not fit."""


class Store:
    """The journal and the tickets of one data directory. `aclose` it."""

    def __init__(self, directory: Path) -> None:
        """Open or create the store; the directory is readable by its owner only.

        Raises:
            JournalUnavailable: The file cannot be opened or created.
        """
        self.path = directory / "pointsman.sqlite3"
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._relaxed = _engine(self.path, synchronous="NORMAL")
            self._reading = self._relaxed.execution_options(reading=True)  # waits for no writer, holds none up
            self._durable = _engine(self.path, synchronous="FULL")
            self._create()
        except (OSError, SQLAlchemyError) as error:
            raise JournalUnavailable(f"cannot open {self.path}: {error}; check that the folder is writable") from error
        if os.name == "posix":
            self.path.chmod(0o600)
        self._gathered: list[Record] = []
        self._wanted = anyio.Event()

    async def keep_writing(self) -> None:
        """Write what is gathered after a moment, until cancelled. One task of the owner runs this."""
        while True:
            await self._wanted.wait()
            await anyio.sleep(_GATHER_S)
            self._wanted = anyio.Event()
            with suppress(JournalUnavailable):  # what could not be written is kept, for the next time
                await self._unlocked(self._append, None, self._relaxed)

    async def aclose(self) -> None:
        """Write what is still gathered and let go of the file."""
        try:
            with anyio.move_on_after(_PATIENCE_S, shield=True):
                await self._unlocked(self._append, None, self._relaxed)
        finally:
            self._relaxed.dispose()
            self._durable.dispose()

    def _create(self) -> None:
        give_up = time.monotonic() + _PATIENCE_S
        while True:
            try:
                with self._durable.begin() as connection:
                    _metadata.create_all(connection)
                    for statement in _APPEND_ONLY:
                        connection.exec_driver_sql(statement)
                return
            except OperationalError as error:
                if "locked" not in str(error.orig) or time.monotonic() >= give_up:
                    raise

    async def append(self, record: Record, *, durable: bool) -> None:
        """Add a record; with `durable` it is on disk when this returns.

        Raises:
            JournalUnavailable: It could not be written.
        """
        await self._unlocked(self._append, record, self._durable if durable else self._relaxed)

    async def remember(self, record: Record) -> None:
        """Add a record of something that changed nothing; it is written soon, in its place."""
        self._gathered.append(record)
        if len(self._gathered) >= _GATHERED_AT_MOST:
            await self._unlocked(self._append, None, self._relaxed)
        else:
            self._wanted.set()

    async def ask(self, ticket: Ticket, record: Record) -> Ticket:
        """Put the question, or return the open ticket that asks the very same."""
        return await self._unlocked(self._ask, ticket, record)

    async def answer(self, ticket_id: str, answer: Answer, *, by: str, at: float) -> Ticket | None:
        """Record a person's answer; None when there is no open, unexpired ticket of this id."""
        return await self._unlocked(self._answer, ticket_id, answer, by, at)

    async def ticket(self, ticket_id: str) -> Ticket | None:
        """Return the ticket."""
        return await self._unlocked(self._ticket, ticket_id)

    async def take(self, *, binding: str, scope: str, at: float) -> Ticket | None:
        """Spend a "once" that binds this call, or return a "session" that covers it; None without either."""
        return await self._unlocked(self._take, binding, scope, at)

    async def open_tickets(self, *, at: float) -> tuple[Ticket, ...]:
        """Return the questions that wait for an answer, oldest first."""
        return await self._unlocked(self._open_tickets, at)

    async def entries(self, *, run: str | None = None, last: int | None = None) -> tuple[Entry, ...]:
        """Return the journal in order, of one run or of all, the `last` so many of it."""
        return await self._unlocked(self._entries, run, last)

    async def verify(self) -> int:
        """Walk the whole chain and return the number of entries.

        Raises:
            ChainBroken: An entry was changed, removed or moved.
        """
        return await self._unlocked(self._verify)

    async def _unlocked(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run one transaction, again and again while another process holds the lock."""
        deadline = anyio.current_time() + _PATIENCE_S
        while True:
            try:
                return work(*arguments)
            except OperationalError as error:
                if "locked" not in str(error.orig) or anyio.current_time() >= deadline:
                    raise self._unusable(error) from error
            except SQLAlchemyError as error:
                raise self._unusable(error) from error
            await anyio.sleep(_RETRY_S)

    def _unusable(self, error: SQLAlchemyError) -> JournalUnavailable:
        return JournalUnavailable(f"cannot use {self.path}: {error.__cause__ or error}")

    def _append(self, record: Record | None, engine: sa.Engine) -> None:
        gathered, self._gathered = self._gathered, []
        records = [*gathered, record] if record else gathered
        if not records:
            return
        try:
            with engine.begin() as connection:
                _extend(connection, records)
        except SQLAlchemyError:
            self._gathered = gathered + self._gathered
            raise

    def _ask(self, ticket: Ticket, record: Record) -> Ticket:
        with self._durable.begin() as connection:
            same = connection.execute(
                sa.select(_tickets).where(
                    _tickets.c.binding == ticket.binding,
                    _tickets.c.state == "open",
                    _tickets.c.expires_at > ticket.created_at,
                )
            ).first()
            if same:
                return _ticket_of(same)
            connection.execute(_tickets.insert().values(**_row(ticket), call=record.call))
            _extend(connection, [record])
            return ticket

    def _answer(self, ticket_id: str, answer: Answer, by: str, at: float) -> Ticket | None:
        state, kind = _ANSWERS[answer]
        with self._durable.begin() as connection:
            row = connection.execute(
                sa.select(_tickets).where(
                    _tickets.c.id == ticket_id, _tickets.c.state == "open", _tickets.c.expires_at > at
                )
            ).first()
            if row is None:
                return None
            changes: dict[str, Any] = {"state": state, "answered_by": by}
            if answer == "session":
                changes["expires_at"] = at + _SESSION_ANSWER_LIFE_S
            connection.execute(_tickets.update().where(_tickets.c.id == ticket_id).values(**changes))
            record = Record(
                kind="approved" if kind == "approved" else "declined",
                at=at,
                call=row.call,
                principal=row.principal,
                agent=row.agent,
                tool=row.tool,
                run=row.run,
                body={"ticket": ticket_id, "answer": answer, "by": by},
            )
            _extend(connection, [record])
            return _read_ticket(connection, ticket_id)

    def _ticket(self, ticket_id: str) -> Ticket | None:
        with self._reading.connect() as connection:
            return _read_ticket(connection, ticket_id)

    def _take(self, binding: str, scope: str, at: float) -> Ticket | None:
        with self._durable.begin() as connection:
            fresh = _tickets.c.expires_at > at
            once = connection.execute(
                sa.select(_tickets).where(_tickets.c.binding == binding, _tickets.c.state == "once", fresh)
            ).first()
            if once:
                connection.execute(_tickets.update().where(_tickets.c.id == once.id).values(state="spent"))
                return _ticket_of(once)
            session = connection.execute(
                sa.select(_tickets).where(_tickets.c.scope == scope, _tickets.c.state == "session", fresh)
            ).first()
            return _ticket_of(session) if session else None

    def _open_tickets(self, at: float) -> tuple[Ticket, ...]:
        with self._reading.connect() as connection:
            rows = connection.execute(
                sa.select(_tickets)
                .where(_tickets.c.state == "open", _tickets.c.expires_at > at)
                .order_by(_tickets.c.created_at)
            )
            return tuple(_ticket_of(row) for row in rows)

    def _entries(self, run: str | None, last: int | None) -> tuple[Entry, ...]:
        self._append(None, self._relaxed)
        query = sa.select(_journal).order_by(_journal.c.seq.desc()).limit(last)
        if run is not None:
            query = query.where(_journal.c.run == run)
        with self._reading.connect() as connection:
            return tuple(_entry_of(row) for row in reversed(connection.execute(query).all()))

    def _verify(self) -> int:
        self._append(None, self._relaxed)
        prev, seq = GENESIS, 0
        with self._reading.connect() as connection:
            for row in connection.execute(sa.select(_journal).order_by(_journal.c.seq)):
                try:
                    entry = _entry_of(row)
                except ValueError as error:
                    raise ChainBroken(f"entry {row.seq} was changed after it was written: it is no record") from error
                if entry.seq != seq + 1:
                    raise ChainBroken(f"entry {seq + 1} is missing: entry {entry.seq} follows entry {seq}")
                if entry.prev != prev or entry.hash != chained(prev, entry.record):
                    raise ChainBroken(f"entry {entry.seq} was changed after it was written")
                prev, seq = entry.hash, entry.seq
            given = connection.exec_driver_sql("select seq from sqlite_sequence where name = 'journal'").scalar() or 0
        if seq < given:
            raise ChainBroken(f"entries {seq + 1} to {given} are missing at the end")
        return seq


def _engine(path: Path, *, synchronous: str) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 0})

    def prepare(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        connection.execute("pragma journal_mode=wal")
        connection.execute(f"pragma synchronous={synchronous}")

    def begin(connection: sa.Connection) -> None:
        reading = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("begin" if reading else "begin immediate")

    listen(engine, "connect", prepare)
    listen(engine, "begin", begin)
    return engine


def _extend(connection: sa.Connection, records: list[Record]) -> None:
    given, newest = connection.exec_driver_sql(_HEAD).one()
    seq, prev = int(given or 0), newest or GENESIS
    rows: list[tuple[Any, ...]] = []
    for record in records:
        seq, own = seq + 1, chained(prev, record)
        rows.append(
            (
                seq,
                record.kind,
                record.at,
                record.call,
                record.principal,
                record.agent,
                record.tool,
                record.run,
                json.dumps(record.body),
                prev,
                own,
            )
        )
        prev = own
    connection.exec_driver_sql(_APPEND, rows)


def _entry_of(row: Any) -> Entry:
    record = Record(
        kind=row.kind,
        at=row.at,
        call=row.call,
        principal=row.principal,
        agent=row.agent,
        tool=row.tool,
        run=row.run,
        body=json.loads(row.body),
    )
    return Entry(seq=row.seq, record=record, prev=row.prev, hash=row.hash)


def _row(ticket: Ticket) -> dict[str, Any]:
    return {name: getattr(ticket, name) for name in Ticket.__dataclass_fields__}


def _ticket_of(row: Any) -> Ticket:
    return Ticket(**{name: getattr(row, name) for name in Ticket.__dataclass_fields__})


def _read_ticket(connection: sa.Connection, ticket_id: str) -> Ticket | None:
    row = connection.execute(sa.select(_tickets).where(_tickets.c.id == ticket_id)).first()
    return _ticket_of(row) if row else None
