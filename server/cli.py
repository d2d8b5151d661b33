"""The command line: `pointsman serve | demo | call | tools | route | approvals | audit | doctor`."""

import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar, cast

import anyio
import click

from bridges.model import ToolCall
from pointsman import __version__
from server.config import BadConfig, Config, load
from tools.outcome import Answer, Done, NeedsApproval, Outcome, Refused, Uncertain
from tools.policy import Caller
from tools.recipes import BadRecipe

__all__ = ["PRINCIPAL", "command_line", "main"]

PRINCIPAL = "local"
_REFUSED, _NEEDS_APPROVAL, _UNCERTAIN = 1, 3, 4
T = TypeVar("T")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", type=click.Path(path_type=Path), help="Configuration file (TOML).")
@click.version_option(__version__, prog_name="pointsman")
@click.pass_context
def command_line(context: click.Context, config: Path | None) -> None:
    """Route agent tasks to the executor that fits, act through one governed door, prove the result."""
    context.obj = lambda: _config(config)


def main() -> None:
    """Run the command line."""
    command_line(prog_name="pointsman")


@command_line.command()
@click.pass_obj
def serve(config: Callable[[], Config]) -> None:
    """Serve MCP over stdin and stdout."""
    from server.stdio import log_to_stderr, serve_stdio

    log_to_stderr()
    settings = config()

    async def session() -> None:
        from server.app import running, state_key
        from server.face import face

        async with running(settings) as app:
            server = face(
                app.registry,
                listed=app.listed,
                call=app.call,
                answer=app.answer,
                principal=PRINCIPAL,
                state_key=state_key(settings.data),
                version=__version__,
            )
            await serve_stdio(server)

    try:
        anyio.run(session)
    except BadRecipe as error:
        _fail(str(error), 2)
    # Worker threads that still block on a read would keep the interpreter; everything of ours is closed by now.
    sys.stderr.flush()
    os._exit(0)


@command_line.command()
@click.option("--all", "everything", is_flag=True, help="Also those that are found by search_tools.")
@click.option("--json", "as_json", is_flag=True, help="With schemas, for programs.")
@click.pass_obj
def tools(config: Callable[[], Config], *, everything: bool, as_json: bool) -> None:
    """List the tools that clients see."""

    async def listing(app: Any) -> list[Any]:
        return [tool for tool in app.registry if everything or tool.name in app.listed]

    found = _with_app(config(), listing)
    if as_json:
        described = [
            {
                "name": tool.name,
                "effect": tool.most,
                "listed": tool.listed,
                "description": tool.description,
                "arguments": tool.input_schema,
            }
            for tool in found
        ]
        click.echo(json.dumps(described, indent=1, ensure_ascii=False))
        return
    for tool in found:
        click.echo(f"{tool.name:26} {tool.most:13} {tool.description}")


@command_line.command()
@click.argument("name")
@click.argument("arguments", default="{}")
@click.option("--json", "as_json", is_flag=True, help="The result as data.")
@click.pass_obj
def call(config: Callable[[], Config], name: str, arguments: str, *, as_json: bool) -> None:
    """Call a tool once: NAME and its ARGUMENTS as a JSON object."""
    given = _object(arguments)
    _finish(_with_app(config(), lambda app: _call(app, name, given)), as_json=as_json)


@command_line.command()
@click.argument("task")
@click.option("--shape", default="{}", help="What is known of its shape, as a JSON object.")
@click.option("--policy", type=click.Choice(["article-prose", "article-code"]), default="article-prose")
@click.option("--json", "as_json", is_flag=True, help="The decision as data.")
@click.pass_obj
def route(config: Callable[[], Config], task: str, *, shape: str, policy: str, as_json: bool) -> None:
    """Say who should do TASK, why, and what would change it."""
    given: dict[str, Any] = {"task": task, "shape": _object(shape), "policy": policy}
    _finish(_with_app(config(), lambda app: _call(app, "route_task", given)), as_json=as_json)


@command_line.group()
def approvals() -> None:
    """Answer the questions that wait for a person."""


