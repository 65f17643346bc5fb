"""Amazon Kinesis Data Streams."""

from typing import Literal

from pydantic import Field

from kaireon_orch.contract.auth_models import ACCESS_KEY, IAM_ROLE
from kaireon_orch.contract.fields import Endpoint, Name, Region
from kaireon_orch.contract.source_models import BatchSource
from kaireon_orch.contract.spec import Capabilities, Category, ConfigModel, ConnectorSpec, Status


class KinesisConfig(ConfigModel):
    """Which stream, and where to begin."""

    stream_name: Name | None = Field(
        default=None,
        title="Stream name",
        description="Name of the data stream (not its ARN).",
        max_length=128,
        pattern=r"^[a-zA-Z0-9_.-]*$",
        examples=["orders"],
    )
    region: Region | None = None
    iterator_type: Literal["LATEST", "TRIM_HORIZON"] = Field(
        default="TRIM_HORIZON",
        title="Start from",
        description="Where a pipeline begins that has never read the stream: its oldest record, or what comes next.",
    )
    endpoint: Endpoint | None = None


SPEC = ConnectorSpec(
    type="amazon_kinesis",
    label="Amazon Kinesis",
    category=Category.STREAMING,
    status=Status.COMING_SOON,
    description="Records of a Kinesis data stream.",
    config=KinesisConfig,
    auth=(ACCESS_KEY, IAM_ROLE),
    required=("streamName", "region"),
    source=BatchSource,
    capabilities=Capabilities(streams=False, incremental=True, formats=("json", "avro", "string", "bytes")),
    steers=("region", "endpoint"),
    example={"streamName": "orders", "region": "eu-central-1", "iteratorType": "TRIM_HORIZON"},
    extra="amazon_kinesis",
    probes=True,
)
