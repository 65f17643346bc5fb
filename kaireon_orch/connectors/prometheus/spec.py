"""Prometheus, and what answers its API: Mimir, Thanos, VictoriaMetrics."""

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN_TLS, NONE_TLS, PASSWORD_TLS
from kaireon_orch.contract.fields import Query, Url
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, SourceModel, Status


class PrometheusConfig(ConfigModel):
    """Where the server is, and what to ask."""

    url: Url | None = Field(default=None, examples=["https://prometheus.example.com:9090"])
    query: Query | None = Field(
        default=None,
        title="Query",
        description="PromQL; a pipeline's own `source` goes before it.",
        examples=["rate(http_requests_total[5m])"],
    )
    step_seconds: int = Field(
        default=60,
        title="Step (seconds)",
        description="Distance between the points of one series.",
        ge=1,
        le=86_400,
    )


class PromqlSource(SourceModel):
    """What to ask."""

    query: Query | None = Field(default=None, title="Query", description="PromQL.", examples=["up"])
    step_seconds: int | None = Field(
        default=None,
        title="Step (seconds)",
        description="Distance between the points of one series.",
        ge=1,
        le=86_400,
    )


SPEC = ConnectorSpec(
    type="prometheus",
    label="Prometheus",
    category=Category.DATABASES,
    status=Status.READY,
    description="Series that a PromQL query gives, as rows of metric, labels, time and value.",
    config=PrometheusConfig,
    auth=(NONE_TLS, PASSWORD_TLS, BEARER_TOKEN_TLS),
    required=("url", "query"),
    source=PromqlSource,
    source_required=("query",),
    source_from_config={"query": "query", "stepSeconds": "stepSeconds"},
    capabilities=Capabilities(streams=False, incremental=True, preview=True),
    steers=("url",),
    example={"url": "https://prometheus.example.com:9090", "query": "up", "stepSeconds": 60},
)
