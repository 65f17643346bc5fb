"""Google Pub/Sub."""

from pydantic import Field

from kaireon_orch.contract.auth_models import SERVICE_ACCOUNT
from kaireon_orch.contract.fields import Endpoint, Name, Project
from kaireon_orch.contract.kafka_models import MessageFormat
from kaireon_orch.contract.source_models import BatchSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class PubsubConfig(ConfigModel):
    """Which subscription."""

    project: Project | None = None
    subscription: Name | None = Field(
        default=None,
        title="Subscription",
        description="Name of a pull subscription, without its path.",
        examples=["orders-kaireon"],
        pattern=r"^[A-Za-z0-9._~%+-]*$",
    )
    endpoint: Endpoint | None = None


class QueueSource(BatchSource):
    """How much a run takes, and what the messages hold."""

    format: MessageFormat | None = None


SPEC = ConnectorSpec(
    type="google_pubsub",
    label="Google Pub/Sub",
    category=Category.STREAMING,
    status=Status.READY,
    description="Messages of a Pub/Sub subscription in bounded batches, acknowledged once the rows are durable.",
    config=PubsubConfig,
    auth=(SERVICE_ACCOUNT,),
    required=("project", "subscription"),
    source=QueueSource,
    capabilities=Capabilities(streams=False, incremental=True, formats=("json", "avro", "string", "bytes")),
    steers=("endpoint",),
    example={"project": "acme-analytics", "subscription": "orders-kaireon"},
    extra="google_pubsub",
)
