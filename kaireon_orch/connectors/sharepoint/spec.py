"""SharePoint document libraries."""

from pydantic import Field

from kaireon_orch.contract.auth_models import OAUTH2
from kaireon_orch.contract.fields import Endpoint, Name, StoragePath, Url
from kaireon_orch.contract.format_models import FORMATS, FilesSource, Format
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class SharepointConfig(ConfigModel):
    """Which library, and what of it."""

    site_url: Url | None = Field(
        default=None,
        title="Site URL",
        description="Address of the site.",
        examples=["https://acme.sharepoint.com/sites/sales"],
    )
    drive_id: Name | None = Field(
        default=None, title="Drive id", description="Id of the document library.", examples=["b!AbCdEf"]
    )
    tenant_id: Name | None = Field(
        default=None,
        title="Directory (tenant) id",
        description="Entra directory that the application is registered in.",
        examples=["acme.onmicrosoft.com"],
        pattern=r"^[A-Za-z0-9.-]*$",
    )
    path: StoragePath | None = None
    format: Format | None = None
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="sharepoint",
    label="SharePoint",
    category=Category.STORAGE,
    status=Status.COMING_SOON,
    description="Files in a SharePoint document library, read by format.",
    config=SharepointConfig,
    auth=(OAUTH2,),
    required=("siteUrl", "driveId"),
    source=FilesSource,
    source_from_config={"format": "format"},
    capabilities=Capabilities(incremental=True, formats=FORMATS),
    steers=("siteUrl", "endpoint"),
    example={"siteUrl": "https://acme.sharepoint.com/sites/sales", "driveId": "b!AbCdEf"},
)
