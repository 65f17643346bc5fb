from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from dagster import (
    AssetCheckKey,
    AssetCheckSeverity,
    AssetKey,
    AssetSelection,
    DagsterInstance,
    Definitions,
    asset,
    define_asset_job,
)

from kaireon_orch import settings
from kaireon_orch.orchestration.building import definitions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagster import ExecuteInProcessResult
    from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation

    from kaireon_orch_tests.orchestration.conftest import Desk

KEY = AssetKey(["default", "orders"])
JOB = "kaireon_assets"


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def load(instance: DagsterInstance, **config: Any) -> ExecuteInProcessResult:
    return (
        definitions()
        .get_repository_def()
        .get_job(JOB)
        .execute_in_process(
            run_config={"ops": {"default__orders": {"config": config}}},
            instance=instance,
            raise_on_error=False,
        )
    )


def check_now(instance: DagsterInstance, *names: str) -> ExecuteInProcessResult:
    job = definitions().get_repository_def().get_job(JOB)
    only = job.get_subset(
        asset_selection=set(), asset_check_selection={AssetCheckKey(KEY, name) for name in names}
    )
    return only.execute_in_process(instance=instance, raise_on_error=False)


def found(result: ExecuteInProcessResult) -> dict[str, AssetCheckEvaluation]:
    return {each.check_name: each for each in result.get_asset_check_evaluations()}


def figures(check: AssetCheckEvaluation) -> dict[str, Any]:
    return {name: value.value for name, value in check.metadata.items()}


def in_warehouse(*statements: str) -> None:
    with duckdb.connect(settings.load().warehouse_url.removeprefix("duckdb:///")) as database:
        for statement in statements:
            database.execute(statement)


def test_a_load_tells_its_rows_its_columns_and_its_key(desk: Desk, instance: DagsterInstance) -> None:
    source = desk.csv("orders", "id,name\n1,one\n2,two\n2,zwei\n")
    desk.pipeline("orders", source, loadMode="upsert", primaryKey=["id"])
    result = load(instance)
    assert result.success
    checks = found(result)
    assert {name: check.passed for name, check in checks.items()} == {
        "row_count": True,
        "schema": True,
        "primary_key": True,
    }
    assert figures(checks["row_count"]) == {
        "rows_read": 3,
        "rows_loaded": 2,
        "rows_rejected": 0,
        "rows_skipped": 0,
        "rows_left_out": 1,
        "rows_of_receipt": 2,
        "rows_of_table": 2,
    }
    assert figures(checks["primary_key"])["rows"] == 2


def test_a_key_is_only_counted_where_there_is_one(desk: Desk, instance: DagsterInstance) -> None:
    desk.pipeline("orders", desk.csv("orders", "id\n1\n"))
    assert set(found(load(instance))) == {"row_count", "schema"}


def test_a_key_that_is_repeated_fails_and_stops_what_is_downstream(
    desk: Desk, instance: DagsterInstance
) -> None:
    desk.pipeline("orders", desk.csv("orders", "id,name\n1,one\n1,uno\n,none\n"), primaryKey=["id"])

    @asset(deps=[KEY])
    def downstream() -> None: ...

    job = define_asset_job("both", AssetSelection.assets(KEY, downstream))
    merged = Definitions.merge(definitions(), Definitions(assets=[downstream], jobs=[job]))
    result = (
        merged.get_repository_def()
        .get_job("both")
        .execute_in_process(instance=instance, raise_on_error=False)
    )
    assert not result.success
    check = found(result)["primary_key"]
    assert (check.passed, check.severity, check.blocking) == (False, AssetCheckSeverity.ERROR, True)
    assert (figures(check)["rows_without_key"], figures(check)["duplicate_rows"]) == (1, 1)
    done = [event.asset_key for event in result.get_asset_materialization_events()]
    assert done == [KEY]
    kinds = {(event.step_key, event.event_type_value) for event in result.all_events}
    assert ("downstream", "STEP_SKIPPED") in kinds or not any(key == "downstream" for key, _ in kinds)


def test_a_new_column_is_a_warning_where_the_table_follows(desk: Desk, instance: DagsterInstance) -> None:
    source = desk.csv("orders", "id,name\n1,one\n")
    desk.pipeline("orders", source, loadMode="truncate")
    load(instance)
    (desk.files / "orders.csv").write_text("id,price\n1,2.50\n")
    result = load(instance)
    assert result.success
    check = found(result)["schema"]
    assert (check.passed, check.severity) == (False, AssetCheckSeverity.WARN)
    assert figures(check)["columns_added"] == ["price"]
    assert figures(check)["columns_removed"] == ["name"]


