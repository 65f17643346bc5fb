"""A registry on SQLite and on PostgreSQL, the operator of a tenant of its own, and a folder for files."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.control import tenants
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.files import connector_files, pipeline_files, reading
from kaireon_orch.control.registry import Registry
from kaireon_orch.settings import load
from kaireon_orch.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kaireon_orch.control.files.plans import Plan, Step

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def registry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    given: dict[str, Any] = {}
    if request.param == "postgresql":
        given["database_url"] = request.getfixturevalue("postgres").database("files_tests")
    settings = load(tmp_path_factory.mktemp("home"), **given)
    (settings.home / "files").mkdir(mode=0o700)
    database = Database(settings.registry_url)
    database.migrate()
    database.close()
    found = Registry.open(settings)
    yield found
    found.close()


@pytest.fixture
def operator(registry: Registry) -> Caller:
    tenant = f"t{next(_NUMBERS)}"
    with registry.database.write() as session:
        tenants.ensure(registry, session, tenant)
    return Caller.operator(tenant)


@dataclass(frozen=True)
class Files:
    """A folder of configuration, and what applying it does."""

    folder: Path
    registry: Registry
    caller: Caller

    def write(self, text: str, name: str = "shop.yaml") -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text, encoding="utf-8")

    def plan(self) -> dict[str, Step]:
        """The steps for connectors, by name."""
        return by_name(connector_files.plan(self.registry, self.caller, reading.read(self.folder)))

    def apply(self) -> dict[str, str]:
        """Apply connectors, then pipelines; what happened to each record."""
        told: dict[str, str] = {}
        records = reading.read(self.folder)
        for room in (connector_files, pipeline_files):
            plan = room.plan(self.registry, self.caller, records)
            room.apply(self.registry, self.caller, records, plan)
            told |= {step.name: step.action for step in plan.steps}
        return told

    def export(self) -> str:
        """Both kinds, written into the folder in place of what was there."""
        texts = []
        for path in self.folder.rglob("*.yaml"):
            path.unlink()
        for room in (connector_files, pipeline_files):
            exported = room.export(self.registry, self.caller)
            exported.save(self.folder)
            texts.append(exported.text())
        return "".join(texts)


def by_name(plan: Plan) -> dict[str, Step]:
    return {step.name: step for step in plan.steps}


@pytest.fixture
def files(registry: Registry, operator: Caller, tmp_path: Path) -> Files:
    folder = tmp_path / "configuration"
    folder.mkdir()
    return Files(folder, registry, operator)
