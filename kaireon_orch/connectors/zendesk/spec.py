"""Zendesk Support."""

from pydantic import Field

from kaireon_orch.contract.auth_models import OAUTH2
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


class ZendeskConfig(ConfigModel):
    """Which account."""

    subdomain: Name | None = Field(
        default=None,
        title="Subdomain",
        description="First part of the account's address.",
        examples=["acme"],
        pattern=r"^[A-Za-z0-9-]*$",
    )
    endpoint: Endpoint | None = None


class ZendeskTokenAuth(AuthModel):
    """An agent's e-mail address and an API token."""

    username: Name | None = Field(
        default=None,
        title="E-mail",
        description="Address of the agent, without `/token`.",
        examples=["kaireon@example.com"],
    )
    password: Secret | None = Field(
        default=None, title="API token", description="From the Admin Center; not the agent's password."
    )


SPEC = ConnectorSpec(
    type="zendesk",
    label="Zendesk",
    category=Category.CRM_MARKETING,
    status=Status.COMING_SOON,
    description="Tickets, users and organisations of a Zendesk account.",
    config=ZendeskConfig,
    auth=(AuthMethod("password", "E-mail and API token", ZendeskTokenAuth, ("username", "password")), OAUTH2),
    required=("subdomain",),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True),
    steers=("subdomain", "endpoint"),
    example={"subdomain": "acme"},
)
