"""Redis and Valkey."""

from typing import Annotated, Literal

from pydantic import Field

from kaireon_orch.contract.auth_models import NONE_TLS, PasswordTlsAuth
from kaireon_orch.contract.fields import Host, Port, SslMode, Text
from kaireon_orch.contract.spec import (
    AuthMethod,
    Capabilities,
    Category,
    ConfigModel,
    ConnectorSpec,
    SourceModel,
    Status,
)

Mode = Annotated[
    Literal["hashes", "strings", "json", "sorted_sets", "streams"],
    Field(title="Mode", description="What the keys hold, and so how a key becomes a row."),
]


class RedisConfig(ConfigModel):
    """Where the server is, and which of its keys."""

    host: Host | None = None
    port: Port | None = Field(default=None, examples=[6379])
    database: int = Field(
        default=0, title="Database", description="Number of the logical database.", ge=0, le=65_535
    )
    ssl_mode: SslMode | None = None
    mode: Mode = "hashes"
    key_pattern: Text | None = Field(
        default=None,
        title="Key pattern",
        description="Glob of the keys to read. Not given: all keys of the mode's kind.",
        examples=["order:*"],
    )


class KeysSource(SourceModel):
    """Which keys, and what they hold."""

    mode: Mode | None = None
    key_pattern: Text | None = Field(
        default=None, title="Key pattern", description="Glob of the keys to read.", examples=["order:*"]
    )
    stream_key: Text | None = Field(
        default=None,
        title="Stream key",
        description="Key of the stream, with mode `streams`.",
        examples=["orders"],
    )


SPEC = ConnectorSpec(
    type="redis",
    label="Redis / Valkey",
    category=Category.DATABASES,
    status=Status.READY,
    description="Hashes, strings, JSON values, sorted sets and streams of a Redis or Valkey server.",
    config=RedisConfig,
    auth=(NONE_TLS, AuthMethod("password", "Password (ACL user)", PasswordTlsAuth, ("password",))),
    required=("host", "port"),
    source=KeysSource,
    source_from_config={"mode": "mode", "keyPattern": "keyPattern"},
    capabilities=Capabilities(incremental=True, preview=True),
    steers=("host", "port"),
    example={"host": "cache.example.com", "port": 6379, "mode": "hashes", "keyPattern": "order:*"},
    extra="redis",
)
