"""Apache Kafka, and brokers that speak its protocol."""

from typing import Literal

from pydantic import Field

from kaireon_orch.contract.auth_models import CLIENT_CERTIFICATE, NONE_TLS, PasswordTlsAuth
from kaireon_orch.contract.kafka_models import SOURCE_FROM_CONFIG, KafkaTopicConfig, TopicSource
from kaireon_orch.contract.spec import AuthMethod, Capabilities, Category, ConnectorSpec, Status


class KafkaConfig(KafkaTopicConfig):
    """Which brokers, how to speak to them, which topic, and how much of it a run takes."""

    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] | None = Field(
        default=None,
        title="Security protocol",
        description="As the listener demands. Not given: told by the credentials, encrypted where there are any.",
    )


class SaslAuth(PasswordTlsAuth):
    """SASL user name and password."""

    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="PLAIN", title="SASL mechanism", description="As the listener demands."
    )


SPEC = ConnectorSpec(
    type="kafka",
    label="Apache Kafka",
    category=Category.STREAMING,
    status=Status.READY,
    description="Messages of a topic in bounded batches; offsets move once the rows are durable.",
    config=KafkaConfig,
    auth=(
        NONE_TLS,
        AuthMethod("password", "User name and password (SASL)", SaslAuth, ("username", "password")),
        CLIENT_CERTIFICATE,
    ),
    required=("bootstrapServers",),
    source=TopicSource,
    source_required=("topic",),
    source_from_config=SOURCE_FROM_CONFIG,
    capabilities=Capabilities(
        incremental=True, discover=True, preview=True, formats=("json", "avro", "string", "bytes")
    ),
    steers=("bootstrapServers", "schemaRegistryUrl"),
    example={"bootstrapServers": "broker.example.com:9092", "topic": "orders", "maxMessages": 1000},
    extra="kafka",
)
