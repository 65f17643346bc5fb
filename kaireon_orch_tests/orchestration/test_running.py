from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING
from uuid import UUID

import duckdb
import pytest
from dagster import AssetKey, DagsterInstance

from kaireon_orch import settings
from kaireon_orch.control import pipelines, runs
from kaireon_orch.control.run_requests import Figures, RunEvent
from kaireon_orch.orchestration.building import definitions
from kaireon_orch.orchestration.running import Narrator, run_id_of, trigger_of
from kaireon_orch_tests.orchestration.canary import traces
from kaireon_orch_tests.orchestration.conftest import OPERATOR, Desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from dagster import ExecuteInProcessResult

    from kaireon_orch_tests.servers.postgres import PostgresServer


CANARY = "C4nary/+q7ZxWv%8"


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def run(instance: DagsterInstance, *names: str, **config: Any) -> ExecuteInProcessResult:
    job = definitions().get_repository_def().get_job("kaireon_assets")
    ops = {f"default__{name}": {"config": config} for name in names}
    return job.execute_in_process(
        run_config={"ops": ops},
        instance=instance,
        asset_selection=[AssetKey(["default", name]) for name in names],
        raise_on_error=False,
    )


def told(result: ExecuteInProcessResult) -> dict[str, Any]:
    (event,) = result.get_asset_materialization_events()
    return {key: value.value for key, value in event.materialization.metadata.items()}


def in_warehouse(sql: str) -> Any:
    with duckdb.connect(settings.load().warehouse_url.removeprefix("duckdb:///"), read_only=True) as database:
        return database.execute(sql).fetchall()


def test_a_run_loads_and_tells_what_it_loaded(desk: Desk, instance: DagsterInstance) -> None:
    desk.pipeline("orders", desk.csv("orders", "id,name\n1,one\n2,two\n3,\n"))
    result = run(instance, "orders")
    assert result.success
    assert in_warehouse("SELECT count(*), sum(id) FROM public.orders") == [(3, 6)]
    metadata = told(result)
    assert metadata["dagster/table_name"] == "public.orders"
    assert metadata["dagster/storage_kind"] == "duckdb"
    assert [column.name for column in metadata["dagster/column_schema"].columns][:2] == ["id", "name"]
    figures = {key: metadata[f"kaireon/{key}"] for key in ("rows_read", "rows_loaded", "load_mode")}
    assert figures == {"rows_read": 3, "rows_loaded": 3, "load_mode": "append"}


def test_a_run_in_dagster_shows_in_the_registry(desk: Desk, instance: DagsterInstance) -> None:
    desk.pipeline("orders", desk.csv("orders", "id\n1\n"))
    result = run(instance, "orders")
    shown = runs.get(desk.registry, OPERATOR, result.run_id)
    assert (shown.status, shown.rows_loaded, shown.trigger) == ("completed", 1, "code")


def test_the_runs_own_row_limit_goes_before_the_pipelines(desk: Desk, instance: DagsterInstance) -> None:
    desk.pipeline("orders", desk.csv("orders", "id\n1\n2\n3\n"), rowLimit=1)
    metadata = told(run(instance, "orders", row_limit=2))
    assert (metadata["kaireon/rows_loaded"], metadata["kaireon/row_limit"]) == (2, 2)


def test_a_source_that_is_coming_soon_is_a_success_without_rows(
    desk: Desk, instance: DagsterInstance
) -> None:
    desk.pipeline("soon", desk.connector("braze", "braze", {}))
    result = run(instance, "soon")
    assert result.success
    metadata = told(result)
    assert metadata["kaireon/rows_read"] == 0
    assert "coming soon" in metadata["kaireon/message"]
    assert "dagster/table_name" not in metadata


def test_a_fault_that_waiting_does_not_mend_fails_at_once(desk: Desk, instance: DagsterInstance) -> None:
    gone = desk.csv("gone", "id\n1\n")
    (desk.files / "gone.csv").unlink()
    desk.pipeline("gone", gone)
    result = run(instance, "gone")
    assert not result.success
    kinds = [event.event_type_value for event in result.all_events]
    assert "STEP_UP_FOR_RETRY" not in kinds
    (failure,) = result.filter_events(lambda event: event.is_step_failure)
    assert failure.step_failure_data.user_failure_data is not None
    assert failure.step_failure_data.user_failure_data.label == "intentional-failure"
    shown = runs.get(desk.registry, OPERATOR, result.run_id)
    assert shown.status == "failed"
    assert shown.error is not None
    assert shown.error.code == "OBJECT_MISSING"


def test_a_disabled_pipeline_says_what_to_do(desk: Desk, instance: DagsterInstance) -> None:
    stopped = desk.pipeline("stopped", desk.csv("orders", "id\n1\n"))
    pipelines.change(desk.registry, OPERATOR, stopped.id, {"enabled": False})
    result = run(instance, "stopped")
    assert not result.success
    (failure,) = result.filter_events(lambda event: event.is_step_failure)
    assert "NOT_RUNNABLE" in str(failure.step_failure_data.user_failure_data)


