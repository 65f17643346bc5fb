"""Twilio SendGrid."""

from typing import Literal

from pydantic import Field

from kaireon_orch.contract.auth_models import API_KEY
from kaireon_orch.contract.fields import Endpoint
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class SendgridConfig(ConfigModel):
    """Which region."""

    data_region: Literal["global", "eu"] = Field(
        default="global", title="Data region", description="Region of the account; it selects the host."
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="sendgrid",
    label="SendGrid",
    category=Category.CRM_MARKETING,
    status=Status.COMING_SOON,
    description="E-mail statistics, suppressions and contacts of a SendGrid account.",
    config=SendgridConfig,
    auth=(API_KEY,),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True),
    steers=("dataRegion", "endpoint"),
    example={"dataRegion": "eu"},
)
