"""The `kaireon` command as a process, on a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.control import connectors, pipelines
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch.settings import load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OPERATOR = Caller.operator("default")


@dataclass(frozen=True)
class Home:
    """A home and the command on it."""

    path: Path

    def environment(self, **more: str) -> dict[str, str]:
        plain = {
            name: value for name, value in os.environ.items() if not name.startswith(("KAIREON_", "DAGSTER"))
        }
        return plain | {"KAIREON_HOME": str(self.path)} | more

    def kaireon(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run `kaireon` to its end."""
        return subprocess.run(
            [sys.executable, "-m", "kaireon_orch.cli", *arguments],
            env=self.environment(**more),
            cwd=self.path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def registry(self) -> Registry:
        return Registry.open(load(self.path))

    def csv(self, name: str, text: str) -> None:
        """A file, its connector and its pipeline, all of that name."""
        path = self.path / "files" / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        self.make(name, "csv", {"path": str(path)}, {})

    def make(
        self, name: str, type_: str, config: Mapping[str, Any], source: Mapping[str, Any], **more: Any
    ) -> None:
        """A connector and its pipeline, both of that name."""
        registry = self.registry()
        try:
            body = {"name": name, "type": type_, "config": dict(config), **more}
            made = connectors.create(registry, OPERATOR, body)
            pipelines.create(
                registry,
                OPERATOR,
                {"name": name, "connectorId": made.id, "source": dict(source), "loadMode": "truncate"},
            )
        finally:
            registry.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    return Home(path)
