"""Klaviyo."""

from pydantic import Field

from kaireon_orch.contract.auth_models import ApiKeyAuth
from kaireon_orch.contract.fields import ApiVersion, Endpoint
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import AuthMethod, Capabilities, Category, ConfigModel, ConnectorSpec, Status


class KlaviyoConfig(ConfigModel):
    """Which revision of the API."""

    revision: ApiVersion | None = Field(default=None, title="Revision", examples=["2024-10-15"])
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="klaviyo",
    label="Klaviyo",
    category=Category.CRM_MARKETING,
    status=Status.COMING_SOON,
    description="Profiles, events, campaigns and metrics of a Klaviyo account.",
    config=KlaviyoConfig,
    auth=(AuthMethod("api_key", "Private API key", ApiKeyAuth, ("apiKey",)),),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True),
    steers=("endpoint",),
    example={"revision": "2024-10-15"},
)
