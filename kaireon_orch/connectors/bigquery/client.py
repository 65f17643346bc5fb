"""Google's BigQuery client, for the author of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from google.cloud import bigquery

from kaireon_orch.families.google import account

if TYPE_CHECKING:
    from kaireon_orch.connectors.bigquery.spec import BigqueryConfig
    from kaireon_orch.contract.source import Opening

API: Final = "https://bigquery.googleapis.com"
SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)


class RestClient(bigquery.Client):
    """Reads results by BigQuery's REST interface: the other one, gRPC's, would connect by itself."""

    def _ensure_bqstorage_client(self, *_: object, **__: object) -> None:
        """None is there, so the library takes the other way."""


def open_client(opening: Opening[BigqueryConfig]) -> bigquery.Client:
    """A `google.cloud.bigquery.Client` of the connector's project and location.

    `maximumBytesBilled` holds for its queries. Raises `Fault` as `account.credentials` does, and ADDRESS_BLOCKED.
    """
    config = opening.config
    credentials = account.credentials(opening, SCOPES)
    base = account.base_url(opening, API)
    return RestClient(
        project=config.project or None,
        credentials=credentials,
        _http=account.GoogleSession(credentials, opening.door),
        location=config.location or None,
        default_query_job_config=bigquery.QueryJobConfig(maximum_bytes_billed=config.maximum_bytes_billed),
        client_options={"api_endpoint": base},
    )
