"""Amazon Athena."""

from pydantic import Field

from kaireon_orch.contract.auth_models import ACCESS_KEY, IAM_ROLE
from kaireon_orch.contract.fields import Database, Endpoint, Name, Region, SourceTable, Text
from kaireon_orch.contract.source_models import TableOrQuerySource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class AthenaConfig(ConfigModel):
    """Which database, where results go, and what to read."""

    region: Region | None = None
    database: Database | None = Field(
        default=None, description="Database in the data catalog.", examples=["sales"]
    )
    source_table: SourceTable | None = Field(default=None, examples=["orders"])
    s3_output_location: Text | None = Field(
        default=None,
        title="Result location",
        description="S3 folder for query results; the credentials must be able to write and read there.",
        examples=["s3://acme-athena/results/"],
        pattern=r"^(s3://[a-z0-9.-]+(/[^\x00-\x1f\x7f]*)?)?$",
    )
    work_group: Name | None = Field(
        default=None, title="Workgroup", description="Not given: `primary`.", examples=["primary"]
    )
    catalog: Name | None = Field(
        default=None, title="Catalog", description="Not given: `AwsDataCatalog`.", examples=["AwsDataCatalog"]
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="athena",
    label="Amazon Athena",
    category=Category.WAREHOUSES,
    status=Status.READY,
    description="Tables, views and queries of Amazon Athena over data in S3.",
    config=AthenaConfig,
    auth=(ACCESS_KEY, IAM_ROLE),
    required=("region", "database", "s3OutputLocation", "sourceTable"),
    source=TableOrQuerySource,
    source_required=("table|query",),
    source_from_config={"sourceTable": "table"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("region", "endpoint"),
    example={
        "region": "eu-central-1",
        "database": "sales",
        "s3OutputLocation": "s3://acme-athena/results/",
        "sourceTable": "orders",
    },
    extra="athena",
)
