"""Microsoft SQL Server and Azure SQL."""

from pydantic import Field

from kaireon_orch.contract.auth_models import PASSWORD_TLS, ServicePrincipalAuth
from kaireon_orch.contract.fields import Database, Host, Port, Schema, Secret, SourceTable, SslMode
from kaireon_orch.contract.source_models import TableOrQuerySource
from kaireon_orch.contract.spec import AuthMethod, Capabilities, Category, ConfigModel, ConnectorSpec, Status


class SqlServerConfig(ConfigModel):
    """Where the database is."""

    host: Host | None = None
    port: Port | None = Field(default=None, examples=[1433])
    database: Database | None = None
    ssl_mode: SslMode | None = None
    schema_: Schema | None = Field(default=None, alias="schema", examples=["dbo"])
    source_table: SourceTable | None = Field(default=None, examples=["dbo.orders"])


class EntraTokenAuth(ServicePrincipalAuth):
    """A Microsoft Entra access token, or the application that may ask for one."""

    token: Secret | None = Field(
        default=None,
        title="Access token",
        description="For the database's scope; used as it is until it expires, instead of asking for one.",
    )


SPEC = ConnectorSpec(
    type="sqlserver",
    label="Microsoft SQL Server",
    category=Category.DATABASES,
    status=Status.READY,
    description="Tables, views and queries of a SQL Server or Azure SQL database.",
    config=SqlServerConfig,
    auth=(
        PASSWORD_TLS,
        AuthMethod("entra_token", "Microsoft Entra", EntraTokenAuth, ("token|clientSecret",)),
    ),
    required=("host", "port", "database"),
    source=TableOrQuerySource,
    source_required=("table|query",),
    source_from_config={"sourceTable": "table"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("host", "port"),
    example={"host": "sql.example.com", "port": 1433, "database": "shop", "schema": "dbo"},
    extra="sqlserver",
)
