"""Azure's blob client, for the author of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure.storage.blob import BlobServiceClient

from kaireon_orch.families.azure import account

if TYPE_CHECKING:
    from kaireon_orch.connectors.azure_blob.spec import AzureBlobConfig
    from kaireon_orch.contract.source import Opening


def open_client(opening: Opening[AzureBlobConfig]) -> BlobServiceClient:
    """A `BlobServiceClient` of the connector's account. Raises `Fault` as `account.way` does."""
    way = account.way(opening, "blob")
    return BlobServiceClient(way.account_url, credential=way.credential, transport=way.transport)
