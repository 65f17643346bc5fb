"""A wire to a MySQL server that is cut at a chosen command: before the server gets it, or before its answer comes back."""

from __future__ import annotations

import contextlib
import socket
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch_tests.servers.mariadb import MariadbServer

_CHUNK = 1 << 16


@dataclass
class Cutter:
    """Counts the commands of all connections through it; `at` is the one at which every connection ends, from 1."""

    server: MariadbServer
    at: int
    answered: bool
    commands: int = 0
    port: int = 0
    _last: bool = False
    _held: ExitStack = field(default_factory=ExitStack)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                upstream = socket.create_connection((self.server.host, self.server.port))
                for each in (client, upstream):
                    self._held.callback(_end, each)
                for work, ends in ((self._forward, (client, upstream)), (self._backward, (upstream, client))):
                    threading.Thread(target=work, args=ends, daemon=True).start()

    def cut(self) -> None:
        self._held.close()

    def _forward(self, client: socket.socket, upstream: socket.socket) -> None:
        """Packets of the client: three bytes of length, a number that is 0 for a new command, the command."""
        with contextlib.suppress(OSError), client.makefile("rb") as packets:
            while head := packets.read(4):
                body = packets.read(int.from_bytes(head[:3], "little"))
                if head[3] == 0 and self._is_last():
                    self._last = True
                    if not self.answered:
                        self.cut()
                        return
                upstream.sendall(head + body)
        _end(upstream)

    def _backward(self, upstream: socket.socket, client: socket.socket) -> None:
        """The server's bytes; once it answers the last command, nobody hears of it."""
        with contextlib.suppress(OSError):
            while data := upstream.recv(_CHUNK):
                if self._last:
                    self.cut()
                    return
                client.sendall(data)
        _end(client)

    def _is_last(self) -> bool:
        with self._lock:
            self.commands += 1
            return self.commands == self.at


def _end(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


@contextmanager
def cutting(server: MariadbServer, at: int, *, answered: bool) -> Iterator[Cutter]:
    """A listening cutter in front of the server."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        cutter = Cutter(server, at, answered, port=listening.getsockname()[1])
        threading.Thread(target=cutter.serve, args=(listening,), daemon=True).start()
        try:
            yield cutter
        finally:
            _end(listening)
            cutter.cut()
