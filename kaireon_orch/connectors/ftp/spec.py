"""FTP servers, with or without TLS."""

from typing import Literal

from pydantic import Field

from kaireon_orch.contract.auth_models import NONE_TLS, PASSWORD_TLS
from kaireon_orch.contract.fields import Host, Port, StoragePath
from kaireon_orch.contract.format_models import FORMATS, FilesSource, Format
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class FtpConfig(ConfigModel):
    """Where the server is, and what of it."""

    host: Host | None = Field(default=None, examples=["ftp.example.com"])
    port: Port | None = Field(default=None, examples=[21, 990])
    tls: Literal["explicit", "implicit", "none"] = Field(
        default="explicit",
        title="TLS",
        description="`explicit` begins TLS after connecting, `implicit` at once; `none` sends the password in clear text.",
    )
    path: StoragePath | None = None
    format: Format | None = None


SPEC = ConnectorSpec(
    type="ftp",
    label="FTP / FTPS",
    category=Category.STORAGE,
    status=Status.READY,
    description="Files on an FTP or FTPS server, read by format.",
    config=FtpConfig,
    auth=(NONE_TLS, PASSWORD_TLS),
    required=("host", "port"),
    source=FilesSource,
    source_from_config={"format": "format"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True, formats=FORMATS),
    steers=("host", "port"),
    example={"host": "ftp.example.com", "port": 21, "tls": "explicit"},
)
