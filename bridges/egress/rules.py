"""What a browser session may reach: what the configuration says, and where the door let the session go.

A decision names the addresses to connect to: a name that is looked up again after the check can have moved.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Literal
from urllib.parse import urlsplit

import anyio

__all__ = ["Boundary", "NetworkRules", "Refusal", "Resolve", "Unreachable", "Way", "authority", "canonical", "resolved"]

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a name, or none. Must not raise, and must end in time."""

_RESOLVE_S = 5.0
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]+)(:(?P<port>[0-9]{0,5}))?")
_NAT64 = IPv6Network("64:ff9b::/96")
_UNICAST = IPv6Network("2000::/3")  # all that was ever given out for the public

# Where clouds hand out the credentials of the machine to whoever asks from it.
_METADATA_NAMES = frozenset(
    {
        "instance-data",
        "instance-data.ec2.internal",
        "metadata",
        "metadata.goog",
        "metadata.google.internal",
        "metadata.tencentyun.com",
    }
)
_METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # most of them
        "169.254.170.2",  # Amazon, containers
        "169.254.170.23",
        "169.254.0.23",  # Tencent
        "169.254.42.42",  # Scaleway
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure; it looks public
        "192.0.0.192",  # Oracle
        "fd00:ec2::254",  # Amazon
        "fd00:ec2::23",
        "fd00:42::42",  # Scaleway
        "fd20:ce::254",  # Google
    )
)
_CREDENTIALS = "hands out the credentials of the machine, and the configuration does not allow it by name"

_Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """It may be reached, at these addresses and at no others."""

    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """It may not be reached."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """It could not be reached, whoever may."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRules:
    """What the configuration says, the same for every session.

    Args:
        web: "open" is the public web; "listed" is only what is allowed here or was admitted.
        allowed: Origins (https://portal.example:8443) or hosts (portal.example, *.corp.example, 10.0.0.7). Only
            these and what was admitted may have private addresses.
        denied: The same; they win.

    Raises:
        ValueError: An entry is neither an origin nor a host.
    """

    web: Literal["open", "listed"] = "open"
    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for text in (*self.allowed, *self.denied):
            _entry(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    host: str
    below: bool
    port: int | None

    def covers(self, host: str, port: int) -> bool:
        named = host.endswith(f".{self.host}") if self.below else host == self.host
        return named and self.port in (None, port)


async def resolved(host: str, port: int) -> tuple[str, ...]:
    """Return the addresses this machine knows for a name; none when it knows none, or not in time."""
    try:
        with anyio.fail_after(_RESOLVE_S):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:  # a missed deadline is one as well
        return ()
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


class Boundary:
    """What one session may reach. It widens by `admit` only."""

    def __init__(self, rules: NetworkRules, *, resolve: Resolve = resolved) -> None:
        self._web = rules.web
        self._allowed = tuple(_entry(text) for text in rules.allowed)
        self._denied = tuple(_entry(text) for text in rules.denied)
        self._resolve = resolve
        self._admitted: dict[tuple[str, int], Literal["private", "public"]] = {}

    async def admit(self, origin: str) -> None:
        """Remember that the door let the session go to an origin. One that is not of the web admits nothing.

        What the host was the first time holds: whoever owns a public name can point it into this network later.
        """
        target = _target(origin)
        if target is None or target in self._admitted:
            return
        addresses = await self._addresses(*target)
        if addresses:
            public = any(_is_public(address) for address in addresses)
            self._admitted.setdefault(target, "public" if public else "private")

    async def decide(self, host: str, port: int) -> Way | Refusal | Unreachable:
        """Return where to connect to, or why not."""
        try:
            host = canonical(host)
        except ValueError as error:
            return Refusal(reason=str(error))
        # Before the look-up: that alone would tell a foreign name server something.
        if objection := self._objection_to_name(host, port):
            return Refusal(reason=objection)
        addresses = await self._addresses(host, port)
        if not addresses:
            return Unreachable(reason=f"there is no host {host}")
        objections = {address: self._objection_to_address(address, host, port) for address in addresses}
        permitted = tuple(str(address) for address, objection in objections.items() if objection is None)
        return Way(addresses=permitted) if permitted else Refusal(reason=next(filter(None, objections.values())))

    async def _addresses(self, host: str, port: int) -> tuple[_Address, ...]:
        if host == "localhost" or host.endswith(".localhost"):
            return (ip_address("127.0.0.1"), ip_address("::1"))
        literal = _literal(host)
        if literal is not None:
            return (literal,)
        return tuple(ip_address(text) for text in await self._resolve(host, port))

    def _objection_to_name(self, host: str, port: int) -> str | None:
        if _covered(self._denied, host, port):
            return "the configuration denies it"
        if host in _METADATA_NAMES and not self._names(host, port):
            return f"{host} {_CREDENTIALS}"
        listed = _covered(self._allowed, host, port) or (host, port) in self._admitted
        if self._web == "listed" and not listed:
            return "the configuration lists what may be reached, and it is not listed"
        return None

    def _objection_to_address(self, address: _Address, host: str, port: int) -> str | None:
        inner = _inner(address)
        if _covered(self._denied, str(address), port) or _covered(self._denied, str(inner), port):
            return f"the configuration denies {address}"
        if inner in _METADATA:
            named = (host in _METADATA_NAMES or _literal(host) is not None) and self._names(host, port)
            return None if named else f"{address} {_CREDENTIALS}"
        if _is_public(address) or _covered(self._allowed, host, port):
            return None
        match self._admitted.get((host, port)):
            case "private":
                return None
            case "public":
                return f"it was public when the session first went there, and now is {address}, {_kind(inner)} address"
            case None:
                return f"{address} is {_kind(inner)} address, and the session was not sent to {_joined(host, port)}"

    def _names(self, host: str, port: int) -> bool:
        """Return whether an entry allows this very host, and not only those like it."""
        return any(not entry.below and entry.covers(host, port) for entry in self._allowed)


def canonical(host: str) -> str:
    """Return the one spelling of a host: a plain address, or a name in lower case with no dot at the end.

    Raises:
        ValueError: It is no host.
    """
    try:
        if ":" in host and "%" not in host:
            address = IPv6Address(host[1:-1] if host.startswith("[") and host.endswith("]") else host)
            return str(address.ipv4_mapped or address)
        name = (host if host.isascii() else host.encode("idna").decode()).lower().removesuffix(".")
        if not _NAME.fullmatch(name):
            raise ValueError
        return str(_ipv4(name)) if _NUMBER.fullmatch(name.rpartition(".")[2]) else name
    except ValueError:
        raise ValueError(f"{host[:100]!r} is not a host") from None


def authority(text: str) -> tuple[str, int | None]:
    """Return the host and the port, if there is one, of text such as portal.example:8443 or [::1]:80.

    Raises:
        ValueError: It is neither.
    """
    if text.count(":") > 1 and not text.startswith("["):
        return canonical(text), None
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:100]!r} is not a host")
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port < 65536:
        raise ValueError(f"{port} is not a port")
    return canonical(found["host"]), port


