"""The main job, shown: a legacy portal, the server, an ordinary MCP client between them, and a report.

The client here is the SDK's own, over stdio, with no way around the gate. Where a person would be asked, the demo
says yes on their behalf and shows each question. With model keys the route is taken as it is; without any, the
recipe takes it.
"""

import base64
import csv
import os
import secrets
import shutil
import socket
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import anyio
import mcp_types as types
from mcp import Client, StdioServerParameters

from bridges.known_models import facts_of
from bridges.prices import upper_bound_usd
from bridges.store import ChainBroken, Store
from examples.portal.app import PortalOptions
from examples.portal.reports import Column
from examples.portal.serve import serving
from server.config import Config, load
from server.report import Report, write

__all__ = ["DemoOptions", "run_demo"]

_TASK = (
    "Log into the legacy reporting portal, run the {quarter} {year} revenue report, and extract the regional "
    "breakdown table."
)
_RECIPE = "regional-revenue"
_PATIENCE_S = 300.0
_YES = "this call"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What `pointsman demo` was told."""

    seed: int = 1
    output: Path = Path("demo-output")
    portal: str | None = None
    year: str = "2026"
    quarter: str = "Q1"
    labels: tuple[tuple[str, str], ...] = ()
    columns: tuple[Column, ...] = ()
    wrong_password: bool = False
    portal_down: bool = False


@dataclass(slots=True, kw_only=True)
class _Shown:
    """What the report will show, gathered as the demo goes on."""

    task: str
    route: dict[str, Any] = field(default_factory=dict[str, Any])
    route_text: str = ""
    questions: list[str] = field(default_factory=list[str])
    progress: list[str] = field(default_factory=list[str])
    result: dict[str, Any] = field(default_factory=dict[str, Any])
    failure: str = ""
    pictures: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def run_demo(options: DemoOptions, *, say: Callable[[str], None]) -> int:
    """Run the demo and return its exit status: 0 only when the result is proven."""
    folder = (options.output / f"seed-{options.seed}").resolve()
    shutil.rmtree(folder / "data", ignore_errors=True)
    for old in ("regional-revenue.csv", "report.html", "portal.sqlite3"):
        (folder / old).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    task = _TASK.format(quarter=options.quarter, year=options.year)
    shown = _Shown(task=task)
    try:
        anyio.run(_demonstrate, options, folder, shown, say)
    except (ValueError, OSError, TimeoutError) as error:
        shown.failure = f"the demo could not go on: {error}"
    except BaseExceptionGroup as group:
        shown.failure = f"the demo could not go on: {group.exceptions[0]}"
    return _conclude(options, folder, shown, say)


async def _demonstrate(options: DemoOptions, folder: Path, shown: _Shown, say: Callable[[str], None]) -> None:
    password = os.environ.get("PORTAL_PASSWORD") or secrets.token_urlsafe(12)
    async with AsyncExitStack() as stack:
        say(f"portal    {'is kept down' if options.portal_down else 'starting'} (seed {options.seed})")
        url = await stack.enter_async_context(_portal(options, folder, password))
        typed = secrets.token_urlsafe(12) if options.wrong_password else password
        config_path = _write_config(folder, url)
        say(f"server    starting; a client connects over stdio; the portal is at {url}")
        environment = dict(os.environ) | {"POINTSMAN_SECRET_PORTAL_PASSWORD": typed}
        server = StdioServerParameters(
            command=sys.executable,
            args=["-m", "pointsman", "--config", str(config_path), "serve"],
            env=environment,
        )
        client = await stack.enter_async_context(Client(server, elicitation_callback=_person(shown, say)))
        _announce_cost(load(config_path), say)
        with anyio.fail_after(_PATIENCE_S):
            await _converse(client, options, url, shown, say)


async def _converse(client: Client, options: DemoOptions, url: str, shown: _Shown, say: Callable[[str], None]) -> None:
    """Route the task, have the decision carried out, and wait for what comes of it."""
    inputs = {"portal": url, "quarter": options.quarter, "year": options.year}
    asked = {"task": shown.task, "recipe": _RECIPE, "inputs": inputs}
    say(f"task      {shown.task}")
    advised = await client.call_tool("route_task", asked)
    shown.route, shown.route_text = _data(advised), _text(advised)
    for line in shown.route_text.splitlines():
        if line.startswith(("What fits", "What is possible")):
            say(f"route     {line}")
    say("route     (what was not chosen, and what would change it, is in the report)")

    async def progress(progress: float, total: float | None, message: str | None) -> None:
        if message and (not shown.progress or shown.progress[-1] != message):
            shown.progress.append(message)
            say(f"running   {message}")

    result = await client.call_tool(
        "route_task", asked | {"mode": "delegate", "wait_s": 45}, progress_callback=progress
    )
    while not result.is_error and "verdict" not in _data(result):
        run = _data(result).get("run")
        if run is None:
            break
        result = await client.call_tool("run_status", {"run": run}, progress_callback=progress)
    if result.is_error:
        shown.failure = _text(result)
        return
    shown.result = _data(result)
    for picture in shown.result.get("pictures", ()):
        data = await anyio.Path(picture["path"]).read_bytes()
        shown.pictures.append((picture["caption"], base64.b64encode(data).decode()))
    shown.pictures += [("The page at the end", p.data) for p in result.content if isinstance(p, types.ImageContent)]


def _conclude(options: DemoOptions, folder: Path, shown: _Shown, say: Callable[[str], None]) -> int:
    verdict = shown.result.get("verdict", "UNPROVEN")
    reasons = shown.result.get("reasons") or [shown.failure or "nothing came back"]
    for reason in reasons:
        say(f"because   {reason}")
    if shown.result:
        audit, cost = shown.result.get("audit"), shown.result.get("cost_usd")
        say(f"by        {shown.result.get('executor')} ({shown.result.get('label')}); audit: {audit}; cost: US${cost}")
    output = shown.result.get("output")
    table: Path | None = None
    if verdict == "PROVEN" and output:
        table = folder / "regional-revenue.csv"
        _write_csv(table, output)
        _show_table(output, say)
    entries, chain = _trail(folder)
    report = folder / "report.html"
    write(
        report,
        Report(
            task=shown.task,
            verdict=verdict,
            reasons=tuple(reasons),
            criteria=tuple(shown.result.get("criteria", ())),
            columns=tuple(output["rows"][0]) if table and output else (),
            rows=tuple(tuple(row.values()) for row in output["rows"]) if table and output else (),
            route=shown.route_text,
            executor=str(shown.result.get("executor", "none")),
            label=str(shown.result.get("label", "none")),
            audit=str(shown.result.get("audit", "none")),
            cost=str(shown.result.get("cost_usd", "0")),
            questions=tuple(shown.questions),
            progress=tuple(shown.progress),
            pictures=tuple(shown.pictures),
            trail=entries,
            chain=chain,
            seed=options.seed,
        ),
    )
    say(f"audit     {chain}")
    say(f"verdict: {verdict}")
    say(f"table: {table or 'none'}")
    say(f"report: {report}")
    return 0 if verdict == "PROVEN" else 1


@asynccontextmanager
async def _portal(options: DemoOptions, folder: Path, password: str) -> AsyncGenerator[str]:
    """Hold a portal and yield its address; one that runs already, or none at all, if so wanted."""
    if options.portal is not None:
        yield options.portal
        return
    if options.portal_down:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        yield f"http://127.0.0.1:{port}/"
        return
    portal = PortalOptions(
        database=folder / "portal.sqlite3",
        password=password,
        seed=options.seed,
        labels=dict(options.labels),
        columns=options.columns,
    )
    async with serving(portal) as url:
        yield url


def _write_config(folder: Path, url: str) -> Path:
    """Write the server's configuration: the portal's site is the one it may work on, the secret is bound to it."""
    import examples.portal

    origin = url.rstrip("/")
    recipes = Path(examples.portal.__file__).parent
    path = folder / "pointsman.toml"
    path.write_text(
        f"""data = {_toml(folder / "data")}
