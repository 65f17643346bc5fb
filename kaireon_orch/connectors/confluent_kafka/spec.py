"""Kafka in Confluent Cloud."""

from pydantic import Field

from kaireon_orch.contract.auth_models import ApiKeyAuth
from kaireon_orch.contract.fields import Secret
from kaireon_orch.contract.kafka_models import SOURCE_FROM_CONFIG, KafkaTopicConfig, TopicSource
from kaireon_orch.contract.spec import AuthMethod, Capabilities, Category, ConnectorSpec, Status


class ConfluentConfig(KafkaTopicConfig):
    """Which cluster, which topic, and how much of it a run takes."""


class ConfluentKeyAuth(ApiKeyAuth):
    """A cluster's API key; the schema registry has one of its own."""

    api_secret: Secret | None = Field(
        default=None, title="API secret", description="The key's secret, shown once when it is made."
    )
    registry_api_key: Secret | None = Field(
        default=None, title="Registry API key", description="Key of the schema registry, for Avro."
    )
    registry_api_secret: Secret | None = Field(
        default=None, title="Registry API secret", description="Secret of the schema registry's key."
    )


SPEC = ConnectorSpec(
    type="confluent_kafka",
    label="Confluent Cloud Kafka",
    category=Category.STREAMING,
    status=Status.READY,
    description="Messages of a Confluent Cloud topic in bounded batches; offsets move once the rows are durable.",
    config=ConfluentConfig,
    auth=(AuthMethod("api_key", "API key and secret", ConfluentKeyAuth, ("apiKey", "apiSecret")),),
    required=("bootstrapServers",),
    source=TopicSource,
    source_required=("topic",),
    source_from_config=SOURCE_FROM_CONFIG,
    capabilities=Capabilities(
        incremental=True, discover=True, preview=True, formats=("json", "avro", "string", "bytes")
    ),
    steers=("bootstrapServers", "schemaRegistryUrl"),
    example={"bootstrapServers": "pkc-a1b2c.eu-central-1.aws.confluent.cloud:9092", "topic": "orders"},
    extra="kafka",
)
