"""Iterable."""

from typing import Literal

from pydantic import Field

from kaireon_orch.contract.auth_models import API_KEY
from kaireon_orch.contract.fields import Endpoint
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class IterableConfig(ConfigModel):
    """Which region."""

    data_region: Literal["us", "eu"] = Field(
        default="us", title="Data region", description="Data centre of the project; it selects the host."
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="iterable",
    label="Iterable",
    category=Category.CRM_MARKETING,
    status=Status.COMING_SOON,
    description="Users, campaigns and events of an Iterable project.",
    config=IterableConfig,
    auth=(API_KEY,),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True),
    steers=("dataRegion", "endpoint"),
    example={"dataRegion": "eu"},
)
