"""GitHub."""

from pydantic import Field

from kaireon_orch.contract.auth_models import BearerTokenAuth
from kaireon_orch.contract.fields import Endpoint, Name, Names, Secret, Text
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


class GithubConfig(ConfigModel):
    """Whose repositories."""

    owner: Name | None = Field(
        default=None,
        title="Owner",
        description="User or organisation that owns the repositories.",
        examples=["acme"],
        pattern=r"^[A-Za-z0-9-]*$",
    )
    repositories: Names | None = Field(
        default=None,
        title="Repositories",
        description="Names without the owner. Not given: all that the credentials can read.",
        examples=[["shop", "billing"]],
    )
    endpoint: Endpoint | None = None


class GithubAppAuth(AuthModel):
    """An app that is installed at the owner."""

    app_id: Text | None = Field(
        default=None, title="App id", description="From the app's settings.", examples=["123456"]
    )
    installation_id: Text | None = Field(
        default=None,
        title="Installation id",
        description="Last part of the installation's address.",
        examples=["7654321"],
    )
    private_key: Secret | None = Field(
        default=None, title="Private key", description="PEM text of a key of the app."
    )


SPEC = ConnectorSpec(
    type="github",
    label="GitHub",
    category=Category.APIS,
    status=Status.READY,
    description="Issues, pull requests, comments, reviews, commits, branches and releases of an owner's repositories.",
    config=GithubConfig,
    auth=(
        AuthMethod("bearer_token", "Personal access token", BearerTokenAuth, ("token",)),
        AuthMethod("github_app", "GitHub App", GithubAppAuth, ("appId", "installationId", "privateKey")),
    ),
    required=("owner",),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("endpoint",),
    example={"owner": "acme", "repositories": ["shop"]},
)
