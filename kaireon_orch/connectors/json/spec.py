"""JSON documents and JSON Lines."""

from typing import Literal

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN, NONE
from kaireon_orch.contract.fields import FilePath, Url
from kaireon_orch.contract.format_models import ColumnTypes, Compression, Member, PatternSource, RecordsPath
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Proof, Status


class JsonConfig(ConfigModel):
    """Where the files are, and how they are to be understood."""

    path: FilePath | None = Field(default=None, examples=["sales/2026/*.json"])
    url: Url | None = Field(default=None, examples=["https://data.example.com/orders.json"])
    member: Member | None = None
    records_path: RecordsPath | None = None
    layout: Literal["auto", "document", "lines"] = Field(
        default="auto",
        title="Layout",
        description="One document a file, or one record a line; `auto` tells it by the first bytes.",
    )
    encoding: Literal["utf-8", "utf-16", "utf-32"] = Field(
        default="utf-8", title="Encoding", description="JSON is Unicode; a byte order mark is skipped."
    )
    types: ColumnTypes | None = None
    compression: Compression = "auto"


class JsonSource(PatternSource):
    """What differs from the connector's own configuration."""

    records_path: RecordsPath | None = None


SPEC = ConnectorSpec(
    type="json",
    label="JSON and JSON Lines",
    category=Category.FILES,
    status=Status.READY,
    proof=Proof.REAL,
    description="JSON documents and JSON Lines; nested values stay JSON.",
    config=JsonConfig,
    auth=(NONE, BEARER_TOKEN),
    required=("path|url",),
    source=JsonSource,
    capabilities=Capabilities(streams=False, discover=True, preview=True, formats=("json", "jsonl")),
    steers=("url",),
    example={"path": "sales/orders.json"},
)
