"""What an act on a page amounts to: the kind and the effect class of a click or of Enter, from what it lands on.

Words first, then the form: what deletes, pays or commits by its name is irreversible wherever it stands; a form that
is posted is irreversible unless it signs in or searches. Pure. A page can lie about its labels, and words are English,
so this only ever raises a class; what is not recognised stays what the tool declares.
"""

import re

from bridges.browser.words import Target
from tools.policy import Effect

__all__ = ["activation", "is_password"]


def _words(*words: str) -> re.Pattern[str]:
    return re.compile(rf"\b({'|'.join(words)})\b", re.IGNORECASE)


_DELETES = _words(
    "delete", "remove", "erase", "destroy", "drop", "discard", "wipe", "purge", "unsubscribe", "terminate", "revoke",
    "deactivate", "cancel (the |my |your )?(order|subscription|account|booking)", "close (the |my |your )?account",
)  # fmt: skip
_PAYS = _words("pay", "buy", "purchase", "order", "checkout", "check out", "book", "transfer", "donate", "bid")
_SENDS = _words(
    "send", "publish", "approve", "confirm", "accept", "agree", "deploy", "release", "execute", "invite", "place it",
)  # fmt: skip
# These commit when a button of a page is called so; on a form that only asks (GET) they are harmless.
_COMMITS = _words(
    "submit", "post", "reset", "merge", "run", "start", "stop", "restart", "save", "apply", "create", "share",
    "upload", "sign(?! ?in| ?on)",
)  # fmt: skip
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (("delete", _DELETES), ("pay", _PAYS), ("submit", _SENDS))
_ASKS = re.compile(r"^(log ?in|sign ?in|log ?on|sign ?on|search|find|look up|filter)\b", re.IGNORECASE)
_LOOKS = re.compile(r"^(show|view|open|display|expand|collapse|sort|next|previous|back)\b", re.IGNORECASE)
_THINGS = _words("order", "book")
_CONTROLS = {"button", "menuitem", "switch"}


def activation(target: Target) -> tuple[str, Effect]:
    """Return the kind ("click", "submit", "pay", "delete") and the class of activating the element.

    A form that states no method counts as posted: its script sends it, and nobody can tell how.
    """
    name = target.name.strip()
    kind = _kind(name)
    asks = kind is None and _ASKS.match(name)
    if target.submits and not asks and (target.method.lower() == "post" or not target.stated_method):
        return kind or "submit", "irreversible"
    if target.submits or target.role in _CONTROLS:
        if kind is None and not target.submits and not _LOOKS.match(name) and _COMMITS.search(name):
            kind = "submit"
        return (kind, "irreversible") if kind else ("click", "idempotent")
    return (kind, "irreversible") if target.role == "link" and kind in {"delete", "pay"} else ("click", "idempotent")


def _kind(name: str) -> str | None:
    """Return what the words commit to; in "Show order 5" the order is a thing, not an act."""
    told = _THINGS.sub("", name) if _LOOKS.match(name) else name
    return next((kind for kind, words in _KINDS if words.search(told)), None)


def is_password(target: Target) -> bool:
    """Return whether what is typed here must not be recorded."""
    return target.input_type == "password"
