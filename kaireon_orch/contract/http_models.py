"""What the types that speak plain HTTP let a connector and a pipeline say about requests and paging."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from kaireon_orch.contract.auth_models import ApiKeyAuth
from kaireon_orch.contract.fields import Name, Text, Url
from kaireon_orch.contract.spec import AuthMethod, SpecModel

_RESERVED: Final = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def _no_reserved(headers: dict[str, str]) -> dict[str, str]:
    """Refuse headers that carry credentials or that frame the message: both are the connection's own business."""
    if _RESERVED & {name.lower() for name in headers}:
        raise ValueError(
            "credentials belong into authConfig, and headers that frame the message cannot be set"
        )
    return headers


Headers = Annotated[
    dict[Annotated[str, Field(max_length=128, pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")], Text],
    AfterValidator(_no_reserved),
    Field(
        title="Headers",
        description="Sent with each request. Credentials belong into the credentials, not here.",
        max_length=50,
        examples=[{"Accept-Language": "en"}],
    ),
]
Parameters = Annotated[
    dict[Name, Text],
    Field(
        title="Query parameters",
        description="Added to the address of each request.",
        max_length=100,
        examples=[{"status": "open"}],
    ),
]
TokenUrl = Annotated[
    Url,
    Field(
        title="Token URL",
        description="Where OAuth 2 access tokens are asked for.",
        examples=["https://login.example.com/oauth/token"],
    ),
]


class Paging(SpecModel):
    """How to come from one page to the next. Every kind ends on an empty page and after `maxPages`."""

    kind: Literal["none", "cursor", "offset", "page", "link"] = Field(
        default="none",
        title="Kind",
        description=(
            "`cursor`: a field of the answer is sent back; `offset`: rows are counted; `page`: pages are counted; "
            "`link`: the answer's Link header names the next page."
        ),
    )
    cursor_path: Text | None = Field(
        default=None,
        title="Cursor path",
        description="Dot-separated way to the next page's cursor in the answer.",
        examples=["meta.next"],
    )
    parameter: Name | None = Field(
        default=None,
        title="Parameter",
        description="Query parameter that takes the cursor, the offset or the page number.",
        examples=["cursor"],
    )
    size_parameter: Name | None = Field(
        default=None,
        title="Page size parameter",
        description="Query parameter that takes the page size.",
        examples=["limit"],
    )
    page_size: int = Field(default=100, title="Page size", description="Records a page.", ge=1, le=100_000)
    first_page: int = Field(
        default=1, title="First page", description="Number of the first page.", ge=0, le=1
    )
    max_pages: int = Field(
        default=100, title="Pages at most", description="A run ends after so many pages.", ge=1, le=1_000_000
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "cursor" and not (self.cursor_path and self.parameter):
            raise ValueError("cursor paging needs cursorPath and parameter")
        if self.kind in {"offset", "page"} and not self.parameter:
            raise ValueError(f"{self.kind} paging needs parameter")
        return self


Pages = Annotated[Paging, Field(title="Pages", description="How to come from one page to the next.")]


class PlacedApiKeyAuth(ApiKeyAuth):
    """A key, and where the system expects it."""

    location: Literal["header", "query"] = Field(
        default="header", title="Sent in", description="A header, or a query parameter of the address."
    )
    name: Text = Field(
        default="X-API-Key",
        title="Sent as",
        description="Name of the header or of the query parameter.",
        pattern=r"^[A-Za-z0-9_.-]+$",
    )


PLACED_API_KEY = AuthMethod("api_key", "API key", PlacedApiKeyAuth, ("apiKey",))
