"""Object stores and file servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaireon_orch.orchestration.connector import Connector

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient
    from botocore.client import BaseClient
    from dagster import ConfigurableResource
    from dagster_aws.s3 import S3Resource
    from dagster_azure.blob import AzureBlobStorageResource
    from dagster_gcp.gcs import GCSResource
    from google.cloud.storage import Client as StorageClient


class S3(Connector):
    """A bucket of Amazon S3.

    `source`: `{"pattern": "orders/*.parquet", "format": "parquet"}`.
    """

    type_slug = "aws_s3"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)

    if TYPE_CHECKING:

        def client(self) -> BaseClient: ...

        def native(self) -> S3Resource: ...

        def native_resource(self) -> ConfigurableResource[S3Resource]: ...


class GCS(Connector):
    """A bucket of Google Cloud Storage.

    `source`: `{"pattern": "orders/*.parquet", "format": "parquet"}`.
    """

    type_slug = "gcs"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)

    if TYPE_CHECKING:

        def client(self) -> StorageClient: ...

        def native(self) -> GCSResource: ...

        def native_resource(self) -> ConfigurableResource[GCSResource]: ...


class AzureBlob(Connector):
    """A container of Azure Blob Storage.

    `source`: `{"pattern": "orders/*.parquet", "format": "parquet"}`.
    """

    type_slug = "azure_blob"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)

    if TYPE_CHECKING:

        def client(self) -> BlobServiceClient: ...

        def native(self) -> AzureBlobStorageResource: ...

        def native_resource(self) -> ConfigurableResource[AzureBlobStorageResource]: ...


class S3Compatible(Connector):
    """A bucket of a store that speaks S3's protocol.

    `source`: `{"pattern": "orders/*.parquet", "format": "parquet"}`.
    """

    type_slug = "s3_compatible"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)

    if TYPE_CHECKING:

        def client(self) -> BaseClient: ...

        def native(self) -> S3Resource: ...

        def native_resource(self) -> ConfigurableResource[S3Resource]: ...


class SFTP(Connector):
    """An SFTP server.

    `source`: `{"pattern": "orders/*.parquet", "format": "parquet"}`.
    """

    type_slug = "sftp"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class FTP(Connector):
    """An FTP or FTPS server.

    `source`: `{"pattern": "orders/*.parquet", "format": "parquet"}`.
    """

    type_slug = "ftp"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class SMB(Connector):
    """A Windows share.

    `source`: `{"pattern": "orders/*.parquet", "format": "parquet"}`.
    """

    type_slug = "smb"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class WebDAV(Connector):
    """A WebDAV folder.

    `source`: `{"pattern": "orders/*.parquet", "format": "parquet"}`.
    """

    type_slug = "webdav"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class GoogleDrive(Connector):
    """A folder of Google Drive.

    `source`: `{"pattern": "orders/*.parquet", "format": "parquet"}`.
    """

    type_slug = "google_drive"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)
