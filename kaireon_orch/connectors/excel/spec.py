"""Excel workbooks."""

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN, NONE
from kaireon_orch.contract.fields import FilePath, Url
from kaireon_orch.contract.format_models import CellRange, ColumnTypes, PatternSource, Sheet
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Proof, Status


class ExcelConfig(ConfigModel):
    """Where the files are, and how they are to be understood."""

    path: FilePath | None = Field(default=None, examples=["sales/2026/*.xlsx"])
    url: Url | None = Field(default=None, examples=["https://data.example.com/orders.xlsx"])
    sheet: Sheet | None = None
    cell_range: CellRange | None = None
    header: bool = Field(default=True, title="Header", description="Whether the first row names the columns.")
    skip_rows: int = Field(
        default=0,
        title="Rows to skip",
        description="Rows before the header, or before the data.",
        ge=0,
        le=1_048_576,
    )
    types: ColumnTypes | None = None


class ExcelSource(PatternSource):
    """What differs from the connector's own configuration."""

    sheet: Sheet | None = None
    cell_range: CellRange | None = None


SPEC = ConnectorSpec(
    type="excel",
    label="Excel",
    category=Category.FILES,
    status=Status.READY,
    proof=Proof.REAL,
    description="Worksheets of Excel workbooks (.xlsx, .xls, .xlsb, .ods).",
    config=ExcelConfig,
    auth=(NONE, BEARER_TOKEN),
    required=("path|url",),
    source=ExcelSource,
    capabilities=Capabilities(streams=True, discover=True, preview=True, formats=("excel",)),
    steers=("url",),
    example={"path": "sales/orders.xlsx"},
    extra="excel",
)
