"""An httpx client for the connector's URL, for the author of a job."""

from kaireon_orch.families.http.author import open_client

__all__ = ["open_client"]
