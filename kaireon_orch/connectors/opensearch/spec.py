"""OpenSearch, self-hosted or Amazon's."""

from typing import Literal

from pydantic import Field

from kaireon_orch.contract.auth_models import ACCESS_KEY, PASSWORD_TLS
from kaireon_orch.contract.fields import Region, Url
from kaireon_orch.contract.query_models import Index, IndexSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class OpensearchConfig(ConfigModel):
    """Where the cluster is, and which index."""

    url: Url | None = Field(default=None, examples=["https://search.example.com:9200"])
    index: Index | None = None
    region: Region | None = Field(
        default=None, description="AWS region, to sign requests with an access key."
    )
    service: Literal["es", "aoss"] = Field(
        default="es",
        title="AWS service",
        description="Name to sign for: `es` for domains, `aoss` for serverless collections.",
    )


SPEC = ConnectorSpec(
    type="opensearch",
    label="OpenSearch",
    category=Category.DATABASES,
    status=Status.READY,
    description="Documents of OpenSearch indices, read from one point in time.",
    config=OpensearchConfig,
    auth=(PASSWORD_TLS, ACCESS_KEY),
    required=("url", "index"),
    source=IndexSource,
    source_required=("index",),
    source_from_config={"index": "index"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("url",),
    example={"url": "https://search.example.com:9200", "index": "orders-*"},
    extra="opensearch",
)
