"""What happens to a load on its way, with a real child; the registry is on SQLite alone here."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.control import execution, runs
from kaireon_orch.control.execution import RunEvent
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch_tests.control_runs.conftest import opened
from kaireon_orch_tests.control_runs.runner import Runner, loaded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch.control.pipeline_views import PipelineView
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.control.run_views import RunView
    from kaireon_orch_tests.control_runs.conftest import Maker
    from kaireon_orch_tests.launch.dagster_stub import DagsterStub


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, dagster: DagsterStub) -> Iterator[Registry]:
    """One registry: a load does not depend on where its row is."""
    with opened(tmp_path_factory.mktemp("home"), dagster_url=dagster.url) as found:
        yield found


@pytest.mark.parametrize(
    ("run", "pipeline", "config", "expected"),
    [(3, 5, 7, 3), (None, 5, 7, 5), (None, None, 7, 7), (0, 5, 7, 0)],
)
def test_the_nearest_row_limit_holds(
    make: Maker,
    runner: Runner,
    rows: Any,
    run: int | None,
    pipeline: int | None,
    config: int | None,
    expected: int | None,
) -> None:
    given = rows("limited.csv", 20) | ({} if config is None else {"rowLimit": config})
    made = make.pipeline("Limited", make.connector(config=given), rowLimit=pipeline)
    outcome = runner.execute(made, row_limit=run)
    assert outcome.rows_loaded == (expected or 20)
    assert (outcome.row_limit, runner.row().row_limit) == (expected, expected)
    assert outcome.limit_reached is bool(expected)


def test_a_file_that_is_not_there_fails_the_run(make: Maker, runner: Runner) -> None:
    refused = runner.refusal(make.pipeline("Rows", make.connector(config={"path": "nowhere.csv"})))
    assert refused.code == "OBJECT_MISSING"
    assert runner.row().status == "failed"


def test_a_cancel_over_the_registry_stops_the_load(make: Maker, runner: Runner, rows: Any) -> None:
    made = make.pipeline("Many", make.connector(config=rows("many.csv", 10)))
    request = runner.request(made)
    stopper = threading.Timer(1.5, runs.cancel, (make.registry, make.caller, request.run_id))
    stopper.start()
    with _held_warehouse(make.registry), pytest.raises(Fault) as ended:
        execution.execute(make.registry, request, runner.events.append)
    stopper.join()
    assert ended.value.fault is FaultCode.CANCELED
    assert runner.row().status == "canceled"
    assert loaded(make.registry, f"t_{make.caller.tenant}.many") is None


@contextmanager
def _held_warehouse(registry: Registry) -> Iterator[None]:
    """Another process holds the warehouse's file, so that a load waits with its rows ready."""
    path = str(registry.settings.home / "warehouse.duckdb")
    program = f"import duckdb, sys; held = duckdb.connect({path!r}); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield


def test_a_deadline_ends_the_run(make: Maker, runner: Runner, rows: Any) -> None:
    made = make.pipeline("Slow", make.connector(config=rows("slow.csv", 1_500_000)), maxRuntimeSeconds=1)
    runner.events = SlowList()
    assert runner.refusal(made).code == "DEADLINE"


class SlowList(list[RunEvent]):
    """Takes its time with every event."""

    def append(self, event: RunEvent) -> None:
        time.sleep(1.5)
        super().append(event)


def test_what_will_not_pass_is_not_tried_again(make: Maker, runner: Runner) -> None:
    source = make.connector(config={"path": "late.csv"})
    made = make.pipeline("Late", source, retries={"maxAttempts": 3, "delaySeconds": 0})
    with pytest.raises(Fault):
        execution.execute_with_retries(make.registry, runner.request(made), runner.events.append)
    assert not [event for event in runner.events if event.level == "warning"]


@pytest.fixture
def unreachable(make: Maker) -> PipelineView:
    """A pipeline on a database that nobody serves: its fault may pass."""
    config = {"host": "127.0.0.1", "port": 9, "database": "shop", "sslMode": "disable"}
    auth = {"username": "u", "password": "p"}
    source = make.connector("pg", "postgresql", config=config, authMethod="password", authConfig=auth)
    retries = {"maxAttempts": 2, "delaySeconds": 1, "backoff": "fixed"}
    return make.pipeline("Orders", source, source={"table": "orders"}, retries=retries)


def test_what_may_pass_is_tried_again_under_the_same_run(
    make: Maker, runner: Runner, unreachable: PipelineView
) -> None:
    between: list[RunView] = []

    def tell(event: RunEvent) -> None:
        if event.level == "warning":
            between.append(runner.row())

    with pytest.raises(Fault) as ended:
        execution.execute_with_retries(make.registry, runner.request(unreachable), tell)
    assert ended.value.fault is FaultCode.REFUSED
    assert [each.status for each in between] == ["running"]
    assert "Try 1 failed" in (between[0].message or "")
    shown = runner.row()
    assert (shown.status, shown.message) == ("failed", None)
    assert runs.list_page(make.registry, make.caller).total == 1


def test_a_cancel_between_two_tries(make: Maker, runner: Runner, unreachable: PipelineView) -> None:
    cancel = threading.Event()

    def tell(event: RunEvent) -> None:
        if event.level == "warning":
            cancel.set()

    with pytest.raises(Fault) as ended:
        execution.execute_with_retries(make.registry, runner.request(unreachable), tell, cancel=cancel)
    assert ended.value.fault is FaultCode.CANCELED
    assert runner.row().status == "canceled"
