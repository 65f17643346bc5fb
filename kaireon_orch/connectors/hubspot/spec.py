"""HubSpot."""

from pydantic import Field

from kaireon_orch.contract.auth_models import OAUTH2, BearerTokenAuth
from kaireon_orch.contract.fields import Endpoint, Secret, Url
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import AuthMethod, Capabilities, Category, ConfigModel, ConnectorSpec, Status


class HubspotConfig(ConfigModel):
    """Which account."""

    instance_url: Url | None = Field(
        default=None,
        title="Instance URL",
        description="Address of HubSpot's API for the account.",
        examples=["https://api.hubapi.com"],
    )
    api_key: Secret | None = Field(
        default=None,
        title="API key",
        description="A private app's token, instead of the instance URL with credentials. Kept as a secret and shown masked.",
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="hubspot",
    label="HubSpot",
    category=Category.CRM_MARKETING,
    status=Status.READY,
    description="Contacts, companies, deals and other objects of a HubSpot account.",
    config=HubspotConfig,
    auth=(AuthMethod("bearer_token", "Private app token", BearerTokenAuth, ("token",)), OAUTH2),
    required=("instanceUrl|apiKey",),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("instanceUrl", "endpoint"),
    example={"instanceUrl": "https://api.hubapi.com"},
    credentials_in_config=("apiKey",),
)
