"""The service's own client, for the author of a job."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.aws import author

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from kaireon_orch.connectors.s3_compatible.spec import S3CompatibleConfig
    from kaireon_orch.contract.source import Opening

NO_REGION: Final = "us-east-1"
"""What stores without regions expect in the signature."""


def open_client(opening: Opening[S3CompatibleConfig]) -> BaseClient:
    """As `boto3.client("s3")` for the store. Raises `Fault` as `author.open_client` does, MISSING_FIELDS."""
    config = opening.config
    if not config.endpoint:
        raise Fault(FaultCode.MISSING_FIELDS, "endpoint is needed: the base URL of the store's S3 interface.")
    with_region = opening.config.model_copy(update={"region": config.region or NO_REGION})
    return author.open_client("s3", replace(opening, config=with_region), path_style=config.path_style)
