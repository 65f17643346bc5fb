"""Parquet files."""

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN, NONE
from kaireon_orch.contract.fields import FilePath, Names, Url
from kaireon_orch.contract.format_models import PatternSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Proof, Status


class ParquetConfig(ConfigModel):
    """Where the files are, and how they are to be understood."""

    path: FilePath | None = Field(default=None, examples=["sales/2026/*.parquet"])
    url: Url | None = Field(default=None, examples=["https://data.example.com/orders.parquet"])
    columns: Names | None = Field(
        default=None,
        title="Columns",
        description="Only these columns are read from the files. Not given: all.",
        examples=[["id", "total"]],
    )
    hive_partitions: bool = Field(
        default=True,
        title="Partition folders",
        description="Whether folders named `key=value` become columns.",
    )


SPEC = ConnectorSpec(
    type="parquet",
    label="Parquet",
    category=Category.FILES,
    status=Status.READY,
    proof=Proof.REAL,
    description="Parquet files, column by column, row group by row group; a folder of them is also a target.",
    config=ParquetConfig,
    auth=(NONE, BEARER_TOKEN),
    required=("path|url",),
    source=PatternSource,
    capabilities=Capabilities(streams=False, discover=True, preview=True, target=True, formats=("parquet",)),
    steers=("url",),
    example={"path": "sales/orders.parquet"},
    load_modes=("append", "truncate", "blue_green", "upsert", "incremental_watermark", "scd2"),
    quarantines=True,
    partitions=True,
)
