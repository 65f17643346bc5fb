from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from dagster import (
    AssetCheckKey,
    AssetCheckSeverity,
    AssetKey,
    AssetSelection,
    DagsterInstance,
    Definitions,
    TableMetadataValue,
    define_asset_job,
)

from kaireon_orch.control import connectors
from kaireon_orch.orchestration.building import Builder, definitions
from kaireon_orch.orchestration.checks_source import CONNECTOR_TEST, JOB
from kaireon_orch.orchestration.translator import PipelineTranslator
from kaireon_orch_tests.orchestration.conftest import OPERATOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagster import ExecuteInProcessResult
    from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation

    from kaireon_orch.control.views import ConnectorView
    from kaireon_orch_tests.orchestration.conftest import Desk
    from kaireon_orch_tests.servers.mariadb import MariadbServer
    from kaireon_orch_tests.servers.postgres import PostgresServer

INCREMENTAL: dict[str, Any] = {"loadMode": "incremental_watermark", "primaryKey": ["id"]}


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def test_all(instance: DagsterInstance) -> ExecuteInProcessResult:
    job = definitions().get_repository_def().get_job(JOB)
    return job.execute_in_process(instance=instance, raise_on_error=False)


test_all.__test__ = False  # type: ignore[attr-defined]  # pytest goes by the name


def found(result: ExecuteInProcessResult) -> dict[str, AssetCheckEvaluation]:
    """The evaluations by the last part of their asset's key."""
    return {each.asset_key.path[-1]: each for each in result.get_asset_check_evaluations()}


def steps(check: AssetCheckEvaluation) -> list[tuple[Any, Any]]:
    told = check.metadata["steps"]
    assert isinstance(told, TableMetadataValue)
    return [(record.data["step"], record.data["ok"]) for record in told.records]


@pytest.fixture
def shop(desk: Desk) -> ConnectorView:
    path = desk.files / "shop.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, at TEXT, seen TEXT)")
        database.execute("CREATE INDEX of_seen ON orders (seen)")
        database.execute("INSERT INTO orders VALUES (1, '2026-01-01', '2026-01-01')")
    database.close()
    return desk.connector("shop", "sqlite", {"path": str(path)})


def test_each_thing_that_is_read_has_a_check_and_one_op_does_a_connectors(
    desk: Desk, shop: ConnectorView
) -> None:
    for table in ("orders", "customers"):
        desk.pipeline(table, shop, source={"table": table})
    desk.pipeline("again", shop, source={"table": "orders"})
    desk.pipeline("soon", desk.connector("braze", "braze", {}))
    built = definitions()
    Definitions.validate_loadable(built)
    (checks,) = built.asset_checks or ()
    assert {each.asset_key.to_user_string() for each in checks.check_keys} == {
        "default/shop/orders",
        "default/shop/customers",
    }
    assert all(spec.blocking for spec in checks.check_specs)


def test_the_test_of_an_unchanged_connector_is_kept_through_a_rebuild(
    desk: Desk, shop: ConnectorView
) -> None:
    desk.pipeline("orders", shop, source={"table": "orders"})
    builder = Builder(PipelineTranslator())
    (before,) = builder.build().asset_checks or ()
    desk.pipeline("file", desk.csv("file", "id\n1\n"))
    (new, kept) = builder.rebuild().asset_checks or ()
    assert kept is before
    desk.pipeline("customers", shop, source={"table": "customers"})
    (changed, same) = builder.rebuild().asset_checks or ()
    assert (changed is before, same is new) == (False, True)


def test_what_can_be_read_and_is_indexed_passes_and_what_is_not_is_a_warning(
    desk: Desk, shop: ConnectorView, instance: DagsterInstance
) -> None:
    desk.pipeline("indexed", shop, source={"table": "orders"}, cursorField="seen", **INCREMENTAL)
    (check,) = found(test_all(instance)).values()
    assert (check.passed, check.description) == (True, "It can be read.")
    assert steps(check)[-3:] == [("cursorField", "yes"), ("primaryKey", "yes"), ("index", "yes")]
    desk.pipeline("slow", shop, source={"table": "orders"}, cursorField="at", **INCREMENTAL)
    result = test_all(instance)
    assert result.success
    (check,) = found(result).values()
    assert (check.passed, check.severity) == (False, AssetCheckSeverity.WARN)
    assert "No index begins with 'at'" in (check.description or "")


def test_the_columns_of_the_source_show_on_its_asset(
    desk: Desk, shop: ConnectorView, instance: DagsterInstance
) -> None:
    desk.pipeline("orders", shop, source={"table": "orders"})
    test_all(instance)
    (record,) = instance.fetch_observations(AssetKey(["default", "shop", "orders"]), limit=5).records
    assert record.asset_observation is not None
    schema: Any = record.asset_observation.metadata["dagster/column_schema"].value
    assert [(column.name, column.type) for column in schema.columns] == [
        ("id", "INTEGER"),
        ("at", "TEXT"),
        ("seen", "TEXT"),
    ]


