"""Our side of a case: a pipeline in a registry of its own, run as any run is, in the guarded child."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.data_plane.data import DATABASE
from kaireon_orch import settings
from kaireon_orch.control import connectors, execution, pinned, pipelines
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch.control.run_requests import RunRequest
from kaireon_orch.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from benchmarks.data_plane.stage import Stage

OPERATOR = Caller.operator("default")
NAME = "bench"


@dataclass(frozen=True, slots=True)
class Load:
    """A pipeline in few words: a type and its config at each end; a target of None is the built-in warehouse."""

    source: str
    target: str | None
    what: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ours:
    """A registry with one pipeline, ready to run."""

    registry: Registry
    pipeline: str

    def run(self, row_limit: int | None = None) -> int:
        """Run it; the rows that were loaded. Raises what a run raises."""
        found = pinned.one(self.registry, OPERATOR.tenant, self.pipeline)
        request = RunRequest(str(uuid.uuid4()), OPERATOR.tenant, found, "cli", row_limit)
        return execution.execute(self.registry, request, lambda _: None).rows_loaded


def environment(home: Path, stage: Stage) -> dict[str, str]:
    """The settings that a run needs, as variables for a command."""
    return {
        "KAIREON_HOME": str(home),
        "KAIREON_EGRESS_ALLOW": "127.0.0.1",
        "KAIREON_FILE_ROOTS": f"{stage.files.folder},{stage.out}",
        "KAIREON_WAREHOUSE_URL": _warehouse(stage),
    }


@contextmanager
def prepared(home: Path, stage: Stage, load: Load) -> Iterator[Ours]:
    """The registry, migrated, with the load's connectors and pipeline."""
    chosen = settings.load(
        home,
        egress_allow="127.0.0.1",
        file_roots=f"{stage.files.folder},{stage.out}",
        warehouse_url=_warehouse(stage),
    )
    database = Database(chosen.registry_url)
    database.migrate()
    database.close()
    registry = Registry.open(chosen)
    try:
        yield Ours(registry, _made(registry, stage, load))
    finally:
        registry.close()


def _warehouse(stage: Stage) -> str:
    return f"duckdb:///{stage.out}/warehouse.duckdb"


def _made(registry: Registry, stage: Stage, load: Load) -> str:
    source = connectors.create(registry, OPERATOR, {"name": "source"} | _connector(stage, load.source))
    body: dict[str, Any] = {
        "name": NAME,
        "connectorId": source.id,
        "source": dict(load.what),
        "target": {"schema": "main" if load.target == "duckdb" else "public", "table": "loaded"},
        **load.options,
    }
    if load.target is not None:
        target = connectors.create(registry, OPERATOR, {"name": "target"} | _target(stage, load.target))
        body["targetConnectorId"] = target.id
    return pipelines.create(registry, OPERATOR, body).id


def _connector(stage: Stage, slug: str) -> dict[str, Any]:
    if slug in {"csv", "parquet"}:
        path = stage.files.csv if slug == "csv" else stage.files.parquet
        return {"type": slug, "config": {"path": str(path)}, "authMethod": "none"}
    server = stage.postgres if slug == "postgresql" else stage.mariadb
    if server is None:
        raise ValueError(f"the stage has no {slug}")
    return {
        "type": slug,
        "config": {"host": server.host, "port": server.port, "database": DATABASE, "sslMode": "disable"},
        "authMethod": "password",
        "authConfig": {"username": server.user, "password": server.password},
    }


def _target(stage: Stage, slug: str) -> dict[str, Any]:
    if slug == "parquet":
        return {"type": slug, "config": {"path": str(stage.out)}, "authMethod": "none"}
    return _connector(stage, slug)
