"""How a password is shown to a server of MySQL's protocol: in a form that it could read, only where TLS vouches for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pymysql import _auth

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql.mysql_tls import Tls

if TYPE_CHECKING:
    from pymysql.connections import Connection

_SHA2_FULL: Final = 4
"""What the server says when it wants the password itself (MySQL's `perform_full_authentication`)."""


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


PLUGINS: Final = {
    "mysql_clear_password": _ClearText,
    "dialog": _Dialog,
    "sha256_password": _Sha256,
    "caching_sha2_password": _CachingSha2,
}
