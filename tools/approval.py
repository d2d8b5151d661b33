"""What a person said yes to: tickets, what they bind, and how the question reads.

A ticket binds the principal, the tool, the exact arguments and what matters of the page (origin, target, values
submitted), so that an approved call cannot be exchanged for another. It is answered by a person, never by a tool
call, is spent once, and expires.

Pure: no clock, no disk, no network, no random.
"""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from typing import Any

from tools.policy import Caller, Effect, Facts

__all__ = ["TICKET_LIFE_S", "binding", "question", "scope"]

TICKET_LIFE_S = 15 * 60.0
_LONGEST = 300
_ACTS = {"submit": "submit", "delete": "deletion", "pay": "payment", "answer OK to": "OK to a dialog"}


def binding(tool: str, arguments: Mapping[str, Any], facts: Facts, caller: Caller) -> str:
    """Return the digest that ties an approval to this very call of this very principal."""
    return _digest(
        {
            "principal": caller.principal,
            "run": caller.run,
            "tool": tool,
            "arguments": dict(arguments),
            "origin": facts.origin,
            "target": facts.target,
            "values": facts.values,
            "bound": facts.bound,
        }
    )


def scope(tool: str, facts: Facts, effect: Effect, caller: Caller) -> str:
    """Return the digest of "calls of this kind on this origin in this session"."""
    return _digest(
        {
            "principal": caller.principal,
            "kind": facts.kind or tool,
            "effect": effect,
            "origin": facts.origin,
            "session": facts.session or caller.run,
        }
    )


def question(tool: str, arguments: Mapping[str, Any], facts: Facts, effect: Effect, caller: Caller) -> str:
    """Return the question in words: who wants what, where, with which values, and what kind of act it is."""
    act = facts.kind or tool
    what = f"{act} {_plain(facts.target)}" if facts.target else _call(tool, arguments)
    where = f" on {facts.origin}" if facts.origin else ""
    who = "the connected client" if caller.agent == "host" else caller.agent
    lines = [f"Allow {who} to {what}{where}?"]
    if facts.values:
        shown = ", ".join(f"{_plain(name)} = {_plain(value)!r}" for name, value in facts.values.items())
        lines.append(f"With: {shown}")
    if facts.origin and not facts.own:
        lines.append("This session has not worked on that site before.")
    if effect == "irreversible":
        lines.append("It cannot be undone from here.")
    if facts.origin and effect == "irreversible" and act in _ACTS:
        lines.append(f'"This kind" means every {_ACTS[act]}{where}.')
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Return what a page calls something without what could rewrite a terminal or turn the reading around."""
    kept = "".join(
        "⏎" if c == "\n" else "\ufffd" if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c for c in text
    )
    return kept if len(kept) <= _LONGEST else f"{kept[:_LONGEST]}…"


def _call(tool: str, arguments: Mapping[str, Any]) -> str:
    shown = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    return f"call {tool}({shown})"


def _digest(value: Any) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
