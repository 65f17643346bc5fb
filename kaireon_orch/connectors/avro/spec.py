"""Avro container files."""

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN, NONE
from kaireon_orch.contract.fields import FilePath, Url
from kaireon_orch.contract.format_models import PatternSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Proof, Status


class AvroConfig(ConfigModel):
    """Where the files are."""

    path: FilePath | None = Field(default=None, examples=["sales/2026/*.avro"])
    url: Url | None = Field(default=None, examples=["https://data.example.com/orders.avro"])


SPEC = ConnectorSpec(
    type="avro",
    label="Avro",
    category=Category.FILES,
    status=Status.READY,
    proof=Proof.REAL,
    description="Avro container files, with logical types.",
    config=AvroConfig,
    auth=(NONE, BEARER_TOKEN),
    required=("path|url",),
    source=PatternSource,
    capabilities=Capabilities(streams=False, discover=True, preview=True, formats=("avro",)),
    steers=("url",),
    example={"path": "sales/orders.avro"},
    extra="avro",
)
