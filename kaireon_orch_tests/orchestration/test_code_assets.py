"""Pipelines that are written in code: assets a table, runs that the registry knows, neighbours that do not fail along."""

import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg
import duckdb
import pyarrow as pa
import pytest

import kaireon_orch as ko
from kaireon_orch.control import runs
from kaireon_orch.errors import InvalidInput
from kaireon_orch_tests.orchestration.conftest import OPERATOR

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch_tests.orchestration.conftest import Desk


@ko.pipeline_assets(
    source="shop",
    target="lake",
    tables=[
        ko.Table("orders", mode=ko.Upsert(key="id")),
        ko.Table("missing"),
        ko.Table("names", source={"query": "SELECT DISTINCT name FROM orders"}, target="buyer_names"),
    ],
)
def shop_tables(
    context: dg.AssetExecutionContext, kaireon: ko.Kaireon
) -> Iterator[dg.MaterializeResult[None]]:
    yield from kaireon.run(context)


RESOURCES = {"kaireon": ko.Kaireon()}


@pytest.fixture
def lake(desk: "Desk") -> "Path":
    path = desk.files / "shop.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT)")
        database.executemany("INSERT INTO orders VALUES (?, ?)", [(1, "one"), (2, "one"), (3, None)])
    database.close()
    desk.connector("shop", "sqlite", {"path": str(path)})
    desk.connector("lake", "duckdb", {"path": str(desk.files / "lake.duckdb")})
    return desk.files / "lake.duckdb"


