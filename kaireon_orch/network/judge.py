"""The parent's side of the filter: reads the address of each call that waits, and lets it go on or fails it.

It trusts the driver's code (a hostile thread could swap the memory after the look), which is right here: a tenant
supplies data, not code.
"""

from __future__ import annotations

import fcntl
import logging
import os
import select
import struct
from dataclasses import dataclass, field
from errno import EACCES
from ipaddress import ip_address
from pathlib import Path
from socket import AF_INET, AF_INET6, AF_UNSPEC
from threading import Thread
from typing import TYPE_CHECKING

from kaireon_orch.network import seccomp
from kaireon_orch.network.lookup import resolvers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch.network.guard import Endpoint, Policy
    from kaireon_orch.network.refusals import Refusals

LOG = logging.getLogger(__name__)

_RECEIVE, _SEND, _STILL_VALID = 0xC0502100, 0xC0182101, 0x80082102  # SECCOMP_IOCTL_NOTIF_*
_NOTICE = struct.Struct("<QIIiIQ6Q")  # struct seccomp_notif
_ANSWER = struct.Struct("<QqiI")  # struct seccomp_notif_resp
_CONTINUE = 1
_PATIENCE = 5.0  # seconds; the thread can only be held up by a process that left the child's group
_MESSAGE = struct.Struct("<QI4x40x")  # struct msghdr: name, its length, what does not matter
_MESSAGES_STRIDE = 64  # struct mmsghdr
_MOST_MESSAGES = 1024  # UIO_MAXIOV
_MOST_ADDRESS = 128  # struct sockaddr_storage
_SHORTEST = {AF_INET: 8, AF_INET6: 24}
_AF_NETLINK = 16  # the kernel itself; getaddrinfo asks it for interfaces


@dataclass(frozen=True, slots=True)
class _Call:
    """A system call that waits: who called, which, with what arguments."""

    ident: int
    pid: int
    number: int
    args: tuple[int, ...]


@dataclass(slots=True)
class Judge:
    """Answers the calls of one child until it is gone or `close` is called. Owns `listener`."""

    listener: int
    policy: Policy
    refusals: Refusals
    job: str
    _resolvers: frozenset[Endpoint] = field(init=False)
    _numbers: seccomp.Calls = field(init=False)
    _stop: int = field(init=False)
    _thread: Thread = field(init=False)
    _told: set[Endpoint] = field(default_factory=set)

    def __post_init__(self) -> None:
        numbers = seccomp.calls()
        if numbers is None:
            raise RuntimeError("a listener exists on a machine that has no filter")
        self._numbers = numbers
        self._resolvers = resolvers()
        self._stop = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread = Thread(target=self._serve, name=f"judge of {self.job}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and release both descriptors; calls that still wait fail."""
        os.eventfd_write(self._stop, 1)
        self._thread.join(_PATIENCE)
        if not self._thread.is_alive():  # it could still use the descriptors' numbers
            os.close(self.listener)
            os.close(self._stop)

    def _serve(self) -> None:
        poll = select.poll()
        poll.register(self.listener, select.POLLIN)
        poll.register(self._stop, select.POLLIN)
        while True:
            events = dict(poll.poll())
            if self._stop in events or events.get(self.listener, 0) & (select.POLLHUP | select.POLLERR):
                return
            self._answer_next()

    def _answer_next(self) -> None:
        notice = bytearray(_NOTICE.size)
        try:
            fcntl.ioctl(self.listener, _RECEIVE, notice)
            ident, pid, _, number, _, _, *args = _NOTICE.unpack(notice)
            call = _Call(ident, pid, number, tuple(args))
            allowed = self._allows(call)
            # The memory that was read is the caller's only if the caller still waits.
            fcntl.ioctl(self.listener, _STILL_VALID, struct.pack("<Q", ident))
            error, flags = (0, _CONTINUE) if allowed else (-EACCES, 0)
            fcntl.ioctl(self.listener, _SEND, bytearray(_ANSWER.pack(ident, 0, error, flags)))
        except OSError:
            return  # the caller is gone or was interrupted: there is nobody to answer

    def _allows(self, call: _Call) -> bool:
        try:
            with Path(f"/proc/{call.pid}/mem").open("rb", buffering=0) as memory:
                reader = _Memory(memory.fileno())
                return all(
                    self._permits(call, reader.read(*place)) for place in self._addresses(call, reader)
                )
        except (OSError, OverflowError, struct.error):
            return False  # unreadable memory holds no address that could be judged

    def _addresses(self, call: _Call, memory: _Memory) -> Iterator[tuple[int, int]]:
        """(address in memory, length) of each socket address that the call names."""
        numbers = self._numbers
        if call.number == numbers.connect:
            yield call.args[1], call.args[2]
        elif call.number == numbers.sendto:
            yield call.args[4], call.args[5]
        else:
            count = min(call.args[2], _MOST_MESSAGES) if call.number == numbers.sendmmsg else 1
            for index in range(count):
                name, length = _MESSAGE.unpack(
                    memory.read(call.args[1] + index * _MESSAGES_STRIDE, _MESSAGE.size)
                )
                if name and length:
                    yield name, length

    def _permits(self, call: _Call, sockaddr: bytes) -> bool:
        (family,) = struct.unpack_from("<H", sockaddr)
        if family == _AF_NETLINK:
            return True
        if family == AF_UNSPEC:
            return call.number == self._numbers.connect  # undoes a connection; in a datagram it would be IPv4
        if family not in _SHORTEST or len(sockaddr) < _SHORTEST[family]:
            return False
        return self._permits_endpoint(*_endpoint(family, sockaddr))

    def _permits_endpoint(self, address: str, port: int) -> bool:
        if self.policy.admits(address, port) or (address, port) in self._resolvers:
            return True
        if port == 0:  # the resolver's library sorts its answers by trial connects; nobody asked to go there
            return False
        self.refusals.add(address)
        if (address, port) not in self._told:
            self._told.add((address, port))
            LOG.warning("refused a connection of a %s job to %s port %d", self.job, address, port)
        return False


@dataclass(frozen=True, slots=True)
class _Memory:
    descriptor: int

    def read(self, address: int, length: int) -> bytes:
        # Lengths are 32 bits to the kernel, whatever the register's upper half holds.
        return os.pread(self.descriptor, min(length & 0xFFFFFFFF, _MOST_ADDRESS), address)


def _endpoint(family: int, sockaddr: bytes) -> Endpoint:
    (port,) = struct.unpack_from(">H", sockaddr, 2)
    packed = sockaddr[4:8] if family == AF_INET else sockaddr[8:24]
    return str(ip_address(packed)), port
