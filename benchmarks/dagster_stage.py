"""A running product of its own for a measurement: registry, API, Dagster's processes, and a stock location beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from kaireon_orch import settings
from kaireon_orch.control import connectors, keys, pipelines
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch_tests.orchestration.served import BIN, TOP, commands, free_port, process
from kaireon_orch_tests.servers.postgres import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kaireon_orch_tests.servers.postgres import PostgresServer

OPERATOR: Final = Caller.operator("default")
ROWS: Final = 10
STOCK: Final = "stock"
START_SECONDS: Final = 120.0
ZONES: Final = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Sydney")

_COMMON: Final = """telemetry: {enabled: false}
nux: {enabled: false}
run_coordinator: {module: dagster._core.run_coordinator, class: DefaultRunCoordinator}
run_launcher: {module: kaireon_orch.orchestration.launcher, class: WarmRunLauncher}
"""
_POSTGRES: Final = """storage:
  postgres:
    postgres_url: {env: BENCH_DAGSTER_URL}
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """What runs, and where: `key` is an admin's API key."""

    home: Path
    registry: Registry
    web: str
    api: str
    code: int
    key: str

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """The `data` of a GraphQL answer; RuntimeError for one with errors."""
        answer = _posted(f"{self.web}/graphql", {"query": query, "variables": variables}, {})
        if "errors" in answer:
            raise RuntimeError(str(answer["errors"])[:500])
        data: dict[str, Any] = answer["data"]
        return data

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The API's answer to a POST."""
        return _posted(f"{self.api}{path}", body, {"X-API-Key": self.key})

    def get(self, path: str) -> dict[str, Any]:
        """The API's answer to a GET."""
        request = urllib.request.Request(f"{self.api}{path}", headers={"X-API-Key": self.key})  # noqa: S310  ours
        with urllib.request.urlopen(request, timeout=300) as answer:  # noqa: S310  ours
            found: dict[str, Any] = json.load(answer)
            return found