def _entry(text: str) -> _Entry:
    scheme, separator, rest = text.rpartition("://")
    below = rest.startswith("*.")
    try:
        default = _PORTS[scheme.lower()] if separator else None
        host, port = authority(rest.removeprefix("*.").removesuffix("/"))
    except (KeyError, ValueError):
        host, port, default = "", None, None
    if not host or (below and _literal(host) is not None):
        raise ValueError(
            f"{text!r} is neither an origin nor a host: write it as https://portal.example:8443, portal.example, "
            "*.portal.example or 10.0.0.7"
        )
    return _Entry(host=host, below=below, port=port or default)


def _target(origin: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(origin)
        host, port = authority(parts.netloc.rpartition("@")[2])
    except ValueError:
        return None
    port = port or _PORTS.get(parts.scheme)
    return (host, port) if port and parts.scheme in _PORTS else None


def _covered(entries: tuple[_Entry, ...], host: str, port: int) -> bool:
    return any(entry.covers(host, port) for entry in entries)


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _literal(host: str) -> _Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _ipv4(name: str) -> IPv4Address:
    """Read an address as browsers do: up to four numbers, decimal, octal or hexadecimal, the last filling the rest."""
    *front, last = [_number(part) for part in name.split(".")]
    if len(front) > 3 or any(number > 255 for number in front) or last >= 256 ** (4 - len(front)):
        raise ValueError(f"{name!r} is not an address")
    return IPv4Address(sum(number << 8 * (3 - place) for place, number in enumerate(front)) + last)


def _number(text: str) -> int:
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    return int(text, 8 if text.startswith("0") else 10)


def _inner(address: _Address) -> _Address:
    """Return the IPv4 address that an IPv6 address leads to by translation, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_public(address: _Address) -> bool:
    inner = _inner(address)
    unicast = inner in _UNICAST if isinstance(inner, IPv6Address) else not inner.is_multicast
    return unicast and inner.is_global and inner not in _METADATA


def _kind(address: _Address) -> str:
    if address.is_loopback or address.is_unspecified:
        return "a loopback"  # to connect to 0.0.0.0 is to connect to oneself
    if address.is_link_local:
        return "a link-local"
    if address.is_multicast:
        return "a multicast"
    return "a reserved" if address.is_reserved else "a private"
