"""MQTT brokers."""

from pydantic import Field

from kaireon_orch.contract.auth_models import CLIENT_CERTIFICATE, NONE_TLS, PASSWORD_TLS
from kaireon_orch.contract.fields import Host, Port, SslMode, Text
from kaireon_orch.contract.kafka_models import MessageFormat
from kaireon_orch.contract.source_models import BatchSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class MqttConfig(ConfigModel):
    """Where the broker is, and which topic."""

    host: Host | None = None
    port: Port | None = Field(
        default=None, description="Port of the broker, 8883 with TLS and 1883 without.", examples=[8883, 1883]
    )
    topic: Text | None = Field(
        default=None,
        title="Topic",
        description="Topic filter; `+` stands for one level, `#` for all below.",
        examples=["sensors/+/temperature"],
    )
    qos: int = Field(
        default=1,
        title="Quality of service",
        description="1 keeps messages for the session between runs, 0 does not.",
        ge=0,
        le=1,
    )
    ssl_mode: SslMode | None = None


class QueueSource(BatchSource):
    """Which topic, and how much of it a run takes."""

    topic: Text | None = Field(
        default=None, title="Topic", description="Topic filter.", examples=["sensors/#"]
    )
    format: MessageFormat | None = None


SPEC = ConnectorSpec(
    type="mqtt",
    label="MQTT",
    category=Category.STREAMING,
    status=Status.READY,
    description="Messages of an MQTT topic in bounded batches, by a persistent session.",
    config=MqttConfig,
    auth=(NONE_TLS, PASSWORD_TLS, CLIENT_CERTIFICATE),
    required=("host", "port", "topic"),
    source=QueueSource,
    source_required=("topic",),
    source_from_config={"topic": "topic"},
    capabilities=Capabilities(incremental=True, formats=("json", "avro", "string", "bytes")),
    steers=("host", "port"),
    example={"host": "mqtt.example.com", "port": 8883, "topic": "sensors/+/temperature"},
    extra="mqtt",
)
