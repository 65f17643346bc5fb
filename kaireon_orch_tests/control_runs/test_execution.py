"""Runs with a real child: csv files into the built-in warehouse, and every way in which a run does not get that far."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from kaireon_orch.control import breaker, connectors, execution, pinned, pipelines, runs
from kaireon_orch.control.execution import RunEvent, RunOutcome, RunRequest
from kaireon_orch.control.run_records import RunRecord
from kaireon_orch.errors import Fault, FaultCode, KaireonError
from kaireon_orch.store.tables import Connector, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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


def loaded(registry: Registry, table: str) -> int | None:
    """Rows of a table of the warehouse; None where there is no such table."""
    schema, _, name = table.partition(".")
    known = "SELECT 1 FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?"
    with duckdb.connect(str(registry.settings.home / "warehouse.duckdb")) as warehouse:
        if not warehouse.execute(known, [schema, name]).fetchall():
            return None
        return int(warehouse.execute(f"SELECT count(*) FROM {schema}.{name}").fetchall()[0][0])


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


@pytest.mark.parametrize(
    ("run", "pipeline", "config", "expected"),
    [(3, 5, 7, 3), (None, 5, 7, 5), (None, None, 7, 7), (None, None, None, None), (0, 5, 7, 0)],
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


def test_a_type_that_is_coming_soon_is_a_successful_nothing(make: Maker, runner: Runner) -> None:
    made = make.pipeline("Campaigns", make.connector("braze", "braze"), loadMode="truncate")
    outcome = runner.execute(made)
    assert (outcome.status, outcome.rows_read, outcome.table) == ("completed", 0, None)
    assert "coming soon" in (outcome.message or "")
    told = runs.events(make.registry, make.caller, runner.last).data
    assert any("coming soon" in event.message for event in told)
    assert loaded(make.registry, f"t_{make.caller.tenant}.campaigns") is None
    assert runner.row().status == "completed"


def test_a_disabled_pipeline_or_connector_is_refused(make: Maker, runner: Runner, rows: Any) -> None:
    source = make.connector(config=rows("rows.csv", 1))
    made = make.pipeline("Rows", source, enabled=False)
    assert "enable" in runner.refusal(made).message
    made = pipelines.change(make.registry, make.caller, made.id, {"enabled": True})
    connectors.change(make.registry, make.caller, source.id, {"status": "disabled"})
    refused = runner.refusal(made)
    assert (refused.code, refused.retryable) == ("NOT_RUNNABLE", False)
    assert "disabled" in refused.message
    braze = make.connector("braze", "braze")
    connectors.change(make.registry, make.caller, braze.id, {"status": "disabled"})
    assert "disabled" in runner.refusal(make.pipeline("Campaigns", braze)).message


def test_missing_fields_and_credentials_are_named(make: Maker, runner: Runner) -> None:
    bare = make.connector("bare", "postgresql", config={"host": "db.example.com"})
    refused = runner.refusal(make.pipeline("a", bare, source={"table": "t"}))
    assert refused.code == "MISSING_FIELDS"
    assert "port, database" in refused.message
    full = {"host": "db.example.com", "port": 5432, "database": "shop"}
    anonymous = make.connector("anonymous", "postgresql", config=full)
    refused = runner.refusal(make.pipeline("b", anonymous, source={"table": "t"}))
    assert refused.code == "MISSING_FIELDS"
    assert "username" in refused.message
    assert "password" in refused.message


def test_an_open_breaker_refuses_at_once(make: Maker, runner: Runner, rows: Any) -> None:
    source = make.connector(config=rows("rows.csv", 1))
    with make.registry.database.write() as session:
        for _ in range(make.registry.settings.breaker_failures):
            breaker.failed(make.registry, session, source.id)
    refused = runner.refusal(make.pipeline("Rows", source))
    assert (refused.code, refused.retryable) == ("BREAKER_OPEN", False)


def test_a_type_that_is_not_built_is_told_so(make: Maker, runner: Runner) -> None:
    config = {"bootstrapServers": "broker.example.com:9092", "topic": "orders"}
    refused = runner.refusal(
        make.pipeline("Orders", make.connector("kafka", "kafka", config=config, authMethod="none"))
    )
    assert refused.code == "NOT_BUILT"


def test_a_secret_that_does_not_open(make: Maker, runner: Runner) -> None:
    full = {"host": "db.example.com", "port": 5432, "database": "shop"}
    auth = {"username": "u", "password": "p"}
    source = make.connector("pg", "postgresql", config=full, authMethod="password", authConfig=auth)
    with make.registry.database.write() as session:
        row = session.get_one(Connector, source.id)
        row.secrets = make.registry.vault.seal("another tenant", source.id, "secrets", {})
    assert runner.refusal(make.pipeline("a", source, source={"table": "t"})).code == "SECRET_UNREADABLE"


def test_a_file_that_is_not_there_fails_the_run(make: Maker, runner: Runner) -> None:
    refused = runner.refusal(make.pipeline("Rows", make.connector(config={"path": "nowhere.csv"})))
    assert refused.code == "OBJECT_MISSING"
    assert runner.row().status == "failed"


def test_a_run_that_was_canceled_before_it_began(make: Maker, runner: Runner, rows: Any) -> None:
    cancel = threading.Event()
    cancel.set()
    made = make.pipeline("Rows", make.connector(config=rows("rows.csv", 1)))
    assert runner.refusal(made, cancel=cancel).code == "CANCELED"
    assert runner.row().status == "canceled"
    assert loaded(make.registry, f"t_{make.caller.tenant}.rows") is None


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


def test_an_unexpected_error_still_ends_the_row(make: Maker, runner: Runner, rows: Any) -> None:
    def burst(event: RunEvent) -> None:
        raise RuntimeError("a listener's own fault, with a secret")

    request = runner.request(make.pipeline("Rows", make.connector(config=rows("rows.csv", 1))))
    with pytest.raises(RuntimeError):
        execution.execute(make.registry, request, burst)
    shown = runner.row()
    assert shown.status == "failed"
    assert shown.error is not None
    assert shown.error.code == "INTERNAL"
    assert "secret" not in shown.error.message


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
