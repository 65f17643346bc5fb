"""Amazon S3."""

from pydantic import Field

from kaireon_orch.contract.auth_models import ACCESS_KEY, IAM_ROLE
from kaireon_orch.contract.fields import Endpoint, Name, Prefix, Region
from kaireon_orch.contract.format_models import FORMATS, FilesSource, Format
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class S3Config(ConfigModel):
    """Which bucket, and what of it."""

    bucket: Name | None = Field(
        default=None,
        title="Bucket",
        description="Name of the bucket; an ARN is refused.",
        max_length=63,
        pattern=r"^[a-z0-9.-]*$",
        examples=["acme-exports"],
    )
    region: Region | None = None
    prefix: Prefix | None = None
    format: Format | None = None
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="aws_s3",
    label="Amazon S3",
    category=Category.STORAGE,
    status=Status.READY,
    description="Files in an S3 bucket, read by format.",
    config=S3Config,
    auth=(ACCESS_KEY, IAM_ROLE),
    required=("bucket", "region"),
    source=FilesSource,
    source_from_config={"format": "format"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True, formats=FORMATS),
    steers=("region", "endpoint"),
    example={"bucket": "acme-exports", "region": "eu-central-1", "prefix": "orders/"},
    extra="aws_s3",
)
