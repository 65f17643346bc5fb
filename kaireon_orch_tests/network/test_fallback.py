"""The portable guard in a process of its own: an audit hook cannot be taken off again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kaireon_orch

if TYPE_CHECKING:
    from kaireon_orch_tests.network.conftest import Listener

PRELUDE = """
import asyncio, json, socket, sys
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
        word = "passed"
    except PermissionError:
        word = "refused"
    noted = bool(refusals)
    refusals.note.unlink(missing_ok=True)
    return word, noted

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
print(json.dumps({way: tried(call) for way, call in ways.items()} | {"judged": door.judged()}))
"""


def attempts(tmp_path: Path, port: int, *rules: str) -> dict[str, Any]:
    """What came of each way out: `["refused", whether it was noted]`."""
    root = Path(next(iter(kaireon_orch.__path__))).parent
    told = subprocess.run(
        [sys.executable, "-c", PRELUDE, str(tmp_path), " ".join(rules), str(port)],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
    )
    answer: dict[str, Any] = json.loads(told.stdout)
    return answer


def test_blocked_addresses_are_refused(tmp_path: Path, listener: Listener) -> None:
    told = attempts(tmp_path, listener.port)
    for way in ("literal", "name", "asyncio", "resolved in C", "look-up", "datagram", "message"):
        assert told[way] == ["refused", True], way
    assert listener.visitors == []


def test_what_connects_to_nothing_passes(tmp_path: Path, listener: Listener) -> None:
    told = attempts(tmp_path, listener.port)
    assert (told["look-up alone"], told["pair"]) == (["passed", False], ["passed", False])
    assert told["judged"] is False


def test_allowed_addresses_pass_and_names_that_c_would_resolve_do_not(
    tmp_path: Path, listener: Listener
) -> None:
    told = attempts(tmp_path, listener.port, f"127.0.0.1:{listener.port}")
    for way in ("literal", "name", "asyncio", "resolved in C", "look-up", "datagram", "message"):
        assert told[way] == ["passed", False], way
    for way in ("connect name", "unix", "any"):
        assert told[way] == ["refused", False], way