@approvals.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_approvals(config: Callable[[], Config], *, as_json: bool) -> None:
    """Show the open questions."""
    tickets = _with_store(config(), lambda store: store.open_tickets(at=time.time()))
    if as_json:
        fields = ("id", "tool", "agent", "question", "run", "expires_at")
        click.echo(json.dumps([{name: getattr(t, name) for name in fields} for t in tickets], indent=1))
        return
    if not tickets:
        click.echo("No question is open.")
    for ticket in tickets:
        left = max(0, round(ticket.expires_at - time.time()))
        click.echo(f"{ticket.id}  ({left} s left, asked by {ticket.agent})\n  " + ticket.question.replace("\n", "\n  "))


@approvals.command()
@click.argument("ticket")
@click.option("--session", "whole_session", is_flag=True, help="This kind on this origin for this session.")
@click.pass_obj
def allow(config: Callable[[], Config], ticket: str, *, whole_session: bool) -> None:
    """Say yes to TICKET: this call, once."""
    _answer(config(), ticket, "session" if whole_session else "once")


@approvals.command()
@click.argument("ticket")
@click.pass_obj
def deny(config: Callable[[], Config], ticket: str) -> None:
    """Say no to TICKET."""
    _answer(config(), ticket, "no")


@command_line.group()
def audit() -> None:
    """Read and check the journal."""


