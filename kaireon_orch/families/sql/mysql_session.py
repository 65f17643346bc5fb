"""Log in to a server that speaks MySQL's protocol, with nothing but what is handed in.

The driver gets a connected, judged socket and fixed keywords: no option file, no local file for the server, no unix
socket. A server that asks for the password in a form that it could read gets it only where TLS says who it is.
"""

from __future__ import annotations

import os
import socket
import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pymysql import _auth, converters
from pymysql.connections import Connection

from kaireon_orch.contract.source import Check
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import mysql_errors
from kaireon_orch.families.sql.libpq import ANSWER_SECONDS, APPLICATION, Steps, ssl_mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import SecretStr

    from kaireon_orch.contract.door import Peer
    from kaireon_orch.contract.source import Opening

PATIENCE_SECONDS: Final = 86_400
"""How long the server waits for a slow reader or writer of ours; its own defaults are 30 and 60 seconds."""

MODE: Final = "NO_ENGINE_SUBSTITUTION"
"""`sql_mode` for reading: strings and names are then written as MySQL does by default, whatever the server's is."""

_ENCODERS: Final = dict(converters.encoders)
_SHA2_FULL: Final = 4
"""What the server says when it wants the password itself (MySQL's `perform_full_authentication`)."""


@dataclass(slots=True)
class Tls:
    """The TLS of one connection, in the form that the driver calls; remembers that it was used, and whether verified."""

    context: ssl.SSLContext
    steps: Steps
    used: bool = False

    @property
    def verified(self) -> bool:
        return self.used and self.context.verify_mode is ssl.CERT_REQUIRED

    def wrap_socket(self, sock: socket.socket, server_hostname: str) -> ssl.SSLSocket:
        """The driver's one call."""
        self.steps.passed("connect")
        wrapped = self.context.wrap_socket(sock, server_hostname=server_hostname)
        self.steps.passed("tls")
        self.used = True
        return wrapped


@dataclass(slots=True)
class Session:
    """A logged-in connection in autocommit mode, and how it came about. Values arrive as the server's bytes."""

    connection: Connection
    peer: Peer
    tls: Tls | None
    _closed: bool = field(default=False)

    @property
    def encrypted(self) -> bool:
        return self.tls is not None and self.tls.used

    @property
    def is_mariadb(self) -> bool:
        return "mariadb" in str(self.connection.server_version).lower()

    def execute(
        self, statement: str | bytes, parameters: tuple[Any, ...] | None = None
    ) -> list[tuple[Any, ...]]:
        """The rows of one statement, as text where they are text. Raises `Fault`."""
        with mysql_errors.faults(), self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return [tuple(_text(value) for value in row) for row in cursor.fetchall()]

    def close(self) -> None:
        """Leave at once, without reading what is still under way; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        result = self.connection._result  # noqa: SLF001  else the driver would read all rows that are left
        if result is not None:
            result.unbuffered_active = False
        self.connection._force_close()  # noqa: SLF001  the same: a polite close waits


def _text(value: Any) -> Any:  # noqa: ANN401  what the driver gives
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


class _Refusing:
    """An authentication plugin that would show the password to a server that TLS does not vouch for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def authenticate(self, packet: Any) -> Any:  # noqa: ANN401  the driver's packets
        name = type(self).plugin
        if not _vouched(self._connection):
            raise _unsafe()
        return self._connection._process_auth(name, packet)  # noqa: SLF001  the driver's own way

    plugin: bytes = b""


class _ClearText(_Refusing):
    plugin = b"mysql_clear_password"


class _Dialog(_Refusing):
    plugin = b"dialog"


class _Sha256(_Refusing):
    plugin = b"sha256_password"


class _CachingSha2:
    """Without TLS the driver would encrypt the password for any key that the server names; here it is not sent."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def authenticate(self, packet: Any) -> Any:  # noqa: ANN401  the driver's packets
        connection = self._connection
        if isinstance(connection.ctx, Tls) and connection.ctx.used:
            return _auth.caching_sha2_password_auth(connection, packet)
        if packet.is_auth_switch_request():
            connection.salt = packet.read_all().removesuffix(b"\0")
            connection.write_packet(_auth.scramble_caching_sha2(connection.password, connection.salt))
            packet = connection._read_packet()  # noqa: SLF001  the driver's packets
        if packet.is_extra_auth_data():
            if packet.get_all_data()[1] == _SHA2_FULL:
                raise _unsafe()
            return connection._read_packet()  # noqa: SLF001  the same
        return packet


def _vouched(connection: Connection) -> bool:
    return isinstance(connection.ctx, Tls) and connection.ctx.verified


def _unsafe() -> Fault:
    return Fault(
        FaultCode.CREDENTIALS_REFUSED,
        "The login was not completed: the server asks for the password in a form that needs TLS, with the certificate "
        "verified where it wants it in clear text; set sslMode.",
    )


_PLUGINS: Final = {
    "mysql_clear_password": _ClearText,
    "dialog": _Dialog,
    "sha256_password": _Sha256,
    "caching_sha2_password": _CachingSha2,
}


def opened(secret: SecretStr | None) -> str | None:
    """The secret's text."""
    return None if secret is None else secret.get_secret_value()


