"""Google's storage client, for the author of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from google.cloud import storage

from kaireon_orch.families.google import account

if TYPE_CHECKING:
    from kaireon_orch.connectors.gcs.spec import GcsConfig
    from kaireon_orch.contract.source import Opening

API: Final = "https://storage.googleapis.com"
SCOPES: Final = ("https://www.googleapis.com/auth/devstorage.read_write",)


def open_client(opening: Opening[GcsConfig]) -> storage.Client:
    """A `google.cloud.storage.Client` of the connector's project.

    Raises `Fault` as `account.credentials` does, and ADDRESS_BLOCKED.
    """
    credentials = account.credentials(opening, SCOPES)
    base = account.base_url(opening, API)
    return storage.Client(
        project=opening.config.project or None,
        credentials=credentials,
        _http=account.GoogleSession(credentials, opening.door),
        client_options={"api_endpoint": base},
    )
