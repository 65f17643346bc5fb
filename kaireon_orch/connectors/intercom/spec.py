"""Intercom."""

from typing import Literal

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN
from kaireon_orch.contract.fields import Endpoint
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class IntercomConfig(ConfigModel):
    """Which region."""

    data_region: Literal["us", "eu", "au"] = Field(
        default="us", title="Data region", description="Region of the workspace; it selects the host."
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="intercom",
    label="Intercom",
    category=Category.CRM_MARKETING,
    status=Status.COMING_SOON,
    description="Contacts, companies and conversations of an Intercom workspace.",
    config=IntercomConfig,
    auth=(BEARER_TOKEN,),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True),
    steers=("dataRegion", "endpoint"),
    example={"dataRegion": "eu"},
)
