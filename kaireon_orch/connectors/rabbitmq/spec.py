"""RabbitMQ."""

from pydantic import Field

from kaireon_orch.contract.auth_models import CLIENT_CERTIFICATE, PASSWORD_TLS
from kaireon_orch.contract.fields import Host, Name, Port, SslMode
from kaireon_orch.contract.kafka_models import MessageFormat
from kaireon_orch.contract.source_models import BatchSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class RabbitmqConfig(ConfigModel):
    """Where the broker is, and which queue."""

    host: Host | None = None
    port: Port | None = Field(
        default=None, description="AMQP port, 5671 with TLS and 5672 without.", examples=[5671, 5672]
    )
    queue: Name | None = Field(default=None, title="Queue", description="Queue to read.", examples=["orders"])
    virtual_host: Name = Field(default="/", title="Virtual host", description="Virtual host of the queue.")
    ssl_mode: SslMode | None = None


class QueueSource(BatchSource):
    """Which queue, and how much of it a run takes."""

    queue: Name | None = Field(default=None, title="Queue", description="Queue to read.", examples=["orders"])
    format: MessageFormat | None = None


SPEC = ConnectorSpec(
    type="rabbitmq",
    label="RabbitMQ",
    category=Category.STREAMING,
    status=Status.READY,
    description="Messages of a RabbitMQ queue in bounded batches, acknowledged once the rows are durable.",
    config=RabbitmqConfig,
    auth=(PASSWORD_TLS, CLIENT_CERTIFICATE),
    required=("host", "port", "queue"),
    source=QueueSource,
    source_required=("queue",),
    source_from_config={"queue": "queue"},
    capabilities=Capabilities(incremental=True, preview=False, formats=("json", "avro", "string", "bytes")),
    steers=("host", "port"),
    example={"host": "mq.example.com", "port": 5671, "queue": "orders"},
    extra="rabbitmq",
)
