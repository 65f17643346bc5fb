"""Log in to a server that speaks MySQL's protocol, with nothing but what is handed in.

The driver gets a connected, judged socket and fixed keywords: no option file, no local file for the server, no unix
socket. A server that asks for the password in a form that it could read gets it only where TLS says who it is.
"""

from __future__ import annotations

import re
import socket
import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pymysql import converters
from pymysql.connections import Connection

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import mysql_errors, mysql_tls
from kaireon_orch.families.sql.libpq import ANSWER_SECONDS, APPLICATION, Steps, ssl_mode
from kaireon_orch.families.sql.mysql_auth import PLUGINS
from kaireon_orch.families.sql.mysql_tls import Tls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kaireon_orch.contract.door import Door, Peer
    from kaireon_orch.contract.source import Opening

PATIENCE_SECONDS: Final = 86_400
"""How long the server waits for a slow reader or writer of ours; its own defaults are 30 and 60 seconds."""

MODE: Final = "NO_ENGINE_SUBSTITUTION"
"""`sql_mode` for reading: strings and names are then written as MySQL does by default, whatever the server's is."""

_VERSION: Final = re.compile(r"(\d+)\.(\d+)")
_OURS: Final[Mapping[str, Any]] = {
    "use_unicode": False,
    "conv": dict(converters.encoders),
    "sql_mode": MODE,
    "autocommit": True,
}
_AUTHORS: Final[Mapping[str, Any]] = {"use_unicode": True, "autocommit": False}


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

    @property
    def version(self) -> tuple[int, int]:
        """Major and minor; MariaDB may say 5.5.5 first, for the sake of old replicas."""
        text = str(self.connection.server_version).removeprefix("5.5.5-")
        found = _VERSION.match(text)
        return (int(found[1]), int(found[2])) if found else (0, 0)

    def execute(
        self, statement: str | bytes, parameters: tuple[Any, ...] | None = None
    ) -> list[tuple[Any, ...]]:
        """The rows of one statement, as text where they are text. Raises `Fault`."""
        with mysql_errors.faults(), self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return [tuple(_text(value) for value in row) for row in cursor.fetchall()]

    def changed(self, statement: str) -> int:
        """How many rows a statement changed. Raises `Fault`."""
        with mysql_errors.faults(), self.connection.cursor() as cursor:
            return int(cursor.execute(statement))

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


def resolved(opening: Opening[Any]) -> Peer:
    """The server's judged addresses. Raises `Fault` MISSING_FIELDS."""
    config = opening.config
    if not config.host or not config.port or not config.database:
        raise Fault(FaultCode.MISSING_FIELDS, "host, port and database are needed.")
    return opening.door.resolve(config.host, config.port)


class _Guarded(Connection):  # type: ignore[misc]
    """A connection that reaches the server through the door alone, also where the driver connects anew."""

    def __init__(self, door: Door, **keywords: Any) -> None:  # noqa: ANN401  the driver's own
        self._door = door
        super().__init__(**keywords)

    def connect(self, sock: socket.socket | None = None) -> None:
        super().connect(self._door.dial(self.host, self.port) if sock is None else sock)


def connect(opening: Opening[Any], steps: Steps | None = None, *, for_author: bool = False) -> Session:
    """A session of its own. Raises `Fault`: the codes of `Door.dial`, TLS_FAILED, and those of a login.

    `for_author`: the driver's own manners instead of ours: Python's values, the server's modes, transactions.
    """
    done = steps or Steps()
    peer = resolved(opening)
    done.passed("resolve")
    if opening.auth is None:
        raise Fault(
            FaultCode.MISSING_FIELDS, "Credentials are needed: a user name with a password or a certificate."
        )
    mode = ssl_mode(opening.config.ssl_mode, peer)
    tls = None if mode == "disable" else Tls(mysql_tls.context(opening, mode), done)
    connection = _driver(opening, peer, mode, tls, _AUTHORS if for_author else _OURS)
    sock = opening.door.dial(peer.host, peer.port)
    done.passed("connect")
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    _log_in(connection, sock, opening)
    done.passed("login")
    session = Session(connection, peer, tls)
    _settle(session)
    return session


def _driver(
    opening: Opening[Any], peer: Peer, mode: str, tls: Tls | None, manners: Mapping[str, Any]
) -> Connection:
    """The driver with the whole list of keywords, not yet connected."""
    auth = opening.auth
    connection = _Guarded(
        opening.door,
        host=peer.host,
        port=peer.port,
        user=getattr(auth, "username", None) or "",
        password=(mysql_tls.opened(getattr(auth, "password", None)) or "").encode(),
        database=opening.config.database,
        charset="utf8mb4",
        local_infile=False,
        defer_connect=True,
        read_timeout=ANSWER_SECONDS,
        auth_plugin_map=PLUGINS,
        program_name=APPLICATION,
        ssl_disabled=mode == "disable",
        ssl=None if tls is None or mode == "prefer" else tls.context,
        **manners,
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


@contextmanager
def connected(opening: Opening[Any]) -> Iterator[Session]:
    """A session, closed at the end."""
    session = connect(opening)
    try:
        yield session
    finally:
        session.close()
