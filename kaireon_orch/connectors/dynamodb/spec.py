"""Amazon DynamoDB."""

from pydantic import Field

from kaireon_orch.contract.auth_models import ACCESS_KEY, IAM_ROLE
from kaireon_orch.contract.fields import Endpoint, Name, Region, Text
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, SourceModel, Status


class DynamodbConfig(ConfigModel):
    """Which table."""

    region: Region | None = None
    table: Name | None = Field(
        default=None,
        title="Table",
        description="Name of the table (not its ARN).",
        examples=["orders"],
        pattern=r"^[a-zA-Z0-9_.-]*$",
    )
    endpoint: Endpoint | None = None


class ItemsSource(SourceModel):
    """Which items."""

    table: Name | None = Field(
        default=None, title="Table", description="Name of the table.", examples=["orders"]
    )
    filter_expression: Text | None = Field(
        default=None,
        title="Filter expression",
        description="Which items to keep, in DynamoDB's own language; read capacity is used for the others all the same.",
        examples=["attribute_exists(total)"],
    )


SPEC = ConnectorSpec(
    type="dynamodb",
    label="Amazon DynamoDB",
    category=Category.DATABASES,
    status=Status.READY,
    description="Items of a DynamoDB table.",
    config=DynamodbConfig,
    auth=(ACCESS_KEY, IAM_ROLE),
    required=("region", "table"),
    source=ItemsSource,
    source_required=("table",),
    source_from_config={"table": "table"},
    capabilities=Capabilities(discover=True, preview=True),
    steers=("region", "endpoint"),
    example={"region": "eu-central-1", "table": "orders"},
    extra="dynamodb",
)
