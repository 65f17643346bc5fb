"""Postmark."""

from pydantic import Field

from kaireon_orch.contract.auth_models import ApiKeyAuth
from kaireon_orch.contract.fields import Endpoint, Name
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import AuthMethod, Capabilities, Category, ConfigModel, ConnectorSpec, Status


class PostmarkConfig(ConfigModel):
    """Which message stream."""

    message_stream: Name | None = Field(
        default=None,
        title="Message stream",
        description="Only this stream. Not given: all of the server.",
        examples=["outbound"],
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="postmark",
    label="Postmark",
    category=Category.CRM_MARKETING,
    status=Status.COMING_SOON,
    description="Messages, bounces and opens of a Postmark server.",
    config=PostmarkConfig,
    auth=(AuthMethod("api_key", "Server token", ApiKeyAuth, ("apiKey",)),),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True),
    steers=("endpoint",),
    example={"messageStream": "outbound"},
)
