"""Requests per second and p99 of the API beside a bare route of the same process; run it on a quiet machine.

    python benchmarks/api/requests_per_second.py [--rows 10000] [--seconds 5] [--clients 4]

One worker over a PostgreSQL of its own. The bare routes stand in the same app and do what cannot be left out: the same
look-up of the key and the same SQL by the same engine, then `json.dumps` of the rows. Ratios are what counts: figures of
different machines compare, the ratio says what our layers cost.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from sqlalchemy import insert

from kaireon_orch.control import connectors, ids, keys, tenants
from kaireon_orch.control.caller import Caller
from kaireon_orch.store.tables import Connector
from kaireon_orch_tests.api_hardening import processes
from kaireon_orch_tests.servers import postgres

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from kaireon_orch.control.registry import Registry

TENANT = "default"
CONFIG = {"host": "db.example.com", "port": 5432, "database": "shop", "schema": "public"}


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests per second, and the time in ms within which 99 of 100 were answered."""

    rate: float
    p99: float

    def __str__(self) -> str:
        return f"{self.rate:8.1f}/s  p99 {self.p99:7.1f} ms"


def fill(registry: Registry, rows: int) -> str:
    """Make so many connectors; the newest's id."""
    caller = Caller.operator(TENANT)
    with registry.database.write() as session:
        tenants.ensure(registry, session, TENANT)
        made = [row() for _ in range(rows)]
        for start in range(0, rows, 5000):
            session.execute(insert(Connector), made[start : start + 5000])
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


async def measure(send: Callable[[int], Awaitable[httpx.Response]], seconds: float, clients: int) -> Measured:
    times: list[float] = []
    numbers, end = itertools.count(), time.perf_counter() + seconds

    async def work() -> None:
        while time.perf_counter() < end:
            began = time.perf_counter()
            answer = await send(next(numbers))
            times.append(time.perf_counter() - began)
            if answer.status_code >= 400:  # noqa: PLR2004  a figure of failures would be none
                raise RuntimeError(answer.text)

    await asyncio.gather(*(work() for _ in range(clients)))
    times.sort()
    return Measured(len(times) / seconds, times[int(len(times) * 0.99)] * 1000)


async def compare(url: str, key: str, record: str, options: argparse.Namespace) -> None:
    async with httpx.AsyncClient(base_url=url, headers={"X-API-Key": key}, timeout=60) as client:

        async def run(name: str, send: Callable[[int], Awaitable[httpx.Response]]) -> Measured:
            await measure(send, 0.5, options.clients)
            found = await measure(send, options.seconds, options.clients)
            print(f"{name:28} {found}", flush=True)
            return found

        for name, path in (("list of 100", "connectors?limit=100"), ("get", f"connectors/{record}")):
            ours = await run(name, lambda _, path=path: client.get(f"/api/v1/{path}"))  # type: ignore[misc]
            bare = await run(f"  bare {name}", lambda _, path=path: client.get(f"/bare/{path}"))  # type: ignore[misc]
            print(f"{'  ratio':28} {ours.rate / bare.rate:8.2f}")
        mark = time.time_ns()
        await run(
            "create",
            lambda number: client.post(
                "/api/v1/connectors", json={"name": f"{mark}-{number}", "type": "csv"}
            ),
        )
        await run(
            "test (fields missing)", lambda _: client.post("/api/v1/connectors/test", json={"type": "mysql"})
        )
        await run(
            "test of the PostgreSQL",
            lambda _: client.post("/api/v1/connectors/test", json={"id": options.tested}),
        )


def tested(url: str, key: str, server: postgres.PostgresServer) -> str:
    """A connector of the benchmark's own PostgreSQL."""
    body = {
        "name": "the server itself",
        "type": "postgresql",
        "config": {"host": server.host, "port": server.port, "database": "postgres", "sslMode": "disable"},
        "authMethod": "password",
        "authConfig": {"username": server.user, "password": server.password},
    }
    answer = httpx.post(f"{url}/api/v1/connectors", json=body, headers={"X-API-Key": key})
    answer.raise_for_status()
    return str(answer.json()["id"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    with postgres.running() as server, tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        database = server.database("benchmark")
        registry = processes.prepared(home, database)
        record = fill(registry, options.rows)
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
            api = processes.Server(process, f"http://127.0.0.1:{port}", home / "log")
            try:
                processes.wait_ready(api)
                options.tested = tested(api.url, key, server)
                print(json.dumps({"rows": options.rows, "clients": options.clients}))
                asyncio.run(compare(api.url, key, record, options))
            finally:
                process.kill()


if __name__ == "__main__":
    main()
