"""Databases: tables and queries, documents, keys, series."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaireon_orch.orchestration.connector import Connector
from kaireon_orch.orchestration.sql_connector import SqlConnector

if TYPE_CHECKING:
    import sqlite3

    import psycopg
    from pymysql.connections import Connection as PyMySQLConnection


class PostgreSQL(SqlConnector):
    """A PostgreSQL database.

    `source`: `{"table": "public.orders"}` or `{"query": "SELECT id FROM orders"}`.
    """

    type_slug = "postgresql"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)

    if TYPE_CHECKING:

        def client(self) -> psycopg.Connection[tuple[object, ...]]: ...


class MySQL(SqlConnector):
    """A MySQL database.

    `source`: `{"table": "orders"}` or `{"query": "SELECT id FROM orders"}`.
    """

    type_slug = "mysql"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)

    if TYPE_CHECKING:

        def client(self) -> PyMySQLConnection: ...


class MariaDB(SqlConnector):
    """A MariaDB database.

    `source`: `{"table": "orders"}` or `{"query": "SELECT id FROM orders"}`.
    """

    type_slug = "mariadb"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)

    if TYPE_CHECKING:

        def client(self) -> PyMySQLConnection: ...


class SQLServer(SqlConnector):
    """A Microsoft SQL Server database.

    `source`: `{"table": "dbo.orders"}` or `{"query": "SELECT id FROM dbo.orders"}`.
    """

    type_slug = "sqlserver"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Sqlite(SqlConnector):
    """An SQLite file.

    `source`: `{"table": "orders"}` or `{"query": "SELECT id FROM orders"}`.
    """

    type_slug = "sqlite"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)

    if TYPE_CHECKING:

        def client(self) -> sqlite3.Connection: ...


class MongoDB(Connector):
    """A MongoDB database.

    `source`: `{"collection": "orders", "filter": {"status": "open"}}`.
    """

    type_slug = "mongodb"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Redis(Connector):
    """A Redis or Valkey server.

    `source`: `{"mode": "hashes", "keyPattern": "order:*"}` or `{"mode": "streams", "streamKey": "orders"}`.
    """

    type_slug = "redis"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Elasticsearch(Connector):
    """An Elasticsearch cluster.

    `source`: `{"index": "orders-*", "query": {"term": {"status": "open"}}}`.
    """

    type_slug = "elasticsearch"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class OpenSearch(Connector):
    """An OpenSearch cluster.

    `source`: `{"index": "orders-*", "query": {"term": {"status": "open"}}}`.
    """

    type_slug = "opensearch"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class DynamoDB(Connector):
    """Tables of Amazon DynamoDB.

    `source`: `{"table": "orders", "filterExpression": "attribute_exists(total)"}`.
    """

    type_slug = "dynamodb"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Neo4j(Connector):
    """A Neo4j graph.

    `source`: `{"label": "Customer"}` or `{"query": "MATCH (c:Customer) RETURN c.id AS id"}`.
    """

    type_slug = "neo4j"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class InfluxDB(Connector):
    """An InfluxDB database.

    `source`: `{"measurement": "temperature"}` or `{"query": "SELECT mean(value) FROM temperature"}`.
    """

    type_slug = "influxdb"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Prometheus(Connector):
    """A Prometheus server.

    `source`: `{"query": "up", "stepSeconds": 60}`.
    """

    type_slug = "prometheus"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)
