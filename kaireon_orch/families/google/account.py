"""Log in to Google Cloud with nothing but what is handed in: no default credentials, no address that a key names.

A service account's key is taken apart and put together again, since one may name any token address (`token_uri`), and
other kinds of keys name files to read, programs to run and addresses to ask.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import credentials as oauth2
from google.oauth2 import service_account

from kaireon_orch.contract.auth_models import OAuth2Auth, ServiceAccountAuth
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.http import endpoint, sessions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import SecretStr

    from kaireon_orch.contract.door import Door
    from kaireon_orch.contract.source import Opening

TOKENS: Final = "https://oauth2.googleapis.com/token"
TOKEN_PATH: Final = "/token"  # noqa: S105  below an endpoint that stands in Google's place
_NEEDED: Final = ("client_email", "private_key")


class GoogleSession(AuthorizedSession):
    """Signs requests with `credentials`, and asks for tokens; all of it through the door."""

    def __init__(self, credentials: Credentials, door: Door) -> None:
        self._tokens = sessions.session(door)
        super().__init__(credentials, auth_request=Request(self._tokens))  # type: ignore[no-untyped-call]
        sessions.through(self, door)

    def close(self) -> None:
        """Close both of its ways."""
        self._tokens.close()
        super().close()  # type: ignore[no-untyped-call]


def base_url(opening: Opening[Any], own: str) -> str:
    """Where the API is: the connector's endpoint, else Google's `own`; judged before anything is sent there."""
    given = opening.config.endpoint
    base = endpoint.checked(given or own)
    endpoint.resolve(base, opening.door)
    return base


def credentials(opening: Opening[Any], scopes: Sequence[str]) -> Credentials:
    """Whom to log in as. Raises `Fault` MISSING_FIELDS, CREDENTIALS_REFUSED for a key that is none or of another kind."""
    auth = opening.auth
    given = opening.config.endpoint
    tokens = endpoint.checked(given) + TOKEN_PATH if given else TOKENS
    if isinstance(auth, ServiceAccountAuth):
        return _service_account(_opened(auth.service_account_json), tokens, scopes)
    if isinstance(auth, OAuth2Auth):
        return _user(auth, tokens, scopes)
    if opening.auth_method == "none":
        return AnonymousCredentials()
    raise Fault(
        FaultCode.MISSING_FIELDS, "Credentials are needed: a service account's key, or OAuth 2 tokens."
    )


def _service_account(text: str, tokens: str, scopes: Sequence[str]) -> Credentials:
    key = _parsed(text)
    if key.get("type") != "service_account" or not all(isinstance(key.get(name), str) for name in _NEEDED):
        words = "The key is none of a service account: give the whole JSON text with type service_account."
        raise Fault(FaultCode.CREDENTIALS_REFUSED, words)
    info = {name: key[name] for name in (*_NEEDED, "private_key_id", "project_id") if name in key}
    try:
        made: Credentials = service_account.Credentials.from_service_account_info(
            {**info, "token_uri": tokens}, scopes=scopes
        )
    except (ValueError, TypeError, GoogleAuthError):
        words = "The service account's private key cannot be read; give its JSON text as Google made it."
        raise Fault(FaultCode.CREDENTIALS_REFUSED, words) from None
    return made


def _parsed(text: str) -> dict[str, Any]:
    try:
        key = json.loads(text)
    except ValueError:
        key = None
    return key if isinstance(key, dict) else {}


def _user(auth: OAuth2Auth, tokens: str, scopes: Sequence[str]) -> Credentials:
    renewable = bool(auth.refresh_token and auth.client_id and auth.client_secret)
    if not auth.token and not renewable:
        words = "Google takes an access token, or a refresh token with the client's id and secret."
        raise Fault(FaultCode.MISSING_FIELDS, words)
    return oauth2.Credentials(
        token=_opened(auth.token) or None,
        refresh_token=_opened(auth.refresh_token) or None,
        token_uri=tokens,
        client_id=auth.client_id,
        client_secret=_opened(auth.client_secret) or None,
        scopes=scopes,
    )


def _opened(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
