"""Twilio Programmable Messaging."""

from pydantic import Field

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


class TwilioConfig(ConfigModel):
    """Which account."""

    account_sid: Name | None = Field(
        default=None,
        title="Account SID",
        description="Begins with `AC`.",
        examples=["AC00000000000000000000000000000000"],
        pattern=r"^(AC[0-9a-fA-F]{32})?$",
    )
    endpoint: Endpoint | None = None


class TwilioAuth(AuthModel):
    """The account's auth token, or an API key's SID and secret."""

    username: Name | None = Field(
        default=None,
        title="API key SID",
        description="Not given: the account's own SID.",
        examples=["SK00000000000000000000000000000000"],
    )
    password: Secret | None = Field(
        default=None, title="Auth token", description="The account's auth token, or the API key's secret."
    )


SPEC = ConnectorSpec(
    type="twilio_sms",
    label="Twilio SMS",
    category=Category.CRM_MARKETING,
    status=Status.COMING_SOON,
    description="Messages of a Twilio account, with their status and price.",
    config=TwilioConfig,
    auth=(AuthMethod("password", "Auth token", TwilioAuth, ("password",)),),
    required=("accountSid",),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True),
    steers=("endpoint",),
    example={"accountSid": "AC00000000000000000000000000000000"},
)
