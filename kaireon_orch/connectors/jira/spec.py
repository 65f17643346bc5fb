"""Jira Cloud."""

from pydantic import Field

from kaireon_orch.contract.auth_models import OAUTH2
from kaireon_orch.contract.fields import Endpoint, Name, Names, Secret, Url
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


class JiraConfig(ConfigModel):
    """Which site, and which of its projects."""

    base_url: Url | None = Field(
        default=None,
        title="Site URL",
        description="Address of the site.",
        examples=["https://acme.atlassian.net"],
    )
    projects: Names | None = Field(
        default=None,
        title="Projects",
        description="Keys of the projects. Not given: all that the account can browse.",
        examples=[["SHOP"]],
    )
    cloud_id: Name | None = Field(
        default=None,
        title="Cloud id",
        description="Id of the site, for OAuth 2. Not given: looked up.",
        examples=["1324a887-45db-1bf4-1e99-ef0ff456d421"],
        pattern=r"^[A-Za-z0-9-]*$",
    )
    endpoint: Endpoint | None = None


class JiraTokenAuth(AuthModel):
    """An Atlassian account's e-mail address and one of its API tokens."""

    username: Name | None = Field(
        default=None,
        title="E-mail",
        description="Address of the Atlassian account.",
        examples=["kaireon@example.com"],
    )
    password: Secret | None = Field(
        default=None,
        title="API token",
        description="Made in the Atlassian account's security settings; not the account's password.",
    )


SPEC = ConnectorSpec(
    type="jira",
    label="Jira Cloud",
    category=Category.APIS,
    status=Status.READY,
    description="Issues with their changes and comments, projects and users of a Jira Cloud site.",
    config=JiraConfig,
    auth=(AuthMethod("password", "E-mail and API token", JiraTokenAuth, ("username", "password")), OAUTH2),
    required=("baseUrl",),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("baseUrl", "endpoint"),
    example={"baseUrl": "https://acme.atlassian.net", "projects": ["SHOP"]},
)
