"""The one list of credential names, their other spellings, and the other names of auth methods."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

V = TypeVar("V")

CREDENTIALS: Final = frozenset(
    {
        "username",
        "password",
        "accessKeyId",
        "secretAccessKey",
        "sessionToken",
        "roleArn",
        "externalId",
        "apiKey",
        "token",
        "clientId",
        "clientSecret",
        "refreshToken",
        "privateKey",
        "passphrase",
        "serviceAccountJson",
        "sasToken",
        "accountKey",
        "connectionString",
        "certificate",
        "caCertificate",
    }
)
"""Names that mean the same in every type; a type may add its own beside them."""

FIELD_SPELLINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "user": "username",
        "accessKey": "accessKeyId",
        "secretKey": "secretAccessKey",
        "accessToken": "token",
        "serviceAccount": "serviceAccountJson",
        "credentialsJson": "serviceAccountJson",
    }
)
"""Accepted spelling → canonical name. What was sent is what is shown; drivers see the canonical one."""

METHOD_SPELLINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "basic": "password",
        "username_password": "password",
        "credentials": "password",
        "oauth": "oauth2",
        "token": "bearer_token",
        "pat": "bearer_token",
        "personal_access_token": "bearer_token",
        "apikey": "api_key",
        "iam": "iam_role",
    }
)
"""Accepted name of an auth method → canonical name."""


def canonical_method(name: str) -> str:
    """The canonical name of an auth method; a name that is no known spelling is returned as it is."""
    return METHOD_SPELLINGS.get(name, name)


def canonical_field(name: str) -> str:
    """The canonical name of a credential field; a name that is no known spelling is returned as it is."""
    return FIELD_SPELLINGS.get(name, name)


def canonical_fields(credentials: Mapping[str, V]) -> dict[str, V]:
    """`credentials` under canonical names; where both spellings are given, the canonical one's value wins."""
    respelled = {
        canonical_field(name): value for name, value in credentials.items() if name in FIELD_SPELLINGS
    }
    return respelled | {name: value for name, value in credentials.items() if name not in FIELD_SPELLINGS}
