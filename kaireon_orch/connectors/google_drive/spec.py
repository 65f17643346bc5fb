"""Google Drive."""

from pydantic import Field

from kaireon_orch.contract.auth_models import OAUTH2, SERVICE_ACCOUNT
from kaireon_orch.contract.fields import Endpoint, Name
from kaireon_orch.contract.format_models import FORMATS, FilesSource, Format
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class GoogleDriveConfig(ConfigModel):
    """Which folder, and what of it."""

    folder_id: Name | None = Field(
        default=None,
        title="Folder id",
        description="Last part of the folder's address.",
        examples=["1AbCdEfGhIjKlMnOp"],
        pattern=r"^[A-Za-z0-9_-]*$",
    )
    format: Format | None = None
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="google_drive",
    label="Google Drive",
    category=Category.STORAGE,
    status=Status.READY,
    description="Files in a Google Drive folder, read by format.",
    config=GoogleDriveConfig,
    auth=(SERVICE_ACCOUNT, OAUTH2),
    required=("folderId",),
    source=FilesSource,
    source_from_config={"format": "format"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True, formats=FORMATS),
    steers=("endpoint",),
    example={"folderId": "1AbCdEfGhIjKlMnOp"},
)