def test_a_column_that_is_left_out_is_told(desk: Desk, instance: DagsterInstance) -> None:
    source = desk.csv("orders", "id\n1\n")
    desk.pipeline("orders", source, schemaPolicy="discard")
    load(instance)
    (desk.files / "orders.csv").write_text("id,price\n1,2.50\n")
    check = found(load(instance))["schema"]
    assert (check.passed, figures(check)["columns_left_out"]) == (False, ["price"])


def test_a_frozen_schema_fails_the_check_before_anything_is_loaded(
    desk: Desk, instance: DagsterInstance
) -> None:
    desk.pipeline("orders", desk.csv("orders", "id\n1\n"), schemaPolicy="freeze")
    load(instance)
    (desk.files / "orders.csv").write_text("id,price\n1,2.50\n")
    result = load(instance)
    assert not result.success
    assert not result.get_asset_materialization_events()
    check = found(result)["schema"]
    assert (check.passed, check.blocking, check.severity) == (False, True, AssetCheckSeverity.ERROR)
    assert "price" in (check.description or "")


def test_checks_run_alone_against_the_table_as_it_is_now(desk: Desk, instance: DagsterInstance) -> None:
    source = desk.csv("orders", "id,name\n1,one\n2,two\n")
    desk.pipeline("orders", source, loadMode="upsert", primaryKey=["id"])
    load(instance)
    names = ("row_count", "schema", "primary_key")
    before = check_now(instance, *names)
    assert before.success
    assert {name: check.passed for name, check in found(before).items()} == dict.fromkeys(names, True)
    in_warehouse(
        "INSERT INTO public.orders (id) VALUES (2), (NULL)",
        "ALTER TABLE public.orders DROP COLUMN name",
        "DELETE FROM public.orders WHERE id = 1",
    )
    after = found(check_now(instance, *names))
    assert {name: check.passed for name, check in after.items()} == {
        "row_count": True,
        "schema": False,
        "primary_key": False,
    }
    assert figures(after["schema"])["columns_removed"] == ["name"]
    assert (
        figures(after["primary_key"])["rows_without_key"],
        figures(after["primary_key"])["duplicate_rows"],
    ) == (
        1,
        1,
    )
    in_warehouse("DELETE FROM public.orders")
    (gone,) = found(check_now(instance, "row_count")).values()
    assert (gone.passed, figures(gone)) == (False, {"rows_of_table": 0, "rows_after_last_load": 2})


def test_a_table_that_is_not_there_is_said_so(desk: Desk, instance: DagsterInstance) -> None:
    desk.pipeline("orders", desk.csv("orders", "id\n1\n"))
    (check,) = found(check_now(instance, "row_count")).values()
    assert (check.passed, "OBJECT_MISSING" in (check.description or "")) == (False, True)


def test_versions_count_by_the_current_ones(desk: Desk, instance: DagsterInstance) -> None:
    path = desk.files / "orders.csv"
    desk.pipeline("orders", desk.csv("orders", "id,name\n1,one\n"), loadMode="scd2", primaryKey=["id"])
    load(instance)
    path.write_text("id,name\n1,uno\n")
    result = load(instance)
    assert figures(found(result)["primary_key"]) == {
        "primary_key": "id",
        "rows": 2,
        "rows_without_key": 0,
        "duplicate_rows": 0,
    }


def test_the_mark_moves_from_load_to_load(desk: Desk, instance: DagsterInstance) -> None:
    path = desk.files / "shop.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT)")
        database.execute("INSERT INTO orders VALUES (1, 'one'), (7, 'seven')")
    shop = desk.connector("shop", "sqlite", {"path": str(path)})
    desk.pipeline(
        "orders",
        shop,
        source={"table": "orders"},
        loadMode="incremental_watermark",
        cursorField="id",
        primaryKey=["id"],
    )
    marks = []
    for extra in (None, (9, "nine")):
        if extra:
            with sqlite3.connect(path) as database:
                database.execute("INSERT INTO orders VALUES (?, ?)", extra)
        (event,) = load(instance).get_asset_materialization_events()
        told = event.materialization.metadata
        before = told.get("kaireon/watermark_before")
        marks.append((before and before.value, told["kaireon/watermark_after"].value))
        assert told["kaireon/snapshot"].value
    database.close()
    assert marks == [(None, 7), (7, 9)]
