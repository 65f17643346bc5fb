"""Braze."""

from pydantic import Field

from kaireon_orch.contract.auth_models import API_KEY
from kaireon_orch.contract.fields import Endpoint, Host
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class BrazeConfig(ConfigModel):
    """Which instance."""

    rest_host: Host | None = Field(
        default=None,
        title="REST host",
        description="Host of the instance's REST API, as the dashboard shows it.",
        examples=["rest.fra-01.braze.eu"],
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="braze",
    label="Braze",
    category=Category.CRM_MARKETING,
    status=Status.COMING_SOON,
    description="Campaign performance and user engagement of a Braze workspace.",
    config=BrazeConfig,
    auth=(API_KEY,),
    required=("restHost",),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True),
    steers=("restHost", "endpoint"),
    example={"restHost": "rest.fra-01.braze.eu"},
)
