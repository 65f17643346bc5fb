"""Azure Blob Storage."""

from pydantic import Field

from kaireon_orch.contract.auth_models import ACCOUNT_KEY, SAS, SERVICE_PRINCIPAL
from kaireon_orch.contract.fields import Endpoint, Name, Prefix, StorageAccount
from kaireon_orch.contract.format_models import FORMATS, FilesSource, Format
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class AzureBlobConfig(ConfigModel):
    """Which container, and what of it."""

    container: Name | None = Field(
        default=None,
        title="Container",
        description="Name of the blob container.",
        examples=["exports"],
        pattern=r"^[a-z0-9$-]*$",
    )
    storage_account: StorageAccount | None = None
    prefix: Prefix | None = None
    format: Format | None = None
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="azure_blob",
    label="Azure Blob Storage",
    category=Category.STORAGE,
    status=Status.READY,
    description="Files in a blob container, read by format.",
    config=AzureBlobConfig,
    auth=(ACCOUNT_KEY, SAS, SERVICE_PRINCIPAL),
    required=("container", "storageAccount"),
    source=FilesSource,
    source_from_config={"format": "format"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True, formats=FORMATS),
    steers=("storageAccount", "endpoint"),
    example={"container": "exports", "storageAccount": "acmeexports", "prefix": "orders/"},
    extra="azure",
)
