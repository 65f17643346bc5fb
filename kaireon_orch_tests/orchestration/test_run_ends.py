"""Runs that end in Dagster before our code, or without its having a say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from dagster import (
    AssetKey,
    DagsterInstance,
    RunFailureSensorContext,
    build_run_status_sensor_context,
)
from dagster._core.events import JobFailureData, RunFailureReason
from sqlalchemy import update

from kaireon_orch.control import connectors, runs
from kaireon_orch.control.liveness import holder
from kaireon_orch.orchestration.building import definitions
from kaireon_orch.orchestration.run_ends import canceled_runs, failed_runs
from kaireon_orch.orchestration.running import first_try_of, run_id_of
from kaireon_orch.store.tables import Run
from kaireon_orch_tests.orchestration.conftest import OPERATOR, Desk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagster import DagsterRun

    from kaireon_orch.control.pipeline_views import PipelineView
    from kaireon_orch.control.run_views import RunView

SECRET = "postgresql://eve:C4nary@db/shop"


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def orders(desk: Desk) -> PipelineView:
    return desk.pipeline("orders", desk.csv("shop", "id\n1\n"))


def made(instance: DagsterInstance, *names: str, **more: Any) -> DagsterRun:
    """A run of these pipelines as Dagster has it before any process runs it."""
    job = definitions().get_repository_def().get_job("kaireon_assets")
    chosen = frozenset(AssetKey(["default", name]) for name in names)
    return instance.create_run_for_job(job.get_subset(asset_selection=chosen), asset_selection=chosen, **more)


def fails(instance: DagsterInstance, run: DagsterRun, reason: RunFailureReason) -> str:
    """Dagster fails the run; what the sensor says of it."""
    event = instance.report_run_failed(run, SECRET, JobFailureData(error=None, failure_reason=reason))
    context = build_run_status_sensor_context(
        "kaireon_failed_runs", dagster_event=event, dagster_instance=instance, dagster_run=run
    ).for_run_failure()
    assert isinstance(context, RunFailureSensorContext)
    return said(failed_runs(context))


def is_canceled(instance: DagsterInstance, run: DagsterRun) -> str:
    event = instance.report_run_canceled(run)
    context = build_run_status_sensor_context(
        "kaireon_canceled_runs", dagster_event=event, dagster_instance=instance, dagster_run=run
    )
    return said(canceled_runs(context))


def said(result: Any) -> str:
    return str(result.skip_message)


def shown(desk: Desk, run_id: str) -> RunView:
    return runs.get(desk.registry, OPERATOR, run_id)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (RunFailureReason.RUN_EXCEPTION, "CHILD_DIED"),
        (RunFailureReason.START_TIMEOUT, "CHILD_DIED"),
        (RunFailureReason.STEP_FAILURE, "NOT_RUNNABLE"),
        (RunFailureReason.JOB_INITIALIZATION_FAILURE, "NOT_RUNNABLE"),
    ],
)
def test_a_run_that_failed_before_our_code_shows_with_its_error(
    desk: Desk, orders: PipelineView, instance: DagsterInstance, reason: RunFailureReason, code: str
) -> None:
    run = made(instance, "orders", tags={"dagster/schedule_name": "nightly"})
    assert fails(instance, run, reason) == f"Recorded as failed: {run.run_id}."
    found = shown(desk, run.run_id)
    assert (found.status, found.pipeline_id, found.trigger) == ("failed", orders.id, "schedule")
    assert found.error is not None
    assert found.error.code == code
    assert "C4nary" not in found.error.message
    source = connectors.get(desk.registry, OPERATOR, orders.connector_id)
    assert source.last_error == f"A run of orders failed: {found.error.message}"
    assert source.status == "inactive"


def test_a_run_that_was_canceled_while_it_waited_shows_so(
    desk: Desk, orders: PipelineView, instance: DagsterInstance
) -> None:
    run = made(instance, "orders")
    assert is_canceled(instance, run) == f"Recorded as canceled: {run.run_id}."
    found = shown(desk, run.run_id)
    assert (found.status, found.error and found.error.code) == ("canceled", "CANCELED")
    assert connectors.get(desk.registry, OPERATOR, orders.connector_id).last_error is None


def test_each_pipeline_of_a_lost_run_shows_its_error(
    desk: Desk, orders: PipelineView, instance: DagsterInstance
) -> None:
    other = desk.pipeline("other", desk.csv("more", "id\n1\n"))
    run = made(instance, "orders", "other")
    fails(instance, run, RunFailureReason.RUN_EXCEPTION)
    for each in (orders, other):
        assert shown(desk, run_id_of(run.run_id, each.id, alone=False)).status == "failed"


def test_the_op_job_names_its_pipeline_in_its_config(
    desk: Desk, orders: PipelineView, instance: DagsterInstance
) -> None:
    job = definitions().get_repository_def().get_job("run_pipeline")
    config = {"ops": {"pipeline": {"config": {"pipeline": "orders"}}}}
    run = instance.create_run_for_job(job, run_config=config)
    fails(instance, run, RunFailureReason.RUN_EXCEPTION)
    assert shown(desk, run.run_id).pipeline_id == orders.id


def test_a_run_that_recorded_its_own_end_is_left_as_it_is(
    desk: Desk, orders: PipelineView, instance: DagsterInstance
) -> None:
    job = definitions().get_repository_def().get_job("kaireon_assets")
    (desk.files / "shop.csv").unlink()
    result = job.execute_in_process(
        instance=instance, asset_selection=[AssetKey(["default", "orders"])], raise_on_error=False
    )
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    words = fails(instance, run, RunFailureReason.STEP_FAILURE)
    assert words == f"The run {run.run_id} has recorded its own end."
    error = shown(desk, run.run_id).error
    assert error is not None
    assert error.code == "OBJECT_MISSING"
    assert connectors.get(desk.registry, OPERATOR, orders.connector_id).last_error is not None


def test_a_success_clears_what_a_failed_run_left_on_the_connector(
    desk: Desk, orders: PipelineView, instance: DagsterInstance
) -> None:
    fails(instance, made(instance, "orders"), RunFailureReason.RUN_EXCEPTION)
    before = connectors.get(desk.registry, OPERATOR, orders.connector_id)
    assert before.last_error is not None
    job = definitions().get_repository_def().get_job("kaireon_assets")
    assert job.execute_in_process(
        instance=instance, asset_selection=[AssetKey(["default", "orders"])]
    ).success
    after = connectors.get(desk.registry, OPERATOR, orders.connector_id)
    assert (after.last_error, after.etag) == (None, before.etag)


def test_a_run_whose_process_is_there_ends_by_itself(
    desk: Desk, orders: PipelineView, instance: DagsterInstance
) -> None:
    run = made(instance, "orders")
    fails(instance, run, RunFailureReason.RUN_EXCEPTION)
    with desk.registry.database.write() as session:
        session.execute(update(Run).where(Run.id == run.run_id).values(status="running", holder=holder()))
    fails(instance, run, RunFailureReason.RUN_EXCEPTION)
    assert shown(desk, run.run_id).status == "running"


def test_a_run_that_dagster_starts_again_has_not_ended(
    desk: Desk, orders: PipelineView, instance: DagsterInstance
) -> None:
    run = made(instance, "orders", tags={"dagster/will_retry": "true"})
    assert (
        fails(instance, run, RunFailureReason.RUN_EXCEPTION) == f"Dagster starts the run {run.run_id} again."
    )
    assert runs.list_page(desk.registry, OPERATOR).data == []


def test_a_run_in_place_of_a_lost_one_is_the_same_load(
    desk: Desk, orders: PipelineView, instance: DagsterInstance
) -> None:
    first = made(instance, "orders")
    again = made(
        instance,
        "orders",
        parent_run_id=first.run_id,
        root_run_id=first.run_id,
        tags={"dagster/retry_number": "1"},
    )
    by_hand = made(instance, "orders", parent_run_id=first.run_id, root_run_id=first.run_id)
    assert first_try_of(first) == first_try_of(again) == first.run_id
    assert first_try_of(by_hand) == by_hand.run_id
