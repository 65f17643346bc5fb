"""httpcore's way to the network: the door dials, one clock bounds every wait, headers have a cap."""

from __future__ import annotations

import select
import socket
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

import httpcore

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.http.faults import fault_of
from kaireon_orch.network.addresses import is_public

if TYPE_CHECKING:
    from kaireon_orch.contract.door import Door

HEADER_BYTES: Final = 256 << 10
"""For all headers of one answer, interim answers (1xx) included."""

STALL_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Clock:
    """How long a step may wait: what is left of the job's deadline less `reserve`, and at most `stall`; in seconds."""

    door: Door
    reserve: float = 0.0
    stall: float = STALL_SECONDS

    def timeout(self) -> float:
        """Seconds for the next step. Raises the deadline's `Fault`, or TIMED_OUT where only the reserve is left."""
        left = self.door.remaining() - self.reserve
        if left <= 0:
            raise Fault(
                FaultCode.TIMED_OUT, "it took longer than the time allowed; the peer may be slow or silent"
            )
        return min(left, self.stall)


@dataclass(frozen=True, slots=True)
class GuardedBackend(httpcore.NetworkBackend):
    """Connects through the door alone. `public_plain`: whether a public address may be asked without TLS."""

    clock: Clock
    public_plain: bool = True

    def connect_tcp(
        self,
        host: str,
        port: int,
        *_: object,
        **__: object,
    ) -> GuardedStream:
        connection = self.clock.door.dial(host, port)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        secret_only = not self.public_plain and is_public(ip_address(connection.getpeername()[0]))
        return GuardedStream(connection, host, self.clock, tls_only=secret_only)

    def connect_unix_socket(self, path: str, *_: object, **__: object) -> GuardedStream:
        raise NotImplementedError


class GuardedStream(httpcore.NetworkStream):
    """One connection. The time-outs that httpcore passes are not looked at: the clock knows better."""

    def __init__(self, connection: socket.socket, host: str, clock: Clock, *, tls_only: bool = False) -> None:
        self._socket = connection
        self._host = host
        self._clock = clock
        self._tls_only = tls_only
        self._header_bytes_left: int | None = None

    def read(self, max_bytes: int, *_: object, **__: object) -> bytes:
        try:
            self._socket.settimeout(self._clock.timeout())
            data = self._socket.recv(max_bytes)
        except OSError as error:
            raise self._fault(error) from None
        self._count_header(len(data))
        return data

    def write(self, buffer: bytes, *_: object, **__: object) -> None:
        if self._tls_only:
            raise Fault(FaultCode.ADDRESS_BLOCKED, f"{self._host} is a public address; use https:// for it")
        self._header_bytes_left = HEADER_BYTES
        rest = memoryview(buffer)
        try:
            while rest:
                self._socket.settimeout(self._clock.timeout())
                rest = rest[self._socket.send(rest) :]
        except TimeoutError as error:
            raise self._fault(error) from None
        except OSError:
            # A server may answer, and close, before it has heard all: httpcore then reads the answer.
            raise httpcore.WriteError from None

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, *_: object, **__: object
    ) -> GuardedStream:
        try:
            self._socket.settimeout(self._clock.timeout())
            wrapped = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except OSError as error:
            self._socket.close()
            raise self._handshake_fault(error) from None
        return GuardedStream(wrapped, self._host, self._clock)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  httpcore's signature
        if info == "ssl_object":
            return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
        if info == "is_readable":
            return _is_readable(self._socket)
        return None

    def body_follows(self) -> None:
        """The headers are complete: what comes now has caps of its own."""
        self._header_bytes_left = None

    def _count_header(self, count: int) -> None:
        if self._header_bytes_left is None:
            return
        self._header_bytes_left -= count
        if self._header_bytes_left < 0:
            raise Fault(FaultCode.UNEXPECTED, f"{self._host} sends headers without end")

    def _handshake_fault(self, error: OSError) -> Fault:
        if isinstance(error, ssl.SSLError | TimeoutError):
            return self._fault(error)
        return Fault(FaultCode.TLS_FAILED, f"{self._host} broke off while TLS was being set up")

    def _fault(self, error: OSError) -> Fault:
        if isinstance(error, TimeoutError):
            self._clock.timeout()  # raises where the time is up, not the peer silent
        return fault_of(error, self._host)


def _is_readable(connection: socket.socket) -> bool:
    """Whether an idle connection has something to say: then it is its end."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
