"""Jobs tested without a server, a registry or an instance of Dagster's: the fakes behave as what they stand for."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

import dagster as dg
import pyarrow as pa
import pytest

import kaireon_orch as ko
from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ORDERS = pa.table(
    {
        "id": pa.array([1, 2, 3], pa.int32()),
        "price": pa.array([Decimal("1.10"), None, Decimal("3.00")], pa.decimal128(9, 2)),
        "at": pa.array(
            [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in (1, 2, 3)], pa.timestamp("us", "UTC")
        ),
    }
)


@pytest.fixture(autouse=True)
def nothing_is_made(home: Path) -> Iterator[None]:
    yield
    assert not home.exists()


def test_a_table_comes_back_in_its_own_types() -> None:
    fake = ko.FakeConnector("shop", {"orders": ORDERS})
    assert fake.read("orders").read_all() == ORDERS
    assert fake.read("orders", row_limit=2).read_all() == ORDERS.slice(0, 2)


def test_queries_run() -> None:
    fake = ko.FakeConnector("shop", {"sales.orders": ORDERS})
    assert fake.query("SELECT max(id) AS id, sum(price) AS price FROM sales.orders").one() == {
        "id": 3,
        "price": Decimal("4.10"),
    }
    assert fake.query("SELECT id FROM sales.orders ORDER BY id").polars()["id"].to_list() == [1, 2, 3]


def test_errors_are_those_of_a_connector() -> None:
    with pytest.raises(Fault) as missing:
        ko.FakeConnector("shop").read("orders")
    assert missing.value.fault is FaultCode.OBJECT_MISSING


def test_a_fake_may_be_told_to_fail() -> None:
    fault = Fault(FaultCode.CREDENTIALS_REFUSED, "The password was refused.")
    fake = ko.FakeConnector("shop", {"orders": ORDERS}, fault=fault)
    for use in (fake.probe, fake.discover, fake.read):
        with pytest.raises(Fault, match="refused"):
            use()


def test_what_is_there_is_discovered_and_probed() -> None:
    fake = ko.FakeConnector("shop", {"orders": ORDERS})
    assert [stream.name for stream in fake.discover()] == ["orders"]
    assert fake.probe().success


def test_an_asset_takes_a_fake_for_its_resource() -> None:
    @dg.asset
    def newest(shop: ko.PostgreSQL) -> int:
        return int(shop.query("SELECT max(id) AS id FROM orders").one()["id"])

    fake = ko.FakeConnector("shop", {"orders": ORDERS})
    assert dg.materialize([newest], resources={"shop": fake}).output_for_node("newest") == 3


def test_an_override_reaches_a_connector_that_code_makes_for_itself() -> None:
    with ko.override(shop=ko.FakeConnector("shop", {"orders": ORDERS})):
        assert ko.PostgreSQL("shop").query("SELECT count(*) AS n FROM orders").one() == {"n": 3}
        assert ko.Connector("shop").discover()[0].name == "orders"


def test_what_is_written_can_be_looked_at() -> None:
    target = ko.MemoryTarget()
    with ko.override(dwh=target):
        written = ko.PostgreSQL("dwh").write(ORDERS, "orders", mode=ko.Upsert(key="id"), load_id="one")
        again = ko.PostgreSQL("dwh").write(ORDERS, "orders", mode=ko.Upsert(key="id"), load_id="one")
    assert (written.rows, again.already) == (3, True)
    assert target.table("orders").sort_by("id")["price"].to_pylist() == [
        Decimal("1.10"),
        None,
        Decimal("3.00"),
    ]


ASSETS = ko.build_pipeline_assets(
    source="shop",
    target="dwh",
    tables=[
        ko.Table(
            "orders",
            mode=ko.Incremental(key="id"),
            cursor=ko.Cursor("at"),
            columns={"rename": {"price": "amount"}},
        )
    ],
)


def test_a_pipeline_runs_between_fakes_and_goes_on_from_its_watermark() -> None:
    target = ko.MemoryTarget()
    later = pa.table(
        {
            "id": pa.array([3, 4], pa.int32()),
            "price": pa.array([Decimal("9.00"), Decimal("4.00")], pa.decimal128(9, 2)),
            "at": pa.array([dt.datetime(2026, 1, 4, tzinfo=dt.UTC)] * 2, pa.timestamp("us", "UTC")),
        }
    )
    with ko.override(dwh=target):
        for rows in (ORDERS, later):
            with ko.override(shop=ko.FakeConnector("shop", {"orders": rows})):
                result = dg.materialize([ASSETS])
    loaded = result.asset_materializations_for_node("shop_tables")[0].metadata["kaireon/rows_loaded"].value
    assert loaded == 2
    assert target.table("orders").sort_by("id")["amount"].to_pylist() == [
        Decimal("1.10"),
        None,
        Decimal("9.00"),
        Decimal("4.00"),
    ]


def test_one_end_alone_cannot_be_overridden() -> None:
    with (
        ko.override(shop=ko.FakeConnector("shop", {"orders": ORDERS})),
        pytest.raises(dg.Failure, match="leaves dwh as it is"),
    ):
        dg.materialize([ASSETS])
