"""Google Ads."""

from pydantic import Field

from kaireon_orch.contract.auth_models import OAuth2Auth
from kaireon_orch.contract.fields import Endpoint, Name, Secret
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import AuthMethod, Capabilities, Category, ConfigModel, ConnectorSpec, Status


class GoogleAdsConfig(ConfigModel):
    """Which account."""

    customer_id: Name | None = Field(
        default=None,
        title="Customer id",
        description="Number of the account, without dashes.",
        examples=["1234567890"],
        pattern=r"^\d*$",
    )
    login_customer_id: Name | None = Field(
        default=None,
        title="Manager id",
        description="Number of the manager account, where access goes through one.",
        examples=["9876543210"],
        pattern=r"^\d*$",
    )
    endpoint: Endpoint | None = None


class GoogleAdsAuth(OAuth2Auth):
    """OAuth 2, and the developer token that Google Ads asks for beside it."""

    developer_token: Secret | None = Field(
        default=None, title="Developer token", description="From the API Center of a manager account."
    )


SPEC = ConnectorSpec(
    type="google_ads",
    label="Google Ads",
    category=Category.CRM_MARKETING,
    status=Status.COMING_SOON,
    description="Campaigns, ad groups and their figures of a Google Ads account.",
    config=GoogleAdsConfig,
    auth=(
        AuthMethod(
            "oauth2", "OAuth 2 and developer token", GoogleAdsAuth, ("clientId|token", "developerToken")
        ),
    ),
    required=("customerId",),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True),
    steers=("endpoint",),
    example={"customerId": "1234567890"},
)
