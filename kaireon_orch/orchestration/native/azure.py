"""`AzureBlobStorageResource` and `ADLS2Resource` for an account of the registry."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dagster_azure.adls2 import ADLS2Key, ADLS2Resource
from dagster_azure.blob import AzureBlobStorageAnonymousCredential, AzureBlobStorageResource

from kaireon_orch import catalogue
from kaireon_orch.orchestration.native.clients import client_of
from kaireon_orch.orchestration.native.live import Live

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import ExitStack

    from azure.storage.blob import BlobServiceClient
    from azure.storage.filedatalake import DataLakeServiceClient

    from kaireon_orch.orchestration.native.opening import Unsealed


class LiveAzureBlob(Live, AzureBlobStorageResource):
    """Hands out one client with the connector's credentials, whichever its `credential` says."""

    @contextmanager
    def get_client(self) -> Generator[BlobServiceClient, None, None]:
        """The client of the account; it is closed when the run ends."""
        yield self.opened()


class LiveADLS2(Live, ADLS2Resource):
    """Hands out one client of each interface with the connector's credentials, whichever its `credential` says."""

    @property
    def adls2_client(self) -> DataLakeServiceClient:
        """The client of the account's file systems."""
        client: DataLakeServiceClient = self.opened()
        return client

    @property
    def blob_client(self) -> BlobServiceClient:
        """The client of the same account's containers."""
        client: BlobServiceClient = self.opened(blobs=True)
        return client


def native(found: Unsealed, held: ExitStack) -> LiveAzureBlob | LiveADLS2:
    """Raises `Fault` as `.client()` does."""
    client = client_of(found, held)
    if found.type == "azure_blob":
        nobody = AzureBlobStorageAnonymousCredential()
        return LiveAzureBlob.over(found.connector, lambda: client, account_url=client.url, credential=nobody)
    return _data_lake(found, held, client)


def _data_lake(found: Unsealed, held: ExitStack, client: Any) -> LiveADLS2:  # noqa: ANN401  Azure's
    blob_client = catalogue.client_module(found.type).open_blobs(found.opening)
    held.callback(blob_client.close)
    return LiveADLS2.over(
        found.connector,
        _either(client, blob_client),
        storage_account=found.opening.config.storage_account,
        credential=ADLS2Key(),
    )


def _either(client: DataLakeServiceClient, blob_client: BlobServiceClient) -> Callable[..., Any]:
    def which(*, blobs: bool = False) -> DataLakeServiceClient | BlobServiceClient:
        return blob_client if blobs else client

    return which
