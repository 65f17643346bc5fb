"""A registry on SQLite and on PostgreSQL; every test has a tenant of its own in it."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch import settings
from kaireon_orch.control import connectors, pipelines, tenants
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch.store.database import Database
from kaireon_orch_tests.control_runs.runner import Runner
from kaireon_orch_tests.launch.dagster_stub import DagsterStub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kaireon_orch.control.pipeline_views import PipelineView
    from kaireon_orch.control.views import ConnectorView

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def dagster() -> Iterator[DagsterStub]:
    with DagsterStub.serving() as stub:
        yield stub


@contextmanager
def opened(home: Path, **given: Any) -> Iterator[Registry]:
    """A migrated registry in a home of its own; connectors may reach one closed port of this machine."""
    chosen = settings.load(home, egress_allow="127.0.0.1:9", **given)
    (chosen.home / "files").mkdir(mode=0o700)
    database = Database(chosen.registry_url)
    database.migrate()
    database.close()
    registry = Registry.open(chosen)
    try:
        yield registry
    finally:
        registry.close()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def registry(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, dagster: DagsterStub
) -> Iterator[Registry]:
    given: dict[str, Any] = {"dagster_url": dagster.url}
    if request.param == "postgresql":
        given["database_url"] = request.getfixturevalue("postgres").database("runs_tests")
    with opened(tmp_path_factory.mktemp("home"), **given) as found:
        yield found


@pytest.fixture
def caller(registry: Registry) -> Caller:
    """The administrator of a tenant that nobody else has."""
    tenant = f"t{next(_NUMBERS)}"
    with registry.database.write() as session:
        tenants.ensure(registry, session, tenant)
    return Caller.operator(tenant)


@pytest.fixture
def runner(make: Maker) -> Runner:
    return Runner(make)


@pytest.fixture
def rows(registry: Registry) -> Callable[[str, int], dict[str, str]]:
    """Writes a csv file with so many rows; the config of a connector to it."""

    def write(name: str, count: int) -> dict[str, str]:
        path: Path = registry.settings.home / "files" / name
        path.write_text("id,name\n" + "".join(f"{number},n{number}\n" for number in range(count)))
        return {"path": name}

    return write


class Maker:
    """Makes connectors and pipelines of one tenant with few words."""

    def __init__(self, registry: Registry, caller: Caller) -> None:
        self.registry = registry
        self.caller = caller

    def connector(self, name: str = "files", type_: str = "csv", **body: Any) -> ConnectorView:
        defaults = {"path": "rows.csv"} if type_ == "csv" else {}
        given = {"name": name, "type": type_, "config": defaults, "authMethod": "access_key"} | body
        return connectors.create(self.registry, self.caller, given)

    def pipeline(
        self, name: str = "Rows", connector: ConnectorView | None = None, **body: Any
    ) -> PipelineView:
        source = connector or self.connector(f"source of {name}")
        return pipelines.create(self.registry, self.caller, {"name": name, "connectorId": source.id} | body)


@pytest.fixture
def make(registry: Registry, caller: Caller) -> Maker:
    return Maker(registry, caller)
