"""CSV: delimited text files on the server or behind a URL."""

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN, NONE
from kaireon_orch.contract.fields import FilePath, Pattern, Url
from kaireon_orch.contract.format_models import CsvOptions, Member
from kaireon_orch.contract.spec import (
    Capabilities,
    Category,
    ConfigModel,
    ConnectorSpec,
    Proof,
    SourceModel,
    Status,
)


class CsvConfig(CsvOptions, ConfigModel):
    """Where the files are, and how they are written."""

    path: FilePath | None = Field(default=None, examples=["sales/2026/*.csv"])
    url: Url | None = Field(default=None, examples=["https://data.example.com/orders.csv"])
    member: Member | None = None


class CsvSource(SourceModel):
    """What differs from the connector's own configuration."""

    pattern: Pattern | None = None
    member: Member | None = None
    format_options: CsvOptions | None = Field(
        default=None,
        title="Format options",
        description="How the files are written, instead of the connector's own.",
    )


SPEC = ConnectorSpec(
    type="csv",
    label="CSV",
    category=Category.FILES,
    status=Status.READY,
    proof=Proof.REAL,
    description="Comma, semicolon or tab separated text, also compressed or inside an archive.",
    config=CsvConfig,
    auth=(NONE, BEARER_TOKEN),
    required=("path|url",),
    source=CsvSource,
    capabilities=Capabilities(streams=False, discover=True, preview=True, formats=("csv",)),
    steers=("url",),
    example={"path": "sales/orders.csv", "delimiter": ";", "types": {"zip": "string"}},
)
