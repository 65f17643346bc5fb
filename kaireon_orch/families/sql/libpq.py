"""Log in to a server that speaks PostgreSQL's protocol, step by step, with nothing but what is handed in.

libpq is driven through its own non-blocking connect, so that each step (connect, TLS, login) is known and timed, and a
failed login is told apart by SQLSTATE. The keywords are the whole list: libpq would take anything that is missing from
the environment, `~/.pgpass` or a service file, so the password is always given and the files are always named.
"""

from __future__ import annotations

import ipaddress
import os
import re
import select
import socket
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import sqlstate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg.pq.abc import PGconn

    from kaireon_orch.contract.door import Door, Peer

APPLICATION: Final = "kaireon-orch"
ANSWER_SECONDS: Final = 30.0
"""How long a step of the handshake may take, however long the job may."""

UNVERIFIED_AUTH: Final = "scram-sha-256,md5"
"""Without a verified server certificate, a server that asks for the password in clear text does not get it."""

_VERIFIED: Final = ("verify-ca", "verify-full")
_ROOTS: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)
_ERROR_CODE: Final = re.compile(rb'\tErrorResponse\t.*? C "([0-9A-Z]{5})"')


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in where. PEM texts are written into `folder`, which is private to the job."""

    peer: Peer
    database: str
    ssl_mode: str
    username: str
    password: str | None
    folder: str
    certificate: str | None = None
    private_key: str | None = None
    passphrase: str | None = None
    ca_certificate: str | None = None


@dataclass(slots=True)
class Steps:
    """Seconds that each step of a login took, in order; a failed login has those that passed."""

    seconds: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.monotonic)

    def passed(self, name: str) -> None:
        now = time.monotonic()
        self.seconds.setdefault(name, now - self._since)
        self._since = now


def ssl_mode(given: str | None, peer: Peer) -> str:
    """The TLS mode: as given, else `prefer` to a private address (the operator allowed it), else `verify-full`."""
    if given:
        return given
    private = all(ipaddress.ip_address(address).is_private for address in peer.addresses)
    return "prefer" if private else "verify-full"


def conninfo(login: Login, address: str) -> str:
    """Libpq's keywords for one judged address; `host` is for the certificate's name alone."""
    verified = login.ssl_mode in _VERIFIED
    return make_conninfo(
        host=login.peer.host,
        hostaddr=address,
        port=login.peer.port,
        dbname=login.database,
        user=login.username,
        password=login.password or "",
        passfile=_nowhere(login),
        sslmode=login.ssl_mode,
        gssencmode="disable",
        client_encoding="UTF8",
        application_name=APPLICATION,
        keepalives_idle=30,
        keepalives_interval=10,
        keepalives_count=3,
        **_require_auth(login, verified=verified),
        **_certificates(login),
    )


def _require_auth(login: Login, *, verified: bool) -> dict[str, str]:
    if verified or login.certificate:
        return {}
    return {"require_auth": UNVERIFIED_AUTH}


def _certificates(login: Login) -> dict[str, str]:
    """Paths of the PEM files. Absent ones name a file that is not there, or libpq would look into the home."""
    nowhere = _nowhere(login)
    ca = _write(login, "ca.pem", login.ca_certificate)
    return {
        "sslrootcert": ca or (_system_roots() if login.ssl_mode in _VERIFIED else nowhere),
        "sslcert": _write(login, "client.pem", login.certificate) or nowhere,
        "sslkey": _write(login, "client.key", login.private_key) or nowhere,
        "sslcrl": nowhere,
        "sslpassword": login.passphrase or "",
    }


def _nowhere(login: Login) -> str:
    return str(Path(login.folder) / "absent.pem")


def _system_roots() -> str:
    """The machine's own authorities: the driver's OpenSSL, built elsewhere, does not know where they are."""
    known = (os.environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile, *_ROOTS)
    return next((path for path in known if path and Path(path).exists()), "system")


def _write(login: Login, name: str, pem: str | None) -> str | None:
    if not pem:
        return None
    path = Path(login.folder) / name
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(pem)
    return str(path)


def connect(login: Login, door: Door, steps: Steps | None = None) -> psycopg.Connection[tuple[object, ...]]:
    """A logged-in connection in autocommit mode.

    Raises `Fault`: REFUSED, TIMED_OUT, ADDRESS_BLOCKED, TLS_FAILED, CREDENTIALS_REFUSED, OBJECT_MISSING, BUSY.
    """
    done = steps or Steps()
    last: Fault | None = None
    for address in login.peer.addresses:
        try:
            return _attempt(login, address, door, done)
        except Fault as fault:
            if fault.fault is not FaultCode.REFUSED:
                raise
            last = fault
    raise last or Fault(FaultCode.NAME_NOT_RESOLVED, f"{login.peer.host} has no address.")


def _attempt(login: Login, address: str, door: Door, steps: Steps) -> psycopg.Connection[tuple[object, ...]]:
    connection = pq.PGconn.connect_start(conninfo(login, address).encode())
    trace = os.memfd_create("libpq-trace", os.MFD_CLOEXEC)
    try:
        _finish(connection, trace, door, steps)
    except Fault:
        connection.finish()
        raise
    finally:
        os.close(trace)
    return _wrapped(connection)


def _wrapped(connection: PGconn) -> psycopg.Connection[tuple[object, ...]]:
    wrapped: psycopg.Connection[tuple[object, ...]] = psycopg.Connection(connection)
    wrapped.autocommit = True
    return wrapped


def _finish(connection: PGconn, trace: int, door: Door, steps: Steps) -> None:
    """Drive the handshake. The trace, libpq's own record of the protocol in memory, is read for its SQLSTATE alone."""
    if connection.status == pq.ConnStatus.BAD:
        raise _failed("connect", None, door)
    connection.trace(trace)
    stage = "connect"
    lost = False
    poll: int = pq.PollingStatus.WRITING
    while poll not in (pq.PollingStatus.OK, pq.PollingStatus.FAILED):
        _wait(connection.socket, poll, door)
        lost = stage != "connect" and _is_lost(connection.socket)
        poll = connection.connect_poll()
        stage = _stage(connection, stage, steps)
    connection.untrace()
    if poll == pq.PollingStatus.FAILED:
        raise _failed("lost" if lost else stage, _sqlstate(trace), door)
    steps.passed("login")


