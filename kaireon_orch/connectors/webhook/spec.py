"""Webhooks: records that another system sends, or that an address gives."""

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN, NONE
from kaireon_orch.contract.fields import Url
from kaireon_orch.contract.format_models import RecordsPath
from kaireon_orch.contract.http_models import PLACED_API_KEY, Headers
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, SourceModel, Status


class WebhookConfig(ConfigModel):
    """Where the other system is, and how records are found in what it sends."""

    url: Url | None = Field(
        default=None,
        description="Address of the other system; a test sends it a HEAD request.",
        examples=["https://hooks.example.com/orders"],
    )
    headers: Headers | None = None
    records_path: RecordsPath | None = None


class WebhookSource(SourceModel):
    """Which part of each message."""

    records_path: RecordsPath | None = None


SPEC = ConnectorSpec(
    type="webhook",
    label="Webhook",
    category=Category.APIS,
    status=Status.READY,
    description="Records that another system posts to this service, or that an address answers with.",
    config=WebhookConfig,
    auth=(NONE, PLACED_API_KEY, BEARER_TOKEN),
    required=("url",),
    source=WebhookSource,
    capabilities=Capabilities(streams=False, incremental=True, formats=("json", "jsonl")),
    steers=("url",),
    example={"url": "https://hooks.example.com/orders", "recordsPath": "events"},
)
