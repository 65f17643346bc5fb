"""`kaireon api` as a process of its own, on a home of its own or one that others share."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from kaireon_orch import settings
from kaireon_orch.control import keys
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kaireon_orch.control.caller import Role

START_SECONDS = 30.0
KAIREON = (sys.executable, "-m", "kaireon_orch.cli", "api")


@dataclass(frozen=True, slots=True)
class Server:
    """A running API: its process, its address, and the file with what it said on stderr."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def kill(self) -> None:
        """SIGKILL, and the wait for its end."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=40)


def environment(home: Path, **given: str) -> dict[str, str]:
    """What a server of this home is started with; names of settings in small letters."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KAIREON_", "OTEL_"))}
    return {**kept, "KAIREON_HOME": str(home), **given}


def start(home: Path, **given: str) -> Server:
    """An API that is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = home / f"api-{port}.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            KAIREON,
            env=environment(home, KAIREON_API_PORT=str(port), **given),
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    server = Server(process, f"http://127.0.0.1:{port}", log)
    wait_ready(server)
    return server


def wait_ready(server: Server, seconds: float = START_SECONDS) -> None:
    """Return once `/readyz` is 200; fail with the log where that does not come."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            if httpx.get(f"{server.url}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    pytest.fail(f"the API is not ready:\n{server.log.read_text()[-3000:]}", pytrace=False)


@contextmanager
def running(home: Path, **given: str) -> Iterator[Server]:
    """An API that is ended at the latest afterwards."""
    server = start(home, **given)
    try:
        yield server
    finally:
        server.kill()


def prepared(home: Path, database_url: str | None = None) -> Registry:
    """The registry of a home, migrated and opened in this process; the caller closes it."""
    chosen = settings.load(home, **({"database_url": database_url} if database_url else {}))
    database = Database(chosen.registry_url)
    database.migrate()
    database.close()
    return Registry.open(chosen)


def key_of(registry: Registry, role: Role, tenant: str = "default") -> str:
    """A new key."""
    return keys.create(registry, Caller.operator(tenant), {"role": role})[1]


@contextmanager
def silent_peer() -> Iterator[int]:
    """A port that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])
