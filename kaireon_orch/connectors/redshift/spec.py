"""Amazon Redshift, clusters and serverless workgroups."""

from pydantic import Field

from kaireon_orch.contract.auth_models import IAM_ROLE, PASSWORD_TLS
from kaireon_orch.contract.fields import (
    Database,
    Endpoint,
    Host,
    Name,
    Port,
    Region,
    Schema,
    SourceTable,
    SslMode,
)
from kaireon_orch.contract.source_models import TableOrQuerySource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class RedshiftConfig(ConfigModel):
    """Where the database is; with a role also which cluster or workgroup."""

    host: Host | None = Field(default=None, examples=["acme.abc123.eu-central-1.redshift.amazonaws.com"])
    port: Port | None = Field(default=None, examples=[5439])
    database: Database | None = None
    ssl_mode: SslMode | None = None
    schema_: Schema | None = Field(default=None, alias="schema", examples=["public"])
    source_table: SourceTable | None = None
    cluster_identifier: Name | None = Field(
        default=None,
        title="Cluster",
        description="Cluster that a role asks for temporary credentials.",
        examples=["acme"],
    )
    workgroup_name: Name | None = Field(
        default=None,
        title="Workgroup",
        description="Serverless workgroup that a role asks for temporary credentials.",
        examples=["acme-wg"],
    )
    database_user: Name | None = Field(
        default=None, title="Database user", description="User that a role logs in as.", examples=["kaireon"]
    )
    region: Region | None = Field(
        default=None, description="AWS region of the cluster or workgroup; needed with a role."
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="redshift",
    label="Amazon Redshift",
    category=Category.WAREHOUSES,
    status=Status.READY,
    description="Tables, views and queries of a Redshift database.",
    config=RedshiftConfig,
    auth=(PASSWORD_TLS, IAM_ROLE),
    required=("host", "port", "database"),
    source=TableOrQuerySource,
    source_required=("table|query",),
    source_from_config={"sourceTable": "table"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("host", "port", "region", "endpoint"),
    example={"host": "acme.abc123.eu-central-1.redshift.amazonaws.com", "port": 5439, "database": "dev"},
)
