"""What an act on a page amounts to: the effect class of a click, a key or an answer, from what it lands on.

A table and three questions. Pure. A page can lie about its labels, so this only ever raises a class; what is not
recognised stays what the tool declares.
"""

import re

from bridges.browser.words import Target
from tools.policy import Effect

__all__ = ["activation", "is_password"]

# Words that make a control commit to something, whole words, in the languages our users have told us about so far.
_COMMITS = re.compile(
    r"\b(submit|send|post|publish|pay|buy|purchase|order|checkout|book|transfer|approve|confirm|accept|agree|"
    r"delete|remove|erase|drop|destroy|discard|cancel (order|subscription|account)|unsubscribe|terminate|revoke|"
    r"reset|deploy|release|merge|run|execute|start|stop|restart|save|apply|create|invite|share|upload|sign(?! in))\b",
    re.IGNORECASE,
)
# Forms that only ask or let in: sending them twice harms nobody.
_HARMLESS = re.compile(
    r"^(log ?in|sign ?in|log ?on|sign ?on|continue to login|search|find|filter|sort|go|next|previous|back|refresh|"
    r"show|view|open|display)\b",
    re.IGNORECASE,
)
_CONTROLS = {"button", "menuitem", "switch"}


def activation(target: Target) -> tuple[str, Effect]:
    """Return the kind and the class of clicking the element, or of pressing Enter on it.

    A submit by GET, a sign-in and a search are `idempotent`; a submit by POST, and a control whose words commit to
    something, are `irreversible`.
    """
    harmless = bool(_HARMLESS.match(target.name.strip()))
    if target.submits:
        if target.method.lower() != "post" or harmless:
            return "click", "idempotent"
        return "submit", "irreversible"
    if target.role in _CONTROLS and not harmless and _COMMITS.search(target.name):
        return "click", "irreversible"
    if target.role == "link" and re.search(r"\b(delete|remove|erase|unsubscribe|pay|buy)\b", target.name, re.I):
        return "click", "irreversible"
    return "click", "idempotent"


def is_password(target: Target) -> bool:
    """Return whether what is typed here must not be recorded."""
    return target.input_type == "password"
