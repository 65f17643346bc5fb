"""Meta Ads: Facebook and Instagram."""

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN
from kaireon_orch.contract.fields import ApiVersion, Endpoint, Name
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class MetaAdsConfig(ConfigModel):
    """Which ad account."""

    ad_account_id: Name | None = Field(
        default=None,
        title="Ad account id",
        description="With or without `act_`.",
        examples=["act_1234567890"],
        pattern=r"^(act_)?\d*$",
    )
    api_version: ApiVersion | None = Field(default=None, examples=["v20.0"])
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="meta_ads",
    label="Meta Ads",
    category=Category.CRM_MARKETING,
    status=Status.COMING_SOON,
    description="Campaigns, ad sets, ads and their insights of a Meta ad account.",
    config=MetaAdsConfig,
    auth=(BEARER_TOKEN,),
    required=("adAccountId",),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True),
    steers=("endpoint",),
    example={"adAccountId": "act_1234567890"},
)
