"""Google Analytics 4."""

from pydantic import Field

from kaireon_orch.contract.auth_models import OAUTH2, SERVICE_ACCOUNT
from kaireon_orch.contract.fields import Endpoint, Name, Names
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, SourceModel, Status


class AnalyticsConfig(ConfigModel):
    """Which property."""

    property_id: Name | None = Field(
        default=None,
        title="Property id",
        description="Number of the property; not the measurement id.",
        examples=["123456789"],
        pattern=r"^\d*$",
    )
    dimensions: Names | None = Field(
        default=None,
        title="Dimensions",
        description="Dimensions of the report, by their API names.",
        examples=[["date", "country"]],
    )
    metrics: Names | None = Field(
        default=None,
        title="Metrics",
        description="Metrics of the report, by their API names.",
        examples=[["activeUsers"]],
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="google_analytics",
    label="Google Analytics 4",
    category=Category.CRM_MARKETING,
    status=Status.COMING_SOON,
    description="Reports of a Google Analytics 4 property.",
    config=AnalyticsConfig,
    auth=(SERVICE_ACCOUNT, OAUTH2),
    required=("propertyId",),
    source=SourceModel,
    capabilities=Capabilities(streams=False, incremental=True),
    steers=("endpoint",),
    example={"propertyId": "123456789", "dimensions": ["date"], "metrics": ["activeUsers"]},
)