def rows_of(path: "Path", query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as database:
        return database.sql(query).fetchall()


def test_there_is_an_asset_for_each_table_downstream_of_its_source() -> None:
    assert {spec.key.to_user_string() for spec in shop_tables.specs} == {
        "shop/orders",
        "shop/missing",
        "shop/buyer_names",
    }
    orders = next(spec for spec in shop_tables.specs if spec.key.path[-1] == "orders")
    assert [dep.asset_key.to_user_string() for dep in orders.deps] == ["default/shop/orders"]
    assert orders.group_name == "shop"


def test_a_table_that_fails_leaves_its_neighbours_loaded(desk: "Desk", lake: "Path") -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([shop_tables], resources=RESOURCES, instance=instance, raise_on_error=False)
    assert not result.success
    done = {
        event.asset_key.path[-1] for event in result.get_asset_materialization_events() if event.asset_key
    }
    assert done == {"orders", "buyer_names"}
    failure = result.failure_data_for_node("shop_tables")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert "1 table(s) were not loaded. missing: OBJECT_MISSING" in str(failure.user_failure_data.description)
    assert rows_of(lake, "SELECT * FROM public.orders ORDER BY 1") == [(1, "one"), (2, "one"), (3, None)]
    page = runs.list_page(desk.registry, OPERATOR)
    assert sorted((run.status, run.trigger) for run in page.data) == [
        ("completed", "code"),
        ("completed", "code"),
        ("failed", "code"),
    ]


def test_who_wants_it_stops_at_the_first_failure(lake: "Path") -> None:
    resources = {"kaireon": ko.Kaireon(stop_at_failure=True)}
    result = dg.materialize([shop_tables], resources=resources, raise_on_error=False)
    done = [
        event.asset_key and event.asset_key.path[-1] for event in result.get_asset_materialization_events()
    ]
    assert done == ["orders"]


def test_a_subset_runs_alone_and_a_second_time_on_the_same_rows(lake: "Path") -> None:
    for _ in range(2):
        result = dg.materialize([shop_tables], resources=RESOURCES, selection=["shop/orders"])
        assert len(result.get_asset_materialization_events()) == 1
    assert rows_of(lake, "SELECT count(*) FROM public.orders") == [(3,)]


def test_built_assets_take_a_run_config_and_load_into_the_warehouse(desk: "Desk", lake: "Path") -> None:
    built = ko.build_pipeline_assets(source="shop", tables=["orders"])
    config = dg.RunConfig({"shop_tables": ko.RunConfig(row_limit=2)})
    result = dg.materialize([built], run_config=config)
    (event,) = result.get_asset_materialization_events()
    assert event.materialization.metadata["kaireon/rows_loaded"].value == 2
    assert event.materialization.metadata["kaireon/limit_reached"].value is True


@pytest.mark.parametrize(
    ("table", "field"),
    [
        (ko.Table("orders", mode=ko.Upsert(key=())), "primaryKey"),
        (ko.Table("orders", mode=ko.Incremental()), "cursorField"),
        (ko.Table("orders", row_limit=-1), "rowLimit"),
        (ko.Table("orders", options={"lodaMode": "append"}), "lodaMode"),
    ],
)
def test_a_table_that_cannot_be_is_refused_where_it_is_written(table: ko.Table, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        ko.build_pipeline_assets(source="shop", tables=[table])
    assert field in {detail.field for detail in refused.value.details}


def test_an_unknown_connector_fails_in_words(desk: "Desk") -> None:
    built = ko.build_pipeline_assets(source="nobody", tables=["orders"])
    with pytest.raises(dg.Failure, match="nobody"):
        dg.materialize([built])


def test_the_resource_alone_says_where_it_belongs() -> None:
    @dg.asset
    def alone(context: dg.AssetExecutionContext, kaireon: ko.Kaireon) -> None:
        list(kaireon.run(context))

    with pytest.raises(dg.Failure, match="pipeline_assets"):
        dg.materialize([alone], resources=RESOURCES)


def test_tables_in_code_have_the_checks_of_pipelines_alone_too(desk: "Desk", lake: "Path") -> None:
    key = dg.AssetKey(["shop", "orders"])
    built = ko.build_pipeline_assets(
        source="shop", target="lake", tables=[ko.Table("orders", mode=ko.Upsert(key="id"))]
    )
    with dg.DagsterInstance.ephemeral() as instance:
        loaded = dg.materialize([built], instance=instance)
        with duckdb.connect(str(lake)) as database:
            database.execute("INSERT INTO public.orders VALUES (NULL, 'nobody')")
        alone = dg.AssetSelection.checks(dg.AssetCheckKey(key, "primary_key"))
        asked = dg.materialize([built], selection=alone, instance=instance, raise_on_error=False)
    found = {each.check_name: each.passed for each in loaded.get_asset_check_evaluations()}
    assert found == {"row_count": True, "schema": True, "primary_key": True}
    (check,) = asked.get_asset_check_evaluations()
    assert (check.passed, check.metadata["rows_without_key"].value) == (False, 1)
    assert not asked.get_asset_materialization_events()


def test_a_check_of_a_decorated_table_does_without_its_function(lake: "Path") -> None:
    key = dg.AssetKey(["shop", "orders"])
    with dg.DagsterInstance.ephemeral() as instance:
        dg.materialize([shop_tables], resources=RESOURCES, selection=["shop/orders"], instance=instance)
        alone = dg.AssetSelection.checks(dg.AssetCheckKey(key, "row_count"))
        asked = dg.materialize([shop_tables], resources=RESOURCES, selection=alone, instance=instance)
    (check,) = asked.get_asset_check_evaluations()
    assert (check.passed, check.metadata["rows_of_table"].value) == (True, 3)


def test_a_table_is_materialised_before_the_next_is_read() -> None:
    told: list[tuple[str, int]] = []
    rows = {name: pa.table({"id": [1]}) for name in ("orders", "returns")}

    @ko.pipeline_assets(source="shop", tables=["orders", "returns"])
    def tables(
        context: dg.AssetExecutionContext, kaireon: ko.Kaireon
    ) -> Iterator[dg.MaterializeResult[None]]:
        for result in kaireon.run(context):
            known = [context.instance.get_latest_materialization_event(spec.key) for spec in tables.specs]
            told.append((str(result.asset_key), sum(event is not None for event in known)))
            yield result

    fakes = ko.override(shop=ko.FakeConnector("shop", rows), warehouse=ko.MemoryTarget())
    with dg.DagsterInstance.ephemeral() as instance, fakes:
        dg.materialize([tables], resources=RESOURCES, instance=instance)
    assert [before for _, before in told] == [0, 1]
