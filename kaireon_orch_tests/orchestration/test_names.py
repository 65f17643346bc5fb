from __future__ import annotations

from typing import Any

import pytest

from kaireon_orch.orchestration.names import pool_name, source_key


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ({"table": "public.orders"}, ["public", "orders"]),
        ({"table": '"Sales.EU"."or""ders"'}, ["Sales_EU", "or_ders"]),
        ({"query": "SELECT 1"}, ["query"]),
        ({"member": "flights.csv"}, ["flights", "csv"]),
        ({"topic": "clicks-eu"}, ["clicks_eu"]),
        ({}, ["orders_pg"]),
    ],
)
def test_a_source_is_an_external_asset_below_its_connector(source: dict[str, Any], path: list[str]) -> None:
    assert source_key("default", "orders_pg", source).path == ["default", "orders_pg", *path]


def test_pools_of_two_tenants_do_not_meet() -> None:
    assert pool_name("default", "orders_pg") == "connector:orders_pg"
    assert pool_name("acme", "orders_pg") == "connector:acme:orders_pg"
