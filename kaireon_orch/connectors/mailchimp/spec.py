"""Mailchimp Marketing."""

from pydantic import Field

from kaireon_orch.contract.auth_models import API_KEY, OAUTH2
from kaireon_orch.contract.fields import Endpoint, Name
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class MailchimpConfig(ConfigModel):
    """Which audience, and which data centre."""

    list_id: Name | None = Field(
        default=None,
        title="Audience id",
        description="Only this audience's members. Not given: all audiences.",
        examples=["a1b2c3d4e5"],
        pattern=r"^[A-Za-z0-9]*$",
    )
    server_prefix: Name | None = Field(
        default=None,
        title="Server prefix",
        description="Data centre of the account. Not given: told by the API key's ending.",
        examples=["us21"],
        pattern=r"^[a-z0-9]*$",
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="mailchimp",
    label="Mailchimp",
    category=Category.CRM_MARKETING,
    status=Status.READY,
    description="Audiences, members, campaigns and reports of a Mailchimp account.",
    config=MailchimpConfig,
    auth=(API_KEY, OAUTH2),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("serverPrefix", "endpoint"),
    example={"listId": "a1b2c3d4e5"},
)
