"""MySQL, and what speaks its wire protocol."""

from pydantic import Field

from kaireon_orch.contract.auth_models import CLIENT_CERTIFICATE, PASSWORD_TLS
from kaireon_orch.contract.fields import Database, Host, Port, SourceTable, SslMode
from kaireon_orch.contract.mysql_models import ConsistentSnapshot, ZeroDates
from kaireon_orch.contract.source_models import TableOrQuerySource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Proof, Status


class MysqlConfig(ConfigModel):
    """Where the database is."""

    host: Host | None = None
    port: Port | None = Field(default=None, examples=[3306])
    database: Database | None = None
    ssl_mode: SslMode | None = None
    source_table: SourceTable | None = Field(default=None, examples=["orders"])
    zero_dates: ZeroDates | None = None
    consistent_snapshot: ConsistentSnapshot | None = None


SPEC = ConnectorSpec(
    type="mysql",
    label="MySQL",
    category=Category.DATABASES,
    status=Status.READY,
    proof=Proof.EMULATOR,
    description="Tables, views and queries of a MySQL database; also a target for loads.",
    config=MysqlConfig,
    auth=(PASSWORD_TLS, CLIENT_CERTIFICATE),
    required=("host", "port", "database"),
    source=TableOrQuerySource,
    source_required=("table|query",),
    source_from_config={"sourceTable": "table"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True, target=True, parameters=True),
    steers=("host", "port"),
    example={"host": "db.example.com", "port": 3306, "database": "shop", "sslMode": "verify-full"},
    extra="mysql",
    load_modes=("append", "truncate", "upsert", "incremental_watermark", "scd2"),
    quarantines=True,
    partitions=True,
    schema_from_config="database",
)
