"""The portable guard in a process of its own: an audit hook cannot be taken off again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import kaireon_orch

if TYPE_CHECKING:
    from kaireon_orch_tests.network.conftest import Listener

PRELUDE = """
import asyncio, socket, sys
from pathlib import Path
from kaireon_orch.network import fallback
from kaireon_orch.network.deadline import Deadline
from kaireon_orch.network.dial import ChildDoor
from kaireon_orch.network.guard import Policy, parse_rules
from kaireon_orch.network.refusals import Refusals
folder, rules, port = Path(sys.argv[1]), sys.argv[2].split(), int(sys.argv[3])
policy, refusals = Policy(rules=parse_rules(rules)), Refusals.beside(folder)
fallback.install(policy, refusals)
door = ChildDoor(policy, Deadline.after(5), refusals, kernel=False)

def tried(call):
    try:
        call()
    except PermissionError:
        return "refused"
    return "passed"

async def streams(host):
    _, writer = await asyncio.open_connection(host, port)
    writer.close()
    await writer.wait_closed()

pair = socket.socketpair()
ways = {
    "literal": lambda: socket.create_connection(("127.0.0.1", port)).close(),
    "name": lambda: socket.create_connection(("localhost", port)).close(),
    "asyncio": lambda: asyncio.run(streams("localhost")),
    "connect name": lambda: socket.socket().connect(("localhost", port)),
    "resolved in C": lambda: socket.socket().connect((socket.gethostbyname("localhost"), port)),
    "look-up alone": lambda: socket.getaddrinfo("localhost", None),
    "look-up": lambda: socket.getaddrinfo("localhost", port),
    "datagram": lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", port)),
    "message": lambda: socket.socket(type=socket.SOCK_DGRAM).sendmsg([b"x"], [], 0, ("127.0.0.1", port)),
    "unix": lambda: socket.socket(socket.AF_UNIX).connect(str(folder / "x")),
    "any": lambda: socket.socket().connect(("", port)),
    "pair": lambda: pair[0].sendmsg([b"x"]),
}
print(tried(ways[sys.argv[4]]), bool(refusals), door.judged())
"""


def attempt(way: str, tmp_path: Path, port: int, *rules: str) -> str:
    root = Path(next(iter(kaireon_orch.__path__))).parent
    told = subprocess.run(
        [sys.executable, "-c", PRELUDE, str(tmp_path), " ".join(rules), str(port), way],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
    )
    return told.stdout.strip()


@pytest.mark.parametrize(
    "way", ["literal", "name", "asyncio", "resolved in C", "look-up", "datagram", "message"]
)
def test_blocked_addresses_are_refused(way: str, tmp_path: Path, listener: Listener) -> None:
    assert attempt(way, tmp_path, listener.port) == "refused True False"
    assert listener.visitors == []


@pytest.mark.parametrize("way", ["literal", "name", "resolved in C", "look-up", "datagram"])
def test_allowed_addresses_pass(way: str, tmp_path: Path, listener: Listener) -> None:
    assert attempt(way, tmp_path, listener.port, f"127.0.0.1:{listener.port}") == "passed False False"


@pytest.mark.parametrize("way", ["connect name", "unix", "any"])
def test_what_is_no_literal_address_is_refused_even_where_its_address_is_allowed(
    way: str, tmp_path: Path, listener: Listener
) -> None:
    assert attempt(way, tmp_path, listener.port, "127.0.0.0/8", "::1") == "refused False False"


@pytest.mark.parametrize("way", ["look-up alone", "pair"])
def test_what_connects_to_nothing_passes(way: str, tmp_path: Path, listener: Listener) -> None:
    assert attempt(way, tmp_path, listener.port) == "passed False False"
