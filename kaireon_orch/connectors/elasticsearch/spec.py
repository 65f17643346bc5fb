"""Elasticsearch."""

from pydantic import Field

from kaireon_orch.contract.auth_models import API_KEY_TLS, PASSWORD_TLS
from kaireon_orch.contract.fields import Url
from kaireon_orch.contract.query_models import Index, IndexSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class ElasticsearchConfig(ConfigModel):
    """Where the cluster is, and which index."""

    url: Url | None = Field(default=None, examples=["https://search.example.com:9200"])
    index: Index | None = None


SPEC = ConnectorSpec(
    type="elasticsearch",
    label="Elasticsearch",
    category=Category.DATABASES,
    status=Status.READY,
    description="Documents of Elasticsearch indices, read from one point in time.",
    config=ElasticsearchConfig,
    auth=(API_KEY_TLS, PASSWORD_TLS),
    required=("url", "index"),
    source=IndexSource,
    source_required=("index",),
    source_from_config={"index": "index"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("url",),
    example={"url": "https://search.example.com:9200", "index": "orders-*"},
    extra="elasticsearch",
)
