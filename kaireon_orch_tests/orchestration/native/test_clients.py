"""Vendors' own clients: logged in, at judged addresses, closed with the run; and what refuses to give one."""

import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import dagster as dg
import duckdb
import httpx
import psycopg
import pymysql
import pytest

import kaireon_orch as ko
from kaireon_orch.errors import Fault
from kaireon_orch_tests.servers.answering import Answer, answering
from kaireon_orch_tests.servers.google_front import Account

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch_tests.orchestration.conftest import Desk
    from kaireon_orch_tests.servers.mariadb import MariadbServer
    from kaireon_orch_tests.servers.moto import MotoServer
    from kaireon_orch_tests.servers.postgres import PostgresServer


class Listener:
    """Counts who connects, and says nothing."""

    def __init__(self, address: str) -> None:
        self._socket = socket.create_server((address, 0))
        self.port = self._socket.getsockname()[1]
        self.connections = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@pytest.fixture
def blocked() -> Iterator[Listener]:
    """A server on this machine at an address that the operator did not allow."""
    with closing(Listener("127.0.0.2")) as listener:
        yield listener


PASSWORD = {"username": "u", "password": "p"}
KEYS = {"accessKeyId": "AKIATENANT", "secretAccessKey": "s"}
PLACES: list[tuple[str, str, dict[str, Any], dict[str, str]]] = [
    ("postgresql", "password", {"host": "{host}", "port": 0, "database": "d"}, PASSWORD),
    ("mysql", "password", {"host": "{host}", "port": 0, "database": "d"}, PASSWORD),
    ("mariadb", "password", {"host": "{host}", "port": 0, "database": "d"}, PASSWORD),
    ("aws_s3", "access_key", {"bucket": "b", "region": "eu-central-1", "endpoint": "{url}"}, KEYS),
    ("s3_compatible", "access_key", {"bucket": "bucket", "endpoint": "{url}"}, KEYS),
    (
        "amazon_kinesis",
        "access_key",
        {"streamName": "s", "region": "eu-central-1", "endpoint": "{url}"},
        KEYS,
    ),
    (
        "snowflake",
        "password",
        {"account": "acme", "warehouse": "W", "database": "D", "endpoint": "{url}"},
        PASSWORD,
    ),
    ("gcs", "none", {"bucket": "b", "project": "acme", "endpoint": "{url}"}, {}),
    (
        "bigquery",
        "service_account",
        {"project": "acme", "dataset": "d", "endpoint": "{url}"},
        {"serviceAccountJson": ""},
    ),
    (
        "azure_blob",
        "access_key",
        {"storageAccount": "acmeexports", "container": "c", "endpoint": "{url}"},
        {"accountKey": "a2V5"},
    ),
    (
        "azure_data_lake",
        "sas",
        {"storageAccount": "acmeexports", "fileSystem": "f", "endpoint": "{url}"},
        {"sasToken": "sig=x"},
    ),
    ("rest_api", "bearer_token", {"url": "{url}/orders"}, {"token": "t"}),
    ("csv", "none", {"url": "{url}/orders.csv"}, {}),
]


@pytest.mark.parametrize(("type_", "method", "config", "auth"), PLACES, ids=[place[0] for place in PLACES])
def test_a_blocked_address_is_refused_before_any_connection(
    desk: "Desk", blocked: Listener, type_: str, method: str, config: dict[str, Any], auth: dict[str, str]
) -> None:
    url = f"http://127.0.0.2:{blocked.port}"
    filled = {
        name: value.format(host="127.0.0.2", url=url) if isinstance(value, str) else value or blocked.port
        for name, value in config.items()
    }
    if type_ == "bigquery":
        auth = {"serviceAccountJson": Account.new().key}
    desk.connector("there", type_, filled, authMethod=method, authConfig=auth)
    with pytest.raises(Fault) as caught:
        ko.Connector("there").client()
    assert caught.value.code == "ADDRESS_BLOCKED"
    assert blocked.connections == 0


def of_postgres(desk: "Desk", postgres: "PostgresServer") -> None:
    postgres.database("authors")
    config = {"host": postgres.host, "port": postgres.port, "database": "authors"}
    auth = {"username": postgres.user, "password": postgres.password}
    desk.connector("orders", "postgresql", config, authMethod="password", authConfig=auth)


def test_psycopg_is_logged_in_at_the_judged_address_and_closed_with_the_run(
    desk: "Desk", postgres: "PostgresServer"
) -> None:
    of_postgres(desk, postgres)
    kept = []

    @dg.asset
    def used(orders: ko.PostgreSQL) -> None:
        connection = orders.client()
        with connection.transaction():
            connection.execute("CREATE TEMPORARY TABLE t AS SELECT 7 AS id")
        assert connection.execute("SELECT id FROM t").fetchone() == (7,)
        assert connection.info.hostaddr == postgres.host
        assert postgres.password not in repr(connection) + repr(orders)
        kept.append(connection)

    assert dg.materialize([used], resources={"orders": ko.PostgreSQL("orders")}).success
    assert isinstance(kept[0], psycopg.Connection)
    assert kept[0].closed