def _stage(connection: PGconn, stage: str, steps: Steps) -> str:
    status = connection.status
    if status == pq.ConnStatus.SSL_STARTUP:
        steps.passed("connect")
        return "tls"
    if status == pq.ConnStatus.AWAITING_RESPONSE:
        steps.passed("connect")
        if connection.ssl_in_use:
            steps.passed("tls")
        return "login"
    return stage


def _wait(descriptor: int, poll: int, door: Door) -> None:
    reading = [descriptor] if poll == pq.PollingStatus.READING else []
    writing = [] if reading else [descriptor]
    ready = select.select(reading, writing, [], min(door.remaining(), ANSWER_SECONDS))
    if not any(ready):
        raise Fault(FaultCode.TIMED_OUT, "The server did not answer in time.")


def _is_lost(descriptor: int) -> bool:
    """Whether the peer has ended the connection, and nothing of what it said is left to read."""
    with socket.socket(fileno=os.dup(descriptor)) as peeking:
        try:
            return not peeking.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True


def _sqlstate(trace: int) -> str | None:
    os.lseek(trace, 0, os.SEEK_SET)
    with os.fdopen(os.dup(trace), "rb") as record:
        found = _ERROR_CODE.findall(record.read())
    return str(found[-1], "ascii") if found else None


_FAILURES: Final[Mapping[str, tuple[FaultCode, str]]] = {
    "connect": (FaultCode.REFUSED, "Nothing answers at this host and port."),
    "lost": (FaultCode.REFUSED, "The connection was lost before the login was over."),
    "tls": (
        FaultCode.TLS_FAILED,
        "TLS failed: it is not offered, or the certificate does not verify. Give caCertificate, or change sslMode.",
    ),
    "login": (
        FaultCode.CREDENTIALS_REFUSED,
        "The login was not completed: the server asks for a way of logging in that is unsafe here, or is no PostgreSQL.",
    ),
}


def _failed(stage: str, state: str | None, door: Door) -> Fault:
    if door.blocked():
        return Fault(FaultCode.ADDRESS_BLOCKED, "This address may not be reached from here.")
    if state is not None:
        return sqlstate.fault(state)
    code, words = _FAILURES[stage]
    return Fault(code, words)
