"""REST API: any HTTP service that answers with records."""

from typing import Annotated, Any, Literal

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN, NONE, OAUTH2, PASSWORD
from kaireon_orch.contract.fields import Text, Url
from kaireon_orch.contract.format_models import RecordsPath
from kaireon_orch.contract.http_models import PLACED_API_KEY, Headers, Pages, Parameters, TokenUrl
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, SourceModel, Status

Method = Annotated[
    Literal["GET", "POST"], Field(title="Method", description="`POST` is for services that search by a body.")
]
ResponseFormat = Annotated[
    Literal["json", "jsonl", "csv"], Field(title="Format", description="What the service answers with.")
]
Path = Annotated[
    Text, Field(title="Path", description="Added to the connector's URL.", examples=["/v1/orders"])
]


class RestConfig(ConfigModel):
    """Where the service is, and how it answers."""

    url: Url | None = Field(default=None, examples=["https://api.example.com/v1/orders"])
    method: Method = "GET"
    headers: Headers | None = None
    params: Parameters | None = None
    records_path: RecordsPath | None = None
    format: ResponseFormat = "json"
    pagination: Pages | None = None
    token_url: TokenUrl | None = None


class RestSource(SourceModel):
    """One request, page after page; what is not given is the connector's own."""

    path: Path | None = None
    method: Method | None = None
    params: Parameters | None = None
    body: dict[str, Any] | None = Field(
        default=None, title="Body", description="JSON body of a POST.", examples=[{"status": "open"}]
    )
    records_path: RecordsPath | None = None
    format: ResponseFormat | None = None
    pagination: Pages | None = None


SPEC = ConnectorSpec(
    type="rest_api",
    label="REST API",
    category=Category.APIS,
    status=Status.READY,
    description="Records of any HTTP service, with paging, rate limits and five ways to log in.",
    config=RestConfig,
    auth=(NONE, PLACED_API_KEY, BEARER_TOKEN, PASSWORD, OAUTH2),
    required=("url",),
    source=RestSource,
    capabilities=Capabilities(
        streams=False, incremental=True, preview=True, formats=("json", "jsonl", "csv")
    ),
    steers=("url", "tokenUrl"),
    example={
        "url": "https://api.example.com/v1/orders",
        "recordsPath": "data",
        "pagination": {"kind": "cursor", "cursorPath": "meta.next", "parameter": "cursor"},
    },
)
