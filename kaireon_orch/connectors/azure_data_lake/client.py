"""Azure's Data Lake client, for the author of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure.storage.blob import BlobServiceClient
from azure.storage.filedatalake import DataLakeServiceClient

from kaireon_orch.families.azure import account

if TYPE_CHECKING:
    from kaireon_orch.connectors.azure_data_lake.spec import DataLakeConfig
    from kaireon_orch.contract.source import Opening


def open_client(opening: Opening[DataLakeConfig]) -> DataLakeServiceClient:
    """A `DataLakeServiceClient` of the connector's account. Raises `Fault` as `account.way` does."""
    way = account.way(opening, "dfs")
    return DataLakeServiceClient(way.account_url, credential=way.credential, transport=way.transport)


def open_blobs(opening: Opening[DataLakeConfig]) -> BlobServiceClient:
    """The same account by the blob interface, which does what the other one lacks. Raises as `open_client`."""
    way = account.way(opening, "blob")
    return BlobServiceClient(way.account_url, credential=way.credential, transport=way.transport)
