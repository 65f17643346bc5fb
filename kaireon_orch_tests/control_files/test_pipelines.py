"""Pipelines as files: connectors by name, defaults left out, all or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kaireon_orch.control import audit, connectors, pinned, pipelines
from kaireon_orch.control.files import pipeline_files, reading
from kaireon_orch.errors import InvalidInput, Stale
from kaireon_orch_tests.control_files.conftest import by_name

if TYPE_CHECKING:
    from kaireon_orch.control.files.plans import Step
    from kaireon_orch_tests.control_files.conftest import Files

SHOP = """
connectors:
- {name: Shop, type: postgresql, config: {host: db.example.com, port: 5432, database: shop}}
- {name: Lake, type: duckdb, config: {path: lake.duckdb}}
pipelines:
- name: Orders
  connector: Shop
  targetConnector: Lake
  source: {table: public.orders}
  loadMode: truncate
  primaryKey: [id]
  columns: {rename: {b: c, a: d}, hash: [mail]}
  schedule: {kind: cron, expression: "0 6 * * *", timezone: Europe/Berlin}
  tags: [daily]
- name: Customers
  connector: Shop
  source:
    query: |
      SELECT *
      FROM customers
"""


def plan(files: Files) -> dict[str, Step]:
    return by_name(pipeline_files.plan(files.registry, files.caller, reading.read(files.folder)))


def test_they_are_made_with_their_connectors(files: Files) -> None:
    files.write(SHOP)
    before = pinned.revision(files.registry)
    assert files.apply()["Orders"] == "create"
    shop = connectors.by_name(files.registry, files.caller.tenant, "Shop")
    found = pipelines.by_name(files.registry, files.caller.tenant, "Orders")
    assert (found.connector_id, found.primary_key, found.tags) == (shop.id, ["id"], ["daily"])
    assert pinned.revision(files.registry) > before
    assert set(files.apply().values()) == {"unchanged"}
    actions = [each.action for each in audit.list_page(files.registry, files.caller).data]
    assert actions == ["apply"] * 4


def test_a_change_is_told_field_by_field_and_what_is_left_out_has_its_default(files: Files) -> None:
    files.write(SHOP)
    files.apply()
    files.write(
        SHOP.replace("  tags: [daily]\n", "  rowLimit: 10\n").replace(
            "targetConnector: Lake", "enabled: false"
        )
    )
    told = {each.field: (each.before, each.after) for each in plan(files)["Orders"].changes}
    assert told == {
        "tags": ('["daily"]', None),
        "rowLimit": (None, "10"),
        "enabled": ("true", "false"),
        "targetConnector": ('"Lake"', None),
        "target.schema": ('"public"', f'"t_{files.caller.tenant}"'),
    }
    assert files.apply() == {
        "Customers": "unchanged",
        "Lake": "unchanged",
        "Orders": "change",
        "Shop": "unchanged",
    }
    assert pipelines.by_name(files.registry, files.caller.tenant, "Orders").tags == []


def test_an_export_says_the_same_again(files: Files) -> None:
    files.write(SHOP)
    files.apply()
    text = files.export()
    assert "connector: Shop" in text
    assert "maxRuntimeSeconds" not in text
    assert "query: |\n" in text
    assert set(files.apply().values()) == {"unchanged"}
    assert files.export() == text


def test_every_fault_is_told_with_its_place(files: Files) -> None:
    files.write(
        "connectors:\n- {name: Shop, type: csv, config: {path: a.csv}}\n"
        "pipelines:\n"
        "- name: A\n  connector: Shpo\n"
        "- name: B\n  connector: Shop\n  loadMod: append\n"
        "- name: C\n  connector: Shop\n  loadMode: upsert\n"
        "- name: D\n  connectorId: conn_1\n"
        "- name: E\n  connector: Shop\n  retries:\n    maxAttempts: 0\n"
    )
    with pytest.raises(InvalidInput) as caught:
        plan(files)
    found = {each.field: each.message for each in caught.value.details}
    assert set(found) == {
        "shop.yaml:8 loadMod",
        "shop.yaml:13 connectorId",
        "shop.yaml:12 connector",
        "shop.yaml:17 retries.maxAttempts",
    }
    assert "loadMode" in found["shop.yaml:8 loadMod"]
    assert "connector" in found["shop.yaml:13 connectorId"]


def test_a_connector_that_is_not_there_and_what_contradicts_the_mode(files: Files) -> None:
    files.write("name: Shop\ntype: csv\nconfig: {path: a.csv}\n", "connectors.yaml")
    files.write("pipelines: []\n")
    files.apply()
    files.write("pipelines:\n- name: A\n  connector: Shpo\n")
    with pytest.raises(InvalidInput) as caught:
        plan(files)
    assert [(each.field, each.message) for each in caught.value.details] == [
        ("shop.yaml:3 connector", "there is no connector named 'Shpo'; the nearest is 'Shop'")
    ]
    files.write("pipelines:\n- name: A\n  connector: Shop\n  lookback: 1h\n- name: B\n  connector: Shop\n")
    with pytest.raises(InvalidInput) as caught:
        files.apply()
    assert [each.field for each in caught.value.details] == ["shop.yaml:4 lookback"]
    assert pipelines.list_page(files.registry, files.caller).total == 0


def test_a_plan_that_is_old_is_not_done(files: Files) -> None:
    files.write(SHOP)
    files.apply()
    files.write(SHOP.replace("tags: [daily]", "tags: [weekly]"))
    records = reading.read(files.folder)
    old = pipeline_files.plan(files.registry, files.caller, records)
    found = pipelines.by_name(files.registry, files.caller.tenant, "Orders")
    pipelines.change(files.registry, files.caller, found.id, {"rowLimit": 5})
    with pytest.raises(Stale):
        pipeline_files.apply(files.registry, files.caller, records, old)
