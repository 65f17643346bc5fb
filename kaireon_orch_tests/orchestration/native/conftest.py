"""Runs on a Dagster instance that keeps everything, and the search for secrets in what it kept."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from kaireon_orch_tests.orchestration.canary import traces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

with warnings.catch_warnings():
    # Dagster's integration, and what it imports in its turn, use what is deprecated elsewhere.
    warnings.simplefilter("ignore", DeprecationWarning)
    import dagster_snowflake  # noqa: F401  see above

DAGSTERS_OWN = "ignore:InitResourceContext.dagster_run is deprecated"
"""Dagster calls what it deprecates itself, for each resource that another one holds."""


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator allows the emulators' address, and has no credentials of his own lying about."""
    monkeypatch.setenv("KAIREON_EGRESS_ALLOW", "127.0.0.1")
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def kept_secret(folder: Path, *secrets: str) -> Iterator[dg.DagsterInstance]:
    """An instance in a folder of its own; afterwards nothing in it may hold a secret."""
    folder.mkdir()
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        yield instance
    assert any(path.suffix == ".db" for path in folder.rglob("*"))
    for secret in secrets:
        assert traces(folder, secret) == []


def materialized(
    instance: dg.DagsterInstance, assets: Sequence[Any], resources: Mapping[str, Any]
) -> dg.ExecuteInProcessResult:
    result = dg.materialize(assets, instance=instance, resources=resources)
    assert result.success
    return result
