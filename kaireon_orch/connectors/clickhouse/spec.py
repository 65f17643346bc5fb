"""ClickHouse, by its HTTP interface."""

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN_TLS, PASSWORD_TLS
from kaireon_orch.contract.fields import Database, Host, Port, SourceTable, SslMode
from kaireon_orch.contract.source_models import TableOrQuerySource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class ClickhouseConfig(ConfigModel):
    """Where the server is, and what to read."""

    host: Host | None = None
    port: Port | None = Field(
        default=None,
        description="Port of the HTTP interface, 8443 with TLS and 8123 without.",
        examples=[8443, 8123],
    )
    database: Database | None = None
    ssl_mode: SslMode | None = None
    source_table: SourceTable | None = Field(default=None, examples=["orders"])


SPEC = ConnectorSpec(
    type="clickhouse",
    label="ClickHouse",
    category=Category.WAREHOUSES,
    status=Status.READY,
    description="Tables, views and queries of a ClickHouse server.",
    config=ClickhouseConfig,
    auth=(PASSWORD_TLS, BEARER_TOKEN_TLS),
    required=("host", "port", "database", "sourceTable"),
    source=TableOrQuerySource,
    source_required=("table|query",),
    source_from_config={"sourceTable": "table"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("host", "port"),
    example={"host": "ch.example.com", "port": 8443, "database": "shop", "sourceTable": "orders"},
    extra="clickhouse",
)
