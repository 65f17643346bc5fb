"""Rows of a job author's own, loaded through a connector: the promises of a pipeline's load hold for them too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import kaireon_orch as ko
from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kaireon_orch_tests.orchestration.conftest import Desk

ORDERS = pa.table({"id": [1, 2, 3], "name": ["one", None, ""]})


@pytest.fixture
def lake(desk: Desk) -> Path:
    path = desk.files / "lake.duckdb"
    desk.connector("lake", "duckdb", {"path": str(path)})
    return path


def rows_of(path: Path, table: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as database:
        return database.sql(f"SELECT * FROM {table} ORDER BY 1").fetchall()


def test_a_table_is_appended(lake: Path) -> None:
    written = ko.DuckDB("lake").write(ORDERS, "orders")
    assert (written.rows, written.already, written.table) == (3, False, "public.orders")
    assert rows_of(lake, "public.orders") == [(1, "one"), (2, None), (3, "")]


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"id": [1], "name": ["one"]}),
        pd.DataFrame({"id": [1], "name": ["one"]}),
        ORDERS.slice(0, 1).to_reader(),
        ORDERS.slice(0, 1).to_batches(),
    ],
    ids=["polars", "pandas", "reader", "batches"],
)
def test_whatever_gives_arrow_is_taken(lake: Path, frame: pa.Table) -> None:
    assert ko.DuckDB("lake").write(frame, "orders").rows == 1
    assert rows_of(lake, "public.orders") == [(1, "one")]


def test_an_upsert_replaces_by_key(lake: Path) -> None:
    connector = ko.DuckDB("lake")
    connector.write(ORDERS, "orders", mode=ko.Upsert(key="id"))
    connector.write(pa.table({"id": [3, 4], "name": ["three", "four"]}), "orders", mode="upsert", key="id")
    assert rows_of(lake, "public.orders") == [(1, "one"), (2, None), (3, "three"), (4, "four")]


def test_a_load_of_the_same_id_loads_nothing_again(lake: Path) -> None:
    connector = ko.DuckDB("lake")
    connector.write(ORDERS, "orders", load_id="monday")
    again = connector.write(ORDERS, "orders", load_id="monday")
    assert (again.already, again.rows) == (True, 3)
    assert len(rows_of(lake, "public.orders")) == 3


def test_an_error_among_the_rows_leaves_the_table_as_it_was(lake: Path) -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield from ORDERS.to_batches()
        raise RuntimeError("in the job author's own code")

    connector = ko.DuckDB("lake")
    connector.write(ORDERS, "orders")
    with pytest.raises(RuntimeError, match="own code"):
        connector.write(broken(), "orders")
    assert len(rows_of(lake, "public.orders")) == 3


def test_no_rows_empty_a_table_only_where_that_is_said(lake: Path) -> None:
    connector = ko.DuckDB("lake")
    connector.write(ORDERS, "orders")
    with pytest.raises(Fault) as guarded:
        connector.write(ORDERS.slice(0, 0), "orders", mode=ko.Truncate())
    assert guarded.value.fault is FaultCode.EMPTY_SOURCE
    assert len(rows_of(lake, "public.orders")) == 3
    connector.write(ORDERS.slice(0, 0), "orders", mode=ko.Truncate(allow_empty=True))
    assert rows_of(lake, "public.orders") == []


def test_a_long_load_passes_in_pieces(lake: Path) -> None:
    wide = pa.table({"id": range(40), "text": ["x" * 2_000_000] * 40})
    assert ko.DuckDB("lake").write(wide, "wide").rows == 40


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("incremental_watermark", "no watermark"),
        ("upsert", "needs a key"),
        ("replace", "There is no mode replace"),
    ],
)
def test_a_mode_that_cannot_be_is_refused_in_words(lake: Path, mode: str, words: str) -> None:
    with pytest.raises(Fault, match=words) as refused:
        ko.DuckDB("lake").write(ORDERS, "orders", mode=mode)
    assert refused.value.fault is FaultCode.NOT_SUPPORTED
    assert not lake.exists()


def test_a_type_that_is_no_target_is_refused(desk: Desk) -> None:
    desk.csv("orders", "id\n1\n")
    with pytest.raises(Fault, match="cannot be written to") as refused:
        ko.Csv("orders").write(ORDERS, "orders")
    assert refused.value.fault is FaultCode.NOT_SUPPORTED


def test_no_batch_at_all_is_refused(lake: Path) -> None:
    with pytest.raises(Fault, match="give a table or a reader"):
        ko.DuckDB("lake").write(iter(()), "orders")
