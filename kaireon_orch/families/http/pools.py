"""urllib3's connections through the door, whoever's copy of urllib3 it is: names are judged, then dialled by address.

For vendors' own clients, which bring their HTTP along. The host's name stays what TLS verifies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from kaireon_orch.contract.door import Door


def judged(pools: Mapping[str, type], door: Door) -> dict[str, type]:
    """The pool classes by scheme, with connections that the door has judged.

    A connection to what may not be reached raises the door's `Fault`, on a redirect and a reconnection too.
    """
    return {scheme: _judged(pool, door) for scheme, pool in pools.items()}


def _judged(pool: type, door: Door) -> type:
    plain: Any = cast("Any", pool).ConnectionCls

    class Judged(plain):  # type: ignore[misc]
        _dns_host: str

        def _new_conn(self) -> socket.socket:
            """urllib3's own connect, to each judged address in turn."""
            name = self._dns_host
            addresses = door.resolve(name.strip("[]"), self.port).addresses
            try:
                return _first(addresses, self, super()._new_conn)
            finally:
                self._dns_host = name

    return type(pool.__name__, (pool,), {"ConnectionCls": Judged})


def _first(addresses: tuple[str, ...], connection: Any, connect: Any) -> socket.socket:  # noqa: ANN401  urllib3's
    """The first address that answers; the last one's error where none does."""
    *others, last = addresses
    for address in others:
        connection._dns_host = address  # noqa: SLF001  what urllib3 itself connects to
        try:
            return cast("socket.socket", connect())
        except Exception as error:
            if not isinstance(error.__cause__, OSError):  # each copy of urllib3 has classes of its own
                raise
    connection._dns_host = last  # noqa: SLF001  the same
    return cast("socket.socket", connect())
