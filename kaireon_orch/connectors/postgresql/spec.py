"""PostgreSQL, and what speaks its wire protocol faithfully."""

from pydantic import Field

from kaireon_orch.contract.auth_models import CLIENT_CERTIFICATE, PASSWORD_TLS
from kaireon_orch.contract.fields import Database, Host, Port, Schema, SourceTable, SslMode
from kaireon_orch.contract.source_models import TableOrQuerySource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Proof, Status


class PostgresqlConfig(ConfigModel):
    """Where the database is."""

    host: Host | None = None
    port: Port | None = Field(default=None, examples=[5432])
    database: Database | None = None
    ssl_mode: SslMode | None = None
    schema_: Schema | None = Field(default=None, alias="schema")
    source_table: SourceTable | None = None


SPEC = ConnectorSpec(
    type="postgresql",
    label="PostgreSQL",
    category=Category.DATABASES,
    status=Status.READY,
    proof=Proof.REAL,
    description="Tables, views and queries of a PostgreSQL database; also a target for loads.",
    config=PostgresqlConfig,
    auth=(PASSWORD_TLS, CLIENT_CERTIFICATE),
    required=("host", "port", "database"),
    source=TableOrQuerySource,
    source_required=("table|query",),
    source_from_config={"sourceTable": "table"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True, target=True, parameters=True),
    steers=("host", "port"),
    example={"host": "db.example.com", "port": 5432, "database": "shop", "sslMode": "verify-full"},
    extra="postgresql",
    load_modes=("append", "truncate", "blue_green", "upsert", "incremental_watermark", "scd2"),
    quarantines=True,
    partitions=True,
)
