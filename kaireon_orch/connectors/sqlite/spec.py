"""SQLite: a database in one file."""

from pydantic import Field

from kaireon_orch.contract.auth_models import NONE
from kaireon_orch.contract.fields import FilePath, SourceTable
from kaireon_orch.contract.source_models import TableOrQuerySource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Proof, Status


class SqliteConfig(ConfigModel):
    """Where the file is."""

    path: FilePath | None = Field(default=None, examples=["shop.sqlite"])
    source_table: SourceTable | None = Field(default=None, examples=["orders"])


SPEC = ConnectorSpec(
    type="sqlite",
    label="SQLite",
    category=Category.DATABASES,
    status=Status.READY,
    proof=Proof.REAL,
    description="Tables, views and queries of an SQLite file, opened read-only.",
    config=SqliteConfig,
    auth=(NONE,),
    required=("path",),
    source=TableOrQuerySource,
    source_required=("table|query",),
    source_from_config={"sourceTable": "table"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True, parameters=True),
    example={"path": "shop.sqlite", "sourceTable": "orders"},
    extra="sqlite",
)
