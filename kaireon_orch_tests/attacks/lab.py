"""A network of the tests' own: a namespace with a name server that changes its answers, and peers that note who comes.

Run by name below `unshare --net --mount` with a plan on stdin: batches of attempts, each in one guarded child. On stdout
it tells what came of each batch, and who was visited meanwhile. `PUBLIC` may be reached by anybody, `INSIDE` and `INSIDE6` by nobody. A peer says nothing: a visit is all that counts.
"""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaireon_orch.network.guard import Policy, parse_rules
from kaireon_orch_tests.attacks.attempts import tried

if TYPE_CHECKING:
    from collections.abc import Sequence

PUBLIC, INSIDE, METADATA = "93.184.215.14", "10.9.8.7", "169.254.169.254"
PUBLIC6, INSIDE6 = "2606:2800::14", "fd00::7"
PORTS = (80, 443, 5432)
A, CNAME, AAAA = 1, 5, 28
_LOCAL = ("127.0.0.1", 53)


class NameServer:
    """Names under `.test`: `r<n>.…` is public for n questions and inside ever after; the rest is `ZONE`."""

    ZONE: dict[str, dict[int, Sequence[str]]] = {  # noqa: RUF012  a table, never changed
        "public.test": {A: [PUBLIC]},
        "inside.test": {A: [INSIDE]},
        "metadata.test": {A: [METADATA]},
        "mixed.test": {A: [PUBLIC, INSIDE]},
        "mixed6.test": {A: [PUBLIC], AAAA: [INSIDE6]},
        "inside6.test": {AAAA: [INSIDE6]},
        "mapped.test": {AAAA: ["::ffff:10.9.8.7"]},
        "nat64.test": {AAAA: ["64:ff9b::a09:807"]},
        "alias.test": {CNAME: ["inside.test"]},
        "chain.test": {CNAME: ["alias.test"]},
        "zero.test": {A: ["0.0.0.0"]},  # noqa: S104  an answer
    }

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(_LOCAL)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            question, peer = self._socket.recvfrom(2000)
            self._socket.sendto(self._answered(question), peer)

    def _answered(self, question: bytes) -> bytes:
        name, end = _name(question)
        (kind,) = struct.unpack_from(">H", question, end)
        records = b"".join(self._records(name, kind))
        head = struct.pack(">HHHHH", 0x8180, 1, self._count, 0, 0)
        return question[:2] + head + question[12 : end + 4] + records

    def _records(self, name: str, kind: int) -> list[bytes]:
        found: list[tuple[str, int, str]] = []
        while CNAME in self.ZONE.get(name, {}):
            target = self.ZONE[name][CNAME][0]
            found.append((name, CNAME, target))
            name = target
        found += [(name, kind, address) for address in self._addresses(name, kind)]
        self._count = len(found)
        return [_record(*each) for each in found]

    def _addresses(self, name: str, kind: int) -> Sequence[str]:
        label = name.partition(".")[0].partition("-")[0]
        if label[:1] == "r" and label[1:].isdigit():
            if kind != A:
                return []
            self.asked[name] += 1
            return [PUBLIC] if self.asked[name] <= int(label[1:]) else [INSIDE]
        return self.ZONE.get(name, {}).get(kind, [])


def _name(question: bytes) -> tuple[str, int]:
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode())
        at += 1 + question[at]
    return ".".join(labels).lower(), at + 1


def _record(name: str, kind: int, value: str) -> bytes:
    if kind == CNAME:
        data = _encoded(value)
    else:
        data = socket.inet_pton(socket.AF_INET6 if kind == AAAA else socket.AF_INET, value)
    return _encoded(name) + struct.pack(">HHIH", kind, 1, 0, len(data)) + data


def _encoded(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


class Peers:
    """Listens on every address and port of the lab; `redirect` is what port 80 answers to whoever asks for /away."""

    def __init__(self, redirect: str) -> None:
        self._visits: set[str] = set()
        self._redirect = redirect
        for address in (PUBLIC, INSIDE, METADATA, PUBLIC6, INSIDE6):
            for port in PORTS:
                family = socket.AF_INET6 if ":" in address else socket.AF_INET
                server = socket.create_server((address, port), family=family)
                threading.Thread(target=self._serve, args=(server, address), daemon=True).start()

    def seen(self) -> list[str]:
        """Who was visited since the last call; a connection is there before its peer has noticed it."""
        time.sleep(0.1)
        seen, self._visits = sorted(self._visits), set()
        return seen

    def _serve(self, server: socket.socket, address: str) -> None:
        while True:
            connection, _ = server.accept()
            self._visits.add(address)
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(3)
            try:
                asked = connection.recv(4096)
                if b"/away" in asked.split(b"\r\n", 1)[0]:
                    connection.sendall(
                        f"HTTP/1.1 302 x\r\nLocation: {self._redirect}\r\nContent-Length: 0\r\n\r\n".encode()
                    )
            except OSError:
                return


def settle() -> None:
    """Give the namespace its addresses and its own resolv.conf."""
    _run("ip", "link", "set", "lo", "up")
    for address in (PUBLIC, INSIDE, METADATA):
        _run("ip", "address", "add", f"{address}/32", "dev", "lo")
    for address in (PUBLIC6, INSIDE6):
        _run("ip", "-6", "address", "add", f"{address}/128", "dev", "lo", "nodad")
    resolv = Path(tempfile.mkdtemp()) / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    _run("mount", "--bind", str(resolv), "/etc/resolv.conf")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)


def unguarded(host: str, port: int) -> None:
    """What a check by name followed by a connect by name does: the lab is worth nothing unless this is caught out."""
    socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)
    socket.create_connection((host, port), timeout=3).close()


def main() -> None:
    plan: dict[str, Any] = json.load(sys.stdin)
    settle()
    NameServer()
    peers = Peers(plan["redirect"])
    answers: list[dict[str, Any]] = []
    if plan["unguarded"]:
        unguarded(plan["unguarded"], 80)
        answers.append({"told": [], "visits": peers.seen()})
    policy = Policy(rules=parse_rules(plan["rules"]))
    for batch in plan["batches"]:
        told = [{"code": one.code, "message": one.message} for one in tried(*batch, policy=policy)]
        answers.append({"told": told, "visits": peers.seen()})
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
