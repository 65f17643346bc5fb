"""Requests per second and p99 of the API beside a bare route of the same process; run it on a quiet machine.

    python benchmarks/api/requests_per_second.py [--rows 10000] [--seconds 5] [--clients 4] [--reads]

One worker over a PostgreSQL of its own. The bare routes stand in the same app and do what cannot be left out: the same
look-up of the key and the same SQL by the same engine, then `json.dumps` of the rows. Ratios are what counts: figures of
different machines compare, the ratio says what our layers cost.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from sqlalchemy import insert

from kaireon_orch.control import connectors, ids, keys, tenants
from kaireon_orch.control.caller import Caller
from kaireon_orch.store import scoped
from kaireon_orch.store.tables import Connector
from kaireon_orch_tests.api_hardening import processes
from kaireon_orch_tests.servers import postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kaireon_orch.control.registry import Registry

TENANT = "default"
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
CONFIG = {"host": "db.example.com", "port": 5432, "database": "shop", "schema": "public"}


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests per second, the time in ms within which 99 of 100 were answered, and the server's CPU in ms a request."""

    rate: float
    p99: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.rate:8.1f}/s  p99 {self.p99:7.1f} ms  CPU {self.cpu:6.2f} ms"


class Line:
    """One kept-alive connection that sends prepared requests: the client must cost less than what it measures."""

    def __init__(self, port: int, key: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._key = key

    def send(self, verb: str, path: str, body: bytes = b"") -> int:
        """The status of the answer, once it is read whole."""
        head = f"{verb} {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {self._key}\r\nContent-Length: {len(body)}\r\n\r\n"
        self._socket.sendall(head.encode() + body)
        got = b""
        while b"\r\n\r\n" not in got:
            got += self._socket.recv(262144)
        head_bytes, _, rest = got.partition(b"\r\n\r\n")
        missing = int(LENGTH.findall(head_bytes)[0]) - len(rest)
        while missing > 0:
            missing -= len(self._socket.recv(262144))
        return int(head_bytes[9:12])


def fill(registry: Registry, rows: int) -> str:
    """Make so many connectors; the newest's id."""
    caller = Caller.operator(TENANT)
    with registry.database.write() as session:
        tenants.ensure(registry, session, TENANT)
        made = [row() for _ in range(rows)]
        for start in range(0, rows, 5000):
            session.execute(insert(Connector), made[start : start + 5000])
        scoped.tally(session, Connector, TENANT, rows)
    engine = registry.database._engine.execution_options(isolation_level="AUTOCOMMIT")  # noqa: SLF001  VACUUM wants it
    with engine.connect() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE connectors")
    return connectors.list_page(registry, caller, limit=1).data[0].id


def row() -> dict[str, Any]:
    record = ids.new_id("conn")
    at = ids.time_of(record)
    known = {"type": "postgresql", "config": CONFIG, "auth_method": "password", "auth_fields": []}
    names = {"id": record, "tenant": TENANT, "name": record, "resource_key": record}
    return {**names, **known, "status": "inactive", "version": 1, "created_at": at, "updated_at": at}


@dataclass(frozen=True, slots=True)
class Served:
    """The measured server: its process, its port, a key for it, its newest connector, and its PostgreSQL."""

    pid: int
    port: int
    key: str
    record: str
    server: postgres.PostgresServer

    def tested(self) -> str:
        """A new connector of the benchmark's own PostgreSQL."""
        server = self.server
        body = {
            "name": "the server itself",
            "type": "postgresql",
            "config": {
                "host": server.host,
                "port": server.port,
                "database": "postgres",
                "sslMode": "disable",
            },
            "authMethod": "password",
            "authConfig": {"username": server.user, "password": server.password},
        }
        url = f"http://127.0.0.1:{self.port}/api/v1/connectors"
        answer = httpx.post(url, json=body, headers={"X-API-Key": self.key})
        answer.raise_for_status()
        return str(answer.json()["id"])


class Bench:
    """Requests to the measured server, and what they took."""

    def __init__(self, api: Served, options: argparse.Namespace) -> None:
        self._api, self._options = api, options

    def run(self, name: str, send: Callable[[Line], int]) -> Measured:
        """Print and give the figures of one kind of request, after a warm-up."""
        self._measure(send, 0.5)
        found = self._measure(send, self._options.seconds)
        print(f"{name:28} {found}", flush=True)
        return found

    def ratio(self, name: str, path: str) -> None:
        """Ours beside the bare route."""
        ours = self.run(name, lambda line: line.send("GET", f"/api/v1/{path}"))
        bare = self.run(f"  bare {name}", lambda line: line.send("GET", f"/bare/{path}"))
        print(f"{'  ratio':28} {ours.rate / bare.rate:8.2f}    by CPU {bare.cpu / ours.cpu:.2f}")

    def _measure(self, send: Callable[[Line], int], seconds: float) -> Measured:
        began, end = self._cpu(), time.perf_counter() + seconds

        def work(_number: int) -> list[float]:
            line, times = Line(self._api.port, self._api.key), []
            while (start := time.perf_counter()) < end:
                if send(line) >= 400:  # noqa: PLR2004  a figure of failures would be none
                    raise RuntimeError("a request was refused")
                times.append(time.perf_counter() - start)
            return times

        with ThreadPoolExecutor(self._options.clients) as pool:
            times = sorted(itertools.chain.from_iterable(pool.map(work, range(self._options.clients))))
        p99 = times[int(len(times) * 0.99)] * 1000
        return Measured(len(times) / seconds, p99, (self._cpu() - began) * 1000 / len(times))

    def _cpu(self) -> float:
        """Seconds of CPU that the server has taken, its children's aside."""
        stat = Path(f"/proc/{self._api.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def reads(bench: Bench, record: str) -> None:
    """What has a bare route beside it."""
    bench.ratio("list of 100", "connectors?limit=100")
    bench.ratio("get", f"connectors/{record}")


def others(bench: Bench, tested: str) -> None:
    """What has none."""

    def create(line: Line) -> int:
        return line.send(
            "POST", "/api/v1/connectors", json.dumps({"name": str(uuid.uuid4()), "type": "csv"}).encode()
        )

    def test(body: dict[str, str]) -> Callable[[Line], int]:
        raw = json.dumps(body).encode()
        return lambda line: line.send("POST", "/api/v1/connectors/test", raw)

    bench.run("create", create)
    bench.run("test (fields missing)", test({"type": "mysql"}))
    bench.run("test of the PostgreSQL", test({"id": tested}))


@contextmanager
def served(rows: int) -> Iterator[Served]:
    """One worker of the API, the bare routes beside it, over a PostgreSQL of its own that has so many connectors."""
    with postgres.running() as server, tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        database = server.database("benchmark")
        registry = processes.prepared(home, database)
        record = fill(registry, rows)
        _, key = keys.create(registry, Caller.operator(TENANT), {"role": "editor"})
        registry.close()
        port = postgres.free_port()
        given = {
            "KAIREON_DATABASE_URL": database,
            "KAIREON_API_PORT": str(port),
            "KAIREON_EGRESS_ALLOW": "127.0.0.1",
            "KAIREON_TEST_RATE_LIMIT": "1000000/60",
            "KAIREON_LOG_LEVEL": "warning",
        }
        command = [sys.executable, str(Path(__file__).with_name("bare.py"))]
        with subprocess.Popen(command, env=processes.environment(home, **given)) as process:
            try:
                processes.wait_ready(processes.Server(process, f"http://127.0.0.1:{port}", home / "log"))
                yield Served(process.pid, port, key, record, server)
            finally:
                process.kill()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--reads", action="store_true", help="measure list and get alone")
    options = parser.parse_args()
    with served(options.rows) as api:
        print(f"{options.rows} connectors, {options.clients} clients")
        bench = Bench(api, options)
        reads(bench, api.record)
        if not options.reads:
            others(bench, api.tested())


if __name__ == "__main__":
    main()
