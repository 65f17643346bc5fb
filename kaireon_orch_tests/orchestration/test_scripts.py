"""Connectors in scripts and notebooks: what is shown, how short errors are, and how it all ends."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

import kaireon_orch as ko
from kaireon_orch.errors import Fault, FaultCode, InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from kaireon_orch_tests.orchestration.conftest import Desk

ENDLESS = "SELECT count(*) AS n FROM orders a, orders b, orders c, orders d"


@pytest.fixture
def shop(desk: Desk) -> ko.Sqlite:
    path = desk.files / "shop.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
        database.executemany("INSERT INTO orders VALUES (?)", [(n,) for n in range(100_000)])
    database.close()
    desk.connector("shop", "sqlite", {"path": str(path)})
    return ko.Sqlite("shop")


@pytest.fixture
def lake(desk: Desk) -> ko.DuckDB:
    desk.connector("lake", "duckdb", {"path": str(desk.files / "lake.duckdb")})
    return ko.DuckDB("lake")


def test_what_is_shown_is_short_and_holds_no_value(shop: ko.Sqlite) -> None:
    assert str(shop) == repr(shop) == "Sqlite(connector='shop')"
    rows = shop.query("SELECT id\n  FROM orders WHERE id = :secret", {"secret": 4711})
    assert repr(rows) == "Rows('SELECT id FROM orders WHERE id = :secret')"
    assert len(repr(shop.query(f"SELECT {'id, ' * 99} id FROM orders"))) < 100


@pytest.mark.parametrize(
    "wrong",
    [
        lambda shop: shop.read("nothing"),
        lambda shop: shop.read({"tabel": "orders"}),
        lambda shop: shop.query("SELECT nothing FROM orders").arrow(),
        lambda shop: next(shop.query("SELECT :a").batches()),
        lambda shop: shop.query("SELECT :a", {"a": {1}}),
        lambda shop: shop.query("SELECT id FROM orders").one(),
        lambda shop: shop.write(pa.table({"a": [1]}), "orders"),
        lambda shop: shop.connect_and_execute("SELECT 1"),
        lambda shop: ko.PostgreSQL("shop").probe(),
        lambda shop: ko.Sqlite("nobody").discover(),
    ],
)
def test_an_error_of_ours_shows_the_callers_line_and_little_else(
    shop: ko.Sqlite, wrong: Callable[[Any], object]
) -> None:
    with pytest.raises((Fault, InvalidInput, NotFound)) as failed:
        wrong(shop)
    own = [
        each for each in traceback.extract_tb(failed.value.__traceback__) if "kaireon_orch/" in each.filename
    ]
    assert len(own) <= 2, own
    assert failed.value.__cause__ is None


def test_a_name_is_enough_where_the_type_reads_one(desk: Desk) -> None:
    desk.csv("people", "id\n1\n")
    assert ko.Csv("people").read("people.csv").read_all().num_rows == 1


def test_a_source_that_the_type_does_not_take_is_named_before_anything_is_opened(
    desk: Desk, shop: ko.Sqlite
) -> None:
    desk.connector("delta", "delta_lake", {"uri": str(desk.files / "delta")})
    with pytest.raises(InvalidInput, match="version"):
        ko.DeltaLake("delta").read("orders")
    with pytest.raises(InvalidInput) as wrong:
        shop.read({"tabel": "orders"})
    assert wrong.value.details[0].field == "source.tabel"
    assert "table" in wrong.value.message


def test_a_connector_of_another_type_is_refused_by_a_class_of_its_own(shop: ko.Sqlite) -> None:
    with pytest.raises(InvalidInput, match="SQLite, not a PostgreSQL"):
        ko.PostgreSQL("shop").read("orders")
    assert ko.Connector("shop").read("orders").read_all().num_rows == 100_000
    assert ko.SqlConnector("shop").query("SELECT 1 AS a").one() == {"a": 1}


def test_a_name_that_is_not_there_says_what_may_be_meant(shop: ko.Sqlite) -> None:
    with pytest.raises(NotFound, match="did you mean shop"):
        ko.Sqlite("shp").probe()


def test_an_empty_registry_asks_about_its_place(desk: Desk) -> None:
    with pytest.raises(NotFound, match="KAIREON_HOME"):
        ko.Sqlite("shop").probe()


@pytest.mark.parametrize("rows", [[1, 2], 5, ["a"]])
def test_what_are_no_rows_is_said(lake: ko.DuckDB, rows: Any) -> None:
    with pytest.raises(Fault, match="no rows") as refused:
        lake.write(rows, "orders")
    assert refused.value.fault is FaultCode.BAD_DATA


def test_what_was_written_is_read_by_the_same_name(lake: ko.DuckDB) -> None:
    lake.write(pa.table({"id": [1]}), "orders")
    assert lake.read("orders").read_all().to_pydict() == {"id": [1]}
    assert lake.query("SELECT id FROM orders").one() == {"id": 1}


def script(code: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", f"import kaireon_orch as ko\n{code}"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_reader_that_is_left_open_ends_with_the_script(shop: ko.Sqlite) -> None:
    code = "reader = ko.Sqlite('shop').read('orders'); print(reader.read_next_batch().num_rows > 0)"
    process = script(code)
    assert process.communicate(timeout=60) == ("True\n", "")
    assert process.returncode == 0


def test_ctrl_c_ends_a_query_and_its_child(shop: ko.Sqlite) -> None:
    code = (
        "from pathlib import Path\n"
        f"rows = ko.Sqlite('shop').query({ENDLESS!r})\n"
        "print('begun', flush=True)\n"
        "try: rows.arrow()\n"
        "except KeyboardInterrupt: print('left:', ''.join(each.read_text() for each in Path('/proc/self/task').glob('*/children')))\n"
    )
    process = script(code)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    _await_child(process.pid)
    os.kill(process.pid, signal.SIGINT)
    assert process.communicate(timeout=60) == ("left: \n", "")


def _await_child(parent: int) -> None:
    deadline = time.monotonic() + 30
    while not any(each.read_text() for each in Path(f"/proc/{parent}/task").glob("*/children")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
