"""Stores that speak S3: R2, MinIO, Spaces, Wasabi, B2 and others."""

from pydantic import Field

from kaireon_orch.contract.auth_models import ACCESS_KEY
from kaireon_orch.contract.fields import Endpoint, Name, Prefix, Region
from kaireon_orch.contract.format_models import FORMATS, FilesSource, Format
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class S3CompatibleConfig(ConfigModel):
    """Which store and bucket, and what of it."""

    endpoint: Endpoint | None = Field(
        default=None,
        description="Base URL of the store's S3 interface.",
        examples=["https://minio.example.com:9000"],
    )
    bucket: Name | None = Field(
        default=None,
        title="Bucket",
        description="Name of the bucket.",
        examples=["exports"],
        pattern=r"^[A-Za-z0-9._-]*$",
    )
    region: Region | None = Field(default=None, description="Region to sign for, where the store has any.")
    path_style: bool = Field(
        default=True,
        title="Path style",
        description="Whether the bucket stands in the path of the address, or before its host.",
    )
    prefix: Prefix | None = None
    format: Format | None = None


SPEC = ConnectorSpec(
    type="s3_compatible",
    label="S3-compatible storage",
    category=Category.STORAGE,
    status=Status.READY,
    description="Files in a bucket of any store that speaks S3, read by format.",
    config=S3CompatibleConfig,
    auth=(ACCESS_KEY,),
    required=("endpoint", "bucket"),
    source=FilesSource,
    source_from_config={"format": "format"},
    capabilities=Capabilities(incremental=True, discover=True, preview=True, formats=FORMATS),
    steers=("endpoint",),
    example={"endpoint": "https://minio.example.com:9000", "bucket": "exports"},
    extra="aws_s3",
)
