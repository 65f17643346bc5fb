"""A service's client for the author of a job: retries as AWS advises, connections through the door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.aws import session
from kaireon_orch.families.http import endpoint

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from kaireon_orch.contract.source import Opening

ATTEMPTS: Final = 5


def open_client(service: str, opening: Opening[Any], *, path_style: bool = False) -> BaseClient:
    """The client that `boto3.client(service)` gives, with the connector's key and region.

    Raises `Fault`: those of `session.client`, of the door for the service's own address, MISSING_FIELDS without a key.
    """
    config = opening.config
    if opening.auth is None:
        raise Fault(FaultCode.MISSING_FIELDS, "Credentials are needed: an access key, or a role to assume.")
    made = session.client(
        service,
        region=config.region or None,
        endpoint=config.endpoint,
        auth=opening.auth,
        door=opening.door,
        attempts=ATTEMPTS,
        path_style=path_style,
    )
    endpoint.resolve(made.meta.endpoint_url, opening.door)
    return made
