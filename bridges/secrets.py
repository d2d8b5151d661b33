"""Where secret values come from, and the only place that holds them.

A secret is a name (`secret://portal-password`). Its value comes from the environment, is bound to one origin and
one field, is handed out at the last moment before it is typed, and is taken out again of whatever leaves.
"""

import base64
import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

__all__ = ["SECRET_SCHEME", "SecretBinding", "SecretRefused", "Secrets", "SignIn", "secret_name"]

SECRET_SCHEME = "secret://"
_SHORTEST_SCRUBBED = 4  # shorter values would black out ordinary words, and protect nothing


class SecretRefused(Exception):
    """The secret may not be used here. The message says why and never holds a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretBinding:
    """Where a secret may go: on pages of `origin`, into a field that goes by the name `field`.

    With a `user` instead, it is that user's password for signing in to the origin by HTTP (Basic or Digest).
    """

    name: str
    origin: str
    field: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Who signs in to an origin by HTTP, and how."""

    origin: str
    user: str
    password: str = field(repr=False)


def secret_name(text: str) -> str | None:
    """Return the name in `secret://name`, or None when the text is not a reference to a secret."""
    return text.removeprefix(SECRET_SCHEME) if text.startswith(SECRET_SCHEME) else None


class Secrets:
    """Secret values by name, each with its binding."""

    def __init__(self, bindings: Mapping[str, SecretBinding], values: Mapping[str, str]) -> None:
        self._bindings = dict(bindings)
        self._values = {name: value for name, value in values.items() if value}
        forms = {form for value in self._values.values() for form in _forms(value)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE) if forms else None

    def __repr__(self) -> str:
        return f"Secrets({sorted(self._bindings)})"

    @property
    def names(self) -> tuple[str, ...]:
        """The names that are bound, sorted; a bound secret may still lack its value."""
        return tuple(sorted(self._bindings))

    def missing(self) -> tuple[str, ...]:
        """Return the bound names that have no value."""
        return tuple(name for name in self.names if name not in self._values)

    def sign_in(self) -> SignIn | None:
        """Return how to sign in by HTTP, where a secret is for that and has its value."""
        for name, binding in self._bindings.items():
            if binding.user and name in self._values:
                return SignIn(origin=binding.origin, user=binding.user, password=self._values[name])
        return None

    def value_for(self, name: str, *, origin: str, field_names: tuple[str, ...]) -> str:
        """Return the value, for typing into a field of a page.

        Args:
            name: The secret's name, without `secret://`.
            origin: The origin of the frame that holds the field, such as "https://portal.example".
            field_names: What the field goes by: accessible name, label, name, id, autocomplete.

        Raises:
            SecretRefused: There is no such secret, it has no value, or it is bound to another origin or field.
        """
        binding = self._bindings.get(name)
        if binding is None:
            known = ", ".join(self.names) or "none is configured"
            raise SecretRefused(f"there is no secret {name!r}; known: {known}")
        if origin != binding.origin:
            raise SecretRefused(f"secret {name!r} is bound to {binding.origin}, not to {origin}")
        if binding.user:
            raise SecretRefused(f"secret {name!r} is for signing in by HTTP, which the browser does by itself")
        if binding.field.casefold() not in {known.casefold() for known in field_names}:
            raise SecretRefused(
                f"secret {name!r} is bound to the field {binding.field!r}; this field goes by {list(field_names)!r}"
            )
        if name not in self._values:
            raise SecretRefused(f"secret {name!r} has no value: set it in the environment of the server")
        return self._values[name]

    def scrub(self, text: str) -> str:
        """Return the text with every known value, plain or encoded, replaced by "[secret]"."""
        return self._pattern.sub("[secret]", text) if self._pattern else text


def _forms(value: str) -> Iterator[str]:
    """Yield the shapes in which a value turns up in pages, addresses, JSON and headers."""
    if len(value) < _SHORTEST_SCRUBBED:
        return
    yield value
    yield quote(value, safe="")
    yield quote_plus(value)
    yield value.encode("unicode_escape").decode()
    yield value[::-1]
    yield html.escape(value)
    encoded = base64.b64encode(value.encode()).decode().rstrip("=")
    yield encoded
    yield base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")
