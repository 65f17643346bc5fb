"""Google Sheets."""

from pydantic import Field

from kaireon_orch.contract.auth_models import OAUTH2, SERVICE_ACCOUNT
from kaireon_orch.contract.fields import Endpoint, Name
from kaireon_orch.contract.format_models import CellRange, Sheet
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, SourceModel, Status


class GoogleSheetsConfig(ConfigModel):
    """Which spreadsheet, and which cells of it."""

    spreadsheet_id: Name | None = Field(
        default=None,
        title="Spreadsheet id",
        description="The long part of the spreadsheet's address.",
        examples=["1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms"],
        pattern=r"^[A-Za-z0-9_-]*$",
    )
    sheet: Sheet | None = None
    cell_range: CellRange | None = None
    header_row: int = Field(
        default=1,
        title="Header row",
        description="Row that names the columns; 0: none does.",
        ge=0,
        le=10_000_000,
    )
    endpoint: Endpoint | None = None


class SheetSource(SourceModel):
    """Which cells; what is not given is the connector's own."""

    sheet: Sheet | None = None
    cell_range: CellRange | None = None


SPEC = ConnectorSpec(
    type="google_sheets",
    label="Google Sheets",
    category=Category.APIS,
    status=Status.READY,
    description="Rows of a Google Sheets spreadsheet.",
    config=GoogleSheetsConfig,
    auth=(SERVICE_ACCOUNT, OAUTH2),
    required=("spreadsheetId",),
    source=SheetSource,
    source_from_config={"sheet": "sheet", "cellRange": "cellRange"},
    capabilities=Capabilities(discover=True, preview=True),
    steers=("endpoint",),
    example={"spreadsheetId": "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms", "sheet": "Orders"},
)