def resolved(opening: Opening[Any]) -> Peer:
    """The server's judged addresses. Raises `Fault` MISSING_FIELDS."""
    config = opening.config
    if not config.host or not config.port or not config.database:
        raise Fault(FaultCode.MISSING_FIELDS, "host, port and database are needed.")
    return opening.door.resolve(config.host, config.port)


def connect(opening: Opening[Any], steps: Steps | None = None) -> Session:
    """A session of its own. Raises `Fault`: the codes of `Door.dial`, TLS_FAILED, and those of a login."""
    done = steps or Steps()
    peer = resolved(opening)
    done.passed("resolve")
    if opening.auth is None:
        raise Fault(
            FaultCode.MISSING_FIELDS, "Credentials are needed: a user name with a password or a certificate."
        )
    mode = ssl_mode(opening.config.ssl_mode, peer)
    tls = None if mode == "disable" else Tls(_context(opening, mode), done)
    connection = _driver(opening, peer, mode, tls)
    sock = opening.door.dial(peer.host, peer.port)
    done.passed("connect")
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    _log_in(connection, sock, opening)
    done.passed("login")
    session = Session(connection, peer, tls)
    _settle(session)
    return session


def _driver(opening: Opening[Any], peer: Peer, mode: str, tls: Tls | None) -> Connection:
    """The driver with the whole list of keywords, not yet connected."""
    auth = opening.auth
    connection = Connection(
        host=peer.host,
        port=peer.port,
        user=getattr(auth, "username", None) or "",
        password=(opened(getattr(auth, "password", None)) or "").encode(),
        database=opening.config.database,
        charset="utf8mb4",
        use_unicode=False,
        conv=_ENCODERS,
        sql_mode=MODE,
        local_infile=False,
        autocommit=True,
        defer_connect=True,
        read_timeout=ANSWER_SECONDS,
        auth_plugin_map=_PLUGINS,
        program_name=APPLICATION,
        ssl_disabled=mode == "disable",
        ssl=None if tls is None or mode == "prefer" else tls.context,
    )
    connection.ctx = tls
    return connection


def _log_in(connection: Connection, sock: socket.socket, opening: Opening[Any]) -> None:
    try:
        with mysql_errors.faults():
            connection.connect(sock)
    except ssl.SSLError:
        raise mysql_errors.tls_failed() from None
    except Fault as fault:
        sock.close()
        if opening.door.blocked():
            raise Fault(FaultCode.ADDRESS_BLOCKED, "This address may not be reached from here.") from None
        if fault.fault is FaultCode.REFUSED:
            raise Fault(
                FaultCode.UNEXPECTED, "The connection ended during the login: is this a MySQL server?"
            ) from None
        raise
    connection._read_timeout = None  # noqa: SLF001  a query may take as long as the job
    connection._sock.settimeout(None)  # noqa: SLF001  the same


def _settle(session: Session) -> None:
    """A read may take long and wait for its target; times are told in UTC."""
    waits = f"net_write_timeout = {PATIENCE_SECONDS}, net_read_timeout = {PATIENCE_SECONDS}, wait_timeout = {PATIENCE_SECONDS}"
    limit = "max_statement_time" if session.is_mariadb else "max_execution_time"
    session.execute(f"SET SESSION time_zone = '+00:00', {waits}, {limit} = 0")


def _context(opening: Opening[Any], mode: str) -> ssl.SSLContext:
    """What TLS verifies: nothing below `verify-ca`, the chain there, and the name as well with `verify-full`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    verified = mode in {"verify-ca", "verify-full"}
    context.check_hostname = mode == "verify-full"
    context.verify_mode = ssl.CERT_REQUIRED if verified else ssl.CERT_NONE
    authority = getattr(opening.auth, "ca_certificate", None)
    try:
        if verified and authority:
            context.load_verify_locations(cadata=authority)
        elif verified:
            context.load_default_certs()
        _load_identity(context, opening)
    except (ssl.SSLError, ValueError, OSError):
        raise Fault(
            FaultCode.TLS_FAILED,
            "A certificate or its key cannot be read: give PEM text, and the key's passphrase.",
        ) from None
    return context


def _load_identity(context: ssl.SSLContext, opening: Opening[Any]) -> None:
    certificate = getattr(opening.auth, "certificate", None)
    key = opened(getattr(opening.auth, "private_key", None))
    if not certificate or not key:
        return
    paths = [
        _write(opening.folder, name, pem) for name, pem in (("client.pem", certificate), ("client.key", key))
    ]
    passphrase = opened(getattr(opening.auth, "passphrase", None)) or ""
    context.load_cert_chain(paths[0], paths[1], lambda: passphrase)


def _write(folder: str, name: str, pem: str) -> Path:
    path = Path(folder) / name
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(pem)
    return path


@contextmanager
def connected(opening: Opening[Any]) -> Iterator[Session]:
    """A session, closed at the end."""
    session = connect(opening)
    try:
        yield session
    finally:
        session.close()


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
