"""One run in a process of its own that was forked warm: what `dagster api execute_run` does, with its pipelines alone."""

from __future__ import annotations

import importlib

from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef
from dagster._serdes import deserialize_value

from kaireon_orch.orchestration import internals, scope


def work(run_id: str, instance: str) -> None:
    """Execute the run of the serialised `instance`; its failures are the run's own events."""
    importlib.invalidate_caches()
    with (
        internals.interrupts_captured(),
        DagsterInstance.from_ref(deserialize_value(instance, InstanceRef)) as opened,
    ):
        run = opened.get_run_by_id(run_id)
        if run is not None and run.asset_selection:
            scope.narrow([key.path for key in run.asset_selection])
        internals.execute_run(run_id, opened)
