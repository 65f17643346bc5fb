"""Runs over Dagster: started once, looked at, stopped; Dagster itself is a stub here."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from kaireon_orch.control import audit, connectors, execution, pinned, runs, tenants
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.clock import now_ms
from kaireon_orch.control.idempotency import ABANDONED_MS, GOOD_FOR_MS
from kaireon_orch.control.run_records import RunRecord
from kaireon_orch.control.run_requests import RunEvent, RunRequest
from kaireon_orch.errors import (
    AlreadyEnded,
    Forbidden,
    InvalidInput,
    NotFound,
    NotRunnable,
    SecretUnreadable,
    Unavailable,
)
from kaireon_orch.store.tables import Connector, Idempotency, Run

if TYPE_CHECKING:
    from kaireon_orch.control.pipeline_views import PipelineView
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.control.run_views import RunView
    from kaireon_orch_tests.control_runs.conftest import Maker
    from kaireon_orch_tests.launch.dagster_stub import DagsterStub

_RUNS = itertools.count(1)


def started() -> dict[str, Any]:
    return {"__typename": "LaunchRunSuccess", "run": {"runId": f"dagster-{next(_RUNS)}"}}


def status(word: str) -> dict[str, Any]:
    return {"__typename": "Run", "status": word}


@pytest.fixture
def pipeline(make: Maker) -> PipelineView:
    return make.pipeline("Rows", rowLimit=5)


def launch(make: Maker, pipeline: PipelineView, key: str | None = None, **body: Any) -> RunView:
    return runs.launch(make.registry, make.caller, pipeline.id, body, key)


def test_a_launch_answers_with_dagsters_run(
    make: Maker, dagster: DagsterStub, pipeline: PipelineView
) -> None:
    dagster.answer(launchRun=started())
    shown = launch(make, pipeline, rowLimit=3, fullRefresh=True)
    assert (shown.status, shown.trigger, shown.row_limit) == ("pending", "api", 3)
    assert shown.url == f"{dagster.url}/runs/{shown.id}"
    assert runs.get(make.registry, make.caller, shown.id) == shown
    params = dagster.asked_for("launchRun")[0]["params"]
    tenant = make.caller.tenant
    assert params["selector"]["assetSelection"] == [{"path": [tenant, "rows"]}]
    assert params["runConfigData"] == {
        "ops": {f"{tenant}__rows": {"config": {"row_limit": 3, "full_refresh": True, "verify": False}}}
    }
    tags = {each["key"]: each["value"] for each in params["executionMetadata"]["tags"]}
    told = {"kaireon/pipeline": pipeline.id, "kaireon/tenant": tenant, "kaireon/trigger": "api"}
    assert tags.items() >= told.items()
    assert tags["kaireon/revision"] == str(pinned.revision(make.registry))


def test_without_wishes_the_pipelines_row_limit_holds(
    make: Maker, dagster: DagsterStub, pipeline: PipelineView
) -> None:
    dagster.answer(launchRun=started())
    assert launch(make, pipeline).row_limit == 5
    config = dagster.asked_for("launchRun")[0]["params"]["runConfigData"]["ops"]
    assert config[f"{make.caller.tenant}__rows"] == {"config": {"full_refresh": False, "verify": False}}


@pytest.mark.parametrize(
    ("body", "field"),
    [({"rowLimit": -1}, "rowLimit"), ({"rowLimit": "3"}, "rowLimit"), ({"fullrefresh": True}, "fullrefresh")],
)
def test_a_bad_wish_is_named(
    make: Maker, dagster: DagsterStub, pipeline: PipelineView, body: dict[str, Any], field: str
) -> None:
    dagster.answer()
    with pytest.raises(InvalidInput) as refused:
        launch(make, pipeline, **body)
    assert [fault.field for fault in refused.value.details] == [field]


def test_what_is_not_runnable_is_told_before_dagster_is_asked(make: Maker, dagster: DagsterStub) -> None:
    dagster.answer()
    source = make.connector()
    disabled = make.pipeline("Disabled", source, enabled=False)
    with pytest.raises(NotRunnable, match="disabled"):
        launch(make, disabled)
    bare = make.pipeline("Bare", make.connector("bare", "postgresql", config={}), source={"table": "t"})
    with pytest.raises(NotRunnable, match="host, port, database"):
        launch(make, bare)
    off = make.pipeline("Off", source)
    connectors.change(make.registry, make.caller, source.id, {"status": "disabled"})
    with pytest.raises(NotRunnable, match="set its status"):
        launch(make, off)
    assert dagster.asked == []
    assert runs.list_page(make.registry, make.caller).total == 0
    refusals = [
        each for each in audit.list_page(make.registry, make.caller).data if each.outcome == "refused"
    ]
    assert [(each.action, each.entity_id) for each in refusals] == [
        ("run", off.id),
        ("run", bare.id),
        ("run", disabled.id),
    ]


def test_a_secret_that_does_not_open(make: Maker, dagster: DagsterStub) -> None:
    dagster.answer()
    config = {"host": "db.example.com", "port": 5432, "database": "shop"}
    auth = {"username": "u", "password": "p"}
    source = make.connector("pg", "postgresql", config=config, authMethod="password", authConfig=auth)
    made = make.pipeline("Orders", source, source={"table": "orders"})
    with make.registry.database.write() as session:
        session.get_one(Connector, source.id).secrets = b"\x01\x02k1 and nothing that decrypts, long enough"
    with pytest.raises(SecretUnreadable):
        launch(make, made)


def test_viewers_and_strangers_start_nothing(
    make: Maker, dagster: DagsterStub, pipeline: PipelineView
) -> None:
    dagster.answer(launchRun=started())
    with pytest.raises(Forbidden):
        runs.launch(make.registry, replace(make.caller, role="viewer"), pipeline.id, {})
    with make.registry.database.write() as session:
        tenant = f"x{make.caller.tenant}"
        from_elsewhere = Caller.operator(tenant)
        tenants.ensure(make.registry, session, tenant)
    with pytest.raises(NotFound):
        runs.launch(make.registry, from_elsewhere, pipeline.id, {})
    shown = launch(make, pipeline)
    with pytest.raises(NotFound):
        runs.get(make.registry, from_elsewhere, shown.id)
    with pytest.raises(NotFound):
        runs.cancel(make.registry, from_elsewhere, shown.id)


def test_nothing_is_queued_while_dagster_is_out_of_reach(
    make: Maker, dagster: DagsterStub, pipeline: PipelineView
) -> None:
    dagster.answer(launchRun={"__typename": "UnauthorizedError", "message": ""})
    with pytest.raises(Unavailable):
        launch(make, pipeline, "k")
    assert runs.list_page(make.registry, make.caller).total == 0
    dagster.answer(launchRun=started())
    assert launch(make, pipeline, "k").status == "pending"


def test_a_key_means_one_run(make: Maker, dagster: DagsterStub, pipeline: PipelineView) -> None:
    dagster.answer(launchRun=[started(), started()])
    first = launch(make, pipeline, "k", rowLimit=1)
    assert launch(make, pipeline, "k", rowLimit=1) == first
    assert len(dagster.asked_for("launchRun")) == 1
    assert launch(make, pipeline, "other", rowLimit=1).id != first.id
    with pytest.raises(InvalidInput, match="Idempotency-Key"):
        launch(make, pipeline, "k", rowLimit=2)
    with pytest.raises(InvalidInput):
        launch(make, pipeline, "k" * 256)


def test_a_key_is_good_for_a_day(make: Maker, dagster: DagsterStub, pipeline: PipelineView) -> None:
    dagster.answer(launchRun=[started(), started()])
    first = launch(make, pipeline, "k")
    _age_keys(make, GOOD_FOR_MS + 1)
    assert launch(make, pipeline, "k").id != first.id


def test_a_key_whose_launcher_died_finds_the_run_that_it_left(
    make: Maker, dagster: DagsterStub, pipeline: PipelineView
) -> None:
    dagster.answer(launchRun=started())
    launch(make, pipeline, "k")
    _age_keys(make, ABANDONED_MS + 1, run_id=None)
    dagster.answer(
        runsOrError={"__typename": "Runs", "results": [{"runId": f"left-by-{make.caller.tenant}"}]}
    )
    assert launch(make, pipeline, "k").id == f"left-by-{make.caller.tenant}"
    assert dagster.asked_for("launchRun") == []


def test_requests_that_come_together_are_one_run(
    make: Maker, dagster: DagsterStub, pipeline: PipelineView
) -> None:
    dagster.answer(launchRun=[started(), started(), started()])
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(launch(make, pipeline, "k").id)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert len(set(found)) == 1


def _age_keys(make: Maker, by_ms: int, **values: Any) -> None:
    statement = update(Idempotency).where(Idempotency.tenant == make.caller.tenant)
    with make.registry.database.write() as session:
        session.execute(statement.values(created_at=Idempotency.created_at - by_ms, **values))


def test_a_launch_and_its_run_may_write_the_row_in_any_order(
    make: Maker, dagster: DagsterStub, pipeline: PipelineView
) -> None:
    answer = started()
    dagster.answer(launchRun=answer)
    request = _request(make, pipeline, answer["run"]["runId"], "api")
    RunRecord(make.registry.database, request.run_id).start(request)
    assert launch(make, pipeline).status == "running"


def test_lists_filter_and_page(make: Maker, dagster: DagsterStub, pipeline: PipelineView) -> None:
    dagster.answer(launchRun=[started(), started(), started(), started()])
    made = [launch(make, pipeline).id for _ in range(3)]
    other = launch(make, make.pipeline("Other"))
    page = runs.list_page(make.registry, make.caller, limit=2, pipeline_id=pipeline.id)
    rest = runs.list_page(make.registry, make.caller, limit=2, pipeline_id=pipeline.id, cursor=page.cursor)
    assert page.total == 3
    assert sorted(each.id for each in [*page.data, *rest.data]) == sorted(made)
    assert [each.queued_at for each in page.data] == sorted(
        (each.queued_at for each in page.data), reverse=True
    )
    assert {each.id for each in runs.list_page(make.registry, make.caller, status="pending").data} == {
        *made,
        other.id,
    }
    assert runs.list_page(make.registry, make.caller, status="failed").data == []
    for bad in ({"status": "done"}, {"cursor": "nothing"}, {"limit": 0}):
        with pytest.raises(InvalidInput):
            runs.list_page(make.registry, make.caller, **bad)


def test_events_page_from_the_newest(make: Maker, pipeline: PipelineView) -> None:
    request = _request(make, pipeline, f"ui-{make.caller.tenant}", "ui")
    record = RunRecord(make.registry.database, request.run_id)
    record.start(request)
    record.move(record.figures, [(now_ms(), RunEvent("info", f"event {number}")) for number in range(5)])
    page = runs.events(make.registry, make.caller, request.run_id, limit=3)
    assert [each.message for each in page.data] == ["event 4", "event 3", "event 2"]
    rest = runs.events(make.registry, make.caller, request.run_id, limit=3, cursor=page.cursor)
    assert ([each.message for each in rest.data], rest.has_more, page.total) == (
        ["event 1", "event 0"],
        False,
        5,
    )
    with pytest.raises(InvalidInput):
        runs.events(make.registry, make.caller, request.run_id, cursor="x")
    with pytest.raises(NotFound):
        runs.events(make.registry, make.caller, "no-such-run")


def test_a_run_that_waits_in_dagster_is_canceled_there(
    make: Maker, dagster: DagsterStub, pipeline: PipelineView
) -> None:
    dagster.answer(
        launchRun=started(), terminateRun={"__typename": "TerminateRunSuccess"}, runOrError=status("CANCELED")
    )
    shown = launch(make, pipeline)
    ended = runs.cancel(make.registry, make.caller, shown.id)
    assert (ended.status, ended.error and ended.error.code) == ("canceled", "CANCELED")
    with pytest.raises(AlreadyEnded):
        runs.cancel(make.registry, make.caller, shown.id)


def test_a_run_that_executes_is_asked_to_stop(
    make: Maker, dagster: DagsterStub, pipeline: PipelineView
) -> None:
    dagster.answer(terminateRun={"__typename": "TerminateRunSuccess"}, runOrError=status("CANCELING"))
    request = _request(make, pipeline, f"run-{make.caller.tenant}", "ui")
    record = RunRecord(make.registry.database, request.run_id)
    record.start(request)
    assert runs.cancel(make.registry, make.caller, request.run_id).status == "running"
    assert record.cancel_requested()
    assert dagster.asked_for("terminateRun") == [{"run": request.run_id}]


def test_one_of_several_pipelines_in_a_run_of_dagsters_is_asked_to_stop_alone(
    make: Maker, dagster: DagsterStub, pipeline: PipelineView
) -> None:
    dagster.answer(runOrError=status("SUCCESS"))
    request = _request(make, pipeline, f"part-{make.caller.tenant}", "ui", dagster_run="whole")
    record = RunRecord(make.registry.database, request.run_id)
    record.start(request)
    shown = runs.cancel(make.registry, make.caller, request.run_id)
    assert (shown.status, shown.url) == ("running", f"{dagster.url}/runs/whole")
    assert record.cancel_requested()
    assert dagster.asked_for("terminateRun") == []


def test_one_of_several_pipelines_is_asked_after_by_the_run_that_holds_it(
    make: Maker, dagster: DagsterStub, pipeline: PipelineView
) -> None:
    dagster.answer(runOrError=status("SUCCESS"))
    request = _request(make, pipeline, f"part-{make.caller.tenant}", "ui", dagster_run="whole")
    RunRecord(make.registry.database, request.run_id).start(request)
    _silence(make.registry, request.run_id, holder=None)
    assert runs.get(make.registry, make.caller, request.run_id).status == "completed"
    assert dagster.asked_for("runOrError") == [{"run": "whole"}]


@pytest.mark.parametrize(
    ("word", "expected"),
    [("SUCCESS", "completed"), ("FAILURE", "failed"), ("CANCELED", "canceled"), ("STARTED", "pending")],
)
def test_a_run_that_is_silent_for_long_is_asked_after(
    make: Maker, dagster: DagsterStub, pipeline: PipelineView, word: str, expected: str
) -> None:
    dagster.answer(launchRun=started(), runOrError=status(word))
    shown = launch(make, pipeline)
    assert runs.get(make.registry, make.caller, shown.id).status == "pending"
    assert dagster.asked_for("runOrError") == []
    _silence(make.registry, shown.id)
    assert runs.get(make.registry, make.caller, shown.id).status == expected


def _silence(registry: Registry, run_id: str, **also: Any) -> None:
    with registry.database.write() as session:
        session.execute(
            update(Run).where(Run.id == run_id).values(updated_at=Run.updated_at - 60_000, **also)
        )


def test_a_run_of_the_command_line_is_found_by_name_and_audited(make: Maker, pipeline: PipelineView) -> None:
    request = runs.local_request(make.registry, make.caller, "Rows", {"rowLimit": 2, "verify": True})
    assert (request.pipeline.id, request.row_limit, request.verify) == (pipeline.id, 2, True)
    shown = runs.get(make.registry, make.caller, request.run_id)
    assert (shown.status, shown.trigger, shown.url) == ("pending", "cli", None)
    entry = audit.list_page(make.registry, make.caller).data[0]
    assert (entry.action, entry.entity_id, (entry.after or {})["runId"]) == (
        "run",
        pipeline.id,
        request.run_id,
    )
    with pytest.raises(NotFound):
        runs.local_request(make.registry, make.caller, "nothing")


def test_a_run_of_the_command_line_that_was_killed_before_it_began_is_ended(
    make: Maker, pipeline: PipelineView
) -> None:
    request = runs.local_request(make.registry, make.caller, pipeline.name)
    assert runs.get(make.registry, make.caller, request.run_id).status == "pending"
    _silence(make.registry, request.run_id)
    shown = runs.get(make.registry, make.caller, request.run_id)
    assert (shown.status, shown.error and shown.error.code) == ("failed", "CHILD_DIED")


def _request(
    make: Maker, pipeline: PipelineView, run_id: str, trigger: str, dagster_run: str | None = None
) -> RunRequest:
    found = pinned.one(make.registry, make.caller.tenant, pipeline.id)
    return execution.RunRequest(run_id, make.caller.tenant, found, trigger, dagster_run=dagster_run or run_id)
