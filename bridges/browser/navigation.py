"""Why a page could not be loaded, in a sentence. A table of Chromium's error names."""

from collections.abc import Sequence
from urllib.parse import urlsplit

__all__ = ["failure_of", "not_reached"]

_REASONS = {
    "ERR_CONNECTION_REFUSED": "nothing answers at {host}: is the server running?",
    "ERR_CONNECTION_RESET": "{host} broke the connection off",
    "ERR_CONNECTION_CLOSED": "{host} broke the connection off",
    "ERR_EMPTY_RESPONSE": "{host} answered with nothing",
    "ERR_CONNECTION_TIMED_OUT": "{host} does not answer",
    "ERR_TIMED_OUT": "{host} does not answer",
    "ERR_NAME_NOT_RESOLVED": "there is no host {host}: check the address",
    "ERR_INTERNET_DISCONNECTED": "this machine has no network",
    "ERR_ADDRESS_UNREACHABLE": "{host} cannot be reached from here",
    "ERR_UNSAFE_PORT": "browsers refuse the port of {host}",
    "ERR_TOO_MANY_REDIRECTS": "{host} redirects in a circle",
    "ERR_BLOCKED_BY_CLIENT": "{host} is blocked here",
    "ERR_BLOCKED_BY_RESPONSE": "{host} does not allow its page to be shown",
    "ERR_INVALID_AUTH_CREDENTIALS": "{host} wants a sign-in that the browser does not have",
    "ERR_FILE_NOT_FOUND": "there is no such file",
    "ERR_ABORTED": "{host} gave no page",
    "ERR_PROXY_CONNECTION_FAILED": "the proxy does not answer",
    "ERR_SSL_PROTOCOL_ERROR": "{host} does not speak HTTPS properly",
}


def failure_of(message: str, url: str, deadline_s: float) -> str | None:
    """Return the sentence for an error of Playwright's `goto`; None when it is not one of the address."""
    first = message.splitlines()[0] if message else ""
    host = urlsplit(url).netloc.rpartition("@")[2] or url
    if "Timeout" in first:
        return f"could not open {url}: {host} did not answer within {deadline_s:g} s"
    if "Cannot navigate to invalid URL" in first:
        return f"{url!r} is not an address: give a whole one, such as https://portal.example/reports"
    if "interrupted by another navigation" in first:
        return f"could not open {url}: the page went somewhere else meanwhile. Take a snapshot."
    _, found, rest = first.partition("net::")
    if not found:
        return None
    name = rest.split()[0]
    if name.startswith("ERR_CERT"):
        return f"could not open {url}: the certificate of {host} is not valid ({name})"
    return f"could not open {url}: {_REASONS.get(name, '{host} could not be loaded').format(host=host)} ({name})"


def not_reached(url: str, refused: Sequence[str], unreached: Sequence[str]) -> str:
    """Return the sentence for an address that our own proxy gave no page for: notes of it are "host:port: reason"."""
    host = urlsplit(url).netloc.rpartition("@")[2] or url
    if refused:
        return f"could not open {url}: the network boundary refused {refused[-1]}. The operator configures [browser]"
    reason = unreached[-1].partition(": ")[2] if unreached else "it does not answer"
    if "does not answer" in reason:
        reason = f"nothing answers at {host}: is the server running?"
    return f"could not open {url}: {reason}"
