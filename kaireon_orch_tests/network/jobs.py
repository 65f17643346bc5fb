"""Jobs of these tests, run in a real guarded child by `run_job(module=…)`; the payload's `do` names one."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network.child import run_job
from kaireon_orch.network.guard import Policy, parse_rules
from kaireon_orch.worker import template

if TYPE_CHECKING:
    from collections.abc import Callable

    from kaireon_orch.worker.job import Job

LIBC = ctypes.CDLL(None, use_errno=True)


def work(job: Job) -> dict[str, Any]:
    answer: dict[str, Any] = globals()[job.payload["do"]](job)
    return answer


def echo(job: Job) -> dict[str, Any]:
    job.emit({"seen": job.payload["words"]})
    job.send_batches(b"arrow")
    return {"words": job.payload["words"], "judged": job.door.judged()}


def add_up(job: Job) -> dict[str, Any]:
    sizes = []
    while (handed := job.handed()) is not None:
        sizes.append(len(handed))
    return {"sizes": sizes}


def deaf(job: Job) -> dict[str, Any]:
    """Asks for more and stops all of its own threads, the one that hears the parent too."""
    job.channel.send({"want": True})
    os.kill(os.getpid(), signal.SIGSTOP)
    return {}


def facts(job: Job) -> dict[str, Any]:
    return {
        "environment": dict(os.environ),
        "home": [str(path) for path in Path(os.environ["HOME"]).iterdir()],
        "arguments": sys.argv,
        "folder": job.folder,
        "mode": Path(job.folder).stat().st_mode & 0o777,
        "modules": sorted(name for name in sys.modules if "." not in name),
        "pid": os.getpid(),
    }


def open_files(job: Job) -> dict[str, Any]:
    """What this process holds open, its guard's pipe among it; sockets by their kind alone."""
    held = {}
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            held[link.name] = str(link.readlink()).partition("[")[0]
    return {"files": held}


def draw(job: Job) -> dict[str, Any]:
    return {"python": random.random(), "openssl": ssl.RAND_bytes(16).hex()}  # noqa: S311  it is not for secrets


def warm_up(job: Job) -> dict[str, Any]:
    """Everything that a template imports, in a child whose connects are judged."""
    template.warm_up()
    return {}


def parent(job: Job) -> dict[str, Any]:
    return {"pid": os.getppid()}


def echo_nothing(job: Job) -> dict[str, Any]:
    return {}


def sockaddr(host: str, port: int) -> bytes:
    if ":" in host:
        return (
            struct.pack("<H", socket.AF_INET6)
            + struct.pack(">HI", port, 0)
            + socket.inet_pton(socket.AF_INET6, host)
            + bytes(4)
        )
    return struct.pack("<H", socket.AF_INET) + struct.pack(">H", port) + socket.inet_aton(host) + bytes(8)


def libc_connect(job: Job) -> dict[str, Any]:
    """`connect` as a native driver calls it, past everything that Python could replace."""
    host, port = job.payload["host"], job.payload["port"]
    connection = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    address = sockaddr(host, port)
    answer = LIBC.connect(connection.fileno(), address, len(address))
    return {"errno": ctypes.get_errno() if answer else 0, "blocked": job.door.blocked()}


def libc_send(job: Job) -> dict[str, Any]:
    """A datagram with an address, by each call that takes one."""
    address = sockaddr(job.payload["host"], job.payload["port"])
    name = ctypes.create_string_buffer(address, len(address))
    data = ctypes.create_string_buffer(b"x", 1)
    vector = ctypes.create_string_buffer(struct.pack("<QQ", ctypes.addressof(data), 1))
    header = struct.pack(
        "<QI4xQQQQi4x", ctypes.addressof(name), len(address), ctypes.addressof(vector), 1, 0, 0, 0
    )
    one = ctypes.create_string_buffer(header)
    nameless = bytes(len(header))
    many = ctypes.create_string_buffer(nameless + bytes(8) + header + bytes(8))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        calls: dict[str, Callable[[], int]] = {
            "sendto": lambda: LIBC.sendto(out.fileno(), data, 1, 0, name, len(address)),
            "sendmsg": lambda: LIBC.sendmsg(out.fileno(), one, 0),
            "sendmmsg": lambda: LIBC.sendmmsg(out.fileno(), many, 2, 0),
            "fastopen": lambda: LIBC.sendto(
                socket.socket().detach(), data, 1, socket.MSG_FASTOPEN, name, len(address)
            ),
        }
        return {word: ctypes.get_errno() if call() < 0 else 0 for word, call in calls.items()}


def ring(job: Job) -> dict[str, Any]:
    """io_uring would connect without the system call that is judged."""
    answer = LIBC.syscall(425, 1, ctypes.create_string_buffer(120))
    return {"errno": ctypes.get_errno() if answer < 0 else 0}


def unix_connect(job: Job) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as connection:
        return {"errno": connection.connect_ex(job.payload["path"])}


def dial(job: Job) -> dict[str, Any]:
    with job.door.dial(job.payload["host"], job.payload["port"]) as connection:
        return {"heard": connection.recv(100).decode()}


def python_connect(job: Job) -> dict[str, Any]:
    with socket.socket() as connection:
        try:
            connection.connect((job.payload["host"], job.payload["port"]))
        except OSError as error:
            return {"errno": error.errno, "blocked": job.door.blocked()}
        return {"errno": 0, "heard": connection.recv(100).decode()}


def grandchild(job: Job) -> dict[str, Any]:
    """A program that the child starts is under the same filter."""
    code = "import socket, sys; print(socket.socket().connect_ex((sys.argv[1], int(sys.argv[2]))))"
    told = subprocess.run(
        [sys.executable, "-S", "-c", code, job.payload["host"], str(job.payload["port"])],
        stdout=subprocess.PIPE,
        check=True,
    )
    return {"errno": int(told.stdout)}


def nested(job: Job) -> dict[str, Any]:
    """A guarded child of a guarded child: the kernel allows one listener, so the inner one has Python's guard."""
    policy = Policy(rules=parse_rules(job.payload["rules"]))
    return run_job("trial", job.payload["inner"], policy=policy, deadline=15, module=__name__).result


def driver_words(job: Job) -> dict[str, Any]:
    """A driver that makes of a refused connect what drivers make of it."""
    libc_connect(job)
    raise Fault(FaultCode.REFUSED, "no connection")


def sleep(job: Job) -> dict[str, Any]:
    job.emit({"pid": os.getpid()})
    time.sleep(60)
    return {}


def with_offspring(job: Job) -> dict[str, Any]:
    offspring = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
    job.emit({"pid": offspring.pid})
    time.sleep(60)
    return {}


def heed(job: Job) -> dict[str, Any]:
    job.emit({"pid": os.getpid()})
    while not job.cancelled():
        time.sleep(0.01)
    raise Fault(FaultCode.CANCELED, "put in order")


def retry_until_late(job: Job) -> dict[str, Any]:
    while True:
        libc_connect(job)
        time.sleep(0.05)


def wait_for_the_deadline(job: Job) -> dict[str, Any]:
    while True:
        time.sleep(min(0.01, job.door.remaining()))


def flood(job: Job) -> dict[str, Any]:
    for stream in (1, 2):
        for _ in range(64):
            os.write(stream, b"canary" * 20_000)
    return {}


def crash(job: Job) -> dict[str, Any]:
    os.abort()


def leave(job: Job) -> dict[str, Any]:
    os._exit(7)


def stumble(job: Job) -> dict[str, Any]:
    raise ValueError("postgresql://u:canary@db/x")
