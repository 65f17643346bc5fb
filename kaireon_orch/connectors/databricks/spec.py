"""Databricks SQL."""

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN, OAUTH2
from kaireon_orch.contract.fields import Endpoint, Host, Name, Schema, SourceTable, Text
from kaireon_orch.contract.source_models import TableOrQuerySource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class DatabricksConfig(ConfigModel):
    """Which workspace, what computes, and what to read."""

    host: Host | None = Field(
        default=None,
        description="Host of the workspace, without scheme.",
        examples=["dbc-a1b2c3d4-e5f6.cloud.databricks.com"],
    )
    http_path: Text | None = Field(
        default=None,
        title="HTTP path",
        description="Path of the SQL warehouse or cluster, from its connection details.",
        examples=["/sql/1.0/warehouses/abc123"],
        pattern=r"^[A-Za-z0-9/_.-]*$",
    )
    catalog: Name | None = Field(
        default=None,
        title="Catalog",
        description="Unity Catalog's catalog for tables that are named without one.",
        examples=["main"],
    )
    schema_: Schema | None = Field(default=None, alias="schema", examples=["sales"])
    source_table: SourceTable | None = Field(default=None, examples=["main.sales.orders"])
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="databricks",
    label="Databricks",
    category=Category.WAREHOUSES,
    status=Status.READY,
    description="Tables, views and queries through a Databricks SQL warehouse or cluster.",
    config=DatabricksConfig,
    auth=(BEARER_TOKEN, OAUTH2),
    required=("host", "httpPath"),
    source=TableOrQuerySource,
    source_required=("table|query",),
    source_from_config={"sourceTable": "table"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("host", "endpoint"),
    example={
        "host": "dbc-a1b2c3d4-e5f6.cloud.databricks.com",
        "httpPath": "/sql/1.0/warehouses/abc123",
        "sourceTable": "main.sales.orders",
    },
    extra="databricks",
)
