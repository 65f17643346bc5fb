"""Salesforce."""

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN, OAUTH2, PasswordAuth
from kaireon_orch.contract.fields import ApiVersion, Endpoint, Query, Secret, Url
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import AuthMethod, Capabilities, Category, ConfigModel, ConnectorSpec, Status


class SalesforceConfig(ConfigModel):
    """Which organisation."""

    instance_url: Url | None = Field(
        default=None,
        title="Instance URL",
        description="Address of the organisation (My Domain).",
        examples=["https://acme.my.salesforce.com"],
    )
    api_key: Secret | None = Field(
        default=None,
        title="API key",
        description="A session or access token, instead of the instance URL with credentials. Kept as a secret and shown masked.",
    )
    api_version: ApiVersion | None = Field(default=None, examples=["62.0"])
    include_deleted: bool = Field(
        default=False, title="Deleted records", description="Whether records in the recycle bin are read too."
    )
    endpoint: Endpoint | None = None


class ObjectSource(NamedStreamSource):
    """One object's records, or what one SOQL query gives."""

    query: Query | None = Field(
        default=None,
        title="Query",
        description="One SOQL SELECT. Instead of `stream`.",
        examples=["SELECT Id, Amount FROM Opportunity WHERE IsWon = true"],
    )


class SecurityTokenAuth(PasswordAuth):
    """An account's password, with its security token where the network is not a trusted one."""

    token: Secret | None = Field(
        default=None,
        title="Security token",
        description="Sent by e-mail when it is reset in the account's settings.",
    )


SPEC = ConnectorSpec(
    type="salesforce",
    label="Salesforce",
    category=Category.CRM_MARKETING,
    status=Status.READY,
    description="Records of any Salesforce object, standard or custom.",
    config=SalesforceConfig,
    auth=(
        OAUTH2,
        AuthMethod(
            "password", "User name, password and security token", SecurityTokenAuth, ("username", "password")
        ),
        BEARER_TOKEN,
    ),
    required=("instanceUrl|apiKey",),
    source=ObjectSource,
    source_required=("stream|query",),
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("instanceUrl", "endpoint"),
    example={"instanceUrl": "https://acme.my.salesforce.com"},
    credentials_in_config=("apiKey",),
)
