"""Snowflake."""

from pydantic import Field

from kaireon_orch.contract.auth_models import KEY_PAIR, OAUTH2, PASSWORD
from kaireon_orch.contract.fields import Endpoint, Name, Schema, SourceTable, Url
from kaireon_orch.contract.source_models import TableOrQuerySource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class SnowflakeConfig(ConfigModel):
    """Which account, what computes, and what to read."""

    account: Name | None = Field(
        default=None,
        title="Account",
        description="Account identifier, `organization-account` or the older locator with its region; no host name.",
        pattern=r"^[A-Za-z0-9_.-]*$",
        examples=["acme-analytics"],
    )
    warehouse: Name | None = Field(
        default=None,
        title="Warehouse",
        description="Virtual warehouse that runs the queries.",
        examples=["LOAD_WH"],
    )
    database: Name | None = Field(
        default=None, title="Database", description="Database of the source table.", examples=["SALES"]
    )
    schema_: Schema | None = Field(default=None, alias="schema", examples=["PUBLIC"])
    source_table: SourceTable | None = Field(default=None, examples=["PUBLIC.ORDERS"])
    role: Name | None = Field(
        default=None, title="Role", description="Role to work as. Not given: the user's default role."
    )
    endpoint: Endpoint | None = None
    token_url: Url | None = Field(
        default=None,
        title="Token URL",
        description="Token endpoint of an external OAuth provider. Not given: the account's own.",
    )


SPEC = ConnectorSpec(
    type="snowflake",
    label="Snowflake",
    category=Category.WAREHOUSES,
    status=Status.READY,
    description="Tables, views and queries of a Snowflake account.",
    config=SnowflakeConfig,
    auth=(PASSWORD, KEY_PAIR, OAUTH2),
    required=("account", "warehouse", "database", "sourceTable"),
    source=TableOrQuerySource,
    source_required=("table|query",),
    source_from_config={"sourceTable": "table"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("account", "endpoint", "tokenUrl"),
    example={
        "account": "acme-analytics",
        "warehouse": "LOAD_WH",
        "database": "SALES",
        "sourceTable": "PUBLIC.ORDERS",
        "rowLimit": 100_000,
    },
    extra="snowflake",
    row_limit=100_000,
)
