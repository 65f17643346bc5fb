"""Warehouses and lakehouses."""

from __future__ import annotations

from kaireon_orch.orchestration.connector import Connector
from kaireon_orch.orchestration.sql_connector import SqlConnector


class Snowflake(SqlConnector):
    """A Snowflake database.

    `source`: `{"table": "PUBLIC.ORDERS"}` or `{"query": "SELECT id FROM orders"}`.
    """

    type_slug = "snowflake"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class BigQuery(SqlConnector):
    """A dataset of Google BigQuery.

    `source`: `{"table": "sales.orders"}` or `{"query": "SELECT id FROM sales.orders"}`.
    """

    type_slug = "bigquery"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Redshift(SqlConnector):
    """An Amazon Redshift database.

    `source`: `{"table": "public.orders"}` or `{"query": "SELECT id FROM orders"}`.
    """

    type_slug = "redshift"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Databricks(SqlConnector):
    """A Databricks SQL warehouse.

    `source`: `{"table": "main.sales.orders"}` or `{"query": "SELECT id FROM main.sales.orders"}`.
    """

    type_slug = "databricks"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class ClickHouse(SqlConnector):
    """A ClickHouse database.

    `source`: `{"table": "orders"}` or `{"query": "SELECT id FROM orders"}`.
    """

    type_slug = "clickhouse"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class DuckDB(SqlConnector):
    """A DuckDB file.

    `source`: `{"table": "main.orders"}` or `{"query": "SELECT id FROM orders"}`.
    """

    type_slug = "duckdb"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Trino(SqlConnector):
    """A Trino or Starburst cluster.

    `source`: `{"table": "sales.orders"}` or `{"query": "SELECT id FROM sales.orders"}`.
    """

    type_slug = "trino"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Athena(SqlConnector):
    """A database of Amazon Athena.

    `source`: `{"table": "orders"}` or `{"query": "SELECT id FROM orders"}`.
    """

    type_slug = "athena"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class DeltaLake(Connector):
    """A Delta Lake table, as it is now or at a version.

    `source`: `{}` or `{"version": 7}`.
    """

    type_slug = "delta_lake"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class Iceberg(Connector):
    """Tables of an Apache Iceberg catalogue.

    `source`: `{"table": "sales.orders"}` or `{"table": "sales.orders", "snapshotId": 7}`.
    """

    type_slug = "iceberg"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)
