"""Runs: work that outlives a call. Started, watched, suspended on a question, resumed, cancelled.

A run lives in this process and ends with it; its handle says so. Whoever starts a run waits for it for a while and
then gets the handle; `status` waits on.
"""

import logging
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import anyio
from anyio.abc import TaskGroup

from tools.outcome import Answer, Done, NeedsApproval, Outcome, Refused, Uncertain
from tools.policy import Caller
from tools.registry import Result

__all__ = ["Run", "RunState", "Runs", "TooManyRuns"]

RunState = Literal["working", "waiting", "done", "cancelled"]
_log = logging.getLogger(__name__)
_AT_ONCE = 4
_KEPT = 200


class TooManyRuns(Exception):
    """The principal has as many runs going as are allowed; wait for one or cancel one."""


@dataclass(slots=True, kw_only=True)
class Run:
    """One piece of work. `result` is set when it is done; `waiting` while a person is asked something.

    `preface` and `about` come with the result, in words and as data: how it came to be this work.
    """

    handle: str
    kind: str
    task: str
    principal: str
    preface: str = ""
    about: dict[str, Any] = field(default_factory=dict[str, Any])
    state: RunState = "working"
    doing: str = "starting"
    result: Result | None = None
    waiting: NeedsApproval | None = None
    changed: anyio.Event = field(default_factory=anyio.Event)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    def tell(self, doing: str) -> None:
        """Say what the run is doing now."""
        self.doing = doing
        self._wake()

    def suspend(self, question: NeedsApproval) -> None:
        """Say that the run waits for a person."""
        self.waiting, self.state = question, "waiting"
        self._wake()

    def resume(self) -> None:
        """Say that the run goes on."""
        self.waiting, self.state = None, "working"
        self._wake()

    def end(self, state: RunState, result: Result) -> None:
        """Say what came of the run."""
        self.waiting, self.state, self.result = None, state, result
        self._wake()

    def _wake(self) -> None:
        self.changed.set()
        self.changed = anyio.Event()


Work = Callable[[Run], Awaitable[Result]]


class Runs:
    """The runs of this process. Use `Runs.open()`; leaving it cancels what still runs."""

    def __init__(self, tasks: TaskGroup) -> None:
        self._tasks = tasks
        self._runs: dict[str, Run] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncGenerator["Runs"]:
        """Hold the runs; cancel them at the end."""
        async with anyio.create_task_group() as tasks:
            yield cls(tasks)
            tasks.cancel_scope.cancel()

    def start(
        self,
        kind: str,
        task: str,
        work: Work,
        caller: Caller,
        *,
        preface: str = "",
        about: dict[str, Any] | None = None,
    ) -> Run:
        """Begin the work and return its run.

        Raises:
            TooManyRuns: As many runs as allowed are going.
        """
        going = sum(run.principal == caller.principal and run.result is None for run in self._runs.values())
        if going >= _AT_ONCE:
            raise TooManyRuns(
                f"{going} runs are going already; wait for one with run_status or end one with run_cancel"
            )
        run = Run(
            handle=f"run_{secrets.token_urlsafe(9)}",
            kind=kind,
            task=task,
            principal=caller.principal,
            preface=preface,
            about=about or {},
        )
        self._runs[run.handle] = run
        self._forget_old()
        self._tasks.start_soon(self._carry_out, run, work)
        return run

    def answered(self, ticket: str) -> None:
        """Let the run that waits for this answer go on, rather than be found waiting for what has come."""
        for run in self._runs.values():
            if run.waiting is not None and run.waiting.ticket == ticket:
                run.resume()

    def stop(self) -> None:
        """Cancel every run."""
        for run in self._runs.values():
            run.scope.cancel()

    async def ended(self) -> None:
        """Return when no run is going any more."""
        for run in list(self._runs.values()):
            while run.result is None:
                await run.changed.wait()

    def find(self, handle: str, caller: Caller) -> Run | None:
        """Return the caller's run of this handle."""
        run = self._runs.get(handle)
        return run if run and run.principal == caller.principal else None

    def cancel(self, run: Run) -> None:
        """Stop the run; what it has done stays done."""
        run.scope.cancel()

    async def wait(self, run: Run, caller: Caller, *, wait_s: float) -> Outcome | None:
        """Wait until the run ends or asks something; None when it is still working after `wait_s` seconds."""
        with anyio.move_on_after(wait_s):
            while run.state == "working":
                if caller.progress:
                    await caller.progress(run.doing)
                await run.changed.wait()
        if run.waiting is not None:
            return run.waiting
        match run.result:
            case None:
                return None
            case Answer() as answer:
                return Done(answer=answer)
            case Refused() | NeedsApproval() | Uncertain() as outcome:
                return outcome

    async def begin(
        self,
        kind: str,
        task: str,
        work: Work,
        caller: Caller,
        *,
        wait_s: float,
        preface: str = "",
        about: dict[str, Any] | None = None,
    ) -> Result:
        """Begin the work, wait for it for so many seconds, and return its result or its handle."""
        try:
            run = self.start(kind, task, work, caller, preface=preface, about=about)
        except TooManyRuns as error:
            return Refused(code="too_many_runs", reason=str(error))
        return await self.watch(run, caller, wait_s=wait_s)

    async def watch(self, run: Run, caller: Caller, *, wait_s: float) -> Result:
        """Wait for a run for so many seconds and return its result, its question, or what it is doing."""
        outcome = await self.wait(run, caller, wait_s=wait_s)
        match outcome:
            case None:
                text = (
                    f"Still working: {run.doing}. Call run_status with run={run.handle!r} to wait on. "
                    "The run lives in this server process and ends with it."
                )
                return Answer(text=text, data=described(run))
            case Done(answer=answer):
                text = f"{run.preface}\n{answer.text}" if run.preface else answer.text
                return replace(answer, text=text, data=answer.data | run.about | described(run))
            case Refused() | NeedsApproval() | Uncertain():
                return outcome

    async def _carry_out(self, run: Run, work: Work) -> None:
        with run.scope:
            try:
                run.end("done", await work(run))
            except Exception:  # the outer edge of a run: it ends, the other runs and the server go on
                _log.exception("run %s failed", run.handle)
                run.end(
                    "done", Refused(code="internal", reason="the run failed inside; the server's log has the cause")
                )
        if run.scope.cancelled_caught:
            run.end("cancelled", Refused(code="cancelled", reason="the run was cancelled; what it did stays done"))

    def _forget_old(self) -> None:
        ended = [handle for handle, run in self._runs.items() if run.result is not None]
        for handle in ended[: max(0, len(self._runs) - _KEPT)]:
            del self._runs[handle]


def described(run: Run) -> dict[str, Any]:
    """Return the run as data."""
    return {"run": run.handle, "kind": run.kind, "state": run.state, "doing": run.doing, "task": run.task}
