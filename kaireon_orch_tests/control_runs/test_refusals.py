"""Runs that end before anything is opened, and say so in their row."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.control import breaker, connectors, execution, pipelines, runs
from kaireon_orch.store.tables import Connector
from kaireon_orch_tests.control_runs.runner import Runner, loaded

if TYPE_CHECKING:
    from kaireon_orch.control.execution import RunEvent
    from kaireon_orch_tests.control_runs.conftest import Maker


def test_a_type_that_is_coming_soon_is_a_successful_nothing(make: Maker, runner: Runner) -> None:
    made = make.pipeline("Campaigns", make.connector("braze", "braze"), loadMode="truncate")
    outcome = runner.execute(made)
    assert (outcome.status, outcome.rows_read, outcome.table) == ("completed", 0, None)
    assert "coming soon" in (outcome.message or "")
    told = runs.events(make.registry, make.caller, runner.last).data
    assert any("coming soon" in event.message for event in told)
    assert loaded(make.registry, f"t_{make.caller.tenant}.campaigns") is None
    assert runner.row().status == "completed"


@pytest.mark.parametrize("mode", ["append", "truncate", "blue_green"])
def test_a_type_that_is_coming_soon_leaves_a_table_that_is_there(
    make: Maker, runner: Runner, rows: Any, mode: str
) -> None:
    runner.execute(make.pipeline("Kept", make.connector(config=rows("rows.csv", 3))))
    before = loaded(make.registry, f"t_{make.caller.tenant}.kept")
    assert before
    soon = make.connector("braze", "braze")
    outcome = runner.execute(make.pipeline("Soon", soon, loadMode=mode, target={"table": "kept"}))
    assert (outcome.status, outcome.rows_loaded) == ("completed", 0)
    assert loaded(make.registry, f"t_{make.caller.tenant}.kept") == before


def test_failed_runs_do_not_count_for_the_breaker(make: Maker, runner: Runner) -> None:
    source = make.connector(config={"path": "not-there.csv"})
    made = make.pipeline("Missing", source)
    for _ in range(make.registry.settings.breaker_failures + 1):
        assert runner.refusal(made).code == "OBJECT_MISSING"


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


def test_a_run_that_was_canceled_before_it_began(make: Maker, runner: Runner, rows: Any) -> None:
    cancel = threading.Event()
    cancel.set()
    made = make.pipeline("Rows", make.connector(config=rows("rows.csv", 1)))
    assert runner.refusal(made, cancel=cancel).code == "CANCELED"
    assert runner.row().status == "canceled"
    assert loaded(make.registry, f"t_{make.caller.tenant}.rows") is None


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
