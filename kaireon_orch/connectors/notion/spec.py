"""Notion."""

from pydantic import Field

from kaireon_orch.contract.auth_models import BearerTokenAuth
from kaireon_orch.contract.fields import ApiVersion, Endpoint, Names
from kaireon_orch.contract.source_models import NamedStreamSource
from kaireon_orch.contract.spec import AuthMethod, Capabilities, Category, ConfigModel, ConnectorSpec, Status


class NotionConfig(ConfigModel):
    """Which data sources."""

    data_source_ids: Names | None = Field(
        default=None,
        title="Data source ids",
        description="Ids of the data sources (database views of records). Not given: all that are shared with the integration.",
        examples=[["2f26ee68-df30-4251-aad4-8ddc420cba3d"]],
    )
    api_version: ApiVersion | None = Field(default=None, examples=["2025-09-03"])
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="notion",
    label="Notion",
    category=Category.APIS,
    status=Status.READY,
    description="Rows of Notion databases with typed properties, pages with their text, and users.",
    config=NotionConfig,
    auth=(AuthMethod("bearer_token", "Integration token", BearerTokenAuth, ("token",)),),
    source=NamedStreamSource,
    source_required=("stream",),
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("endpoint",),
    example={"dataSourceIds": ["2f26ee68-df30-4251-aad4-8ddc420cba3d"]},
)
