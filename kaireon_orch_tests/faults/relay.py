"""A TCP relay before a server, whose connections can be cut: at once, or after so many bytes."""

from __future__ import annotations

import selectors
import socket
import struct
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 4096
SECONDS = 10.0
_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass
class Relay:
    """Listens on `port`. `passed` counts the bytes of both directions, `cuts` the connections that were cut.

    A cut is a reset, or, where `reset` is off, an orderly end in the middle. A relay that is `silent` passes nothing on.
    One thread serves all: a socket that another one waits in could not be reset.
    """

    server: tuple[str, int]
    listening: socket.socket
    wake: tuple[socket.socket, socket.socket]
    passed: int = 0
    cuts: int = 0
    limit: int | None = None
    reset: bool = True
    silent: bool = False
    _peers: dict[socket.socket, socket.socket] = field(default_factory=dict)
    _served: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        return int(self.listening.getsockname()[1])

    def begin(self, *, limit: int | None = None, reset: bool = True) -> None:
        """Count anew; cut everything once `limit` bytes have passed."""
        self.passed = self.cuts = 0
        self.limit, self.reset = limit, reset

    def cut(self) -> int:
        """Cut every connection; how many were, since `begin`."""
        self._served.clear()
        self.wake[0].send(b"c")
        assert self._served.wait(SECONDS), "the relay is stuck"
        return self.cuts

    def end(self) -> None:
        self.wake[0].send(b"e")

    def serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            for known in (self.listening, self.wake[1]):
                selector.register(known, selectors.EVENT_READ)
            while True:
                for ready, _ in selector.select():
                    if ready.fileobj is self.wake[1] and not self._woken(selector):
                        return
                    if ready.fileobj is self.listening:
                        self._accept(selector)
                    elif isinstance(ready.fileobj, socket.socket) and ready.fileobj in self._peers:
                        self._pass(ready.fileobj, selector)

    def _woken(self, selector: selectors.BaseSelector) -> bool:
        asked = self.wake[1].recv(1)
        self._cut(selector)
        self._served.set()
        return asked == b"c"

    def _accept(self, selector: selectors.BaseSelector) -> None:
        client, _ = self.listening.accept()
        try:
            server = socket.create_connection(self.server, timeout=SECONDS)
        except OSError:
            client.close()
            return
        for one, other in ((client, server), (server, client)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * PIECE
            )  # rows are on their way, not in buffers
            self._peers[one] = other
            selector.register(one, selectors.EVENT_READ)

    def _pass(self, one: socket.socket, selector: selectors.BaseSelector) -> None:
        try:
            piece = one.recv(PIECE)
            self.passed += len(piece)
            if self.limit is not None and self.passed > self.limit:
                self._cut(selector)
            elif not piece:
                self._close(one, selector, reset=False)
            elif not self.silent:
                self._peers[one].sendall(piece)
        except OSError:
            self._close(one, selector, reset=False)

    def _cut(self, selector: selectors.BaseSelector) -> None:
        while self._peers:
            self.cuts += 1
            self._close(next(iter(self._peers)), selector, reset=self.reset)

    def _close(self, one: socket.socket, selector: selectors.BaseSelector, *, reset: bool) -> None:
        for end in (one, self._peers.pop(one)):
            self._peers.pop(end, None)
            selector.unregister(end)
            if reset:
                with suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            end.close()


@contextmanager
def relaying(host: str, port: int) -> Iterator[Relay]:
    """A relay before that server."""
    waking, woken = socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as listening, waking, woken:
        relay = Relay((host, port), listening, (waking, woken))
        thread = threading.Thread(target=relay.serve, daemon=True)
        thread.start()
        try:
            yield relay
        finally:
            relay.end()
            thread.join(SECONDS)
