"""Twilio Segment."""

from typing import Literal

from pydantic import Field

from kaireon_orch.contract.auth_models import BearerTokenAuth
from kaireon_orch.contract.fields import Endpoint, Name, Secret
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import (
    AuthMethod,
    AuthModel,
    Capabilities,
    Category,
    ConfigModel,
    ConnectorSpec,
    Status,
)


class SegmentConfig(ConfigModel):
    """Which workspace."""

    workspace: Name | None = Field(
        default=None, title="Workspace", description="Slug of the workspace.", examples=["acme"]
    )
    space_id: Name | None = Field(
        default=None,
        title="Space id",
        description="Space of Engage, for profiles and audiences.",
        examples=["spa_a1b2c3"],
        pattern=r"^[A-Za-z0-9_-]*$",
    )
    data_region: Literal["us", "eu"] = Field(
        default="us", title="Data region", description="Region of the workspace; it selects the host."
    )
    endpoint: Endpoint | None = None


class WriteKeyAuth(AuthModel):
    """A source's write key: it sends events and reads nothing."""

    api_key: Secret | None = Field(
        default=None, title="Write key", description="From the settings of the source."
    )


SPEC = ConnectorSpec(
    type="segment",
    label="Segment",
    category=Category.CRM_MARKETING,
    status=Status.READY,
    description="Sources, destinations, audiences and profiles of a Segment workspace.",
    config=SegmentConfig,
    auth=(
        AuthMethod("bearer_token", "Public API token", BearerTokenAuth, ("token",)),
        AuthMethod("access_key", "Write key", WriteKeyAuth, ("apiKey",)),
    ),
    required=("workspace",),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("dataRegion", "endpoint"),
    example={"workspace": "acme", "dataRegion": "eu"},
)
