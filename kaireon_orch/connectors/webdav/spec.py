"""WebDAV servers: Nextcloud, ownCloud and others."""

from pydantic import Field

from kaireon_orch.contract.auth_models import BEARER_TOKEN_TLS, PASSWORD_TLS
from kaireon_orch.contract.fields import StoragePath, Url
from kaireon_orch.contract.format_models import FORMATS, FilesSource, Format
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class WebdavConfig(ConfigModel):
    """Where the folder is, and what of it."""

    url: Url | None = Field(
        default=None,
        description="Address of the folder, as the server's settings show it for WebDAV.",
        examples=["https://cloud.example.com/remote.php/dav/files/kaireon"],
    )
    path: StoragePath | None = None
    format: Format | None = None


SPEC = ConnectorSpec(
    type="webdav",
    label="WebDAV",
    category=Category.STORAGE,
    status=Status.READY,
    description="Files on a WebDAV server, read by format.",
    config=WebdavConfig,
    auth=(PASSWORD_TLS, BEARER_TOKEN_TLS),
    required=("url",),
    source=FilesSource,
    source_from_config={"format": "format"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True, formats=FORMATS),
    steers=("url",),
    example={"url": "https://cloud.example.com/remote.php/dav/files/kaireon"},
)
