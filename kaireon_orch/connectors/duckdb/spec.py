"""DuckDB: an analytical database in one file."""

from pydantic import Field

from kaireon_orch.contract.auth_models import NONE
from kaireon_orch.contract.fields import FilePath, Schema, SourceTable
from kaireon_orch.contract.source_models import TableOrQuerySource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Proof, Status


class DuckdbConfig(ConfigModel):
    """Where the file is."""

    path: FilePath | None = Field(default=None, examples=["warehouse.duckdb"])
    schema_: Schema | None = Field(default=None, alias="schema", examples=["main"])
    source_table: SourceTable | None = Field(default=None, examples=["main.orders"])


SPEC = ConnectorSpec(
    type="duckdb",
    label="DuckDB",
    category=Category.WAREHOUSES,
    status=Status.READY,
    proof=Proof.REAL,
    description="Tables, views and queries of a DuckDB file; also a target for loads.",
    config=DuckdbConfig,
    auth=(NONE,),
    required=("path",),
    source=TableOrQuerySource,
    source_required=("table|query",),
    source_from_config={"sourceTable": "table"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True, target=True, parameters=True),
    example={"path": "warehouse.duckdb", "sourceTable": "main.orders"},
    load_modes=("append", "truncate", "blue_green", "upsert", "incremental_watermark", "scd2"),
    quarantines=True,
    partitions=True,
)