def test_pymysql_speaks_as_it_does_and_reconnects_through_the_door(
    desk: "Desk", mariadb: "MariadbServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {"host": mariadb.host, "port": mariadb.port, "database": mariadb.database()}
    auth = {"username": mariadb.user, "password": mariadb.password}
    desk.connector("shop", "mariadb", config, authMethod="password", authConfig=auth)
    orders = ko.MariaDB("shop")
    connection = orders.client()
    assert isinstance(connection, pymysql.connections.Connection)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'é', 1, CAST('2026-01-02' AS date)")
        assert [str(value) for value in cursor.fetchone()] == ["é", "1", "2026-01-02"]
    connection.close()
    connection.connect()
    connection.close()
    connection.host = "127.0.0.2"
    with pytest.raises(Fault) as caught:
        connection.connect()
    assert caught.value.code == "ADDRESS_BLOCKED"
    orders.close()


def test_sqlite_and_duckdb_read_their_file_and_no_other(desk: "Desk", tmp_path: "Path") -> None:
    with closing(sqlite3.connect(desk.files / "shop.db")) as database, database:
        database.execute("CREATE TABLE t AS SELECT 7 AS id")
    with duckdb.connect(str(desk.files / "lake.duckdb")) as made:
        made.execute("CREATE TABLE t AS SELECT 7 AS id")
    desk.connector("shop", "sqlite", {"path": str(desk.files / "shop.db")})
    desk.connector("lake", "duckdb", {"path": str(desk.files / "lake.duckdb")})
    shop, duck = ko.Sqlite("shop"), ko.DuckDB("lake")
    assert shop.client().execute("SELECT id FROM t").fetchall() == [(7,)]
    lake = duck.client()
    assert lake.execute("SELECT id FROM t").fetchall() == [(7,)]
    for statement in ("INSERT INTO t VALUES (8)", f"ATTACH '{tmp_path / 'other'}' AS other"):
        with pytest.raises(sqlite3.OperationalError):
            shop.client().execute(statement)
        with pytest.raises(duckdb.Error):
            lake.execute(statement)
    connection = shop.client()
    shop.close()
    duck.close()
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("SELECT 1")


def test_kinesis_is_asked_with_the_given_key(desk: "Desk", moto: "MotoServer") -> None:
    keys = moto.user("stream-author", ["kinesis:*"])
    config = {"streamName": "s", "region": "eu-central-1", "endpoint": moto.url}
    desk.connector("stream", "amazon_kinesis", config, authMethod="access_key", authConfig=keys.auth())
    stream = ko.Connector("stream")
    stream.client().create_stream(StreamName="authors", ShardCount=1)
    assert "authors" in stream.client().list_streams()["StreamNames"]
    stream.close()


def test_the_http_client_sends_credentials_to_their_origin_alone(
    desk: "Desk", caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    auth = {"apiKey": "C4nary-api-key", "location": "query", "name": "key"}
    with answering() as other, answering(Answer(302, headers={"Location": other.url})) as server:
        desk.connector("api", "rest_api", {"url": f"{server.url}/v1"}, authMethod="api_key", authConfig=auth)
        with ko.Connector("api").client() as client:
            assert isinstance(client, httpx.Client)
            answer = client.get("orders", follow_redirects=True)
        assert server.paths == ["/v1/orders?key=C4nary-api-key"]
        assert "C4nary" not in "".join(other.paths) + str(answer.request.url) + repr(client.headers)
    assert "C4nary" not in caplog.text


def test_a_redirect_to_a_blocked_address_is_refused(desk: "Desk", blocked: Listener) -> None:
    there = f"http://127.0.0.2:{blocked.port}/"
    with answering(Answer(302, headers={"Location": there})) as server:
        desk.connector(
            "api", "rest_api", {"url": server.url}, authMethod="bearer_token", authConfig={"token": "t"}
        )
        with ko.Connector("api").client() as client, pytest.raises(Fault) as caught:
            client.get("/", follow_redirects=True)
    assert server.seen[0]["Authorization"] == "Bearer t"
    assert caught.value.code == "ADDRESS_BLOCKED"
    assert blocked.connections == 0


@pytest.mark.parametrize(
    ("type_", "config", "words"),
    [("csv", {"path": "orders.csv"}, "no URL"), ("sftp", {"host": "h", "port": 22}, "no client to hand out")],
)
def test_what_has_no_client_says_so(desk: "Desk", type_: str, config: dict[str, Any], words: str) -> None:
    desk.connector("thing", type_, config)
    with pytest.raises(Fault, match=words) as caught:
        ko.Connector("thing").client()
    assert caught.value.code == "NOT_SUPPORTED"
    with pytest.raises(Fault, match="Dagster has no resource for"):
        ko.Connector("thing").native()


def test_a_fake_has_neither() -> None:
    fake = ko.FakeConnector("orders")
    with ko.override(orders=fake):
        for way in (ko.PostgreSQL("orders").client, ko.DuckDB("orders").native):
            with pytest.raises(Fault, match=r"ko\.override"):
                way()
