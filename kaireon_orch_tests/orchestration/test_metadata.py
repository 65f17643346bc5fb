"""What a materialisation and its source's asset say, of real runs."""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from dagster import AssetKey, DagsterInstance, TableSchema

from kaireon_orch.control.run_requests import Figures, RunEvent
from kaireon_orch.control.run_watch import progress_words
from kaireon_orch.orchestration.building import definitions
from kaireon_orch.orchestration.running import Narrator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagster import AssetMaterialization

    from kaireon_orch_tests.orchestration.conftest import Desk


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def load(instance: DagsterInstance, name: str, partition: str | None = None) -> AssetMaterialization:
    """One run of a pipeline; what it materialised."""
    key = AssetKey(["default", name])
    repository = definitions().get_repository_def()
    job = next(
        each
        for each in repository.get_all_jobs()
        if not each.name.startswith("__") and key in each.asset_layer.executable_asset_keys
    )
    subset = job.get_subset(asset_selection={key})
    result = subset.execute_in_process(instance=instance, partition_key=partition)
    (event,) = [each for each in result.get_asset_materialization_events() if each.asset_key == key]
    return event.materialization


def lineage(told: AssetMaterialization) -> dict[str, list[tuple[str, str]]]:
    deps = told.metadata["dagster/column_lineage"].value
    return {
        column: [(dep.asset_key.to_user_string(), dep.column_name) for dep in each]
        for column, each in deps.deps_by_column.items()  # type: ignore[union-attr]  # a lineage
    }


def test_a_column_leads_back_to_its_own_however_it_was_changed(desk: Desk, instance: DagsterInstance) -> None:
    shaped = {
        "exclude": ["note"],
        "rename": {"name": "title", "id": "number"},
        "hash": ["mail"],
        "mask": {"card": {"keepLast": 4}},
        "cast": {"price": "decimal128(12,2)"},
    }
    source = desk.csv("shop", "id,name,mail,card,price,note\n1,a,b@c,4111111111111111,2.50,x\n")
    desk.pipeline("orders", source, columns=shaped)
    shop = "default/shop/shop"
    assert lineage(load(instance, "orders")) == {
        "number": [(shop, "id")],
        "title": [(shop, "name")],
        "mail": [(shop, "mail")],
        "card": [(shop, "card")],
        "price": [(shop, "price")],
    }


def test_columns_lead_back_to_the_pipeline_that_wrote_them(desk: Desk, instance: DagsterInstance) -> None:
    lake = desk.connector("lake", "duckdb", {"path": str(desk.files / "lake.duckdb")})
    desk.pipeline("first", desk.csv("shop", "id\n1\n"), targetConnectorId=lake.id)
    desk.pipeline("second", lake, source={"table": "public.first"}, columns={"rename": {"id": "number"}})
    load(instance, "first")
    assert lineage(load(instance, "second")) == {"number": [("default/first", "id")]}
    assert not instance.fetch_observations(AssetKey(["default", "lake", "public", "first"]), 1).records


def test_the_source_shows_the_columns_and_the_state_that_were_read(
    desk: Desk, instance: DagsterInstance
) -> None:
    path = desk.files / "shop.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE orders (id INTEGER, name VARCHAR(20))")
    database.close()
    shop = desk.connector("shop", "sqlite", {"path": str(path)})
    desk.pipeline("orders", shop, source={"table": "orders"}, columns={"rename": {"id": "number"}})
    load(instance, "orders")
    (record,) = instance.fetch_observations(AssetKey(["default", "shop", "orders"]), 2).records
    assert record.asset_observation is not None
    schema = record.asset_observation.metadata["dagster/column_schema"].value
    assert isinstance(schema, TableSchema)
    assert [(each.name, each.type) for each in schema.columns] == [
        ("id", "INTEGER"),
        ("name", "VARCHAR(20)"),
    ]
    assert record.asset_observation.metadata["kaireon/snapshot"].value


def test_a_file_is_told_by_its_size_and_age_and_a_run_by_its_address(
    desk: Desk, instance: DagsterInstance
) -> None:
    desk.pipeline("orders", desk.csv("orders", "id\n1\n"))
    told = load(instance, "orders").metadata
    assert str(told["kaireon/snapshot"].value).startswith("1 file(s) of 5 bytes, changed 20")
    address = str(told["kaireon/run"].value)
    assert address.startswith("http://127.0.0.1:8000/api/v1/runs/")


def test_a_run_of_a_partition_counts_the_partition_and_the_table(
    desk: Desk, instance: DagsterInstance
) -> None:
    source = desk.csv("orders", "id,day\n1,2026-01-01\n2,2026-01-01\n3,2026-01-02\n")
    partition = {"column": "day", "kind": "daily", "start": "2026-01-01"}
    desk.pipeline("orders", source, partition=partition, loadMode="truncate")
    counts: list[tuple[Any, Any]] = []
    for day in ("2026-01-02", "2026-01-01"):
        told = load(instance, "orders", day).metadata
        counts.append((told["dagster/partition_row_count"].value, told["dagster/row_count"].value))
    assert counts == [(1, 1), (2, 3)]


def test_progress_tells_rows_bytes_and_rate() -> None:
    figures = Figures(2_000_000, 1_900_000, bytes_read=64_000_000)
    assert progress_words(figures, 40) == "2,000,000 rows read, 1,900,000 loaded, 64.0 MB, 50,000 rows/s"
    assert progress_words(figures, 0.1) == "2,000,000 rows read, 1,900,000 loaded, 64.0 MB"


def test_ten_minutes_of_progress_are_a_dozen_lines_or_two(caplog: pytest.LogCaptureFixture) -> None:
    moments = iter(range(1_200))
    narrator = Narrator(logging.getLogger("long"), clock=lambda: next(moments) / 2)
    with caplog.at_level(logging.INFO, "long"):
        for rows in range(1_200):
            narrator.tell(RunEvent("info", progress_words(Figures(rows), 600), Figures(rows)))
    assert 12 <= len(caplog.messages) <= 24
