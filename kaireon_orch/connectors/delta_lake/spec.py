"""Delta Lake tables, on a folder or in an object store."""

from pydantic import Field

from kaireon_orch.contract.auth_models import ACCESS_KEY, IAM_ROLE, NONE, SAS, SERVICE_ACCOUNT
from kaireon_orch.contract.fields import Endpoint, Region, Text
from kaireon_orch.contract.spec import (
    Capabilities,
    Category,
    ConfigModel,
    ConnectorSpec,
    Proof,
    SourceModel,
    Status,
)


class DeltaLakeConfig(ConfigModel):
    """Where the table is."""

    uri: Text | None = Field(
        default=None,
        title="URI",
        description="Folder below the allowed roots, or `s3://`, `gs://` or `abfss://` address of the table.",
        examples=["s3://acme-lake/orders"],
    )
    version: int | None = Field(
        default=None,
        title="Version",
        description="Table version to read. Not given: the newest.",
        ge=0,
        le=2**63 - 1,
    )
    region: Region | None = Field(default=None, description="AWS region of the bucket, for tables in S3.")
    endpoint: Endpoint | None = None


class DeltaSource(SourceModel):
    """Which version; nothing given means the newest."""

    version: int | None = Field(
        default=None, title="Version", description="Table version to read.", ge=0, le=2**63 - 1
    )


SPEC = ConnectorSpec(
    type="delta_lake",
    label="Delta Lake",
    category=Category.WAREHOUSES,
    status=Status.READY,
    proof=Proof.REAL,
    description="A Delta Lake table, as of its newest or a named version; also a target for loads.",
    config=DeltaLakeConfig,
    auth=(NONE, ACCESS_KEY, IAM_ROLE, SERVICE_ACCOUNT, SAS),
    required=("uri",),
    source=DeltaSource,
    source_from_config={"version": "version"},
    capabilities=Capabilities(streams=False, discover=True, preview=True, target=True, formats=("parquet",)),
    steers=("uri", "region", "endpoint"),
    example={"uri": "s3://acme-lake/orders", "region": "eu-central-1"},
    extra="delta_lake",
    folders_in_config=("uri",),
    load_modes=("append", "truncate", "blue_green", "upsert", "incremental_watermark", "scd2"),
    quarantines=True,
    partitions=True,
)