recipes = [{_toml(recipes)}]

[browser]
origins = [{_toml(origin)}]

[secrets.portal-password]
origin = {_toml(origin)}
field = "Password"
""",
        encoding="utf-8",
    )
    return path


def _announce_cost(config: Config, say: Callable[[str], None]) -> None:
    keys = {"anthropic": config.keys.anthropic, "openai": config.keys.openai}
    roles = {"operator": config.models.operator, "thinker": config.models.thinker}
    there = {role: name for role, name in roles.items() if keys[facts_of(name).vendor]}
    if not there:
        say("models    no keys: the recipe acts, deterministic checks decide; nothing is spent")
        return
    limit = config.budget().usd
    audit = (
        upper_bound_usd(roles["thinker"], input_tokens=60_000, output_tokens=32_000)
        if "thinker" in there
        else Decimal(0)
    )
    most = None if limit is None or audit is None else limit + audit
    says = f"US${most:.2f}" if most is not None else "an amount that is not known"
    say(f"models    {', '.join(f'{role}: {name}' for role, name in there.items())}; the most it may cost is {says}")


def _person(shown: _Shown, say: Callable[[str], None]) -> Any:
    """Return what answers the server's questions in a person's place, visibly."""

    async def answer(context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        question = params.message
        shown.questions.append(question)
        for line in question.splitlines():
            say(f"question  {line}")
        say(f"answer    {_YES} (the demo answers in your place)")
        return types.ElicitResult(action="accept", content={"answer": _YES})

    return answer


def _trail(folder: Path) -> tuple[tuple[dict[str, str], ...], str]:
    """Return the journal of the demo's server as rows, and what its chain says."""

    async def read() -> tuple[tuple[dict[str, str], ...], str]:
        store = Store(folder / "data")
        try:
            entries = await store.entries()
            rows = tuple(
                {
                    "seq": str(entry.seq),
                    "at": time.strftime("%H:%M:%S", time.gmtime(entry.record.at)),
                    "kind": entry.record.kind,
                    "tool": entry.record.tool,
                    "agent": entry.record.agent,
                    "what": " ".join(
                        str(entry.record.body[key])
                        for key in ("status", "answer", "rule", "target", "origin")
                        if entry.record.body.get(key)
                    ),
                    "hash": entry.hash[:12],
                }
                for entry in entries
            )
            try:
                return rows, f"{await store.verify()} entries, chain valid"
            except ChainBroken as error:
                return rows, f"chain broken: {error}"
        finally:
            await store.aclose()

    return anyio.run(read)


def _write_csv(path: Path, output: dict[str, Any]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(output["rows"][0]))
        writer.writeheader()
        writer.writerows(output["rows"])


def _show_table(output: dict[str, Any], say: Callable[[str], None]) -> None:
    rows: list[dict[str, Any]] = output["rows"]
    widths = {name: max(len(name), *(len(str(row[name])) for row in rows)) for name in rows[0]}
    say("          " + "  ".join(name.ljust(width) for name, width in widths.items()))
    for row in rows:
        say("          " + "  ".join(str(row[name]).ljust(width) for name, width in widths.items()))


def _data(result: types.CallToolResult) -> dict[str, Any]:
    return cast("dict[str, Any]", result.structured_content or {})


def _text(result: types.CallToolResult) -> str:
    return "\n".join(part.text for part in result.content if isinstance(part, types.TextContent))


def _toml(value: Path | str) -> str:
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
