"""PagerDuty."""

from typing import Literal

from pydantic import Field

from kaireon_orch.contract.auth_models import API_KEY
from kaireon_orch.contract.fields import Endpoint
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class PagerdutyConfig(ConfigModel):
    """Which address stands for the vendor's own."""

    service_region: Literal["us", "eu"] = Field(
        default="us", title="Service region", description="Region of the account; it selects the host."
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="pagerduty",
    label="PagerDuty",
    category=Category.APIS,
    status=Status.COMING_SOON,
    description="Incidents of a PagerDuty account.",
    config=PagerdutyConfig,
    auth=(API_KEY,),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True),
    steers=("serviceRegion", "endpoint"),
    example={"serviceRegion": "eu"},
)
