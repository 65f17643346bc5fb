"""Neo4j, and what speaks Bolt."""

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN_TLS, PASSWORD_TLS
from kaireon_orch.contract.fields import Database, Name, Query
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, SourceModel, Status


class Neo4jConfig(ConfigModel):
    """Where the graph is."""

    uri: str | None = Field(
        default=None,
        title="URI",
        description="`neo4j://` finds a cluster's members, `bolt://` speaks to one server; `+s` encrypts.",
        max_length=2048,
        pattern=r"^((neo4j|bolt)(\+s)?://[^\x00-\x1f\x7f]+)?$",
        examples=["neo4j+s://graph.example.com:7687"],
    )
    database: Database | None = Field(
        default=None, description="Not given: the account's home database.", examples=["neo4j"]
    )
    label: Name | None = Field(
        default=None,
        title="Label",
        description="Node label to read; a pipeline's own `source` goes before it.",
        examples=["Customer"],
    )


class GraphSource(SourceModel):
    """One label's nodes, or what one Cypher query gives."""

    label: Name | None = Field(
        default=None, title="Label", description="Node label to read.", examples=["Customer"]
    )
    query: Query | None = Field(
        default=None,
        title="Query",
        description="A Cypher query, run in a read transaction. Instead of `label`.",
        examples=["MATCH (c:Customer) RETURN c.id AS id"],
    )


SPEC = ConnectorSpec(
    type="neo4j",
    label="Neo4j",
    category=Category.DATABASES,
    status=Status.READY,
    description="Nodes of a label, or what a Cypher query gives.",
    config=Neo4jConfig,
    auth=(PASSWORD_TLS, BEARER_TOKEN_TLS),
    required=("uri",),
    source=GraphSource,
    source_required=("label|query",),
    source_from_config={"label": "label"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True),
    steers=("uri",),
    example={"uri": "neo4j+s://graph.example.com:7687", "label": "Customer"},
    extra="neo4j",
)
