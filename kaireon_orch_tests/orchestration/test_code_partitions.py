"""Partitions of tables in code: one run reads and replaces its part alone; what a run's config asks for is done."""

from __future__ import annotations

import datetime as dt
import sqlite3
from typing import TYPE_CHECKING, Any

import dagster as dg
import duckdb
import pyarrow as pa
import pytest

import kaireon_orch as ko
from kaireon_orch.control import runs
from kaireon_orch.errors import InvalidInput
from kaireon_orch_tests.orchestration.conftest import OPERATOR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kaireon_orch_tests.orchestration.conftest import Desk

DAILY = ko.Partition("at", start="2026-01-01")
FIRST = [(1, "2026-01-01 12:00:00", "eu"), (2, "2026-01-02 12:00:00", "us"), (3, "2026-01-02 23:00:00", "eu")]


@pytest.fixture
def shop(desk: Desk) -> Path:
    path = desk.files / "shop.db"
    with sqlite3.connect(path) as database:
        for table in ("orders", "returns"):
            database.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, at TIMESTAMP, region TEXT)")
            database.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", FIRST)
        database.execute("CREATE TABLE people (id INTEGER PRIMARY KEY)")
        database.execute("INSERT INTO people VALUES (7)")
    database.close()
    desk.connector("shop", "sqlite", {"path": str(path)})
    desk.connector("lake", "duckdb", {"path": str(desk.files / "lake.duckdb")})
    return path


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def ids(desk: Desk, table: str) -> list[int]:
    with duckdb.connect(str(desk.files / "lake.duckdb"), read_only=True) as database:
        return [row[0] for row in database.sql(f"SELECT id FROM public.{table} ORDER BY id").fetchall()]


def run(built: dg.AssetsDefinition, instance: dg.DagsterInstance, **more: Any) -> dg.ExecuteInProcessResult:
    return dg.materialize([built], instance=instance, raise_on_error=False, **more)


def test_a_window_is_read_and_replaced_alone_for_each_table(
    desk: Desk, shop: Path, instance: dg.DagsterInstance
) -> None:
    built = ko.build_pipeline_assets(
        source="shop", target="lake", partition=DAILY, tables=["orders", ko.Table("returns")]
    )
    for _ in range(2):
        assert run(built, instance, partition_key="2026-01-02").success
    assert (ids(desk, "orders"), ids(desk, "returns")) == ([2, 3], [2, 3])
    assert run(built, instance, partition_key="2026-01-01", selection=["shop/orders"]).success
    assert (ids(desk, "orders"), ids(desk, "returns")) == ([1, 2, 3], [2, 3])
    assert set(instance.get_materialized_partitions(dg.AssetKey(["shop", "orders"]))) == {
        "2026-01-01",
        "2026-01-02",
    }


def test_neighbouring_windows_are_one_load(desk: Desk, shop: Path, instance: dg.DagsterInstance) -> None:
    built = ko.build_pipeline_assets(source="shop", target="lake", partition=DAILY, tables=["orders"])
    assert built.backfill_policy == dg.BackfillPolicy.single_run()
    tags = {
        "dagster/asset_partition_range_start": "2026-01-01",
        "dagster/asset_partition_range_end": "2026-01-03",
    }
    assert run(built, instance, tags=tags).success
    assert ids(desk, "orders") == [1, 2, 3]
    assert len(runs.list_page(desk.registry, OPERATOR).data) == 1


def test_a_part_is_read_by_its_keys(desk: Desk, shop: Path, instance: dg.DagsterInstance) -> None:
    built = ko.build_pipeline_assets(
        source="shop", target="lake", partition=ko.Partition("region", keys=["eu", "us"]), tables=["orders"]
    )
    assert run(built, instance, partition_key="eu").success
    assert ids(desk, "orders") == [1, 3]
    assert run(built, instance, partition_key="us").success
    assert ids(desk, "orders") == [1, 2, 3]


def test_tables_without_partitions_stand_beside_those_with(
    desk: Desk, shop: Path, instance: dg.DagsterInstance
) -> None:
    built = ko.build_pipeline_assets(
        source="shop",
        target="lake",
        tables=[ko.Table("orders", partition=DAILY), ko.Table("people", mode=ko.Truncate())],
    )
    assert run(built, instance, selection=["shop/people"]).success
    assert ids(desk, "people") == [7]
    assert run(built, instance, partition_key="2026-01-01", selection=["shop/orders"]).success
    assert ids(desk, "orders") == [1]


def test_a_partition_leaves_the_watermark(desk: Desk, shop: Path, instance: dg.DagsterInstance) -> None:
    table = ko.Table("orders", mode=ko.Incremental(), cursor=ko.Cursor("id"), partition=DAILY)
    built = ko.build_pipeline_assets(source="shop", target="lake", tables=[table])
    assert run(built, instance, partition_key="2026-01-02").success
    assert run(built, instance).success
    assert ids(desk, "orders") == [1, 2, 2, 3, 3]
    assert run(built, instance).success
    assert ids(desk, "orders") == [1, 2, 2, 3, 3]


def test_the_runs_config_is_honoured(desk: Desk, shop: Path, instance: dg.DagsterInstance) -> None:
    table = ko.Table("orders", mode=ko.Incremental(key="id"), cursor=ko.Cursor("id"), row_limit=2)
    built = ko.build_pipeline_assets(source="shop", target="lake", tables=[table])

    def loaded(**wishes: Any) -> int:
        config = dg.RunConfig({"shop_tables": ko.RunConfig(**wishes)})
        (event,) = run(built, instance, run_config=config).get_asset_materialization_events()
        return int(str(event.materialization.metadata["kaireon/rows_loaded"].value))

    assert loaded(row_limit=1) == 1
    assert loaded() == 2
    assert ids(desk, "orders") == [1, 2]
    assert loaded(row_limit=0, verify=True) == 2
    assert loaded(row_limit=0, full_refresh=True) == 3
    assert ids(desk, "orders") == [1, 2, 3]


@pytest.mark.parametrize(
    ("partition", "words"),
    [
        (ko.Partition("at"), "start"),
        (ko.Partition("at", keys=[]), "keys"),
        (ko.Partition("at", start="2026-01-01", keys=["a"]), "start"),
        (ko.Partition("at", start="soon"), "start"),
        (ko.Partition("at", start="2026-01-01", timezone="Mars/Olympus"), "timezone"),
    ],
)
def test_a_partition_that_cannot_be_is_refused_where_it_is_written(
    partition: ko.Partition, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        ko.build_pipeline_assets(source="shop", tables=["orders"], partition=partition)


def test_fakes_are_read_by_window_too() -> None:
    at = [dt.datetime(2026, 1, day, 12, tzinfo=dt.UTC) for day in (1, 2)]
    fake = ko.FakeConnector("shop", {"orders": pa.table({"id": [1, 2], "at": at})})
    lake = ko.MemoryTarget()
    built = ko.build_pipeline_assets(source="shop", partition=DAILY, tables=["orders"])
    with ko.override(shop=fake, warehouse=lake):
        assert dg.materialize([built], partition_key="2026-01-02").success
    assert lake.table("orders")["id"].to_pylist() == [2]
