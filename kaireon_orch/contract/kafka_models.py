"""What the types that speak Kafka's protocol let a connector and a pipeline say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kaireon_orch.contract.fields import MaxMessages, Name, Servers, Url, WaitTimeout
from kaireon_orch.contract.spec import ConfigModel, SourceModel

BootstrapServers = Annotated[
    Servers,
    Field(
        title="Bootstrap servers",
        description="Comma-separated host:port pairs of brokers; one that answers is enough.",
        examples=["broker1.example.com:9092,broker2.example.com:9092"],
    ),
]
Topic = Annotated[
    Name, Field(title="Topic", description="Topic to read.", max_length=249, examples=["orders"])
]
MessageFormat = Annotated[
    Literal["json", "avro", "string", "bytes"],
    Field(title="Format", description="What the values hold; `json` and `avro` become columns of their own."),
]


class KafkaTopicConfig(ConfigModel):
    """Which brokers, which topic, and how much of it a run takes."""

    bootstrap_servers: BootstrapServers | None = None
    topic: Topic | None = None
    group_id: Name | None = Field(
        default=None,
        title="Consumer group",
        description="Group whose offsets are kept. Not given: `kaireon-<pipeline id>`.",
    )
    max_messages: MaxMessages = 1000
    wait_timeout_seconds: WaitTimeout = 15.0
    format: MessageFormat = "json"
    start_from: Literal["earliest", "latest"] = Field(
        default="earliest",
        title="Start from",
        description="Where a pipeline begins that has never read the topic.",
    )
    schema_registry_url: Url | None = Field(
        default=None,
        title="Schema registry URL",
        description="Where Avro schemas are looked up.",
        examples=["https://registry.example.com"],
    )


class TopicSource(SourceModel):
    """Which topic, and how much of it a run takes; the connector's own where not given."""

    topic: Topic | None = None
    max_messages: MaxMessages | None = None
    wait_timeout_seconds: WaitTimeout | None = None
    format: MessageFormat | None = None


SOURCE_FROM_CONFIG = {
    "topic": "topic",
    "maxMessages": "maxMessages",
    "waitTimeoutSeconds": "waitTimeoutSeconds",
    "format": "format",
}
