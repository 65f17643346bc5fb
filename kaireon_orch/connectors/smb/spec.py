"""Windows shares, by SMB 2 and 3."""

from pydantic import Field

from kaireon_orch.contract.auth_models import PASSWORD
from kaireon_orch.contract.fields import Host, Name, Port, StoragePath
from kaireon_orch.contract.format_models import FORMATS, FilesSource, Format
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class SmbConfig(ConfigModel):
    """Where the share is, and what of it."""

    host: Host | None = Field(default=None, examples=["files.example.com"])
    share: Name | None = Field(
        default=None,
        title="Share",
        description="Name of the share, without slashes.",
        examples=["exports"],
        pattern=r"^[^\\/\x00-\x1f\x7f]*$",
    )
    port: Port = Field(default=445, examples=[445])
    domain: Name | None = Field(
        default=None,
        title="Domain",
        description="Windows domain of the account, where it has one.",
        examples=["ACME"],
    )
    path: StoragePath | None = None
    format: Format | None = None


SPEC = ConnectorSpec(
    type="smb",
    label="Windows share (SMB)",
    category=Category.STORAGE,
    status=Status.READY,
    description="Files on a Windows or Samba share, read by format.",
    config=SmbConfig,
    auth=(PASSWORD,),
    required=("host", "share"),
    source=FilesSource,
    source_from_config={"format": "format"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True, formats=FORMATS),
    steers=("host", "port"),
    example={"host": "files.example.com", "share": "exports"},
    extra="smb",
)
