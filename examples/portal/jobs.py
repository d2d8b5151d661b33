"""The job queue: one job a submit, kept in the database, carried out one at a time by a background task."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import anyio
from anyio import to_thread

from examples.portal import reports
from examples.portal.data import connect
from examples.portal.reports import Breakdown, Kind, ReportRequest

__all__ = ["Job", "JobQueue", "State"]

State = Literal["queued", "running", "completed", "failed"]

_SELECT = """
SELECT id, report, breakdown, year, quarter, submitted_by, submitted_at, state, reason, result,
       (SELECT count(*) FROM jobs AS ahead WHERE ahead.state = 'queued' AND ahead.id <= jobs.id)
FROM jobs
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One submitted report. `position` counts from 1 while queued; `reason` is a label key once failed."""

    number: int
    request: ReportRequest
    submitted_by: str
    submitted_at: str
    state: State
    position: int
    reason: str | None
    result: str | None


class JobQueue:
    """The jobs of one database. `work` must run for a job to move; queries run in threads and are short."""

    def __init__(self, database: Path, *, delay: float, fail: bool) -> None:
        self._database = database
        self._delay = delay
        self._fail = fail
        self._submitted = anyio.Event()

    async def submit(self, request: ReportRequest, *, user: str) -> int:
        """Queue one more job, whatever is queued already; returns its number."""
        number = await to_thread.run_sync(_insert, self._database, request, user)
        self._submitted.set()
        return number

    async def find(self, number: int, *, user: str) -> Job | None:
        """The job of that number, if `user` submitted it."""
        found = await to_thread.run_sync(_select, self._database, "WHERE id = ? AND submitted_by = ?", (number, user))
        return found[0] if found else None

    async def of(self, user: str) -> list[Job]:
        """The jobs that `user` submitted, newest first."""
        return await to_thread.run_sync(_select, self._database, "WHERE submitted_by = ? ORDER BY id DESC", (user,))

    async def work(self) -> None:
        """Carry out jobs in order until cancelled, beginning with those an earlier process left behind."""
        await to_thread.run_sync(
            _update, self._database, "UPDATE jobs SET state = 'queued' WHERE state = 'running'", ()
        )
        while True:
            self._submitted = anyio.Event()
            waiting = await to_thread.run_sync(
                _select, self._database, "WHERE state = 'queued' ORDER BY id LIMIT 1", ()
            )
            if waiting:
                await self._carry_out(waiting[0])
            else:
                await self._submitted.wait()

    async def _carry_out(self, job: Job) -> None:
        start = "UPDATE jobs SET state = 'running' WHERE id = ?"
        await to_thread.run_sync(_update, self._database, start, (job.number,))
        await anyio.sleep(self._delay)
        state: State = "failed"
        reason, result = "failure_node", None
        if not self._fail:
            try:
                report = await to_thread.run_sync(_compute, self._database, job.request)
                state, reason, result = "completed", None, reports.to_json(report)
            except sqlite3.Error:
                reason = "failure_database"
        finish = "UPDATE jobs SET state = ?, reason = ?, result = ? WHERE id = ?"
        await to_thread.run_sync(_update, self._database, finish, (state, reason, result, job.number))


def _insert(database: Path, request: ReportRequest, user: str) -> int:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    values = (request.kind, request.breakdown, request.year, request.quarter, user, now)
    with connect(database) as db:
        (number,) = db.execute(
            "INSERT INTO jobs (report, breakdown, year, quarter, submitted_by, submitted_at, state)"
            " VALUES (?, ?, ?, ?, ?, ?, 'queued') RETURNING id",
            values,
        ).fetchone()
    return number


def _update(database: Path, statement: str, values: tuple[object, ...]) -> None:
    with connect(database) as db:
        db.execute(statement, values)


def _compute(database: Path, request: ReportRequest) -> reports.Report:
    with connect(database) as db:
        return reports.run(db, request)


def _select(database: Path, condition: str, values: tuple[object, ...]) -> list[Job]:
    with connect(database) as db:
        rows = db.execute(_SELECT + condition, values).fetchall()
    return [_job(*row) for row in rows]


def _job(
    number: int,
    kind: Kind,
    breakdown: Breakdown,
    year: int,
    quarter: int,
    submitted_by: str,
    submitted_at: str,
    state: State,
    reason: str | None,
    result: str | None,
    position: int,
) -> Job:
    return Job(
        number=number,
        request=ReportRequest(kind=kind, breakdown=breakdown, year=year, quarter=quarter),
        submitted_by=submitted_by,
        submitted_at=submitted_at,
        state=state,
        position=position,
        reason=reason,
        result=result,
    )
