"""Azure Data Lake Storage Gen2."""

from pydantic import Field

from kaireon_orch.contract.auth_models import ACCOUNT_KEY, SAS, SERVICE_PRINCIPAL
from kaireon_orch.contract.fields import Endpoint, Name, Prefix, StorageAccount
from kaireon_orch.contract.format_models import FORMATS, FilesSource, Format
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class DataLakeConfig(ConfigModel):
    """Which file system, and what of it."""

    storage_account: StorageAccount | None = None
    file_system: Name | None = Field(
        default=None,
        title="File system",
        description="Name of the file system (container).",
        examples=["lake"],
        pattern=r"^[a-z0-9$-]*$",
    )
    prefix: Prefix | None = None
    format: Format | None = None
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="azure_data_lake",
    label="Azure Data Lake Gen2",
    category=Category.STORAGE,
    status=Status.COMING_SOON,
    description="Files in a hierarchical file system of an Azure storage account, read by format.",
    config=DataLakeConfig,
    auth=(ACCOUNT_KEY, SAS, SERVICE_PRINCIPAL),
    required=("storageAccount", "fileSystem"),
    source=FilesSource,
    source_from_config={"format": "format"},
    capabilities=Capabilities(incremental=True, formats=FORMATS),
    steers=("storageAccount", "endpoint"),
    example={"storageAccount": "acmeexports", "fileSystem": "lake"},
)
