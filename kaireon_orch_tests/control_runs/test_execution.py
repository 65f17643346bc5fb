"""Runs from start to end with a real child: csv files into the built-in warehouse."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from kaireon_orch.control import pipelines, runs
from kaireon_orch.control.run_records import RunRecord
from kaireon_orch.store.tables import Run
from kaireon_orch_tests.control_runs.runner import Runner, loaded

if TYPE_CHECKING:
    from kaireon_orch.control.execution import RunRequest
    from kaireon_orch.control.registry import Registry
    from kaireon_orch_tests.control_runs.conftest import Maker


def test_a_csv_file_arrives_in_the_warehouse(make: Maker, runner: Runner, rows: Any) -> None:
    pipeline = make.pipeline("Rows", make.connector(config=rows("rows.csv", 250)))
    outcome = runner.execute(pipeline)
    table = f"t_{make.caller.tenant}.rows"
    assert loaded(make.registry, table) == 250
    assert (outcome.status, outcome.rows_read, outcome.rows_loaded, outcome.row_count) == (
        "completed",
        250,
        250,
        250,
    )
    assert outcome.table == table
    assert [(each["name"], each["arrowType"]) for each in outcome.schema] == [
        ("id", "int64"),
        ("name", "string"),
    ]

    shown = runner.row()
    assert (shown.status, shown.trigger, shown.rows_loaded, shown.load_mode) == (
        "completed",
        "cli",
        250,
        "append",
    )
    assert (shown.url, shown.error, shown.row_limit) == (None, None, None)
    assert None not in (shown.started_at, shown.ended_at, shown.duration_ms)
    assert shown.receipt is not None
    assert runner.events
    told = runs.events(make.registry, make.caller, shown.id).data
    assert "files (CSV)" in told[-1].message.replace("source of Rows", "files")
    after = pipelines.get(make.registry, make.caller, pipeline.id)
    assert (after.last_run_id, after.last_run_status) == (shown.id, "completed")


def test_the_next_run_settles_one_whose_process_was_killed(make: Maker, runner: Runner, rows: Any) -> None:
    made = make.pipeline("Killed", make.connector(config=rows("killed.csv", 3)))
    lost = runner.request(made)
    _die_while_running(make.registry, lost)
    assert _status(make.registry, lost.run_id) == "running"
    runner.execute(made)
    shown = runner.row(lost.run_id)
    assert shown.status == "failed"
    assert shown.error is not None
    assert shown.error.code == "CHILD_DIED"
    assert runner.row().status == "completed"


def test_a_run_that_is_alive_is_left_alone(make: Maker, runner: Runner, rows: Any) -> None:
    made = make.pipeline("Alive", make.connector(config=rows("alive.csv", 3)))
    other = runner.request(made)
    RunRecord(make.registry.database, other.run_id).start(other)
    runner.execute(made)
    assert _status(make.registry, other.run_id) == "running"


def _status(registry: Registry, run_id: str) -> str:
    with registry.database.read() as session:
        return session.get_one(Run, run_id).status


def _die_while_running(registry: Registry, request: RunRequest) -> None:
    """A process of its own takes the run and is killed."""
    program = textwrap.dedent(
        """
        import os, signal, sys
        from kaireon_orch.control import pinned
        from kaireon_orch.control.run_records import RunRecord
        from kaireon_orch.control.run_requests import RunRequest
        from kaireon_orch.control.registry import Registry
        from kaireon_orch import settings
        registry = Registry.open(settings.load())
        run_id, tenant, pipeline_id = sys.argv[1:]
        pipeline = pinned.one(registry, tenant, pipeline_id)
        RunRecord(registry.database, run_id).start(RunRequest(run_id, tenant, pipeline, "cli"))
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    chosen = registry.settings
    keys = ",".join(f"{name}:{key.get_secret_value()}" for name, key in chosen.encryption_keys)
    environment = os.environ | {
        "KAIREON_HOME": str(chosen.home),
        "KAIREON_DATABASE_URL": chosen.registry_url,
        "KAIREON_ENCRYPTION_KEYS": keys,
    }
    command = [sys.executable, "-c", program, request.run_id, request.tenant, request.pipeline.id]
    ended = subprocess.run(command, env=environment, check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
