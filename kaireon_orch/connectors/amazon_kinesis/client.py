"""The service's own client, for the author of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaireon_orch.families.aws import author

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from kaireon_orch.connectors.amazon_kinesis.spec import KinesisConfig
    from kaireon_orch.contract.source import Opening


def open_client(opening: Opening[KinesisConfig]) -> BaseClient:
    """As `boto3.client("kinesis")`. Raises `Fault` as `author.open_client` does."""
    return author.open_client("kinesis", opening)
