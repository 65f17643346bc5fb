"""Amazon SQS."""

from pydantic import Field

from kaireon_orch.contract.auth_models import ACCESS_KEY, IAM_ROLE
from kaireon_orch.contract.fields import Endpoint, Region, Url
from kaireon_orch.contract.kafka_models import MessageFormat
from kaireon_orch.contract.source_models import BatchSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class SqsConfig(ConfigModel):
    """Which queue."""

    region: Region | None = None
    queue_url: Url | None = Field(
        default=None,
        title="Queue URL",
        description="The queue's URL, as its details show it.",
        examples=["https://sqs.eu-central-1.amazonaws.com/123456789012/orders"],
    )
    endpoint: Endpoint | None = None


class QueueSource(BatchSource):
    """How much a run takes, and what the bodies hold."""

    format: MessageFormat | None = None


SPEC = ConnectorSpec(
    type="amazon_sqs",
    label="Amazon SQS",
    category=Category.STREAMING,
    status=Status.READY,
    description="Messages of an SQS queue in bounded batches, deleted once the rows are durable.",
    config=SqsConfig,
    auth=(ACCESS_KEY, IAM_ROLE),
    required=("region", "queueUrl"),
    source=QueueSource,
    capabilities=Capabilities(streams=False, incremental=True, formats=("json", "avro", "string", "bytes")),
    steers=("region", "queueUrl", "endpoint"),
    example={
        "region": "eu-central-1",
        "queueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/orders",
    },
    extra="amazon_sqs",
)
