"""`S3Resource` for a bucket of the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_aws.s3 import S3Resource

from kaireon_orch.orchestration.native.clients import client_of
from kaireon_orch.orchestration.native.live import Live

if TYPE_CHECKING:
    from contextlib import ExitStack

    from kaireon_orch.orchestration.native.opening import Unsealed


class LiveS3(Live, S3Resource):
    """Hands out one client with the connector's key; nothing is taken from the environment."""

    def get_client(self) -> Any:  # noqa: ANN401  botocore makes its classes when it runs
        """The client of S3, as boto3 makes it."""
        return self.opened()


def native(found: Unsealed, held: ExitStack) -> LiveS3:
    """Raises `Fault` as `.client()` does."""
    client = client_of(found, held)
    return LiveS3.over(found.connector, lambda: client, region_name=client.meta.region_name)
