from __future__ import annotations

import pickle
import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest
from dagster import DagsterResourceFunctionError, Definitions, asset, materialize
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._serdes import serialize_value

import kaireon_orch as ko
from kaireon_orch.errors import Fault, FaultCode, NotFound

if TYPE_CHECKING:
    from kaireon_orch.control.views import ConnectorView
    from kaireon_orch_tests.orchestration.conftest import Desk

CANARY = "C4nary/+q7ZxWv%8"


@pytest.fixture
def shop(desk: Desk) -> ConnectorView:
    path = desk.files / "shop.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT)")
        database.executemany("INSERT INTO orders VALUES (?, ?)", [(n, f"order {n}") for n in range(1, 5)])
    database.close()
    return desk.connector("shop", "sqlite", {"path": str(path)})


def test_a_connector_reads_alone_in_a_script(desk: Desk) -> None:
    desk.csv("orders", "id,name\n1,one\n2,\n")
    with ko.Connector("orders").read() as reader:
        assert reader.schema.names == ["id", "name"]
        assert reader.read_all().to_pydict() == {"id": [1, 2], "name": ["one", None]}


def test_a_row_limit_holds(desk: Desk) -> None:
    desk.csv("orders", "id\n1\n2\n3\n")
    assert ko.Csv("orders").read(row_limit=2).read_all().num_rows == 2


def test_a_query_gives_arrow_pandas_batches_and_one_row(shop: ConnectorView) -> None:
    database = ko.Sqlite("shop")
    rows = database.query("SELECT id, name FROM orders WHERE id > 2 ORDER BY id")
    assert rows.arrow().to_pydict() == {"id": [3, 4], "name": ["order 3", "order 4"]}
    assert rows.pandas()["id"].tolist() == [3, 4]
    assert rows.polars().rows() == [(3, "order 3"), (4, "order 4")]
    assert sum(batch.num_rows for batch in rows.batches()) == 2
    assert database.query("SELECT max(id) AS newest FROM orders").one() == {"newest": 4}


def test_what_can_be_read_is_discovered_with_its_columns(shop: ConnectorView) -> None:
    (orders,) = ko.Sqlite("shop").discover()
    assert (orders.name, orders.primary_key) == ("orders", ["id"])
    assert [(column.name, column.source_type) for column in orders.columns] == [
        ("id", "INTEGER"),
        ("name", "TEXT"),
    ]


def test_one_row_means_one(shop: ConnectorView) -> None:
    with pytest.raises(Fault) as many:
        ko.Sqlite("shop").query("SELECT id FROM orders").one()
    assert many.value.fault is FaultCode.BAD_DATA


def test_a_fault_of_the_child_comes_out_of_read(shop: ConnectorView) -> None:
    with pytest.raises(Fault) as missing:
        ko.Sqlite("shop").read("no_such_table").read_all()
    assert missing.value.fault is FaultCode.OBJECT_MISSING


def test_who_stops_reading_leaves_no_child_behind(desk: Desk) -> None:
    desk.csv("long", "id\n" + "\n".join(map(str, range(2_000_000))) + "\n")
    before = threading.active_count()
    reader = ko.Csv("long").read()
    reader.read_next_batch()
    reader.close()
    del reader
    assert threading.active_count() == before


def test_an_unknown_connector_fails_at_the_runs_start(desk: Desk) -> None:
    @asset
    def reads(nobody: ko.Connector) -> None: ...

    with pytest.raises(DagsterResourceFunctionError) as failed:
        materialize([reads], resources={"nobody": ko.Connector("nobody")})
    assert isinstance(failed.value.__cause__, NotFound)


def test_an_asset_asks_for_a_connector_by_its_key(shop: ConnectorView) -> None:
    @asset
    def newest(shop: ko.Sqlite) -> int:
        return int(shop.query("SELECT max(id) AS id FROM orders").one()["id"])

    assert materialize([newest], resources=ko.resources()).output_for_node("newest") == 4


def test_a_probe_is_the_connection_test(shop: ConnectorView) -> None:
    result = ko.Sqlite("shop").probe()
    assert result.success
    assert result.connector is not None
    assert result.connector.name == "shop"


def test_a_resource_holds_the_name_and_nothing_else(desk: Desk) -> None:
    desk.connector(
        "Orders PG",
        "postgresql",
        {"host": "db.example.com", "port": 5432, "database": "shop"},
        authMethod="password",
        authConfig={"username": "u", "password": CANARY},
    )
    resource = ko.resources()["orders_pg"]
    assert isinstance(resource, ko.PostgreSQL)
    assert repr(resource) == "PostgreSQL(connector='orders_pg')"
    assert CANARY.encode() not in pickle.dumps(resource.model_dump())
    snapshot = serialize_value(RepositorySnap.from_def(ko.definitions().get_repository_def()))
    assert "orders_pg" in snapshot
    assert CANARY not in snapshot
    assert "db.example.com" not in snapshot


def test_a_home_without_connectors_is_said(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    assert ko.resources() == {}
    assert "no connectors" in caplog.text
    desk.csv("orders", "id\n1\n")
    caplog.clear()
    assert list(ko.resources()) == ["orders"]
    assert caplog.text == ""


def test_a_key_of_dagsters_own_is_no_resource(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.csv("io_manager", "id\n1\n")
    assert "io_manager" not in ko.resources()
    assert "io_manager" in caplog.text
    Definitions.validate_loadable(ko.definitions())
