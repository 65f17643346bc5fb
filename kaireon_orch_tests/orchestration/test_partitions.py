"""Partitions: the window is in the source's query, is replaced as a whole, and leaves the live watermark alone."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import dagster as dg
import duckdb
import pytest

import kaireon_orch as ko
from kaireon_orch.launch import JOB, job_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kaireon_orch_tests.orchestration.conftest import Desk

DAILY = {"column": "at", "kind": "daily", "start": "2026-01-01", "timezone": "UTC"}


@pytest.fixture
def orders(desk: Desk) -> Path:
    path = desk.files / "shop.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, at TIMESTAMP, name TEXT)")
    database.close()
    for day in (1, 2, 3):
        put(path, day, f"2026-01-0{day} 12:00:00", f"order {day}")
    return path


def put(path: Path, order: int, at: str, name: str) -> None:
    with sqlite3.connect(path) as database:
        database.execute("INSERT OR REPLACE INTO orders VALUES (?, ?, ?)", (order, at, name))
    database.close()


def pipeline(desk: Desk, path: Path, **more: Any) -> None:
    shop = desk.connector("shop", "sqlite", {"path": str(path)})
    body = {"source": {"table": "orders"}, "partition": DAILY, **more}
    desk.pipeline("orders", shop, **body)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def run(instance: dg.DagsterInstance, partition: str | None = None, **tags: str) -> dg.ExecuteInProcessResult:
    job = ko.definitions().get_repository_def().get_job(job_of(DAILY))
    return job.execute_in_process(instance=instance, partition_key=partition, tags=tags)


def loaded(desk: Desk) -> list[tuple[object, ...]]:
    path = desk.registry.settings.home / "warehouse.duckdb"
    with duckdb.connect(str(path), read_only=True) as database:
        return database.sql("SELECT id, name FROM public.orders ORDER BY id").fetchall()


def test_a_scheme_has_a_job_of_its_own(desk: Desk, orders: Path) -> None:
    pipeline(desk, orders)
    desk.pipeline("plain", desk.csv("plain", "id\n1\n"))
    repository = ko.definitions().get_repository_def()
    assert {JOB, job_of(DAILY)} <= set(repository.job_names)
    assert job_of(DAILY) != job_of(DAILY | {"timezone": "Asia/Tokyo"})


def test_a_window_is_read_alone_and_replaced(desk: Desk, orders: Path, instance: dg.DagsterInstance) -> None:
    pipeline(desk, orders)
    assert run(instance, "2026-01-02").success
    assert loaded(desk) == [(2, "order 2")]
    put(orders, 2, "2026-01-02 23:59:59", "late order 2")
    put(orders, 4, "2026-01-02 00:00:00", "order 4")
    assert run(instance, "2026-01-02").success
    assert run(instance, "2026-01-03").success
    assert loaded(desk) == [(2, "late order 2"), (3, "order 3"), (4, "order 4")]


def test_neighbouring_windows_are_one_load(desk: Desk, orders: Path, instance: dg.DagsterInstance) -> None:
    pipeline(desk, orders)
    tags = {
        "dagster/asset_partition_range_start": "2026-01-01",
        "dagster/asset_partition_range_end": "2026-01-02",
    }
    result = run(instance, **tags)
    assert loaded(desk) == [(1, "order 1"), (2, "order 2")]
    events = result.get_asset_materialization_events()
    assert {event.partition for event in events} == {"2026-01-01", "2026-01-02"}


def test_a_backfill_leaves_the_live_watermark_alone(
    desk: Desk, orders: Path, instance: dg.DagsterInstance
) -> None:
    pipeline(desk, orders, loadMode="incremental_watermark", cursorField="at", primaryKey=["id"])
    assert run(instance).success
    put(orders, 1, "2026-01-01 13:00:00", "changed")
    assert run(instance, "2026-01-01").success
    put(orders, 5, "2026-01-05 12:00:00", "order 5")
    last = run(instance)
    (event,) = last.get_asset_materialization_events()
    assert event.materialization.metadata["kaireon/rows_read"].value == 2  # the border is read again
    assert [name for _, name in loaded(desk)] == ["changed", "order 2", "order 3", "order 5"]
