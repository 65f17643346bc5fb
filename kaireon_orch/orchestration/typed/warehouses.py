"""Warehouses and lakehouses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaireon_orch.orchestration.connector import Connector
from kaireon_orch.orchestration.sql_connector import SqlConnector

if TYPE_CHECKING:
    from dagster import ConfigurableResource
    from dagster_duckdb import DuckDBIOManager, DuckDBResource
    from dagster_gcp import BigQueryIOManager, BigQueryResource
    from dagster_snowflake import SnowflakeIOManager, SnowflakeResource
    from duckdb import DuckDBPyConnection
    from google.cloud.bigquery import Client as BigQueryClient
    from snowflake.connector import SnowflakeConnection

    from kaireon_orch.orchestration.native.bigquery import BigQueryConnectorIOManager
    from kaireon_orch.orchestration.native.duckdb import DuckDBConnectorIOManager
    from kaireon_orch.orchestration.native.snowflake import SnowflakeConnectorIOManager


class Snowflake(SqlConnector):
    """A Snowflake database.

    `source`: `{"table": "PUBLIC.ORDERS"}` or `{"query": "SELECT id FROM orders"}`.
    """

    type_slug = "snowflake"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)

    if TYPE_CHECKING:

        def client(self) -> SnowflakeConnection: ...

        def native(self) -> SnowflakeResource: ...

        def native_resource(self) -> ConfigurableResource[SnowflakeResource]: ...

    def io_manager(
        self,
        kind: type[SnowflakeIOManager],
        *,
        schema: str | None = None,
        store_timestamps_as_strings: bool = False,
    ) -> SnowflakeConnectorIOManager:
        """An IO manager of Dagster's class `kind`, for `Definitions`: it connects as this connector does.

        The other options are those of `kind`.
        """
        from kaireon_orch.orchestration.native.snowflake import SnowflakeConnectorIOManager  # noqa: PLC0415  the vendor's packages
        from kaireon_orch.orchestration.native.tables import io_manager  # noqa: PLC0415  the same

        return io_manager(
            SnowflakeConnectorIOManager,
            kind,
            self.connector,
            schema=schema,
            store_timestamps_as_strings=store_timestamps_as_strings,
        )


class BigQuery(SqlConnector):
    """A dataset of Google BigQuery.

    `source`: `{"table": "sales.orders"}` or `{"query": "SELECT id FROM sales.orders"}`.
    """

    type_slug = "bigquery"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)

    if TYPE_CHECKING:

        def client(self) -> BigQueryClient: ...

        def native(self) -> BigQueryResource: ...

        def native_resource(self) -> ConfigurableResource[BigQueryResource]: ...

    def io_manager(
        self,
        kind: type[BigQueryIOManager],
        *,
        dataset: str | None = None,
        timeout: float | None = None,
        write_mode: str = "truncate",
    ) -> BigQueryConnectorIOManager:
        """An IO manager of Dagster's class `kind`, for `Definitions`: it connects as this connector does.

        The other options are those of `kind`.
        """
        from kaireon_orch.orchestration.native.bigquery import BigQueryConnectorIOManager  # noqa: PLC0415  the vendor's packages
        from kaireon_orch.orchestration.native.tables import io_manager  # noqa: PLC0415  the same

        return io_manager(
            BigQueryConnectorIOManager,
            kind,
            self.connector,
            dataset=dataset,
            timeout=timeout,
            write_mode=write_mode,
        )


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

    if TYPE_CHECKING:

        def client(self) -> DuckDBPyConnection: ...

        def native(self) -> DuckDBResource: ...

        def native_resource(self) -> ConfigurableResource[DuckDBResource]: ...

    def io_manager(
        self,
        kind: type[DuckDBIOManager],
        *,
        schema: str | None = None,
    ) -> DuckDBConnectorIOManager:
        """An IO manager of Dagster's class `kind`, for `Definitions`: it connects as this connector does.

        The other options are those of `kind`.
        """
        from kaireon_orch.orchestration.native.duckdb import DuckDBConnectorIOManager  # noqa: PLC0415  the vendor's packages
        from kaireon_orch.orchestration.native.tables import io_manager  # noqa: PLC0415  the same

        return io_manager(DuckDBConnectorIOManager, kind, self.connector, schema=schema)


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
