"""Name look-ups that end: the system's resolver knows no deadline, so it is asked from a thread of its own."""

from __future__ import annotations

import math
import socket
from collections.abc import Callable
from concurrent.futures import Future
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, TypeAlias

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network.addresses import parse_address

if TYPE_CHECKING:
    from kaireon_orch.network.guard import Endpoint

# Bound once: the portable fallback replaces the module's attribute by its judging version.
system_getaddrinfo = socket.getaddrinfo

Answers: TypeAlias = tuple[str, ...]
Lookup: TypeAlias = Callable[[str, int, float], Answers]
_DNS_PORT = 53


def _answers(host: str, port: int) -> Answers:
    found = system_getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # A zone id stays in the text of a link-local answer; the address table refuses those by their range.
    return tuple(dict.fromkeys(str(ip_address(sockaddr[0])) for *_, sockaddr in found))


def look_up(host: str, port: int, timeout: float, ask: Callable[[str, int], Answers] = _answers) -> Answers:
    """Every address of a normalised `host`, in the resolver's order; at most `timeout` seconds.

    Raises `Fault` NAME_NOT_RESOLVED or TIMED_OUT.
    """
    future: Future[Answers] = Future()
    Thread(target=_ask, args=(ask, host, port, future), name="lookup", daemon=True).start()
    try:
        return future.result(None if math.isinf(timeout) else timeout)
    except TimeoutError:
        raise Fault(FaultCode.TIMED_OUT, f"the name {host} was not resolved in the time allowed") from None
    except socket.gaierror as error:
        raise _not_resolved(host, error) from None
    except OSError:
        raise Fault(FaultCode.NAME_NOT_RESOLVED, f"the name {host} could not be looked up") from None


def resolvers(path: Path = Path("/etc/resolv.conf")) -> frozenset[Endpoint]:
    """The system's name servers, which every child may ask; without any the resolver asks this machine."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    words = [line.split() for line in lines]
    servers = [
        parse_address(word[1].partition("%")[0]) for word in words if word[:1] == ["nameserver"] and word[1:]
    ]
    known = {str(server) for server in servers if server is not None} or {"127.0.0.1"}
    return frozenset((server, _DNS_PORT) for server in known)


def _ask(ask: Callable[[str, int], Answers], host: str, port: int, future: Future[Answers]) -> None:
    try:
        future.set_result(ask(host, port))
    except (OSError, UnicodeError) as error:
        future.set_exception(error if isinstance(error, OSError) else OSError())


def _not_resolved(host: str, error: socket.gaierror) -> Fault:
    if error.errno == socket.EAI_AGAIN:
        return Fault(
            FaultCode.NAME_NOT_RESOLVED, f"the name {host} could not be looked up just now; try again"
        )
    return Fault(
        FaultCode.NAME_NOT_RESOLVED, f"the name {host} does not exist; check its spelling", retryable=False
    )
