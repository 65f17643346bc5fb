"""From a connector's configuration to a logged-in session: shared by source, target and probe."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
from psycopg import pq

from kaireon_orch.contract.source import Check
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import libpq, sqlstate
from kaireon_orch.families.sql.libpq import Login, Steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg.pq.abc import PGresult
    from pydantic import SecretStr

    from kaireon_orch.contract.door import Peer
    from kaireon_orch.contract.source import Opening
    from kaireon_orch.families.sql.pg_catalog import Connection


class PgConfig(Protocol):
    """What a configuration says about the server."""

    host: str | None
    port: int | None
    database: str | None
    ssl_mode: str | None


def login(opening: Opening[Any], peer: Peer | None = None) -> tuple[Login, str]:
    """Who logs in, and the judged address. Raises `Fault` MISSING_FIELDS without credentials."""
    config, auth = opening.config, opening.auth
    if auth is None:
        raise Fault(
            FaultCode.MISSING_FIELDS, "Credentials are needed: a user name with a password or a certificate."
        )
    found = peer or resolved(opening)
    return Login(
        peer=found,
        database=config.database or "",
        ssl_mode=libpq.ssl_mode(config.ssl_mode, found),
        username=getattr(auth, "username", None) or "",
        password=_opened(getattr(auth, "password", None)),
        folder=opening.folder,
        certificate=getattr(auth, "certificate", None),
        private_key=_opened(getattr(auth, "private_key", None)),
        passphrase=_opened(getattr(auth, "passphrase", None)),
        ca_certificate=getattr(auth, "ca_certificate", None),
    ), found.addresses[0]


def _opened(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def resolved(opening: Opening[Any]) -> Peer:
    """The server's judged addresses."""
    config = opening.config
    if not config.host or not config.port or not config.database:
        raise Fault(FaultCode.MISSING_FIELDS, "host, port and database are needed.")
    return opening.door.resolve(config.host, config.port)


@contextmanager
def connected(opening: Opening[Any]) -> Iterator[Connection]:
    """A session of its own in autocommit mode, closed at the end."""
    connection = libpq.connect(login(opening)[0], opening.door)
    try:
        yield connection
    finally:
        connection.close()


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
    yield from _login_steps(opening, login(opening, peer)[0], steps)


def _login_steps(opening: Opening[Any], who: Login, steps: Steps) -> Iterator[Check]:
    """The steps that passed are told also where a later one failed."""
    failed: Fault | None = None
    try:
        libpq.connect(who, opening.door, steps).close()
    except Fault as fault_:
        failed = fault_
    if "connect" in steps.seconds:
        yield _check(steps, "connect", "The server answers.")
    if "tls" in steps.seconds:
        yield _check(steps, "tls", _tls_words(who.ssl_mode))
    elif failed is None:
        yield Check(
            "tls", ok=None, message="The connection is not encrypted; sslMode allows that.", latency_ms=0
        )
    if failed is not None:
        raise failed
    yield _check(steps, "login", "The login works.")


def _tls_words(mode: str) -> str:
    if mode in {"verify-ca", "verify-full"}:
        return "The connection is encrypted and the certificate verified."
    return "The connection is encrypted; the certificate was not verified."


def _check(steps: Steps, name: str, message: str) -> Check:
    return Check(name, ok=True, message=message, latency_ms=round(steps.seconds.get(name, 0.0) * 1000))


@contextmanager
def faults() -> Iterator[None]:
    """Turn what psycopg raises inside into faults, naming what the server names apart from its text."""
    try:
        yield
    except psycopg.Error as error:
        raise fault(error) from None


def fault(error: psycopg.Error) -> Fault:
    """Psycopg's exception as a fault, by SQLSTATE."""
    return _named(sqlstate.fault(error.sqlstate), error.diag.column_name, error.diag.constraint_name)


def result_fault(result: PGresult) -> Fault:
    """What libpq reports as a fault, by SQLSTATE."""
    state, column, constraint = (
        None if (value := result.error_field(of)) is None else value.decode()
        for of in (
            pq.DiagnosticField.SQLSTATE,
            pq.DiagnosticField.COLUMN_NAME,
            pq.DiagnosticField.CONSTRAINT_NAME,
        )
    )
    return _named(sqlstate.fault(state), column, constraint)


def _named(found: Fault, column: str | None, constraint: str | None) -> Fault:
    """The fault with what the server names apart from its text."""
    named = [f"{kind} {name!r}" for kind, name in (("column", column), ("constraint", constraint)) if name]
    if not named:
        return found
    return Fault(
        found.fault, f"{found.message} Named by the server: {', '.join(named)}.", retryable=found.retryable
    )