@contextmanager
def staged(storage: str, count: int, *, stock: bool, scheduled: bool = False) -> Iterator[Stage]:
    """A product with `count` pipelines on `storage` (sqlite, postgresql); `stock`: and a location of trivial assets."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kaireon-bench-")))
        server = stack.enter_context(running()) if storage == "postgresql" else None
        ports = {name: free_port() for name in ("api", "code", "web", STOCK)}
        stack.callback(_restored, dict(os.environ))
        os.environ.update(_environment(home, server, ports, count))
        _configure(home, server, stock=stock)
        registry = Registry.open(settings.load())
        stack.callback(registry.close)
        _, key = keys.create(registry, OPERATOR, {"role": "admin"})
        fill(registry, home, count, scheduled=scheduled)
        for place, command in enumerate(_commands(ports, stock=stock)):
            stack.enter_context(process(command, home / f"{place}.log"))
        web, api = (f"http://127.0.0.1:{ports[name]}" for name in ("web", "api"))
        stage = Stage(home, registry, web, api, ports["code"], key)
        until(lambda: _is_up(stage, count * (1 + stock)), START_SECONDS)
        yield stage


def fill(registry: Registry, home: Path, count: int, *, scheduled: bool) -> None:
    """One connector with ten rows, and `count` pipelines of it, made as the API makes them, over 50 rhythms."""
    files = home / "files"
    files.mkdir(exist_ok=True)
    (files / "rows.csv").write_text("id,name\n" + "".join(f"{n},name {n}\n" for n in range(ROWS)))
    body = {"name": "rows", "type": "csv", "config": {"path": str(files / "rows.csv")}}
    source = connectors.create(registry, OPERATOR, body)
    for n in range(count):
        schedule = {"schedule": rhythm(n)} if scheduled else {}
        pipelines.create(registry, OPERATOR, {"name": f"p{n}", "connectorId": source.id, **schedule})


def rhythm(n: int) -> dict[str, Any]:
    """One of 50 pairs of a cron and a time zone; 200 of 10,000 pipelines share one."""
    hour, zone = (n % 50) // len(ZONES), ZONES[n % len(ZONES)]
    return {"kind": "cron", "expression": f"0 {hour} * * *", "timezone": zone}


def until(holds: Callable[[], bool], seconds: float, pause: float = 0.01) -> float:
    """Wait until `holds()`; the seconds that it took. Raises TimeoutError."""
    began = time.perf_counter()
    while not holds():
        if time.perf_counter() - began > seconds:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(pause)
    return time.perf_counter() - began


def _environment(
    home: Path, server: PostgresServer | None, ports: Mapping[str, int], count: int
) -> dict[str, str]:
    found = {
        "KAIREON_HOME": str(home),
        "KAIREON_API_PORT": str(ports["api"]),
        "KAIREON_DAGSTER_URL": f"http://127.0.0.1:{ports['web']}",
        "KAIREON_CODE_SERVER": f"127.0.0.1:{ports['code']}",
        "DAGSTER_HOME": str(home / "dagster"),
        "CODE_SERVER_HOST": "127.0.0.1",
        "CODE_SERVER_PORT": str(ports["code"]),
        "BENCH_ASSETS": str(count),
        "BENCH_STOCK_PORT": str(ports[STOCK]),
    }
    if server is not None:
        found["KAIREON_DATABASE_URL"] = server.database("registry")
        dagster = server.database("dagster").replace("+psycopg:", "+psycopg2:")
        found["BENCH_DAGSTER_URL"] = dagster
    return found


def _restored(variables: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)


def _configure(home: Path, server: PostgresServer | None, *, stock: bool) -> None:
    dagster = home / "dagster"
    dagster.mkdir()
    (dagster / "dagster.yaml").write_text(_COMMON + (_POSTGRES if server else ""))
    workspace = (TOP / "workspace.yaml").read_text()
    if stock:
        workspace += f"""  - grpc_server:
      host: 127.0.0.1
      port: {{env: BENCH_STOCK_PORT}}
      location_name: {STOCK}
"""
    (dagster / "workspace.yaml").write_text(workspace)
    kaireon = [sys.executable, "-m", "kaireon_orch.cli"]
    subprocess.run([*kaireon, "migrate"], check=True, capture_output=True)
    subprocess.run([str(BIN / "dagster"), "instance", "migrate"], check=True, capture_output=True)


def _commands(ports: Mapping[str, int], *, stock: bool) -> list[list[str]]:
    ours = commands(ports["code"], ports["web"], "kaireon_orch.definitions")
    workspace = str(Path(os.environ["DAGSTER_HOME"]) / "workspace.yaml")
    ours = [[workspace if part.endswith("workspace.yaml") else part for part in each] for each in ours]
    found = [*ours, [sys.executable, "-m", "kaireon_orch.cli", "api"]]
    if stock:
        served = ["-m", "benchmarks.latency.trivial", "-a", "defs", "--location-name", STOCK]
        place = ["-h", "127.0.0.1", "-p", str(ports[STOCK])]
        found.append([str(BIN / "dagster"), "code-server", "start", *served, *place])
    return found


def _is_up(stage: Stage, assets: int) -> bool:
    try:
        stage.get("/healthz")
        return len(stage.ask("{assetNodes {id}}")["assetNodes"]) >= assets
    except OSError:
        return False


def _posted(url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310  ours
        url, json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
    )
    with urllib.request.urlopen(request, timeout=300) as answer:  # noqa: S310  ours
        found: dict[str, Any] = json.load(answer)
        return found


def committed(registry: Registry, pipeline_id: str) -> int:
    """How many runs of a pipeline have committed their rows."""
    statement = text("SELECT count(*) FROM runs WHERE pipeline_id = :id AND status = 'completed'")
    with registry.database.look() as connection:
        return int(connection.execute(statement, {"id": pipeline_id}).scalar_one())
