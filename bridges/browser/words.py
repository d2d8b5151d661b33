"""What the browser bridge says: targets, observations, and the errors that say what survived.

This module knows no Playwright.
"""

import re
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

__all__ = [
    "Ambiguous",
    "BadAddress",
    "BrowserError",
    "BrowserGone",
    "BrowserOptions",
    "Busy",
    "Changed",
    "Deadlines",
    "Dialog",
    "DialogOpen",
    "Difference",
    "Download",
    "Field",
    "Flaw",
    "Forbidden",
    "FormField",
    "Frame",
    "Mock",
    "NavigationFailed",
    "NoSuchPage",
    "NoSuchSession",
    "NoSuchTarget",
    "NotActionable",
    "Observation",
    "OpenPage",
    "PageGone",
    "ProfileLocked",
    "StaleRef",
    "Table",
    "Target",
    "TimedOut",
    "TooManySessions",
    "origin_of",
    "web_address",
]

_SPACE = re.compile(r"[\s\x00-\x20\x7f-\x9f]")  # white space and control characters


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserOptions:
    """How browsers are started. `executable` empty means: find one (Chrome, Chromium, Edge, Playwright's own).

    `artefacts`, `profiles` and `baselines` (kept pictures) are folders, "" keeps nothing. `evaluate` allows scripts of
    the caller's. `endpoint` is a browser that runs already: a CDP address (http://, or ws:// with /devtools/) or that
    of a Playwright server (ws://); one on another machine needs `unbounded`. A session is closed when it was not used
    for `idle_s`, or is older than `life_s`, in seconds.
    """

    executable: str = ""
    headless: bool = True
    sandbox: bool = True
    viewport: tuple[int, int] = (1280, 800)
    artefacts: str = ""
    profiles: str = ""
    baselines: str = ""
    evaluate: bool = False
    endpoint: str = ""
    unbounded: bool = False
    most_sessions: int = 8
    idle_s: float = 1800.0
    life_s: float = 8 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long we wait for a browser, in seconds. Nothing waits without one of these.

    `queue_s` is how long a call waits for others on the same session.
    """

    queue_s: float = 20.0
    launch_s: float = 30.0
    navigate_s: float = 30.0
    load_s: float = 10.0
    act_s: float = 10.0
    snapshot_s: float = 5.0
    evaluate_s: float = 5.0
    close_s: float = 3.0


class FormField(NamedTuple):
    """What to put where: "true" or "false" for a checkbox, the label for an option."""

    target: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPage:
    """A page of a session; `current` is what calls without a page handle go to."""

    handle: str
    url: str
    title: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An element, as policy, audit and people need to know it.

    `submits` is true when activating it would submit a form; `method` and `action_origin` are that form's.
    `destination` is the absolute URL a link leads to. `field_names` are what a secret may be bound to:
    accessible name, label, name, id and autocomplete of an input. `values` are the form's fields as they would
    be submitted, by label ("Amount", "Amount (2)"), those of password and secret fields left out. `submitter` is
    the name of the button that Enter in the form would press. `action` is the absolute URL that the form goes to.
    `stated_method` is false when neither form nor button says how it is sent, which is so where scripts do it.
    `digest` is a hash over all that the form would send, hidden fields included, passwords and secrets by name only.
    """

    ref: str
    role: str
    name: str
    tag: str
    origin: str
    input_type: str = ""
    submits: bool = False
    method: str = ""
    action_origin: str = ""
    destination: str = ""
    field_names: tuple[str, ...] = ()
    values: dict[str, str] = field(default_factory=dict[str, str])
    submitter: str = ""
    action: str = ""
    stated_method: bool = True
    digest: str = ""

    def __str__(self) -> str:
        return f'{self.role} "{self.name}"' if self.name else self.role


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """A JavaScript dialog that is open and blocks its page."""

    kind: Literal["alert", "confirm", "prompt", "beforeunload"]
    message: str
    page: str
    default: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file that the page sent; `path` lies in the session's artefact folder."""

    name: str
    path: str
    url: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What an action did and what the page shows now. `same_page`: page, address and title were told last time.

    `changes` are the added and removed lines of the snapshot ("+ …", "- …"); empty means that no change was
    seen. `view` is the snapshot itself, when it was asked for or the page is new. `pending` says in words what
    had not finished when the wait ended. `truncated` says that `view` or `changes` were cut to the budget.
    """

    session: str
    page: str
    url: str
    title: str
    same_page: bool = False
    acted: str = ""
    changes: tuple[str, ...] = ()
    view: str | None = None
    truncated: bool = False
    dialog: Dialog | None = None
    downloads: tuple[Download, ...] = ()
    opened: tuple[str, ...] = ()
    console_errors: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A screenshot. Multiply image pixels by `scale` to get the page's CSS pixels.

    `labels` are the refs that are drawn on it.
    """

    data: bytes = field(repr=False)
    kind: Literal["png", "jpeg", "webp"]
    labels: tuple[str, ...]
    width: int
    height: int
    scale: float
    url: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table as rows of text by column header. `caption` is its accessible name.

    `cells` are the refs of the cells, row by row, to check a value where it stands. `note` says when there is more.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    ref: str = ""
    cells: tuple[dict[str, str], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mock:
    """An answer in place of the network's, for addresses that match a glob pattern such as **/api/users.

    Without `status` and `body` the request goes on, `headers` added and `without` left out.
    """

    pattern: str
    status: int | None = None
    body: str | None = None
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Something that is wrong with how an element looks."""

    kind: Literal["overlap", "clipped", "off-screen", "contrast"]
    element: str
    ref: str
    words: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.element} [ref={self.ref}]: {self.words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far two pictures differ: the share of pixels, and the box (x, y, width, height) that holds them all."""

    share: float
    box: tuple[int, int, int, int]
    sizes: tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A value of an item or a form, by all the words that could mean it, and the ref of where it stands."""

    keys: tuple[str, ...]
    value: str
    ref: str


def origin_of(url: str) -> str:
    """Return scheme and host of an address, the port where it is not the usual one; "" for about:blank."""
    parts = urlsplit(url)
    if parts.scheme == "about":
        return ""
    port = f":{parts.port}" if parts.port and parts.port != {"http": 80, "https": 443}.get(parts.scheme) else ""
    return f"{parts.scheme}://{(parts.hostname or '').lower()}{port}"


def web_address(url: str) -> str:
    """Return the address as it is.

    Raises:
        ValueError: It leads elsewhere than to the web or a blank page. Or it has a backslash, white space, a control
            character, a user name or no host: browsers read such addresses otherwise than `origin_of` does.
    """
    if not re.match(r"https?:", _SPACE.sub("", url), re.IGNORECASE):
        scheme = re.match(r"[a-z][a-z0-9+.-]*:", url, re.IGNORECASE)
        if scheme and scheme[0].lower() not in ("about:", "data:"):
            raise ValueError(f"{url!r} is no address of the web: only http:// and https:// are opened")
        return url
    if _SPACE.search(url):
        raise ValueError(f"{url!r} holds white space or a control character; write it as %20 and the like")
    if "\\" in url:
        raise ValueError(f"{url!r} holds a backslash; write / or %5C")
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise ValueError(f"{url!r} holds a user name before the host; leave it out")
    if not parts.hostname:
        raise ValueError(f"{url!r} has no host; write it as https://portal.example/reports")
    _ = parts.port  # raises when it is none
    return url


class BrowserError(Exception):
    """The browser did not do as asked.

    `performed` says whether the page may have felt it: "no" means that nothing was done, "unknown" means that
    the action may have taken effect and must not be repeated blindly. The message says what to do next.
    """

    code = "browser_error"

    def __init__(self, message: str, *, performed: Literal["no", "unknown"] = "no") -> None:
        super().__init__(message)
        self.performed: Literal["no", "unknown"] = performed


class BrowserGone(BrowserError):
    """The browser process or its driver ended. A new session starts a new browser; cookies are lost."""

    code = "browser_gone"


class NoSuchSession(BrowserError):
    """There is no session of this handle, or it is not this owner's."""

    code = "no_such_session"


class ProfileLocked(BrowserError):
    """Another session uses the profile."""

    code = "profile_locked"


class TooManySessions(BrowserError):
    """As many sessions are open as may be."""

    code = "too_many_sessions"


class Busy(BrowserError):
    """Other calls on the same session went on for too long; this one did nothing."""

    code = "busy"


class NoSuchPage(BrowserError):
    """The session has no page of this handle; the message lists those it has."""

    code = "no_such_page"


class PageGone(BrowserError):
    """The page crashed or was closed. The session and its cookies survive."""

    code = "page_gone"


class StaleRef(BrowserError):
    """The ref is not on the page any more, or the page under it is another one."""

    code = "stale_ref"


class NoSuchTarget(BrowserError):
    """Nothing matches; the message lists candidates."""

    code = "no_such_target"


class Ambiguous(BrowserError):
    """Several elements match; the message lists them with their refs."""

    code = "ambiguous_target"


class NotActionable(BrowserError):
    """The element is disabled, covered, read-only or has no such option; the message says which."""

    code = "not_actionable"


class Changed(BrowserError):
    """What lies where the act would go is not what was expected there; nothing was done."""

    code = "changed"


class DialogOpen(BrowserError):
    """A dialog blocks the page and has to be answered first."""

    code = "dialog_open"


class BadAddress(BrowserError):
    """The address can be read in more than one way, or in none."""

    code = "bad_address"


class Forbidden(BrowserError):
    """The configuration, or what was done in the session before, does not allow it."""

    code = "forbidden"


class NavigationFailed(BrowserError):
    """The page could not be loaded: refused, unknown host, bad certificate, too slow."""

    code = "navigation_failed"


class TimedOut(BrowserError):
    """Our deadline passed."""

    code = "timed_out"
