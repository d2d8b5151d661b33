"""What a site keeps in the browser: cookies, local and session storage, and the whole of it as a file.

Values of cookies are credentials: they are named, counted and set, and never shown.
"""

from dataclasses import dataclass
from typing import Any, Literal, cast

from playwright.async_api import Page

from bridges.browser.session import Session
from bridges.browser.words import BrowserError, NoSuchTarget

__all__ = [
    "Area",
    "Cookie",
    "clear_cookies",
    "cookies",
    "put_item",
    "remove_items",
    "set_cookie",
    "stored",
]

Area = Literal["local", "session"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """A cookie without its value. `expires` is in seconds since the epoch, -1 at the end of the session."""

    name: str
    domain: str
    path: str
    expires: float
    http_only: bool
    secure: bool
    same_site: str
    length: int

    def __str__(self) -> str:
        flags = [word for word, on in (("HttpOnly", self.http_only), ("Secure", self.secure)) if on]
        until = "session" if self.expires < 0 else f"expires {self.expires:.0f}"
        said = "; ".join([f"SameSite={self.same_site}", *flags, until])
        return f"{self.name} ({self.length} characters, hidden) {self.domain}{self.path} [{said}]"


async def cookies(
    session: Session, *, name: str | None = None, domain: str | None = None, path: str | None = None
) -> tuple[Cookie, ...]:
    """Return the session's cookies, values left out."""
    async with session.alone(), session.limited(session.deadlines.evaluate_s):
        found: list[Cookie] = []
        for each in await session.context.cookies():
            cookie = Cookie(
                name=session.scrub(each.get("name", "")),
                domain=each.get("domain", ""),
                path=each.get("path", ""),
                expires=each.get("expires", -1),
                http_only=each.get("httpOnly", False),
                secure=each.get("secure", False),
                same_site=each.get("sameSite", "Lax"),
                length=len(each.get("value", "")),
            )
            wanted = (name is None or cookie.name == name) and (path is None or cookie.path == path)
            if wanted and (domain is None or cookie.domain.lstrip(".").endswith(domain.lstrip("."))):
                found.append(cookie)
        return tuple(found)


async def set_cookie(session: Session, cookie: dict[str, Any], *, page: str | None = None) -> None:
    """Set a cookie; without a domain, for the site of the page.

    Raises:
        BrowserError: It has no domain and there is no page to take it from, or the browser refuses it.
    """
    async with session.turn(page) as tab, session.limited(session.deadlines.evaluate_s):
        given = dict(cookie)
        if not given.get("domain"):
            if not tab.origin.startswith("http"):
                raise BrowserError("give a domain, or open the site first")
            given.pop("path", None)
            given.pop("domain", None)
            given["url"] = tab.origin + (cookie.get("path") or "/")
        else:
            given.setdefault("path", "/")
        await session.context.add_cookies([cast("Any", given)])


async def clear_cookies(
    session: Session, *, name: str | None = None, domain: str | None = None, path: str | None = None
) -> None:
    """Delete cookies: all, or those that are called so."""
    async with session.alone(), session.limited(session.deadlines.evaluate_s):
        await session.context.clear_cookies(name=name, domain=domain, path=path)


async def stored(session: Session, area: Area, *, page: str | None = None) -> dict[str, str]:
    """Return what the page's site keeps."""
    async with session.turn(page) as tab, session.limited(session.deadlines.evaluate_s):
        items = await _area(tab.page, area).items()
        return {session.scrub(item["name"]): session.scrub(item["value"]) for item in items}


async def put_item(session: Session, area: Area, key: str, value: str, *, page: str | None = None) -> None:
    """Keep a value for the page's site."""
    async with session.turn(page) as tab, session.limited(session.deadlines.evaluate_s):
        await _area(tab.page, area).set_item(key, value)


async def remove_items(session: Session, area: Area, key: str | None = None, *, page: str | None = None) -> None:
    """Forget one value, or all that the page's site keeps.

    Raises:
        NoSuchTarget: There is no such key.
    """
    async with session.turn(page) as tab, session.limited(session.deadlines.evaluate_s):
        kept = _area(tab.page, area)
        if key is None:
            await kept.clear()
        elif await kept.get_item(key) is None:
            raise NoSuchTarget(f"there is no key {key!r} in the {area} storage of {tab.origin or 'this page'}")
        else:
            await kept.remove_item(key)


def _area(page: Page, area: Area) -> Any:
    return page.local_storage if area == "local" else page.session_storage
