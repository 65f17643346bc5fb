"""A server that speaks just enough of PostgreSQL's protocol to be a nuisance, and keeps whatever it is sent."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

SSL_REQUEST, GSS_REQUEST = 80877103, 80877104
CLEAR = b"R" + struct.pack(">II", 8, 3)
ANSWERS = {
    "clear text": CLEAR,
    "md5": b"R" + struct.pack(">II", 12, 5) + b"salt",
    "kerberos": b"R" + struct.pack(">II", 8, 2),
    "gss": b"R" + struct.pack(">II", 8, 7),
    "sspi": b"R" + struct.pack(">II", 8, 9),
    "oauth": b"R" + struct.pack(">II", 8 + 13, 10) + b"OAUTHBEARER\0\0",
    "none": b"R" + struct.pack(">II", 8, 0) + b"Z" + struct.pack(">I", 5) + b"I",
    "unknown": b"R" + struct.pack(">II", 8, 99),
    "endless length": b"R" + struct.pack(">II", 0x7FFFFFFF, 3),
    "no message": b"\0" * 64,
    "http": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


def refusal(code: str, words: str) -> bytes:
    """An ErrorResponse."""
    fields = b"".join(
        kind.encode() + text.encode() + b"\0"
        for kind, text in (
            ("S", "FATAL"),
            ("V", "FATAL"),
            ("C", code),
            ("M", words),
            ("D", words),
            ("H", words),
        )
    )
    return b"E" + struct.pack(">I", len(fields) + 5) + fields + b"\0"


@dataclass
class Rogue:
    """Answers a start-up with `answer` and listens to what comes next. `startups` are the parameters it was told."""

    server: socket.socket
    answer: bytes = CLEAR
    context: ssl.SSLContext | None = None
    visits: int = 0
    received: bytes = b""
    startups: list[dict[str, str]] = field(default_factory=list)
    certificates: list[object] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.server.getsockname()[1])

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.server.accept()
                self.visits += 1
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(2)
        with suppress(OSError, struct.error), ExitStack() as held:
            talk = self._started(held, held.enter_context(connection))
            talk.settimeout(0.3)
            talk.sendall(self.answer)
            while piece := talk.recv(4096):
                self.received += piece

    def _started(self, held: ExitStack, talk: socket.socket) -> socket.socket:
        """The connection after the client's start-up packet, in TLS where it was asked for and can be had."""
        while (packet := _packet(talk))[0] in {SSL_REQUEST, GSS_REQUEST}:
            offered = self.context if packet[0] == SSL_REQUEST else None
            talk.sendall(b"N" if offered is None else b"S")
            if offered is not None:
                secure = held.enter_context(offered.wrap_socket(talk, server_side=True))
                self.certificates.append(secure.getpeercert(binary_form=True))
                talk = secure
        self.startups.append(_parameters(packet[1]))
        self.received += packet[1]
        return talk


def _packet(connection: socket.socket) -> tuple[int, bytes]:
    length, code = struct.unpack(">II", _exactly(connection, 8))
    return code, _exactly(connection, length - 8)


def _exactly(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        piece = connection.recv(count - len(found))
        if not piece:
            raise ConnectionResetError
        found += piece
    return found


def _parameters(packet: bytes) -> dict[str, str]:
    parts = [part.decode() for part in packet.rstrip(b"\0").split(b"\0")]
    return dict(zip(parts[::2], parts[1::2], strict=False))


@contextmanager
def rogue(answer: bytes = CLEAR, context: ssl.SSLContext | None = None) -> Iterator[Rogue]:
    """A rogue on loopback that runs until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = Rogue(server, answer, context)
        thread = threading.Thread(target=one.serve, daemon=True)
        thread.start()
        yield one
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
