"""Pipelines: what is accepted, what is refused and in which words, and that each change is one version."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch import catalogue
from kaireon_orch.control import audit, connectors, pinned, pipelines, previews, runs
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.pipeline_rules import End, target_faults
from kaireon_orch.errors import Forbidden, InUse, InvalidInput, NameTaken, NotFound, Stale

if TYPE_CHECKING:
    from kaireon_orch.control.registry import Registry
    from kaireon_orch_tests.control_runs.conftest import Maker


def refused(make: Maker, **body: Any) -> dict[str, str]:
    """The fields at fault of a pipeline on a csv connector, with what is said of each."""
    with pytest.raises(InvalidInput) as answer:
        make.pipeline(**body)
    return {fault.field: fault.message for fault in answer.value.details}


def test_defaults(make: Maker) -> None:
    source = make.connector()
    shown = make.pipeline("NYC Flights", source).to_json()
    tenant = make.caller.tenant
    assert shown["target"] == {"schema": f"t_{tenant}", "table": "nyc_flights"}
    assert shown["assetKey"] == [tenant, "nyc_flights"]
    assert shown["retries"] == {"maxAttempts": 2, "delaySeconds": 10, "backoff": "exponential"}
    defaults = {
        "loadMode": "append",
        "schemaPolicy": "evolve",
        "onRowError": "fail",
        "primaryKey": [],
        "columns": {},
        "enabled": True,
        "rowLimit": None,
        "schedule": None,
        "automation": None,
        "owners": [],
        "maxRuntimeSeconds": 3600,
        "lastRunId": None,
        "targetConnectorId": None,
    }
    assert shown.items() >= defaults.items()
    assert shown["id"].startswith("pipe_")


def test_the_tenant_default_owns_public(registry: Registry) -> None:
    caller = Caller.operator("default")
    source = connectors.create(
        registry, caller, {"name": "files", "type": "csv", "config": {"path": "a.csv"}}
    )
    made = pipelines.create(registry, caller, {"name": "Rows", "connectorId": source.id})
    assert made.target == {"schema": "public", "table": "rows"}
    with pytest.raises(InvalidInput, match="field"):
        pipelines.change(registry, caller, made.id, {"target": {"schema": "t_other"}})


@pytest.mark.parametrize("schema", ["public", "t_another", "main", "T_x"])
def test_a_schema_of_another_tenant_is_refused(make: Maker, schema: str) -> None:
    assert "another tenant" in refused(make, target={"schema": schema})["target.schema"]


def test_a_tenants_own_schemas(make: Maker) -> None:
    own = f"t_{make.caller.tenant}__raw"
    assert make.pipeline(target={"schema": own}).target == {"schema": own, "table": "rows"}


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"loadMode": "cdc_mirror"}, "loadMode", "reserved"),
        ({"loadMode": "merge"}, "loadMode", "append"),
        ({"loadMode": "upsert"}, "primaryKey", "required by upsert"),
        ({"loadMode": "incremental_watermark"}, "cursorField", "required"),
        (
            {"loadMode": "incremental_watermark", "cursorField": "at"},
            "loadMode",
            "cannot be read from a cursor",
        ),
        ({"deletes": "keep"}, "deletes", "scd2"),
        ({"deletes": "drop"}, "deletes", "keep"),
        ({"lookback": "2h"}, "lookback", "incremental_watermark"),
        ({"lookback": "2 hours"}, "lookback", "span"),
        ({"rowLimit": -1}, "rowLimit", "0"),
        ({"rowLimit": 1.5}, "rowLimit", "integer"),
        ({"rowLimit": True}, "rowLimit", "integer"),
        ({"rowLimit": "10"}, "rowLimit", "integer"),
        ({"columns": {"include": []}}, "columns.include", "empty"),
        ({"columns": {"include": ["a", "a"]}}, "columns.include", "more than once"),
        ({"columns": {"cast": {"a": "int65"}}}, "columns.cast.a", "int64"),
        (
            {"columns": {"cast": {"a": {"type": "int64", "allowLos": True}}}},
            "columns.cast.a.allowLos",
            "allowLoss",
        ),
        ({"columns": {"mask": {"a": {"keepLast": -1}}}}, "columns.mask.a.keepLast", "0"),
        ({"columns": {"rename": {"a": "c", "b": "c"}}}, "columns", "more than one column"),
        ({"columns": {"hash": ["a"], "mask": {"a": {}}}}, "columns", "both hashed and masked"),
        ({"schedule": {"kind": "cron", "expression": "0 0 31 2 *"}}, "schedule.expression", "day"),
        (
            {"schedule": {"kind": "cron", "expression": "0 * * * *", "timezone": "Mars"}},
            "schedule.timezone",
            "Mars",
        ),
        ({"schedule": {"kind": "interval", "minutes": 0}}, "schedule.minutes", "1"),
        ({"schedule": {"kind": "rrule"}}, "schedule", "interval"),
        ({"schedule": "0 * * * *"}, "schedule", "dictionary"),
        ({"retries": {"maxAttempts": 0}}, "retries.maxAttempts", "1"),
        ({"partition": {"column": "d", "kind": "daily"}}, "partition", "start"),
        ({"partition": {"column": "d", "kind": "keys", "keys": []}}, "partition", "keys"),
        ({"partition": {"column": "d", "kind": "keys", "keys": ["a...b"]}}, "partition.keys", "control"),
        ({"partition": {"column": "d", "kind": "keys", "keys": ["a\tb"]}}, "partition.keys", "control"),
        ({"partition": {"column": "d", "kind": "keys", "keys": ["a", "a"]}}, "partition.keys", "once"),
        (
            {
                "loadMode": "scd2",
                "primaryKey": ["a"],
                "partition": {"column": "d", "kind": "keys", "keys": ["x"]},
            },
            "partition",
            "scd2",
        ),
        ({"freshness": {"failAfterMinutes": 0}}, "freshness.failAfterMinutes", "1"),
        ({"automation": {"kind": "lazy"}}, "automation", "eager"),
        ({"automation": "eager"}, "automation", "dictionary"),
        ({"automation": {"kind": "eager", "minutes": 5}}, "automation.minutes", "not a field"),
        ({"automation": {"kind": "on_cron"}}, "automation.expression", "required"),
        ({"automation": {"kind": "on_cron", "expression": "0 0 31 2 *"}}, "automation.expression", "never"),
        ({"owners": ["nobody"]}, "owners.0", "team:<name>"),
        ({"owners": ["a@b.example", "team:"]}, "owners.1", "team:<name>"),
        ({"target": {"table": "_kaireon_loads"}}, "target.table", "remember"),
        ({"target": {"table": "x" * 64}}, "target.table", "63"),
        ({"source": {"patern": "*.csv"}}, "source.patern", "pattern"),
        ({"priamryKey": ["id"]}, "priamryKey", "primaryKey"),
        ({"name": ""}, "name", "1 to 200"),
        ({"name": "a\u0007b"}, "name", "control"),
        ({"id": "pipe_x"}, "id", "server"),
        ({"tags": ["a b"]}, "tags.0", "letters"),
    ],
)
def test_a_field_at_fault_is_named(make: Maker, body: dict[str, Any], field: str, words: str) -> None:
    assert words in refused(make, **body)[field]


def test_new_files_are_watched_below_a_path_alone(make: Maker) -> None:
    watching = {"kind": "new_files"}
    assert make.pipeline("watching", automation=watching).automation == watching
    table = make.connector("table", "sqlite", config={"path": "shop.sqlite", "sourceTable": "orders"})
    url = make.connector("url", "csv", config={"url": "https://files.example.com/orders.csv"})
    for elsewhere in (table, url):
        assert "below a path" in refused(make, connector=elsewhere, automation=watching)["automation"]


def test_an_automation_of_another_kind_takes_the_place_of_the_whole(make: Maker, registry: Registry) -> None:
    nightly = {"kind": "on_cron", "expression": "0 2 * * *", "timezone": "Europe/Berlin"}
    made = make.pipeline("one", automation=nightly, owners=["team:sales", "eve@shop.example"])
    assert (made.automation, made.owners) == (nightly, ["team:sales", "eve@shop.example"])
    for given in ({"kind": "eager"}, None):
        changed = pipelines.change(registry, make.caller, made.id, {"automation": given})
        assert changed.automation == given
    assert changed.owners == made.owners


def test_every_field_at_fault_is_named_at_once(make: Maker) -> None:
    faults = refused(
        make, rowLimit=-1, loadMode="upsert", source={"patern": "x"}, schedule={"kind": "interval"}
    )
    assert set(faults) == {"rowLimit", "primaryKey", "source.patern", "schedule.minutes"}


def test_a_source_is_required_unless_the_config_names_one(make: Maker) -> None:
    bare = make.connector("bare", "sqlite", config={"path": "shop.sqlite"})
    named = make.connector("named", "sqlite", config={"path": "shop.sqlite", "sourceTable": "orders"})
    faults = refused(make, connector=bare)
    assert "table or query" in faults["source"]
    assert make.pipeline("by config", named).source == {}
    assert make.pipeline("by query", named, source={"query": "SELECT 1"}).source == {"query": "SELECT 1"}
    assert "not both" in refused(make, connector=bare, source={"table": "a", "query": "SELECT 1"})["source"]


def test_a_source_that_is_coming_soon_needs_nothing(make: Maker) -> None:
    assert make.pipeline("campaigns", make.connector("braze", "braze")).source == {}


def test_connectors_that_are_not_there(make: Maker) -> None:
    with pytest.raises(NotFound, match="conn_gone"):
        pipelines.create(make.registry, make.caller, {"name": "x", "connectorId": "conn_gone"})
    with pytest.raises(NotFound, match="conn_gone"):
        make.pipeline(targetConnectorId="conn_gone")


def test_another_tenants_connector_is_not_there(make: Maker, registry: Registry) -> None:
    theirs = connectors.create(
        registry,
        Caller.operator("theirs"),
        {"name": make.caller.tenant, "type": "csv", "config": {"path": "a"}},
    )
    with pytest.raises(NotFound):
        make.pipeline(connector=theirs)


def test_a_target_that_is_none(make: Maker) -> None:
    faults = refused(make, targetConnectorId=make.connector("also csv").id)
    assert "duckdb" in faults["targetConnectorId"]


def test_a_mode_that_a_target_cannot_hold_is_refused_when_it_is_stored(make: Maker) -> None:
    given: dict[str, Any] = {"loadMode": "blue_green"}
    target = make.connector("shop", "mysql", config={"host": "db.example.com", "database": "shop"})
    assert set(refused(make, targetConnectorId=target.id, **given)) == {"loadMode"}
    made = make.pipeline("Held", **given)  # the built-in warehouse holds it
    with pytest.raises(InvalidInput):
        pipelines.change(make.registry, make.caller, made.id, {"targetConnectorId": target.id})


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"onRowError": "quarantine"}, "onRowError"),
        ({"partition": {"kind": "daily", "column": "day", "start": "2026-01-01"}}, "partition"),
    ],
)
def test_what_a_type_does_not_keep_is_a_fault_of_the_field(given: dict[str, Any], field: str) -> None:
    spec = replace(catalogue.spec("parquet"), quarantines=False, partitions=False)
    document = {"target": {"table": "rows"}, **given}
    assert [fault.field for fault in target_faults(document, "acme", End(spec, {}))] == [field]
    assert target_faults(document, "acme", End(catalogue.spec("parquet"), {})) == []


def test_a_targets_own_default_schema(make: Maker) -> None:
    target = make.connector("lake", "duckdb", config={"path": "lake.duckdb", "schema": "raw"})
    made = make.pipeline(targetConnectorId=target.id)
    assert made.target == {"schema": "raw", "table": "rows"}
    place = {"host": "127.0.0.1", "port": 9, "database": "shop"}
    shop = make.pipeline("Shop", targetConnectorId=make.connector("shop", "mariadb", config=place).id)
    assert shop.target == {"schema": "shop", "table": "shop"}
    with pytest.raises(InUse):
        connectors.delete(make.registry, make.caller, target.id)


def test_names_are_taken_once_and_asset_keys_differ(make: Maker) -> None:
    source = make.connector()
    first, second = make.pipeline("Orders", source), make.pipeline("orders", source)
    assert first.asset_key[1] == "orders"
    assert second.asset_key[1].startswith("orders_")
    with pytest.raises(NameTaken):
        make.pipeline("Orders", source)


def test_a_change_is_a_merge_patch(make: Maker) -> None:
    made = make.pipeline(columns={"rename": {"a": "b"}}, rowLimit=10)
    patch = {"columns": {"rename": {"c": "d"}}, "rowLimit": None, "retries": {"maxAttempts": 5}}
    changed = pipelines.change(make.registry, make.caller, made.id, patch)
    assert changed.columns == {"rename": {"a": "b", "c": "d"}}
    assert changed.row_limit is None
    assert changed.retries == {"maxAttempts": 5, "delaySeconds": 10, "backoff": "exponential"}
    assert changed.etag != made.etag


def test_a_schedule_of_another_kind_replaces_the_whole(make: Maker) -> None:
    made = make.pipeline(schedule={"kind": "cron", "expression": "0 6 * * *", "timezone": "Europe/Berlin"})
    changed = pipelines.change(
        make.registry, make.caller, made.id, {"schedule": {"kind": "interval", "minutes": 5}}
    )
    assert changed.schedule == {"kind": "interval", "minutes": 5}


def test_a_fetched_object_can_be_sent_back(make: Maker) -> None:
    made = make.pipeline()
    revision = pinned.revision(make.registry)
    assert pipelines.change(make.registry, make.caller, made.id, made.to_json()) == made
    assert pinned.revision(make.registry) == revision
    stale = made.to_json() | {"assetKey": ["x", "y"]}
    with pytest.raises(InvalidInput) as answer:
        pipelines.change(make.registry, make.caller, made.id, stale)
    assert [fault.field for fault in answer.value.details] == ["assetKey"]


def test_a_rename_keeps_asset_key_and_table(make: Maker) -> None:
    made = make.pipeline("Orders")
    changed = pipelines.change(make.registry, make.caller, made.id, {"name": "All orders"})
    assert (changed.asset_key, changed.target) == (made.asset_key, made.target)


def test_if_match(make: Maker) -> None:
    made = make.pipeline()
    with pytest.raises(Stale):
        pipelines.change(make.registry, make.caller, made.id, {"rowLimit": 1}, if_match='"7"')
    with pytest.raises(Stale):
        pipelines.delete(make.registry, make.caller, made.id, if_match=f"W/{made.etag}")
    pipelines.change(make.registry, make.caller, made.id, {"rowLimit": 1}, if_match=f'"9", {made.etag}')
    pipelines.delete(make.registry, make.caller, made.id, if_match="*")
    with pytest.raises(NotFound):
        pipelines.get(make.registry, make.caller, made.id)


def test_viewers_change_nothing(make: Maker) -> None:
    made = make.pipeline()
    viewer = replace(make.caller, role="viewer")
    assert pipelines.get(make.registry, viewer, made.id).id == made.id
    for attempt in (
        lambda: pipelines.create(make.registry, viewer, {"name": "x"}),
        lambda: pipelines.change(make.registry, viewer, made.id, {}),
        lambda: pipelines.delete(make.registry, viewer, made.id),
        lambda: runs.launch(make.registry, viewer, made.id, {}, None),
        lambda: runs.cancel(make.registry, viewer, "run-1"),
        lambda: previews.discover(make.registry, viewer, made.connector_id, {}),
        lambda: previews.preview(make.registry, viewer, made.connector_id, {}),
    ):
        with pytest.raises(Forbidden):
            attempt()
    refusals = [
        each for each in audit.list_page(make.registry, make.caller).data if each.outcome == "refused"
    ]
    told = [(each.action, each.entity_type, each.actor["role"]) for each in refusals[::-1]]
    assert told == [
        ("create", "pipeline", "viewer"),
        ("update", "pipeline", "viewer"),
        ("delete", "pipeline", "viewer"),
        ("run", "pipeline", "viewer"),
        ("cancel", "run", "viewer"),
        ("read", "connector", "viewer"),
        ("read", "connector", "viewer"),
    ]


def test_tenants_do_not_see_each_other(make: Maker) -> None:
    made = make.pipeline()
    stranger = Caller.operator("stranger")
    with pytest.raises(NotFound):
        pipelines.get(make.registry, stranger, made.id)
    assert pipelines.list_page(make.registry, stranger).total == 0


def test_lists_filter_and_page(make: Maker) -> None:
    source = make.connector()
    made = [make.pipeline(f"P{number}", source, description="50% OFF") for number in range(3)]
    off = make.pipeline("Other", enabled=False)

    def names(**filters: Any) -> list[str]:
        return [each.name for each in pipelines.list_page(make.registry, make.caller, **filters).data]

    assert names() == ["Other", "P2", "P1", "P0"]
    assert names(connector_id=source.id) == ["P2", "P1", "P0"]
    assert names(enabled=False) == [off.name]
    assert names(q="p1") == ["P1"]
    assert names(q="0% off") == ["P2", "P1", "P0"]
    assert names(q="0_ off") == []
    page = pipelines.list_page(make.registry, make.caller, limit=2)
    pipelines.delete(make.registry, make.caller, made[2].id)
    rest = pipelines.list_page(make.registry, make.caller, limit=2, cursor=page.cursor)
    assert (page.total, page.cursor, [each.name for each in rest.data]) == (4, made[2].id, ["P1", "P0"])


def test_changes_and_refusals_are_audited(make: Maker) -> None:
    made = make.pipeline()
    pipelines.change(make.registry, make.caller, made.id, {"rowLimit": 3})
    with pytest.raises(Stale):
        pipelines.delete(make.registry, make.caller, made.id, if_match='"1"')
    pipelines.delete(make.registry, make.caller, made.id)
    entries = [
        each for each in audit.list_page(make.registry, make.caller).data if each.entity_type == "pipeline"
    ]
    assert [(each.action, each.outcome) for each in entries] == [
        ("delete", "done"),
        ("delete", "refused"),
        ("update", "done"),
        ("create", "done"),
    ]
    assert (entries[2].before or {})["rowLimit"] is None
    assert (entries[2].after or {})["rowLimit"] == 3
