"""The steps of a connection test: resolve, connect, TLS, login."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kaireon_orch.contract.source import Check
from kaireon_orch.errors import Fault
from kaireon_orch.families.sql.libpq import Steps
from kaireon_orch.families.sql.mysql_session import connect, resolved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch.contract.source import Opening


def probe(opening: Opening[Any]) -> Iterator[Check]:
    """The steps resolve, connect, tls, login; without credentials it ends after connecting, saying so."""
    steps = Steps()
    peer = resolved(opening)
    steps.passed("resolve")
    yield _check(steps, "resolve", "The name resolves to addresses that may be reached.")
    if opening.auth is None:
        opening.door.dial(peer.host, peer.port).close()
        steps.passed("connect")
        yield _check(steps, "connect", "The server answers.")
        yield Check(
            "login", ok=None, message="The login was not tried: there are no credentials.", latency_ms=0
        )
        return
    yield from _login_steps(opening, steps)


def _login_steps(opening: Opening[Any], steps: Steps) -> Iterator[Check]:
    """The steps that passed are told also where a later one failed."""
    failed: Fault | None = None
    verified = False
    try:
        session = connect(opening, steps)
        verified = session.tls is not None and session.tls.verified
        session.close()
    except Fault as fault:
        failed = fault
    if "connect" in steps.seconds:
        yield _check(steps, "connect", "The server answers.")
    if "tls" in steps.seconds:
        words = "and the certificate verified" if verified else "; the certificate was not verified"
        yield _check(steps, "tls", f"The connection is encrypted {words}.".replace(" ;", ";"))
    elif failed is None:
        yield Check(
            "tls", ok=None, message="The connection is not encrypted; sslMode allows that.", latency_ms=0
        )
    if failed is not None:
        raise failed
    yield _check(steps, "login", "The login works.")


def _check(steps: Steps, name: str, message: str) -> Check:
    return Check(name, ok=True, message=message, latency_ms=round(steps.seconds.get(name, 0.0) * 1000))
