"""SFTP servers."""

from pydantic import Field

from kaireon_orch.contract.auth_models import KEY_PAIR, PASSWORD
from kaireon_orch.contract.fields import Host, Port, StoragePath, Text
from kaireon_orch.contract.format_models import FORMATS, FilesSource, Format
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class SftpConfig(ConfigModel):
    """Where the server is, and what of it."""

    host: Host | None = Field(default=None, examples=["sftp.example.com"])
    port: Port | None = Field(default=None, examples=[22])
    path: StoragePath | None = None
    format: Format | None = None
    host_key: Text | None = Field(
        default=None,
        title="Host key",
        description="The server's public key as `ssh-keyscan` prints it; a server with another key is refused.",
        examples=["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA..."],
    )


SPEC = ConnectorSpec(
    type="sftp",
    label="SFTP",
    category=Category.STORAGE,
    status=Status.READY,
    description="Files on an SFTP server, read by format.",
    config=SftpConfig,
    auth=(PASSWORD, KEY_PAIR),
    required=("host", "port"),
    source=FilesSource,
    source_from_config={"format": "format"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True, formats=FORMATS),
    steers=("host", "port"),
    example={"host": "sftp.example.com", "port": 22, "path": "/exports"},
    extra="sftp",
)
