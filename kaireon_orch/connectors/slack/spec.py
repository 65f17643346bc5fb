"""Slack."""

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN, WEBHOOK_URL
from kaireon_orch.contract.fields import Endpoint, Names
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class SlackConfig(ConfigModel):
    """Which channels."""

    channels: Names | None = Field(
        default=None,
        title="Channels",
        description="Ids or names of the channels. Not given: all that the token can read.",
        examples=[["C0123456789"]],
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="slack",
    label="Slack",
    category=Category.APIS,
    status=Status.COMING_SOON,
    description="Messages of Slack channels.",
    config=SlackConfig,
    auth=(WEBHOOK_URL, BEARER_TOKEN),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True),
    steers=("endpoint",),
    example={"channels": ["C0123456789"]},
)
