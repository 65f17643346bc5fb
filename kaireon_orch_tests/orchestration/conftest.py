"""A home of its own for each test, with a registry, connectors and pipelines made by the use cases themselves."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch import settings
from kaireon_orch.control import connectors, keys, pipelines
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kaireon_orch.control.pipeline_views import PipelineView
    from kaireon_orch.control.views import ConnectorView

OPERATOR = Caller.operator("default")


@dataclass(frozen=True)
class Desk:
    """What a tenant's editor does, in short."""

    registry: Registry
    files: Path

    def connector(self, name: str, type_slug: str, config: Mapping[str, Any], **more: Any) -> ConnectorView:
        body = {"name": name, "type": type_slug, "config": dict(config), **more}
        return connectors.create(self.registry, OPERATOR, body)

    def csv(self, name: str, text: str) -> ConnectorView:
        """A connector of a file below the allowed root."""
        path = self.files / f"{name}.csv"
        path.write_text(text)
        return self.connector(name, "csv", {"path": str(path)})

    def pipeline(self, name: str, reads: ConnectorView, **more: Any) -> PipelineView:
        return pipelines.create(self.registry, OPERATOR, {"name": name, "connectorId": reads.id, **more})


@contextmanager
def desk_at(home: Path) -> Iterator[Desk]:
    """The desk of a home that Dagster serves already; KAIREON_HOME names it."""
    registry = Registry.open(settings.load())
    keys.create(registry, OPERATOR, {"role": "admin"})
    files = home / "files"
    files.mkdir(exist_ok=True)
    yield Desk(registry, files)
    registry.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """KAIREON_HOME, and no Dagster instance but those that a test makes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAIREON_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return tmp_path / "home"


@pytest.fixture
def desk(home: Path) -> Iterator[Desk]:
    with desk_at(home) as made:
        yield made
