"""`GCSResource` for a bucket of the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_gcp.gcs import GCSResource

from kaireon_orch.orchestration.native.clients import client_of
from kaireon_orch.orchestration.native.live import Live

if TYPE_CHECKING:
    from contextlib import ExitStack

    from google.cloud import storage

    from kaireon_orch.orchestration.native.opening import Unsealed


class LiveGCS(Live, GCSResource):
    """Hands out one client with the connector's service account; nothing is taken from the environment."""

    def get_client(self) -> storage.Client:
        """The client of Cloud Storage."""
        client: storage.Client = self.opened()
        return client


def native(found: Unsealed, held: ExitStack) -> LiveGCS:
    """Raises `Fault` as `.client()` does."""
    client = client_of(found, held)
    return LiveGCS.over(found.connector, lambda: client, project=client.project)
