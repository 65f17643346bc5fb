"""A PostgreSQL of a test's own that can be stopped and started again on the same port and data."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kaireon_orch_tests.servers import postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch_tests.servers.postgres import PostgresServer


@dataclass(slots=True)
class Stoppable:
    """`server` as it was started; `again` is the process that took its place."""

    server: PostgresServer
    again: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        """End it as an operator would: open connections are cut."""
        pid = int((self.server.log.parent / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + postgres.START_SECONDS
        while (self.server.log.parent / "data" / "postmaster.pid").exists():
            assert time.monotonic() < deadline, "PostgreSQL does not stop"
            time.sleep(0.05)

    def start(self) -> None:
        """Start it again, and wait until it answers."""
        options = [f"--{name}={value}" for name, value in postgres.SETTINGS.items()]
        data = str(self.server.log.parent / "data")
        command = [*postgres._as_owner("--pdeathsig", "INT"), str(postgres.BIN / "postgres"), "-D", data]
        with self.server.log.open("ab") as output:
            self.again = subprocess.Popen(
                [*command, "-p", str(self.server.port), *options], stdout=output, stderr=output
            )
        postgres._wait(self.server, self.again)


@contextmanager
def stoppable() -> Iterator[Stoppable]:
    """A fresh server; it is gone afterwards."""
    with postgres.running() as server:
        made = Stoppable(server)
        try:
            yield made
        finally:
            if made.again is not None:
                made.again.send_signal(signal.SIGQUIT)
                made.again.wait(timeout=postgres.START_SECONDS)