def test_several_pipelines_in_one_run_are_several_runs(desk: Desk, instance: DagsterInstance) -> None:
    source = desk.csv("orders", "id\n1\n")
    ids = [desk.pipeline(name, source).id for name in ("one", "two")]
    result = run(instance, "one", "two")
    assert result.success
    shown = [runs.get(desk.registry, OPERATOR, run_id_of(result.run_id, each, alone=False)) for each in ids]
    assert [each.pipeline_id for each in shown] == ids


def test_the_op_runs_a_pipeline_by_name_and_records_its_asset(desk: Desk, instance: DagsterInstance) -> None:
    desk.pipeline("Orders (EU)", desk.csv("orders", "id\n1\n2\n"))
    job = definitions().get_repository_def().get_job("run_pipeline")
    config = {"ops": {"pipeline": {"config": {"pipeline": "Orders (EU)", "row_limit": 1}}}}
    result = job.execute_in_process(run_config=config, instance=instance)
    latest = instance.get_latest_materialization_event(AssetKey(["default", "orders_eu"]))
    assert result.success
    assert latest is not None
    assert latest.asset_materialization is not None
    assert latest.asset_materialization.metadata["kaireon/rows_loaded"].value == 1


def test_no_thread_is_left_behind(desk: Desk, instance: DagsterInstance) -> None:
    desk.pipeline("orders", desk.csv("orders", "id\n1\n"))
    run(instance, "orders")
    assert not [each.name for each in threading.enumerate() if each.name.startswith(("kaireon", "run-"))]


@pytest.fixture
def allowed(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> PostgresServer:
    """The server, at an address that the operator allows."""
    monkeypatch.setenv("KAIREON_EGRESS_ALLOW", f"{postgres.host}:{postgres.port}")
    return postgres


def test_a_refused_secret_leaves_no_trace(
    allowed: PostgresServer, desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    refused = desk.connector(
        "refused",
        "postgresql",
        {"host": allowed.host, "port": allowed.port, "database": "postgres", "sslMode": "disable"},
        authMethod="password",
        authConfig={"username": allowed.user, "password": CANARY},
    )
    desk.pipeline("refused", refused, source={"table": "pg_catalog.pg_class"})
    dagster_home = tmp_path / "dagster"
    dagster_home.mkdir()
    with DagsterInstance.local_temp(str(dagster_home)) as local:
        result = run(local, "refused")
        (failure,) = result.filter_events(lambda event: event.is_step_failure)
        assert "CREDENTIALS_REFUSED" in str(failure.event_specific_data)
    assert traces(dagster_home, CANARY) == []
    assert CANARY not in caplog.text


def test_progress_is_told_at_growing_intervals_and_words_always(caplog: pytest.LogCaptureFixture) -> None:
    narrator = Narrator(logging.getLogger("run"))
    with caplog.at_level(logging.INFO, "run"):
        for rows in range(1000):
            narrator.tell(RunEvent("info", f"{rows} rows", Figures(rows_read=rows)))
        narrator.tell(RunEvent("warning", "Three rows were left out."))
    assert [(each.levelname, each.message) for each in caplog.records] == [
        ("INFO", "0 rows"),
        ("WARNING", "Three rows were left out."),
    ]


@pytest.mark.parametrize(
    ("tags", "from_code", "trigger"),
    [
        ({"kaireon/trigger": "api", "dagster/schedule_name": "s"}, False, "api"),
        ({"kaireon/trigger": "a word of nobody's"}, False, "ui"),
        ({"dagster/schedule_name": "s"}, False, "schedule"),
        ({"dagster/sensor_name": "s"}, False, "sensor"),
        ({}, False, "ui"),
        ({}, True, "code"),
    ],
)
def test_what_started_a_run(tags: dict[str, str], from_code: bool, trigger: str) -> None:
    assert trigger_of(tags, from_code=from_code) == trigger


def test_a_derived_run_id_is_the_same_at_a_retry() -> None:
    run_id = "9b2f4b9e-6f0e-4a6e-9f39-3b8b6f1f2c11"
    derived = run_id_of(run_id, "pipe_1", alone=False)
    assert derived == run_id_of(run_id, "pipe_1", alone=False) != run_id
    assert UUID(derived).version == 5
    assert run_id_of(run_id, "pipe_1", alone=True) == run_id


def test_each_column_leads_back_to_its_own_in_the_source(desk: Desk, instance: DagsterInstance) -> None:
    desk.pipeline("orders", desk.csv("shop", "id,name\n1,one\n"), columns={"rename": {"name": "title"}})
    lineage = told(run(instance, "orders"))["dagster/column_lineage"].deps_by_column
    assert {
        column: [(dep.asset_key.path, dep.column_name) for dep in deps] for column, deps in lineage.items()
    } == {
        "id": [(["default", "shop", "shop"], "id")],
        "title": [(["default", "shop", "shop"], "name")],
    }
