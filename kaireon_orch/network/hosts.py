"""How a host may be spelled, and which names are refused before any look-up.

A resolver accepts more spellings of an address than `ipaddress` does (`127.1`, `0x7f.1`, `①②⑦.⓪.⓪.①`). What protects is
judging the resolved address; the rules here give clear answers early and keep TLS names sane.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import idna

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network.addresses import parse_address

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_NAME = 253
METADATA_NAMES = frozenset(
    {
        "metadata",
        "metadata.google.internal",
        "metadata.goog",
        "instance-data",
        "instance-data.ec2.internal",
        "metadata.tencentyun.com",
        "kubernetes.default",
    }
)

_FORBIDDEN = re.compile(r"[\s\x00-\x20\x7f-\x9f\[\]%@/\\?#]")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LOCAL_NAMES = frozenset({"localhost", "ip6-localhost", "host.docker.internal"})
_LOCAL_SUFFIXES = (".localhost", ".local", ".internal", ".kubernetes.default", ".kubernetes.default.svc")


def normalise_host(host: str) -> str:
    """`host` in lower-case ASCII (UTS 46), without its trailing dot; an address in its shortest spelling.

    Raises `Fault` ADDRESS_BLOCKED, with words, for a spelling that no host has.
    """
    problem = host_problem(host)
    if problem is not None:
        raise Fault(FaultCode.ADDRESS_BLOCKED, problem)
    return _mapped(host)


def host_problem(host: str) -> str | None:
    """What is wrong with the spelling of `host`, in words for the person who typed it; None where nothing is."""
    if not host or _FORBIDDEN.search(host):
        return "a host is a name or an address alone: no scheme, brackets, spaces, user or path"
    if ":" in host:
        return (
            None
            if parse_address(host)
            else "the host is not a valid IPv6 address; its port is a field of its own"
        )
    try:
        name = _mapped(host)
    except (idna.IDNAError, UnicodeError):
        return "the host has characters that no host name may have"
    return _name_problem(name)


def is_local_name(name: str) -> bool:
    """Whether a normalised `name` means the machine, its network or its cloud's metadata service."""
    if name in _LOCAL_NAMES or name in METADATA_NAMES or name.endswith(_LOCAL_SUFFIXES):
        return True
    return name.startswith("kubernetes.default.")


def is_loopback_name(name: str) -> bool:
    """Whether `name` is one of this machine's own (RFC 6761)."""
    return name in {"localhost", "ip6-localhost"} or name.endswith(".localhost")


def blocked(host: str) -> Fault:
    """The one refusal for private, metadata and mixed answers alike: it tells the host as typed, no address."""
    return Fault(
        FaultCode.ADDRESS_BLOCKED,
        f"{_shown(host)} is not a public address; the operator can allow it in KAIREON_EGRESS_ALLOW",
    )


def blocked_on_the_way() -> Fault:
    """The refusal of a connection that a driver made by itself, to a host that only it knows."""
    return Fault(
        FaultCode.ADDRESS_BLOCKED,
        "the connection led to an address that is not public; the operator can allow it in KAIREON_EGRESS_ALLOW",
    )


def _mapped(host: str) -> str:
    address = parse_address(host)
    if address is not None:
        return str(address)
    if not host.isascii():
        host = idna.uts46_remap(unicodedata.normalize("NFKC", host), std3_rules=False)
    return ".".join(_ascii_labels(host.lower().removesuffix(".").split(".")))


def _ascii_labels(labels: Iterable[str]) -> Iterable[str]:
    for label in labels:
        if label.isascii() and not label.startswith("xn--"):
            yield label
        else:
            yield idna.alabel(label).decode("ascii")


def _name_problem(name: str) -> str | None:
    if len(name) > MAX_NAME:
        return "the host's name is longer than 253 characters"
    labels = name.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        return None if parse_address(name) else "write the address as four decimal numbers, as in 192.0.2.10"
    if not all(_LABEL.fullmatch(label) for label in labels):
        return "the host has characters that no host name may have"
    return None


def _shown(host: str) -> str:
    printable = "".join(char for char in host if char.isprintable())
    return printable[:MAX_NAME] or "the host"
