"""URLs, parsed once into parts and rebuilt from them, so that no two parsers can read the same text differently."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote, unquote, urlencode, urljoin

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network.guard import normalise_host

if TYPE_CHECKING:
    from collections.abc import Mapping

Origin: TypeAlias = tuple[str, str, int]
"""Scheme, host and port: what credentials belong to (RFC 6454)."""

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
FOREIGN_PORTS: Final = frozenset(
    {1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 79, 87, 95, 101, 102, 103, 104, 109}
    | {
        110,
        111,
        113,
        115,
        117,
        119,
        123,
        135,
        137,
        139,
        143,
        161,
        179,
        389,
        427,
        445,
        465,
        512,
        513,
        514,
        515,
    }
    | {526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 631, 636, 989, 990, 993, 995, 1433, 1521, 1719}
    | {1720, 1723, 2049, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432, 5672, 6000, 6379, 6566, 6665, 6666}
    | {6667, 6668, 6669, 6679, 6697, 9042, 9092, 10080, 11211, 27017}
)
"""Ports of well-known services that are not HTTP: the Fetch standard's bad ports, and databases and queues."""

_PARTS: Final = re.compile(r"(https?)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?", re.IGNORECASE)
_AUTHORITY: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]+))(?::([0-9]{0,5}))?")
_USERINFO: Final = re.compile(r"(https?://)([^/?#]*)@", re.IGNORECASE)
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
_KEPT: Final = "%:@!$&'()*+,;=~/"


@dataclass(frozen=True, slots=True)
class Url:
    """An absolute http or https URL; `host` is normalised, `path` and `query` are ASCII and begin with / and without ?.

    The query may hold secrets, so it is in no `repr`.
    """

    scheme: str
    host: str
    port: int
    path: str = "/"
    query: str = field(default="", repr=False)

    @property
    def origin(self) -> Origin:
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """As the Host header says it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def target(self) -> str:
        """As the request line says it."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def with_params(self, params: Mapping[str, str]) -> Url:
        """The same URL with parameters added to its query."""
        added = "&".join(part for part in (self.query, urlencode(params)) if part)
        return replace(self, query=added)

    def join(self, reference: str) -> Url:
        """Where a reference (RFC 3986) that a server sent leads from here. Raises what `parse_url` raises."""
        _refuse_unsafe(reference)
        return parse_url(urljoin(f"{self.scheme}://{self.authority}{self.target}", reference.strip()))


def parse_url(text: str) -> Url:
    """`text` in parts. Raises `Fault` ADDRESS_BLOCKED, with words, for what is no http(s) URL that may be asked.

    That is: another scheme, a user or password (they belong into the credentials), control characters, backslashes, a
    host in a spelling that no host has, or the port of another well-known service.
    """
    _refuse_unsafe(text)
    parts = _PARTS.fullmatch(text)
    if parts is None:
        raise _refused("a URL starts with http:// or https:// and a host")
    scheme, authority, path, query = parts.groups(default="")
    host, port = _authority(authority, scheme.lower())
    return Url(scheme.lower(), host, port, quote(path, safe=_KEPT) or "/", quote(query, safe=_KEPT + "?"))


def without_userinfo(text: str) -> tuple[str, str | None]:
    """A URL without its user and password, and these as the value of an `Authorization` header; None without any.

    For what a user has configured: a URL that a server sends keeps its userinfo, and `parse_url` refuses it. Raises
    `Fault` ADDRESS_BLOCKED where another parser could read the host elsewhere.
    """
    _refuse_unsafe(text)
    found = _USERINFO.match(text)
    if found is None:
        return text, None
    user, _, password = found[2].partition(":")
    pair = f"{unquote(user)}:{unquote(password)}".encode()
    return found[1] + text[found.end() :], f"Basic {base64.b64encode(pair).decode('ascii')}"


def _authority(authority: str, scheme: str) -> tuple[str, int]:
    if "@" in authority:
        raise _refused("a URL holds no user name and password; put them into the credentials")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise _refused("the URL has no valid host and port")
    bracketed, plain, digits = parts.groups()
    host = normalise_host(bracketed or plain)
    if bracketed and ":" not in host:
        raise _refused("only an IPv6 address stands in brackets")
    port = int(digits) if digits else DEFAULT_PORTS[scheme]
    if not 0 < port < 1 << 16 or port in FOREIGN_PORTS:
        raise _refused(f"port {port} is none that a web server uses")
    return host, port


def _refuse_unsafe(text: str) -> None:
    if _UNSAFE.search(text):
        raise _refused("a URL holds no control characters and no backslashes")


def _refused(problem: str) -> Fault:
    return Fault(FaultCode.ADDRESS_BLOCKED, problem)
