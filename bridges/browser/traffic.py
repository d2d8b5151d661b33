"""What a page said on its console and asked of the network, and answers put in the network's place."""

import fnmatch
import re
from collections.abc import Sequence
from typing import Literal
from urllib.parse import urlsplit

import anyio
from playwright.async_api import Error, Request, Route

from bridges.browser.session import Session
from bridges.browser.tab import Said
from bridges.browser.words import BrowserError, Mock, NoSuchTarget

__all__ = [
    "Level",
    "Part",
    "console_messages",
    "header_list",
    "network_request",
    "network_requests",
    "offline",
    "route",
    "routes",
    "unroute",
]

Level = Literal["error", "warning", "info", "debug"]
Part = Literal["request-headers", "request-body", "response-headers", "response-body"]
_LEVELS: tuple[Level, ...] = ("error", "warning", "info", "debug")
_KINDS = {"error": "error", "assert": "error", "warning": "warning", "debug": "debug", "trace": "debug"}
_STATIC = frozenset({"image", "font", "stylesheet", "script", "media", "manifest", "texttrack"})
_HIDDEN_HEADERS = re.compile(r"cookie|authorization|token|secret|api-?key|csrf", re.IGNORECASE)
_LONGEST = 300
_LONGEST_BODY = 20_000
_MOST = 200


async def console_messages(
    session: Session, level: Level = "info", *, everything: bool = False, page: str | None = None
) -> tuple[str, ...]:
    """Return what the page said at this level or a graver one; `everything` since the page handle was opened.

    Otherwise since its last navigation.
    """
    async with session.alone():
        tab = await session.pages.usable(page)
        graver = _LEVELS[: _LEVELS.index(level) + 1]
        said = [each for each in tab.console if everything or each.visit == tab.visit]
        return tuple(session.scrub(_message(each)) for each in said if _KINDS.get(each.kind, "info") in graver)


def _message(said: Said) -> str:
    where = f" @ {said.url}:{said.line}" if said.url else ""
    return f"[{said.kind}] {said.text[:_LONGEST]}{where}"


async def network_requests(
    session: Session,
    *,
    static: bool = False,
    pattern: str | None = None,
    everything: bool = False,
    page: str | None = None,
) -> tuple[str, ...]:
    """Return the requests of the page, numbered, one a line: number, method, address, status.

    Args:
        session: Whose page.
        static: With images, scripts, style sheets and the like that succeeded.
        pattern: A regular expression that the address must match.
        everything: Since the page handle was opened, not since its last navigation.
        page: The page meant.

    Raises:
        BrowserError: The pattern is no regular expression.
    """
    try:
        wanted = re.compile(pattern) if pattern else None
    except re.error as error:
        raise BrowserError(f"{pattern!r} is no regular expression: {error}") from error
    async with session.alone():
        tab = await session.pages.usable(page)
        lines: list[str] = []
        for visit, number, request in tab.traffic:
            if not everything and visit != tab.visit:
                continue
            if wanted is not None and not wanted.search(request.url):
                continue
            if static or request.resource_type not in _STATIC or request.failure:
                lines.append(session.scrub(f"{number}. {_line(request)}"))
        return tuple(lines[-_MOST:])


def _line(request: Request) -> str:
    response = request.existing_response
    if request.failure:
        status = f"failed: {request.failure}"
    else:
        status = f"{response.status} {response.status_text}".strip() if response else "no answer yet"
    return f"[{request.method}] {request.url[:_LONGEST]} => [{status}]"


async def network_request(session: Session, index: int, part: Part | None = None, *, page: str | None = None) -> str:
    """Return a request by its number, or one part of it; headers that carry credentials are named without value.

    Raises:
        NoSuchTarget: There is no request of that number.
    """
    async with session.turn(page) as tab, session.limited(session.deadlines.evaluate_s):
        request = next((asked.request for asked in tab.traffic if asked.number == index), None)
        if request is None:
            raise NoSuchTarget(f"there is no request {index}; browser_network_requests lists them")
        return session.scrub(await _part(request, part) if part else await _whole(request))


async def _whole(request: Request) -> str:
    sizes = [_line(request), f"type: {request.resource_type}"]
    parts: tuple[Part, ...] = ("request-headers", "request-body", "response-headers")
    for part in parts:
        if text := await _part(request, part):
            sizes += [f"{part}:", text]
    return "\n".join(sizes)


async def _part(request: Request, part: Part) -> str:
    match part:
        case "request-headers":
            return _headers(await request.all_headers())
        case "request-body":
            return (request.post_data or "")[:_LONGEST_BODY]
        case "response-headers" | "response-body":
            with anyio.move_on_after(2):
                response = await request.response()
                if response is None:
                    return ""
                if part == "response-headers":
                    return _headers(await response.all_headers())
                try:
                    body = await response.text()
                except (Error, UnicodeDecodeError):
                    return "(no text)"
                more = f"\n(cut: {len(body)} characters in all)" if len(body) > _LONGEST_BODY else ""
                return body[:_LONGEST_BODY] + more
            return "(no answer yet)"


def _headers(headers: dict[str, str]) -> str:
    return "\n".join(
        f"{name}: {'(hidden)' if _HIDDEN_HEADERS.search(name) else value}" for name, value in headers.items()
    )


# Answers in the network's place


async def route(session: Session, mock: Mock) -> tuple[Mock, ...]:
    """Answer for the network from now on; the newest matching answer counts. Returns all that are set."""
    session.mocks.insert(0, mock)
    if len(session.mocks) == 1:
        await session.context.route("**/*", lambda route: _answered(session, route))
    return tuple(session.mocks)


async def _answered(session: Session, route: Route) -> None:
    request = route.request
    mock = next((each for each in session.mocks if matches(each.pattern, request.url)), None)
    try:
        if mock is None:
            await route.fallback()
        elif mock.status is None and mock.body is None:
            kept = {name: value for name, value in request.headers.items() if name not in mock.without}
            await route.fallback(headers=kept | mock.headers)
        else:
            await route.fulfill(
                status=mock.status or 200, body=mock.body or "", content_type=mock.content_type, headers=mock.headers
            )
    except Error:
        pass  # the page went away, and the request with it


def matches(pattern: str, url: str) -> bool:
    """Return whether the address, or its path alone, matches the glob pattern."""
    return fnmatch.fnmatchcase(url, pattern) or fnmatch.fnmatchcase(urlsplit(url).path, pattern)


def routes(session: Session) -> tuple[Mock, ...]:
    """Return the answers that are set, newest first."""
    return tuple(session.mocks)


async def unroute(session: Session, pattern: str | None = None) -> tuple[Mock, ...]:
    """Take away the answers for a pattern, or all; return those that stay."""
    session.mocks[:] = [] if pattern is None else [mock for mock in session.mocks if mock.pattern != pattern]
    if not session.mocks:
        await session.context.unroute_all(behavior="ignoreErrors")
    return tuple(session.mocks)


async def offline(session: Session, state: Literal["online", "offline"]) -> None:
    """Cut the session off the network, or connect it again."""
    await session.context.set_offline(state == "offline")


def header_list(lines: Sequence[str]) -> dict[str, str]:
    """Return headers given as "Name: value" lines.

    Raises:
        BrowserError: A line is none.
    """
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise BrowserError(f"{line!r} is no header; write it as Name: value")
        found[name.strip()] = value.strip()
    return found