@audit.command()
@click.option("--last", default=50, show_default=True, type=click.IntRange(1, 100_000), help="So many entries.")
@click.option("--run", help="Those of one run.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def show(config: Callable[[], Config], *, last: int, run: str | None, as_json: bool) -> None:
    """Show what was asked, approved, begun and ended."""
    entries = _with_store(config(), lambda store: store.entries(run=run, last=last))
    for entry in entries:
        record = entry.record
        if as_json:
            chain = {"seq": entry.seq, "prev": entry.prev, "hash": entry.hash}
            click.echo(json.dumps(asdict(record) | chain, ensure_ascii=False))
            continue
        when = datetime.fromtimestamp(record.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
        body = record.body
        detail = body.get("status") or body.get("answer") or body.get("rule") or ""
        target = " ".join(str(body[key]) for key in ("target", "origin") if body.get(key))
        click.echo(f"{entry.seq:6} {when} {record.kind:9} {record.tool:26} {record.agent:18} {detail:14} {target}")


@audit.command()
@click.pass_obj
def verify(config: Callable[[], Config]) -> None:
    """Walk the whole chain of the journal."""
    from bridges.store import ChainBroken

    try:
        count = _with_store(config(), lambda store: store.verify())
    except ChainBroken as error:
        _fail(f"The journal was tampered with: {error}", _REFUSED)
    click.echo(f"{count} entries, chain valid")


@command_line.command()
@click.option("--install-browser", is_flag=True, help="Install a browser if none is found.")
@click.pass_obj
def doctor(config: Callable[[], Config], *, install_browser: bool) -> None:
    """Say what is there, what is missing and what to do about it."""
    from server.doctor import examine

    if not examine(config(), say=click.echo, install=install_browser):
        sys.exit(_REFUSED)


def _labels(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    from examples.portal.labels import UnknownLabel, relabel

    pairs = tuple((key, text) for key, equals, text in (label.partition("=") for label in given) if equals)
    if len(pairs) < len(given):
        raise click.BadParameter("KEY=TEXT is wanted, such as run_report=Execute")
    try:
        relabel(dict(pairs))
    except UnknownLabel as error:
        raise click.BadParameter(str(error)) from error
    return pairs


def _columns(context: click.Context, parameter: click.Parameter, given: str) -> tuple[str, ...]:
    from examples.portal.reports import COLUMNS

    columns = tuple(column.strip() for column in given.split(",") if column.strip())
    unknown = [column for column in columns if column not in COLUMNS]
    if unknown or len(set(columns)) < len(columns):
        raise click.BadParameter(f"each at most once, of {', '.join(COLUMNS)}")
    return columns


@command_line.command()
@click.option(
    "--seed", default=1, show_default=True, type=click.IntRange(0, 2**31), help="Which data the portal holds."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False, writable=True),
    default=Path("demo-output"),
    show_default=True,
    help="Folder for the report, the table and the portal's database.",
)
@click.option("--portal", help="Address of a portal that runs already; its password in PORTAL_PASSWORD.")
@click.option("--year", default="2026", show_default=True, type=click.Choice(["2024", "2025", "2026"]))
@click.option("--quarter", default="Q1", show_default=True, type=click.Choice(["Q1", "Q2", "Q3", "Q4"]))
@click.option("--label", "labels", multiple=True, metavar="KEY=TEXT", callback=_labels, help="Relabel the portal.")
@click.option("--columns", default="", callback=_columns, help="Order of the table's columns, such as revenue,region.")
@click.option("--wrong-password", is_flag=True, help="Sign in with a wrong password.")
@click.option("--portal-down", is_flag=True, help="Stop the portal before the task begins.")
def demo(**options: Any) -> None:
    """Run the founding task against a small legacy portal and write a report.

    Exits with 0 only when the result is PROVEN. The questions that a person would be asked are shown and answered
    with yes.
    """
    from server.demo import DemoOptions, run_demo

    sys.exit(run_demo(DemoOptions(**options), say=click.echo))


def _config(path: Path | None) -> Config:
    try:
        return load(path)
    except BadConfig as error:
        _fail(str(error), 2)


def _with_app(config: Config, work: Callable[[Any], Awaitable[T]]) -> T:
    from server.app import running

    async def session() -> T:
        async with running(config) as app:
            return await work(app)

    try:
        return anyio.run(session)
    except BadRecipe as error:
        _fail(str(error), 2)


def _with_store(config: Config, work: Callable[[Any], Awaitable[T]]) -> T:
    from bridges.journal import JournalUnavailable
    from bridges.store import Store

    async def session() -> T:
        store = Store(config.data)
        try:
            return await work(store)
        finally:
            await store.aclose()

    try:
        return anyio.run(session)
    except JournalUnavailable as error:
        _fail(str(error), _REFUSED)


async def _call(app: Any, name: str, arguments: dict[str, Any]) -> Outcome:
    caller = Caller(principal=PRINCIPAL, agent="command line")
    call = ToolCall(name=name, arguments=arguments)
    outcome: Outcome = await app.call(call, caller)
    while isinstance(outcome, NeedsApproval) and sys.stdin.isatty() and sys.stderr.isatty():
        chosen = _ask(outcome.question)
        await app.answer(outcome.ticket, chosen, "terminal")
        outcome = await app.call(call, caller, outcome.ticket)
    return outcome


def _ask(question: str) -> Literal["once", "session", "no"]:
    answers: dict[str, Literal["once", "session", "no"]] = {"y": "once", "s": "session", "n": "no"}
    prompt = f"{question}\n[y] this call, [s] this kind on this origin for this session, [n] no"
    return answers[click.prompt(prompt, type=click.Choice(list(answers)), default="n", err=True)]


def _answer(config: Config, ticket: str, answer: Literal["once", "session", "no"]) -> None:
    given = _with_store(config, lambda store: store.answer(ticket, answer, by="command line", at=time.time()))
    if given is None:
        _fail(f"There is no open question {ticket!r}: it was answered, has expired, or never was.", _REFUSED)
    click.echo(f"{given.state}: {given.question}")


def _finish(outcome: Outcome, *, as_json: bool) -> None:
    match outcome:
        case Done(answer=answer):
            click.echo(_shown(answer, as_json=as_json))
        case Refused(code=code, reason=reason):
            _fail(json.dumps({"status": "refused", "code": code, "reason": reason}) if as_json else reason, _REFUSED)
        case NeedsApproval(question=question, ticket=ticket):
            told = f"{question}\nAnswer with: pointsman approvals allow {ticket}, then make the call again."
            _fail(json.dumps({"status": "needs_approval", "ticket": ticket}) if as_json else told, _NEEDS_APPROVAL)
        case Uncertain(reason=reason):
            told = f"Outcome unknown: {reason}"
            _fail(json.dumps({"status": "uncertain", "reason": reason}) if as_json else told, _UNCERTAIN)


def _shown(answer: Answer, *, as_json: bool) -> str:
    return json.dumps(answer.data, indent=1, ensure_ascii=False, default=str) if as_json else answer.text


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        _fail(f"not JSON: {error}", 2)
    if not isinstance(value, dict):
        _fail(f"a JSON object is wanted, not {text!r}", 2)
    return cast("dict[str, Any]", value)


def _fail(message: str, status: int) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(status)
