"""Linear."""

from pydantic import Field

from kaireon_orch.contract.auth_models import API_KEY, OAUTH2
from kaireon_orch.contract.fields import Endpoint, Names
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class LinearConfig(ConfigModel):
    """Which teams."""

    teams: Names | None = Field(
        default=None, title="Teams", description="Keys of the teams. Not given: all.", examples=[["ENG"]]
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="linear",
    label="Linear",
    category=Category.APIS,
    status=Status.COMING_SOON,
    description="Issues, projects and cycles of a Linear workspace.",
    config=LinearConfig,
    auth=(API_KEY, OAUTH2),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True),
    steers=("endpoint",),
    example={"teams": ["ENG"]},
)
