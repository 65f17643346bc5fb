"""GraphQL: any service that answers one query with records."""

from typing import Any, Literal

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN, NONE, OAUTH2, PASSWORD
from kaireon_orch.contract.fields import Name, Query, Text, Url
from kaireon_orch.contract.format_models import RecordsPath
from kaireon_orch.contract.http_models import PLACED_API_KEY, Headers, TokenUrl
from kaireon_orch.contract.spec import (
    Capabilities,
    Category,
    ConfigModel,
    ConnectorSpec,
    SourceModel,
    SpecModel,
    Status,
)


class GraphqlPaging(SpecModel):
    """How to come from one page to the next; every kind ends on an empty page and after `maxPages`."""

    kind: Literal["none", "relay", "offset"] = Field(
        default="none",
        title="Kind",
        description="`relay`: `pageInfo` says where to go on; `offset`: records are counted.",
    )
    page_info_path: Text | None = Field(
        default=None,
        title="Page info path",
        description="Dot-separated way to the `pageInfo` object, with `relay`.",
        examples=["data.orders.pageInfo"],
    )
    variable: Name = Field(
        default="after",
        title="Variable",
        description="Variable of the query that takes the cursor or the offset.",
    )
    max_pages: int = Field(
        default=100, title="Pages at most", description="A run ends after so many pages.", ge=1, le=1_000_000
    )


class GraphqlConfig(ConfigModel):
    """Where the service is, and what to ask."""

    url: Url | None = Field(default=None, examples=["https://api.example.com/graphql"])
    query: Query | None = Field(
        default=None,
        title="Query",
        description="One query operation; mutations are refused.",
        examples=["{ orders(first: 100) { nodes { id total } } }"],
    )
    variables: dict[str, Any] | None = Field(
        default=None,
        title="Variables",
        description="Variables of the query.",
        max_length=100,
        examples=[{"first": 100}],
    )
    records_path: RecordsPath | None = Field(default=None, examples=["data.orders.nodes"])
    pagination: GraphqlPaging | None = Field(
        default=None, title="Paging", description="How to come from one page to the next."
    )
    headers: Headers | None = None
    token_url: TokenUrl | None = None


class GraphqlSource(SourceModel):
    """What to ask, page after page; what is not given is the connector's own."""

    query: Query | None = Field(
        default=None,
        title="Query",
        description="One query operation; mutations are refused.",
        examples=["{ orders { id } }"],
    )
    variables: dict[str, Any] | None = Field(
        default=None,
        title="Variables",
        description="Variables of the query.",
        max_length=100,
        examples=[{"first": 100}],
    )
    records_path: RecordsPath | None = Field(default=None, examples=["data.orders.nodes"])
    pagination: GraphqlPaging | None = Field(
        default=None, title="Paging", description="How to come from one page to the next."
    )


SPEC = ConnectorSpec(
    type="graphql",
    label="GraphQL API",
    category=Category.APIS,
    status=Status.READY,
    description="Records that a GraphQL query gives, with Relay or offset paging.",
    config=GraphqlConfig,
    auth=(NONE, BEARER_TOKEN, PLACED_API_KEY, PASSWORD, OAUTH2),
    required=("url", "query"),
    source=GraphqlSource,
    source_required=("query",),
    source_from_config={
        "query": "query",
        "variables": "variables",
        "recordsPath": "recordsPath",
        "pagination": "pagination",
    },
    capabilities=Capabilities(streams=False, incremental=True, preview=True, formats=("json",)),
    steers=("url", "tokenUrl"),
    example={
        "url": "https://api.example.com/graphql",
        "query": "query ($after: String) { orders(first: 100, after: $after) { nodes { id total } pageInfo { hasNextPage endCursor } } }",
        "recordsPath": "data.orders.nodes",
        "pagination": {"kind": "relay", "pageInfoPath": "data.orders.pageInfo"},
    },
)
