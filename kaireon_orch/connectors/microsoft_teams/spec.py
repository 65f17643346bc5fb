"""Microsoft Teams."""

from kaireon_orch.contract.auth_models import WEBHOOK_URL
from kaireon_orch.contract.fields import Endpoint
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class TeamsConfig(ConfigModel):
    """Which address stands for the vendor's own."""

    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="microsoft_teams",
    label="Microsoft Teams",
    category=Category.APIS,
    status=Status.COMING_SOON,
    description="Messages of a Microsoft Teams channel.",
    config=TeamsConfig,
    auth=(WEBHOOK_URL,),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True),
    steers=("endpoint",),
    example={"endpoint": "https://gateway.example.com/teams"},
)
