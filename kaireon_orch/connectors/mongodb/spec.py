"""MongoDB and Atlas."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from kaireon_orch.contract.auth_models import CLIENT_CERTIFICATE, PASSWORD_TLS
from kaireon_orch.contract.fields import Database, Host, Name, Port, SslMode
from kaireon_orch.contract.query_models import refusing
from kaireon_orch.contract.spec import (
    AuthMethod,
    AuthModel,
    Capabilities,
    Category,
    ConfigModel,
    ConnectorSpec,
    SourceModel,
    Status,
)


class MongodbConfig(ConfigModel):
    """Where the deployment is, by host or by connection string."""

    host: Host | None = Field(default=None, examples=["mongo.example.com"])
    port: Port | None = Field(default=None, examples=[27017])
    connection_string: str | None = Field(
        default=None,
        repr=False,
        title="Connection string",
        description="`mongodb://` or `mongodb+srv://`; instead of host and port. A password inside it is kept as a secret.",
        max_length=4096,
        pattern=r"^(mongodb(\+srv)?://[^\x00-\x1f\x7f]+)?$",
        examples=["mongodb+srv://cluster0.example.mongodb.net/shop"],
    )
    database: Database | None = Field(
        default=None,
        description="Database that holds the collection. Not given: the one that the connection string names.",
    )
    collection: Name | None = Field(
        default=None,
        title="Collection",
        description="Collection to read; a pipeline's own `source` goes before it.",
        examples=["orders"],
    )
    ssl_mode: SslMode | None = None
    replica_set: Name | None = Field(
        default=None,
        title="Replica set",
        description="Name of the replica set, where its members should be discovered.",
        examples=["rs0"],
    )
    auth_source: Name | None = Field(
        default=None,
        title="Authentication database",
        description="Database that holds the account. Not given: `admin`.",
        examples=["admin"],
    )
    read_preference: Literal["primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"] = (
        Field(default="primary", title="Read preference", description="Which members may answer.")
    )


class CollectionSource(SourceModel):
    """Which documents."""

    collection: Name | None = Field(
        default=None, title="Collection", description="Collection to read.", examples=["orders"]
    )
    filter: (
        Annotated[dict[str, Any], AfterValidator(refusing("$where", "$function", "$accumulator"))] | None
    ) = Field(
        default=None,
        title="Filter",
        description="A find filter in MongoDB's own JSON; operators that run code are refused.",
        max_length=100,
        examples=[{"status": "open"}],
    )


class ConnectionStringAuth(AuthModel):
    """The credentials are those inside the `connectionString` of the configuration."""


SPEC = ConnectorSpec(
    type="mongodb",
    label="MongoDB",
    category=Category.DATABASES,
    status=Status.READY,
    description="Documents of MongoDB collections.",
    config=MongodbConfig,
    auth=(
        PASSWORD_TLS,
        AuthMethod("connection_string", "Connection string", ConnectionStringAuth),
        CLIENT_CERTIFICATE,
    ),
    required=("host|connectionString",),
    source=CollectionSource,
    source_required=("collection",),
    source_from_config={"collection": "collection"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("host", "port", "connectionString"),
    example={"host": "mongo.example.com", "port": 27017, "database": "shop", "collection": "orders"},
    extra="mongodb",
)
