"""The portal's pages as a Starlette application."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl

import anyio
import jinja2
from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from examples.portal import data, reports
from examples.portal.jobs import Job, JobQueue
from examples.portal.labels import fill, relabel
from examples.portal.reports import Column, Report, ReportRequest
from examples.portal.sessions import Session, Sessions, same

__all__ = ["Layout", "PortalOptions", "build"]

Layout = Literal["frames", "plain"]
Page = Callable[[Request, Session], Awaitable[Response]]

_COOKIE = "PORTALSESSION"
_LONGEST_FORM = 16_384  # bytes
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalOptions:
    """One portal. Times are seconds; port 0 means any free one; `labels` are changes to labels.LABELS;
    `columns` come first in tables, in that order, and the others follow."""

    database: Path
    password: str = field(repr=False)
    user: str = "analyst"
    seed: int = 1
    port: int = 0
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    columns: tuple[Column, ...] = ()
    rows_per_page: int = 5
    delay: float = 0.7
    fail_jobs: bool = False
    layout: Layout = "frames"
    session_lasts: float = 900
    lock_lasts: float = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class _Portal:
    options: PortalOptions
    labels: Mapping[str, str]
    templates: jinja2.Environment
    sessions: Sessions
    queue: JobQueue


def build(options: PortalOptions, *, clock: Callable[[], float] = time.monotonic) -> Starlette:
    """The application, its database made ready on disk; jobs move while its lifespan runs.

    Raises:
        UnknownLabel: `options.labels` has a key that the portal does not.
        DatabaseMismatch: `options.database` holds something else.
    """
    labels = relabel(options.labels)
    data.prepare(options.database, seed=options.seed)
    queue = JobQueue(options.database, delay=options.delay, fail=options.fail_jobs)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(queue.work)
            yield
            tasks.cancel_scope.cancel()

    app = Starlette(
        routes=_ROUTES,
        lifespan=lifespan,
        exception_handlers={HTTPException: _refused},
        max_body_size=_LONGEST_FORM,
    )
    app.state.portal = _Portal(
        options=options,
        labels=labels,
        templates=_templates(),
        sessions=Sessions(
            user=options.user,
            password=options.password,
            lasting=options.session_lasts,
            locked=options.lock_lasts,
            clock=clock,
        ),
        queue=queue,
    )
    return app


def private(page: Page) -> Callable[[Request], Awaitable[Response]]:
    """Show `page` to somebody logged in, the login page to anybody else; check the token of forms."""

    @wraps(page)
    async def endpoint(request: Request) -> Response:
        token = request.cookies.get(_COOKIE, "")
        session = _portal(request).sessions.find(token)
        if session is None or not session.user:
            return _redirect("/login?ended=1" if token and session is None else "/login")
        if request.method == "POST":
            await _check_token(request, session)
        return await page(request, session)

    return endpoint


async def login_page(request: Request) -> Response:
    """The login form, in a session of its own so that it has a token to send back."""
    error = "error_session" if "ended" in request.query_params else ""
    return _login_form(request, error=error)


async def log_in(request: Request) -> Response:
    """Check name and password; 403 when they are wrong and 429 while the account is locked."""
    portal = _portal(request)
    session = portal.sessions.find(request.cookies.get(_COOKIE, ""))
    if session is None:
        return _login_form(request, error="error_session", status=403)
    form = await _check_token(request, session)
    match portal.sessions.log_in(session, form.get("user", ""), form.get("password", "")):
        case "refused":
            return _login_form(request, error="error_login", status=403)
        case "locked":
            response = _login_form(request, error="error_locked", status=429)
            response.headers["Retry-After"] = str(int(portal.options.lock_lasts))
            return response
        case Session() as opened:
            return _with_cookie(_redirect("/"), opened)


@private
async def log_off(request: Request, session: Session) -> Response:
    """End the session."""
    _portal(request).sessions.close(session)
    response = _redirect("/login")
    response.delete_cookie(_COOKIE)
    return response


@private
async def home(request: Request, session: Session) -> Response:
    """The frame set, or in the plain layout the first page."""
    if _portal(request).options.layout == "plain":
        return _redirect("/reports")
    return _render(request, "frames.html", session=session)


@private
async def navigation(request: Request, session: Session) -> Response:
    """The left frame."""
    return _render(request, "navigation.html", session=session)


@private
async def report_form(request: Request, session: Session) -> Response:
    """The form from which reports are run."""
    return _render(request, "reports.html", session=session, years=await _years(request), error="")


@private
async def run_report(request: Request, session: Session) -> Response:
    """Queue one more job and go to its page."""
    form, years = await _form(request), await _years(request)
    choice = _report_request(form, years)
    if choice is None:
        return _render(request, "reports.html", status=400, session=session, years=years, error="error_choice")
    number = await _portal(request).queue.submit(choice, user=session.user)
    return _redirect(f"/jobs/{number}")


@private
async def jobs(request: Request, session: Session) -> Response:
    """Everything the user has submitted."""
    listed = await _portal(request).queue.of(session.user)
    return _render(request, "jobs.html", session=session, jobs=listed)


@private
async def job(request: Request, session: Session) -> Response:
    """Where a job stands; the page reloads itself until it has ended."""
    return _render(request, "job.html", session=session, job=await _job(request, session))


@private
async def result(request: Request, session: Session) -> Response:
    """One page of a finished report."""
    finished = await _job(request, session)
    report = _report(finished)
    options = _portal(request).options
    pages = max(1, -(-len(report.rows) // options.rows_per_page))
    page = _whole_number(request.query_params.get("page", "1"))
    if page is None or not 1 <= page <= pages:
        raise HTTPException(404, "error_not_found")
    first = (page - 1) * options.rows_per_page
    columns = reports.columns_of(report.request.kind, options.columns)
    rows = report.rows[first : first + options.rows_per_page]
    return _render(
        request,
        "result.html",
        session=session,
        job=finished,
        summary=reports.summary_of(report),
        columns=columns,
        rows=[[reports.cell(report, row, column) for column in columns] for row in rows],
        page=page,
        pages=pages,
        shown={"first": first + 1 if rows else 0, "last": first + len(rows), "total": len(report.rows)},
    )


@private
async def result_csv(request: Request, session: Session) -> Response:
    """All rows of a finished report, to keep."""
    report = _report(await _job(request, session))
    asked = report.request
    name = f"{asked.kind}_by_{asked.breakdown}_{asked.year}_q{asked.quarter}.csv"
    return Response(
        reports.as_csv(report),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


async def favicon(_: Request) -> Response:
    """Nothing: the portal has no icon."""
    return Response(status_code=204)


_ROUTES = [
    Route("/login", login_page),
    Route("/login", log_in, methods=["POST"]),
    Route("/logoff", log_off, methods=["POST"]),
    Route("/", home),
    Route("/navigation", navigation),
    Route("/reports", report_form),
    Route("/reports", run_report, methods=["POST"]),
    Route("/jobs", jobs),
    Route("/jobs/{number}", job),
    Route("/jobs/{number}/result", result),
    Route("/jobs/{number}/result.csv", result_csv),
    Route("/favicon.ico", favicon),
]


def _templates() -> jinja2.Environment:
    folder = Path(__file__).parent / "templates"
    sources = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.html")}
    return jinja2.Environment(
        loader=jinja2.DictLoader(sources),  # read once, so that no request waits for the disk
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _portal(request: Request) -> _Portal:
    return request.app.state.portal


def _render(
    request: Request, template: str, *, status: int = 200, session: Session | None = None, **values: object
) -> Response:
    portal = _portal(request)

    def title(asked: ReportRequest) -> str:
        return fill(
            portal.labels["result_title"],
            report=portal.labels[f"report_{asked.kind}"],
            breakdown=portal.labels[f"breakdown_{asked.breakdown}"].lower(),
            quarter=f"Q{asked.quarter}",
            year=asked.year,
        )

    html = portal.templates.get_template(template).render(
        label=portal.labels, fill=fill, title=title, layout=portal.options.layout, session=session, **values
    )
    return HTMLResponse(html, status_code=status, headers={"Cache-Control": "no-store"})


def _redirect(path: str) -> Response:
    return RedirectResponse(path, status_code=303)


def _with_cookie(response: Response, session: Session) -> Response:
    response.set_cookie(_COOKIE, session.token, httponly=True, samesite="lax")
    return response


def _login_form(request: Request, *, error: str, status: int = 200) -> Response:
    sessions = _portal(request).sessions
    # A session that waits for its login is kept: the same form may be open in another window.
    session = sessions.find(request.cookies.get(_COOKIE, "")) or sessions.open()
    return _with_cookie(_render(request, "login.html", status=status, error=error, csrf=session.csrf), session)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    key = error.detail if error.detail in _portal(request).labels else "error_not_found"
    response = _render(request, "message.html", status=error.status_code, message=key)
    response.headers.update(error.headers or {})
    return response


async def _form(request: Request) -> dict[str, str]:
    body = (await request.body()).decode("utf-8", "replace")
    return dict(parse_qsl(body, keep_blank_values=True))


async def _check_token(request: Request, session: Session) -> dict[str, str]:
    form = await _form(request)
    if not same(form.get("csrf", ""), session.csrf):
        raise HTTPException(403, "error_form")
    return form


def _report_request(form: Mapping[str, str], years: list[int]) -> ReportRequest | None:
    year, quarter = _whole_number(form.get("year", "")), _whole_number(form.get("quarter", ""))
    if year not in years or quarter not in (1, 2, 3, 4):
        return None
    match form.get("report"), form.get("breakdown"):
        case ("revenue" | "orders" | "customers") as kind, ("region" | "product_line") as breakdown:
            return ReportRequest(kind=kind, breakdown=breakdown, year=year, quarter=quarter)
        case _:
            return None


async def _years(request: Request) -> list[int]:
    def query() -> list[int]:
        with data.connect(_portal(request).options.database) as db:
            return reports.years(db)

    return await to_thread.run_sync(query)


async def _job(request: Request, session: Session) -> Job:
    number = _whole_number(request.path_params["number"])
    found = await _portal(request).queue.find(number, user=session.user) if number else None
    if found is None:
        raise HTTPException(404, "error_not_found")
    return found


def _report(job: Job) -> Report:
    if job.result is None:
        raise HTTPException(409, "error_not_ready")
    return reports.from_json(job.request, job.result)


def _whole_number(text: str) -> int | None:
    """The number, if it is one that SQLite can hold."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
    return number if number is not None and number <= _LARGEST_ID else None
