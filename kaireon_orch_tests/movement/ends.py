"""One run of a pipeline between real systems: in this process, or in a real guarded child."""

from __future__ import annotations

import uuid
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import duckdb
import psycopg
import pyarrow as pa
import pytest

from kaireon_orch import catalogue
from kaireon_orch.contract.source import ReadRequest
from kaireon_orch.errors import FaultCode
from kaireon_orch.network.child import run_job
from kaireon_orch.network.deadline import Deadline
from kaireon_orch.network.dial import ChildDoor
from kaireon_orch.network.guard import Policy, parse_rules
from kaireon_orch.network.refusals import Refusals
from kaireon_orch.worker import run
from kaireon_orch.worker.job import Job
from kaireon_orch.worker.opening import opening, source_model

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch.contract.source import Check, Source, Stream
    from kaireon_orch.contract.target import Target
    from kaireon_orch.worker.job import Channel
    from kaireon_orch_tests.servers.postgres import PostgresServer

SECONDS = 120.0


@dataclass(frozen=True)
class Recorder:
    """Keeps what a job in this process tells."""

    events: list[dict[str, Any]]

    def send(self, document: dict[str, Any]) -> None:
        self.events.append(document["event"])


@dataclass
class Ends:
    """The systems that one test loads between; files live below `folder`."""

    folder: Path
    postgres: PostgresServer
    database: str
    events: list[dict[str, Any]] = field(default_factory=list)

    def csv(self, text: str | bytes, **config: Any) -> dict[str, Any]:
        """A CSV connector on a fresh file."""
        path = self.folder / f"{uuid.uuid4().hex}.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return connector("csv", {"path": str(path), **config})

    def duckdb(self, name: str = "warehouse.duckdb") -> dict[str, Any]:
        return connector("duckdb", {"path": str(self.folder / name)})

    def sqlite(self, name: str = "shop.sqlite") -> dict[str, Any]:
        return connector("sqlite", {"path": str(self.folder / name)})

    def postgresql(self, **auth: Any) -> dict[str, Any]:
        server = self.postgres
        config = {"host": server.host, "port": server.port, "database": self.database}
        return connector(
            "postgresql", config, "password", {"username": server.user, "password": server.password, **auth}
        )

    def policy(self) -> Policy:
        return Policy(rules=parse_rules([f"127.0.0.1:{self.postgres.port}"]), files=(str(self.folder),))

    def payload(self, origin: dict[str, Any], target: dict[str, Any], **options: Any) -> dict[str, Any]:
        """A job's payload; `run_id`, `table`, `schema`, `row_limit`, `hash_key` apart, options are the pipeline's."""
        table = {"schema": options.pop("schema", "public"), "table": options.pop("table", "t")}
        return {
            "runId": options.pop("run_id", uuid.uuid4().hex),
            "rowLimit": options.pop("row_limit", None),
            "hashKey": options.pop("hash_key", None),
            "fullRefresh": False,
            "source": origin,
            "target": target,
            "targetTable": table,
            "pipeline": {"id": "pipe_1", "name": "p", "source": {}, "loadMode": "append", **options},
        }

    def run(self, origin: dict[str, Any], target: dict[str, Any], **options: Any) -> dict[str, Any]:
        """One run in this process; its result. Raises its `Fault`."""
        return self.work(self.payload(origin, target, **options))

    def work(self, payload: dict[str, Any]) -> dict[str, Any]:
        """A payload's run in this process."""
        return run.work(self.job(payload))

    def run_child(self, origin: dict[str, Any], target: dict[str, Any], **options: Any) -> dict[str, Any]:
        """One run in a guarded child."""
        payload = self.payload(origin, target, **options)
        return run_job(
            "run", payload, policy=self.policy(), deadline=SECONDS, on_event=self.events.append
        ).result

    def job(self, payload: dict[str, Any]) -> Job:
        """A job in this process, with the child's own door."""
        folder = self.folder / f"job-{uuid.uuid4().hex[:8]}"
        (folder / "work").mkdir(parents=True, mode=0o700)
        door = ChildDoor(
            self.policy(), Deadline.after(SECONDS, FaultCode.DEADLINE), Refusals.beside(folder), kernel=True
        )
        return Job(payload, door, str(folder / "work"), cast("Channel", Recorder(self.events)))

    def opened(self, of: dict[str, Any]) -> Source:
        """The connector's source in this process."""
        return catalogue.source(of["type"])(opening(self.job({}), of))

    def opened_target(self, of: dict[str, Any]) -> Target:
        """The connector's target in this process."""
        return catalogue.target(of["type"])(opening(self.job({}), of))

    def checks(self, of: dict[str, Any]) -> list[Check]:
        """The steps of its probe, all of them passed."""
        with closing(self.opened(of)) as source:
            return list(source.probe())

    def streams(self, of: dict[str, Any]) -> dict[str, Stream]:
        with closing(self.opened(of)) as source:
            return {stream.name: stream for stream in source.streams()}

    def rows(self, of: dict[str, Any], **request: Any) -> list[dict[str, Any]]:
        """What a read gives, as Python values; `row_limit` apart, the request is the pipeline's source."""
        rows: list[dict[str, Any]] = self.table(of, **request).to_pylist()
        return rows

    def table(self, of: dict[str, Any], **request: Any) -> pa.Table:
        limit = request.pop("row_limit", None)
        with closing(self.opened(of)) as source:
            reading = source.read(ReadRequest(source_model(of, request), row_limit=limit))
            return pa.Table.from_batches(list(reading.batches), reading.schema)

    def in_duckdb(self, sql: str, name: str = "warehouse.duckdb") -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.folder / name)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(sql).fetchall()

    def in_postgres(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.postgres.dsn(self.database), autocommit=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []


def connector(
    type_: str, config: dict[str, Any], method: str = "none", auth: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A connector as a child's payload holds it."""
    return {"type": type_, "config": config, "authMethod": method, "auth": auth}


@pytest.fixture
def ends(tmp_path: Path, postgres: PostgresServer) -> Ends:
    """Fresh files and a fresh database."""
    database = f"db_{uuid.uuid4().hex[:12]}"
    postgres.database(database)
    return Ends(tmp_path, postgres, database)
