"""Google Cloud Storage."""

from pydantic import Field

from kaireon_orch.contract.auth_models import NONE, SERVICE_ACCOUNT
from kaireon_orch.contract.fields import Endpoint, Name, Prefix, Project
from kaireon_orch.contract.format_models import FORMATS, FilesSource, Format
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class GcsConfig(ConfigModel):
    """Which bucket, and what of it."""

    bucket: Name | None = Field(
        default=None,
        title="Bucket",
        description="Name of the bucket, without `gs://`.",
        examples=["acme-exports"],
        pattern=r"^[a-z0-9._-]*$",
    )
    project: Project | None = None
    prefix: Prefix | None = None
    format: Format | None = None
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="gcs",
    label="Google Cloud Storage",
    category=Category.STORAGE,
    status=Status.READY,
    description="Files in a Cloud Storage bucket, read by format.",
    config=GcsConfig,
    auth=(SERVICE_ACCOUNT, NONE),
    required=("bucket", "project"),
    source=FilesSource,
    source_from_config={"format": "format"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True, formats=FORMATS),
    steers=("endpoint",),
    example={"bucket": "acme-exports", "project": "acme-analytics", "prefix": "orders/"},
    extra="gcs",
)
