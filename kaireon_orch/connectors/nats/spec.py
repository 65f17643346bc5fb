"""NATS JetStream."""

from pydantic import Field

from kaireon_orch.contract.auth_models import NONE_TLS, PASSWORD_TLS, BearerTokenTlsAuth, NoAuthTls
from kaireon_orch.contract.fields import Name, Secret, Servers
from kaireon_orch.contract.kafka_models import MessageFormat
from kaireon_orch.contract.source_models import BatchSource
from kaireon_orch.contract.spec import AuthMethod, Capabilities, Category, ConfigModel, ConnectorSpec, Status


class NatsConfig(ConfigModel):
    """Which servers and stream."""

    servers: Servers | None = Field(
        default=None,
        description="Comma-separated addresses; `tls://` encrypts.",
        examples=["tls://nats.example.com:4222"],
    )
    stream: Name | None = Field(
        default=None, title="Stream", description="Stream to read.", examples=["ORDERS"]
    )
    subject: Name | None = Field(
        default=None,
        title="Subject",
        description="Only messages of this subject. Not given: all of the stream.",
        examples=["orders.>"],
    )
    durable: Name | None = Field(
        default=None,
        title="Durable consumer",
        description="Name of the consumer. Not given: `kaireon-<pipeline id>`.",
        examples=["kaireon-orders"],
    )


class QueueSource(BatchSource):
    """Which messages, and how much of them a run takes."""

    stream: Name | None = Field(
        default=None, title="Stream", description="Stream to read.", examples=["ORDERS"]
    )
    subject: Name | None = Field(
        default=None, title="Subject", description="Only messages of this subject.", examples=["orders.>"]
    )
    format: MessageFormat | None = None


class NkeyAuth(NoAuthTls):
    """An NKey, alone or with the JWT that belongs to it."""

    private_key: Secret | None = Field(default=None, title="NKey seed", description="Begins with `SU`.")
    token: Secret | None = Field(
        default=None, title="User JWT", description="With accounts that are managed by JWT."
    )


SPEC = ConnectorSpec(
    type="nats",
    label="NATS JetStream",
    category=Category.STREAMING,
    status=Status.READY,
    description="Messages of a JetStream stream in bounded batches; the sequence moves once the rows are durable.",
    config=NatsConfig,
    auth=(
        NONE_TLS,
        PASSWORD_TLS,
        AuthMethod("bearer_token", "Token", BearerTokenTlsAuth, ("token",)),
        AuthMethod("key_pair", "NKey", NkeyAuth, ("privateKey",)),
    ),
    required=("servers", "stream"),
    source=QueueSource,
    source_required=("stream",),
    source_from_config={"stream": "stream", "subject": "subject"},
    capabilities=Capabilities(
        incremental=True, discover=True, preview=True, formats=("json", "avro", "string", "bytes")
    ),
    steers=("servers",),
    example={"servers": "tls://nats.example.com:4222", "stream": "ORDERS"},
    extra="nats",
)
