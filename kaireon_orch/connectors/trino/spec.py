"""Trino and Starburst."""

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN_TLS, NONE_TLS, PASSWORD_TLS
from kaireon_orch.contract.fields import Host, Name, Port, Schema, SourceTable, SslMode
from kaireon_orch.contract.source_models import TableOrQuerySource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class TrinoConfig(ConfigModel):
    """Where the coordinator is, and what to read."""

    host: Host | None = None
    port: Port | None = Field(default=None, examples=[8443])
    catalog: Name | None = Field(
        default=None, title="Catalog", description="Catalog of the source table.", examples=["hive"]
    )
    schema_: Schema | None = Field(default=None, alias="schema", examples=["sales"])
    source_table: SourceTable | None = Field(default=None, examples=["orders"])
    ssl_mode: SslMode | None = None


SPEC = ConnectorSpec(
    type="trino",
    label="Trino / Starburst",
    category=Category.WAREHOUSES,
    status=Status.READY,
    description="Tables, views and queries of any catalog that a Trino or Starburst cluster knows.",
    config=TrinoConfig,
    auth=(NONE_TLS, PASSWORD_TLS, BEARER_TOKEN_TLS),
    required=("host", "port", "catalog", "schema", "sourceTable"),
    source=TableOrQuerySource,
    source_required=("table|query",),
    source_from_config={"sourceTable": "table"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("host", "port"),
    example={
        "host": "trino.example.com",
        "port": 8443,
        "catalog": "hive",
        "schema": "sales",
        "sourceTable": "orders",
    },
    extra="trino",
)
