"""Apache Cassandra and ScyllaDB."""

from pydantic import Field

from kaireon_orch.contract.auth_models import PASSWORD_TLS
from kaireon_orch.contract.fields import Name, Servers, SslMode
from kaireon_orch.contract.source_models import TableSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class CassandraConfig(ConfigModel):
    """Where the cluster is, and which table."""

    contact_points: Servers | None = Field(
        default=None,
        title="Contact points",
        description="Comma-separated host:port pairs of nodes; the rest is discovered.",
        examples=["node1.example.com:9042,node2.example.com:9042"],
    )
    keyspace: Name | None = Field(
        default=None, title="Keyspace", description="Keyspace of the table.", examples=["shop"]
    )
    table: Name | None = Field(default=None, title="Table", description="Table to read.", examples=["orders"])
    local_datacenter: Name | None = Field(
        default=None,
        title="Local datacenter",
        description="Datacenter whose nodes are asked.",
        examples=["dc1"],
    )
    ssl_mode: SslMode | None = None


SPEC = ConnectorSpec(
    type="cassandra",
    label="Apache Cassandra",
    category=Category.DATABASES,
    status=Status.COMING_SOON,
    description="Rows of a Cassandra or ScyllaDB table.",
    config=CassandraConfig,
    auth=(PASSWORD_TLS,),
    required=("contactPoints", "keyspace", "table"),
    source=TableSource,
    source_required=("table",),
    source_from_config={"table": "table"},
    capabilities=Capabilities(),
    steers=("contactPoints",),
    example={"contactPoints": "node1.example.com:9042", "keyspace": "shop", "table": "orders"},
)
