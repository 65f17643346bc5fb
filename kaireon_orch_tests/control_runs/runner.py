"""Executes pipelines here, and looks at what became of them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from kaireon_orch.control import execution, pinned, runs
from kaireon_orch.control.execution import RunEvent, RunOutcome, RunRequest
from kaireon_orch.errors import KaireonError

if TYPE_CHECKING:
    import threading

    from kaireon_orch.control.pipeline_views import PipelineView
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.control.run_views import RunView
    from kaireon_orch_tests.control_runs.conftest import Maker


class Runner:
    """Executes pipelines of one tenant here, and looks at what became of them."""

    def __init__(self, make: Maker) -> None:
        self.make = make
        self.events: list[RunEvent] = []
        self.last = ""

    def request(self, pipeline: PipelineView, **wishes: Any) -> RunRequest:
        self.last = str(uuid.uuid4())
        tenant = self.make.caller.tenant
        found = pinned.one(self.make.registry, tenant, pipeline.id)
        return RunRequest(self.last, tenant, found, "cli", **wishes)

    def execute(
        self, pipeline: PipelineView, *, cancel: threading.Event | None = None, **wishes: Any
    ) -> RunOutcome:
        request = self.request(pipeline, **wishes)
        return execution.execute(self.make.registry, request, self.events.append, cancel=cancel)

    def refusal(self, pipeline: PipelineView, **wishes: Any) -> KaireonError:
        """What the run raises; its row must say the same."""
        with pytest.raises(KaireonError) as refused:
            self.execute(pipeline, **wishes)
        error = self.row().error
        assert error is not None
        assert (error.code, error.message) == (refused.value.code, refused.value.message)
        return refused.value

    def row(self, run_id: str | None = None) -> RunView:
        return runs.get(self.make.registry, self.make.caller, run_id or self.last)


def loaded(registry: Registry, table: str) -> int | None:
    """Rows of a table of the warehouse; None where there is no such table."""
    schema, _, name = table.partition(".")
    known = "SELECT 1 FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?"
    with duckdb.connect(str(registry.settings.home / "warehouse.duckdb")) as warehouse:
        if not warehouse.execute(known, [schema, name]).fetchall():
            return None
        return int(warehouse.execute(f"SELECT count(*) FROM {schema}.{name}").fetchall()[0][0])
