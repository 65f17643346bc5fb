"""A real Redis for tests: one server per test session, in memory alone, behind a password."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as Disconnected

from kaireon_orch_tests.servers.postgres import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = "redis-server"
PASSWORD = "Heron-Quartz-4"
START_SECONDS = 30.0


@dataclass(slots=True)
class RedisServer:
    """Where the server listens; it can be stopped and started again, empty, at the same place."""

    folder: Path
    port: int = field(default_factory=free_port)
    host: str = "127.0.0.1"
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """As KAIREON_REDIS_URL takes it."""
        return f"redis://:{PASSWORD}@{self.host}:{self.port}/0"

    def start(self) -> None:
        # The server follows this process into death, so that a killed test run leaves none behind.
        command = ["setpriv", "--pdeathsig", "KILL", "--", PROGRAM, "--port", str(self.port)]
        options = ["--bind", self.host, "--requirepass", PASSWORD, "--save", "", "--appendonly", "no"]
        log = self.folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*command, *options, "--dir", str(self.folder)], stdout=output, stderr=output
            )
        self._wait(log)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def client(self) -> Redis:
        return Redis(host=self.host, port=self.port, password=PASSWORD)

    def _wait(self, log: Path) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                with self.client() as client:
                    client.ping()
            except Disconnected:
                time.sleep(0.05)
            else:
                return
        pytest.fail(f"Redis did not start:\n{log.read_text()[-2000:]}", pytrace=False)


@contextmanager
def running() -> Iterator[RedisServer]:
    """A fresh server; it is gone afterwards."""
    if shutil.which(PROGRAM) is None:
        pytest.fail("Redis is missing: apt-get install -y redis-server", pytrace=False)
    with tempfile.TemporaryDirectory(prefix="kaireon-redis-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """The session's Redis."""
    with running() as server:
        yield server
