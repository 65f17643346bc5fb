"""Log in to Azure's storage with nothing but what is handed in: no default credential, no connection string.

The account's URL is built here; a name that could lead elsewhere is no account's name.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import requests
from azure.core.credentials import AccessToken, AzureNamedKeyCredential, AzureSasCredential
from azure.core.pipeline.transport import RequestsTransport

from kaireon_orch.contract.auth_models import AccountKeyAuth, SasAuth, ServicePrincipalAuth
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.http import endpoint, sessions

if TYPE_CHECKING:
    from pydantic import SecretStr

    from kaireon_orch.contract.door import Door
    from kaireon_orch.contract.source import Opening

LOGIN: Final = "https://login.microsoftonline.com"
SECONDS: Final = 30.0
_ACCOUNT: Final = re.compile(r"[a-z0-9]{3,24}")
_OK: Final = 200


class Way(NamedTuple):
    """What an Azure client takes: where the service is, who asks, and how it gets there."""

    account_url: str
    credential: Any
    transport: RequestsTransport


def way(opening: Opening[Any], service: str) -> Way:
    """The way to `service` (`blob`, `dfs`) of the connector's account.

    Raises `Fault` MISSING_FIELDS, NOT_SUPPORTED for a method that Azure's storage does not know, ADDRESS_BLOCKED.
    """
    account = opening.config.storage_account or ""
    if not _ACCOUNT.fullmatch(account):
        raise Fault(FaultCode.MISSING_FIELDS, "storageAccount is needed: 3 to 24 small letters and digits.")
    given = opening.config.endpoint
    base = endpoint.checked(given or f"https://{account}.{service}.core.windows.net")
    credential = _credential(opening, account)
    endpoint.resolve(base, opening.door)
    transport = RequestsTransport(
        session=sessions.session(opening.door),
        use_env_settings=False,
        connection_verify=sessions.authorities(),
    )
    return Way(base, credential, transport)


def _credential(opening: Opening[Any], account: str) -> Any:  # noqa: ANN401  one of Azure's
    auth = opening.auth
    if isinstance(auth, AccountKeyAuth) and auth.account_key:
        return AzureNamedKeyCredential(account, _opened(auth.account_key))
    if isinstance(auth, SasAuth) and auth.sas_token:
        return AzureSasCredential(_opened(auth.sas_token).lstrip("?"))
    if isinstance(auth, ServicePrincipalAuth) and auth.tenant_id and auth.client_id and auth.client_secret:
        return ServicePrincipal(auth, opening.config.endpoint, opening.door)
    raise Fault(
        FaultCode.MISSING_FIELDS,
        "Credentials are needed: an account key, a SAS token, or a service principal's tenantId, clientId and clientSecret.",
    )


class ServicePrincipal:
    """An `azure.core.credentials.TokenCredential` that asks for its tokens through the door."""

    def __init__(self, auth: ServicePrincipalAuth, given: str | None, door: Door) -> None:
        self._auth = auth
        base = endpoint.checked(given) if given else LOGIN
        self._url = f"{base}/{auth.tenant_id}/oauth2/v2.0/token"
        self._door = door

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        """A token for `scopes`. Raises `Fault` CREDENTIALS_REFUSED, REFUSED, TIMED_OUT, UNEXPECTED, ADDRESS_BLOCKED."""
        asked = time.time()
        with sessions.session(self._door) as session:
            answer = self._ask(session, " ".join(scopes))
        if answer.status_code != _OK:
            words = "Microsoft Entra refused the client secret; check directory id, client id and secret."
            raise Fault(FaultCode.CREDENTIALS_REFUSED, words)
        try:
            found = answer.json()
            return AccessToken(str(found["access_token"]), int(asked) + int(found["expires_in"]))
        except (ValueError, KeyError, TypeError):
            raise Fault(
                FaultCode.UNEXPECTED, "The token endpoint answers with something that is no token."
            ) from None

    def _ask(self, session: requests.Session, scope: str) -> requests.Response:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._auth.client_id,
            "client_secret": _opened(self._auth.client_secret),
            "scope": scope,
        }
        try:
            return session.post(self._url, data=form, timeout=SECONDS, allow_redirects=False)
        except requests.Timeout:
            raise Fault(FaultCode.TIMED_OUT, "The token endpoint did not answer in time.") from None
        except requests.RequestException:
            raise Fault(FaultCode.REFUSED, "The token endpoint cannot be reached.") from None


def _opened(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
