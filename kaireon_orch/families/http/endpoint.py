"""The base URL of a vendor's service: how it may be spelled, and the first steps to it through the door.

The vendor's driver makes its own connection afterwards, which the guard judges; these steps give the clear words.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network.addresses import is_public
from kaireon_orch.network.guard import normalise_host

if TYPE_CHECKING:
    from kaireon_orch.contract.door import Door, Peer

PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an endpoint's URL leads."""

    scheme: str
    host: str
    port: int
    path: str


def checked(url: str) -> str:
    """The URL built anew from its parts, so that the driver reads in it what we read. Raises ADDRESS_BLOCKED."""
    place = parsed(url)
    host = f"[{place.host}]" if ":" in place.host else place.host
    return f"{place.scheme}://{host}:{place.port}{place.path}"


def parsed(url: str) -> Place:
    """The parts of an endpoint's URL: http or https, a host, perhaps a port and a path, and nothing else."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise _misspelled() from None
    if parts.username is not None or parts.query or parts.fragment or not parts.hostname:
        raise _misspelled()
    return Place(parts.scheme, normalise_host(parts.hostname), port, parts.path.rstrip("/"))


def resolve(url: str, door: Door) -> Peer:
    """The endpoint's judged addresses. Plain http goes only where the operator's rules lead, never to the public."""
    place = parsed(url)
    peer = door.resolve(place.host, place.port)
    if place.scheme == "http" and any(is_public(ip_address(address)) for address in peer.addresses):
        raise Fault(
            FaultCode.ADDRESS_BLOCKED,
            "Plain http is only for private addresses that the operator allowed; write the endpoint with https.",
        )
    return peer


def _misspelled() -> Fault:
    return Fault(
        FaultCode.ADDRESS_BLOCKED,
        "The endpoint is a scheme, a host and perhaps a port and a path, as in https://gateway.example.com:8443.",
    )
