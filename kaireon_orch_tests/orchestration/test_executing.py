"""Statements that write, through Dagster's own SQL component, on every SQL system that is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
from dagster.components.lib.sql_component.sql_client import SQLClient

import kaireon_orch as ko
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch_tests.orchestration.shops import Servers, shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kaireon_orch_tests.orchestration.conftest import Desk
    from kaireon_orch_tests.servers.mariadb import MariadbServer
    from kaireon_orch_tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.filterwarnings("ignore:Class .*Sql.* is currently in preview")

WRITABLE = ("postgresql", "mariadb", "duckdb")
TEMPLATE = """
CREATE TABLE {{ table }} (id INTEGER PRIMARY KEY, note VARCHAR(40)); -- made; here
INSERT INTO {{ table }} VALUES (1, 'one; two'), (2, 'it''s');
SELECT 1;
CREATE TABLE big AS SELECT id FROM {{ table }} WHERE id > 1
"""


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch, postgres: PostgresServer, mariadb: MariadbServer) -> Servers:
    found = Servers(postgres, mariadb)
    monkeypatch.setenv("KAIREON_EGRESS_ALLOW", found.allowed)
    return found


@pytest.fixture(params=[*WRITABLE, "fake"])
def database(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Any]:
    if request.param == "fake":
        yield ko.FakeConnector("shop")
        return
    yield shop(request.getfixturevalue("desk"), request.param, servers)


def rows(database: Any, table: str) -> list[tuple[Any, ...]]:
    found = database.query(f"SELECT * FROM {table} ORDER BY 1").arrow().to_pylist()
    return [tuple(row.values()) for row in found]


def materialized(connection: Any) -> dg.ExecuteInProcessResult:
    component = dg.TemplatedSqlComponent(
        sql_template=TEMPLATE,
        sql_template_vars={"table": "orders"},
        connection=connection,
        assets=[dg.AssetSpec("big")],
    )
    definitions = component.build_defs(dg.ComponentTree.for_test().load_context)
    return dg.materialize([definitions.resolve_assets_def("big")], raise_on_error=False)


def test_dagsters_sql_component_takes_a_connector(database: Any) -> None:
    assert isinstance(database, SQLClient)
    assert materialized(database).success
    assert rows(database, "orders") == [(1, "one; two"), (2, "it's")]
    assert rows(database, "big") == [(2,)]


def test_what_fails_takes_the_rest_back(database: Any) -> None:
    database.connect_and_execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    with pytest.raises(Fault) as failed:
        database.connect_and_execute("INSERT INTO t VALUES (1); INSERT INTO t VALUES (1)")
    assert failed.value.fault is FaultCode.ROW_REFUSED
    assert rows(database, "t") == []


@pytest.mark.parametrize("kind", WRITABLE)
def test_the_transaction_is_not_the_authors(servers: Servers, desk: Desk, kind: str) -> None:
    database = shop(desk, kind, servers)
    database.connect_and_execute("CREATE TABLE t (id INTEGER)")
    for sql in (
        "INSERT INTO t VALUES (1); COMMIT; INSERT INTO t VALUES (2)",
        "/* a */ BEGIN; INSERT INTO t VALUES (1)",
        " ; -- nothing\n",
    ):
        with pytest.raises(Fault) as refused:
            database.connect_and_execute(sql)
        assert refused.value.fault is FaultCode.NOT_SUPPORTED
    assert rows(database, "t") == []


def test_postgresql_refuses_what_no_transaction_takes_and_what_copies_to_this_side(
    servers: Servers, desk: Desk
) -> None:
    database = shop(desk, "postgresql", servers)
    database.connect_and_execute("CREATE TABLE t (id INTEGER)")
    for sql in (
        "VACUUM t",
        "COPY t FROM STDIN",
        "COPY t TO STDOUT",
        "INSERT INTO t VALUES (1); COPY t TO STDOUT",
    ):
        with pytest.raises(Fault) as refused:
            database.connect_and_execute(sql)
        assert (refused.value.fault, refused.value.retryable) == (FaultCode.NOT_SUPPORTED, False), sql
    assert rows(database, "t") == []


def test_duckdb_reaches_no_file_no_extension_and_no_setting(servers: Servers, desk: Desk, home: Path) -> None:
    database = shop(desk, "duckdb", servers)
    inside = f"{desk.files}/loot"
    for sql in (
        f"COPY (SELECT 1) TO '{inside}.csv'",
        f"CREATE TABLE t AS FROM read_csv('{inside}.csv')",
        f"ATTACH '{inside}.duckdb'",
        f"EXPORT DATABASE '{inside}'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "PRAGMA enable_external_access",
        "CREATE PERSISTENT SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
    ):
        with pytest.raises(Fault) as refused:
            database.connect_and_execute(sql)
        assert refused.value.fault in {
            FaultCode.NOT_SUPPORTED,
            FaultCode.NOT_PERMITTED,
            FaultCode.OBJECT_MISSING,
            FaultCode.BAD_DATA,
        }, sql
    assert not list(desk.files.glob("loot*"))


def test_mysql_hands_over_no_file_of_this_side(servers: Servers, desk: Desk, tmp_path: Path) -> None:
    database = shop(desk, "mariadb", servers)
    loot = tmp_path / "loot.csv"
    loot.write_text("1\n")
    database.connect_and_execute("CREATE TABLE t (id INTEGER)")
    with pytest.raises(Fault):
        database.connect_and_execute(f"LOAD DATA LOCAL INFILE '{loot}' INTO TABLE t")
    assert rows(database, "t") == []
    with pytest.raises(Fault) as strict:
        database.connect_and_execute("INSERT INTO t VALUES ('no number')")
    assert strict.value.fault is FaultCode.ROW_REFUSED


def test_a_read_only_connector_says_so(servers: Servers, desk: Desk) -> None:
    with pytest.raises(Fault, match="read-only") as refused:
        shop(desk, "sqlite", servers).connect_and_execute("CREATE TABLE t (id INTEGER)")
    assert refused.value.fault is FaultCode.NOT_SUPPORTED


def test_a_type_that_is_not_built_says_so(desk: Desk) -> None:
    desk.connector(
        "lake", "snowflake", {"account": "a-b", "warehouse": "w", "database": "d", "sourceTable": "t"}
    )
    with pytest.raises(Fault) as unbuilt:
        ko.Snowflake("lake").connect_and_execute("SELECT 1")
    assert unbuilt.value.fault is FaultCode.NOT_BUILT


def test_a_fake_stands_in_for_the_components_connection() -> None:
    fake = ko.FakeConnector("shop")
    with ko.override(shop=fake):
        assert materialized(ko.PostgreSQL("shop")).success
    assert fake.table("big").to_pylist() == [{"id": 2}]
