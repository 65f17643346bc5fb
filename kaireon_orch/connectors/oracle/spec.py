"""Oracle Database."""

from pydantic import Field

from kaireon_orch.contract.auth_models import PASSWORD_TLS
from kaireon_orch.contract.fields import Host, Name, Port, SourceTable, SslMode
from kaireon_orch.contract.source_models import TableOrQuerySource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class OracleConfig(ConfigModel):
    """Where the database is."""

    host: Host | None = None
    port: Port | None = Field(default=None, examples=[1521])
    service_name: Name | None = Field(
        default=None,
        title="Service name",
        description="Service that the listener knows; a SID is not one.",
        examples=["SHOPPDB1"],
    )
    ssl_mode: SslMode | None = None
    source_table: SourceTable | None = Field(default=None, examples=["SALES.ORDERS"])


SPEC = ConnectorSpec(
    type="oracle",
    label="Oracle Database",
    category=Category.DATABASES,
    status=Status.COMING_SOON,
    description="Tables, views and queries of an Oracle database.",
    config=OracleConfig,
    auth=(PASSWORD_TLS,),
    required=("host", "port", "serviceName"),
    source=TableOrQuerySource,
    source_required=("table|query",),
    source_from_config={"sourceTable": "table"},
    capabilities=Capabilities(incremental=True),
    steers=("host", "port"),
    example={"host": "ora.example.com", "port": 1521, "serviceName": "SHOPPDB1"},
)