def test_a_table_that_is_missing_fails_alone_and_leaves_the_connector_well(
    desk: Desk, shop: ConnectorView, instance: DagsterInstance
) -> None:
    desk.pipeline("orders", shop, source={"table": "orders"}, columns={"rename": {"id": "number"}})
    desk.pipeline("gone", shop, source={"table": "gone"})
    dated = desk.csv("file", "at,seen\n2026-01-01,2026-01-01\n")
    desk.pipeline("wrong", dated, loadMode="upsert", primaryKey=["seem"])
    checks = found(test_all(instance))
    assert checks["orders"].passed
    assert "OBJECT_MISSING" in (checks["gone"].description or "")
    assert "did you mean 'seen'?" in (checks["file"].description or "")
    told = connectors.get(desk.registry, OPERATOR, shop.id)
    assert (told.status, told.last_error) == ("active", None)
    assert told.last_tested_at is not None


def test_a_check_that_was_chosen_keeps_the_pipeline_from_loading(
    desk: Desk, instance: DagsterInstance
) -> None:
    source = desk.csv("orders", "id\n1\n")
    desk.pipeline("orders", source)
    (desk.files / "orders.csv").unlink()
    check = AssetCheckKey(AssetKey(["default", "orders", "orders"]), CONNECTOR_TEST)
    job = define_asset_job(
        "both", AssetSelection.assets(["default", "orders"]) | AssetSelection.checks(check)
    )
    built = Definitions.merge(definitions(), Definitions(jobs=[job]))
    result = (
        built.get_repository_def().get_job("both").execute_in_process(instance=instance, raise_on_error=False)
    )
    assert not result.success
    assert "OBJECT_MISSING" in (found(result)["orders"].description or "")
    started = {event.step_key for event in result.all_events if event.event_type_value == "STEP_START"}
    assert started == {"test__default__orders"}


def test_rights_on_a_table_are_the_tables_own_matter(
    postgres: PostgresServer, desk: Desk, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAIREON_EGRESS_ALLOW", f"{postgres.host}:{postgres.port}")
    postgres.database("checked")
    with psycopg.connect(postgres.dsn("checked"), autocommit=True) as database:
        database.execute("CREATE TABLE open_to_all (id int, at timestamptz)")
        database.execute("CREATE INDEX ON open_to_all (at)")
        database.execute("CREATE TABLE secret_one (id int)")
        database.execute("DROP ROLE IF EXISTS some_reader")
        database.execute("CREATE ROLE some_reader LOGIN PASSWORD 'reads-some'")
        database.execute("GRANT SELECT ON open_to_all TO some_reader")
    reader = desk.connector(
        "reader",
        "postgresql",
        {"host": postgres.host, "port": postgres.port, "database": "checked", "sslMode": "disable"},
        authMethod="password",
        authConfig={"username": "some_reader", "password": "reads-some"},
    )
    more = {**INCREMENTAL, "cursorField": "at"}
    desk.pipeline("open", reader, source={"table": "public.open_to_all"}, **more)
    desk.pipeline("secret", reader, source={"table": "public.secret_one"})
    checks = found(test_all(instance))
    assert (checks["open_to_all"].passed, checks["open_to_all"].description) == (True, "It can be read.")
    assert "NOT_PERMITTED" in (checks["secret_one"].description or "")
    wrong = {"authMethod": "password", "authConfig": {"username": "some_reader", "password": "guess"}}
    connectors.change(desk.registry, OPERATOR, reader.id, wrong)
    refused = found(test_all(instance))
    assert {(each.passed, each.metadata["code"].value) for each in refused.values()} == {
        (False, "CREDENTIALS_REFUSED")
    }
    assert connectors.get(desk.registry, OPERATOR, reader.id).status == "error"


def test_mariadb_tells_its_indexes(
    mariadb: MariadbServer, desk: Desk, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAIREON_EGRESS_ALLOW", f"{mariadb.host}:{mariadb.port}")
    own = mariadb.database()
    mariadb.execute("CREATE TABLE orders (id int PRIMARY KEY, at datetime, note text)", database=own)
    shop = desk.connector(
        "shop",
        "mariadb",
        {"host": mariadb.host, "port": mariadb.port, "database": own, "sslMode": "disable"},
        authMethod="password",
        authConfig={"username": mariadb.user, "password": mariadb.password},
    )
    desk.pipeline("orders", shop, source={"table": "orders"}, cursorField="id", **INCREMENTAL)
    desk.pipeline("slow", shop, source={"table": f"{own}.orders"}, cursorField="at", **INCREMENTAL)
    told = sorted(
        (each.passed, each.description or "") for each in test_all(instance).get_asset_check_evaluations()
    )
    assert [passed for passed, _ in told] == [False, True]
    assert "No index begins with 'at'" in told[0][1]
