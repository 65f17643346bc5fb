"""Apache Iceberg, by a REST, Glue or SQL catalogue."""

from typing import Literal

from pydantic import Field

from kaireon_orch.contract.auth_models import ACCESS_KEY, BEARER_TOKEN, NONE, OAUTH2
from kaireon_orch.contract.fields import Endpoint, Region, Text
from kaireon_orch.contract.http_models import TokenUrl
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, SourceModel, Status


class IcebergConfig(ConfigModel):
    """Which catalogue, and which table."""

    catalog_type: Literal["rest", "glue", "sql"] | None = Field(
        default=None, title="Catalogue type", description="What keeps the list of tables."
    )
    uri: Text | None = Field(
        default=None,
        title="URI",
        description="Address of the catalogue: URL of a REST or Glue service, database URL or allowed file of an SQL catalogue.",
        examples=["https://catalog.example.com"],
    )
    table: Text | None = Field(
        default=None,
        title="Table",
        description="Namespace and table, dot-separated.",
        examples=["sales.orders"],
    )
    warehouse: Text | None = Field(
        default=None,
        title="Warehouse",
        description="Name or root address of the warehouse, where the catalogue asks for one.",
        examples=["s3://acme-lake"],
    )
    region: Region | None = Field(default=None, description="AWS region, for Glue and for tables in S3.")
    token_url: TokenUrl | None = None
    endpoint: Endpoint | None = None


class IcebergSource(SourceModel):
    """Which table and snapshot; no snapshot means the newest."""

    table: Text | None = Field(
        default=None,
        title="Table",
        description="Namespace and table, dot-separated.",
        examples=["sales.orders"],
    )
    snapshot_id: int | None = Field(
        default=None, title="Snapshot", description="Id of the snapshot to read.", ge=0, le=2**63 - 1
    )


SPEC = ConnectorSpec(
    type="iceberg",
    label="Apache Iceberg",
    category=Category.WAREHOUSES,
    status=Status.READY,
    description="An Apache Iceberg table, as of its newest or a named snapshot.",
    config=IcebergConfig,
    auth=(NONE, BEARER_TOKEN, OAUTH2, ACCESS_KEY),
    required=("catalogType", "uri", "table"),
    source=IcebergSource,
    source_required=("table",),
    source_from_config={"table": "table"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True, formats=("parquet",)),
    steers=("catalogType", "uri", "warehouse", "region", "tokenUrl", "endpoint"),
    example={"catalogType": "rest", "uri": "https://catalog.example.com", "table": "sales.orders"},
    extra="iceberg",
)
