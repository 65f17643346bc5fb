"""Snowflake's own connection, for the author of a job."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import snowflake.connector
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from snowflake.connector import errors
from snowflake.connector.session_manager import ProxySupportAdapter

from kaireon_orch.contract.auth_models import KeyPairAuth, OAuth2Auth, PasswordAuth
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.http import endpoint, pools

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr
    from snowflake.connector.session_manager import SessionManager

    from kaireon_orch.connectors.snowflake.spec import SnowflakeConfig
    from kaireon_orch.contract.door import Door
    from kaireon_orch.contract.source import Opening

APPLICATION: Final = "kaireon_orch"
LOGIN_SECONDS: Final = 30
_ACCOUNT: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_ENCRYPTED_NEEDS: Final = (
    "The private key cannot be read: give PEM text, and its passphrase where it has one."
)


class JudgedConnection(snowflake.connector.SnowflakeConnection):
    """Snowflake's connection, whose every request, results from cloud storage included, leads through the door.

    The driver has the seam (an adapter factory) and no way to hand one in: it is set on the session manager as soon as
    the driver has made it, before its first request.
    """

    def __init__(self, door: Door, **keywords: Any) -> None:  # noqa: ANN401  the driver's own
        self._door = door
        super().__init__(**keywords)

    @property
    def _session_manager(self) -> SessionManager | None:
        found: SessionManager | None = self.__dict__.get("_session_manager")
        return found

    @_session_manager.setter
    def _session_manager(self, made: SessionManager | None) -> None:
        if made is not None:
            made.config = replace(made.config, adapter_factory=self._adapter)
        self.__dict__["_session_manager"] = made

    def _adapter(self, **keywords: Any) -> _JudgedAdapter:  # noqa: ANN401  the driver's own
        return _JudgedAdapter(self._door, **keywords)


class _JudgedAdapter(ProxySupportAdapter):
    def __init__(self, door: Door, **keywords: Any) -> None:  # noqa: ANN401  the driver's own
        self._door = door
        super().__init__(**keywords)  # type: ignore[no-untyped-call]

    def init_poolmanager(self, *args: Any, **more: Any) -> None:  # noqa: ANN401  the driver's own
        super().init_poolmanager(*args, **more)  # type: ignore[no-untyped-call]
        manager: Any = self.poolmanager
        manager.pool_classes_by_scheme = pools.judged(manager.pool_classes_by_scheme, self._door)

    def send(self, request: Any, *args: Any, **more: Any) -> Any:  # noqa: ANN401  the driver's own
        """Send it past the environment's proxies."""
        return super().send(request, *args, **{**more, "proxies": None})  # type: ignore[no-untyped-call]


def open_client(
    opening: Opening[SnowflakeConfig], *, schema: str | None = None
) -> snowflake.connector.SnowflakeConnection:
    """A logged-in `SnowflakeConnection`, in `schema` or the connector's own.

    Raises `Fault` MISSING_FIELDS, NOT_SUPPORTED, ADDRESS_BLOCKED, CREDENTIALS_REFUSED, REFUSED.
    """
    keywords = {**_place(opening), **_login(opening)}
    if schema is not None:
        keywords["schema"] = schema
    try:
        return JudgedConnection(opening.door, **keywords)
    except (errors.DatabaseError, errors.ForbiddenError):
        raise Fault(
            FaultCode.CREDENTIALS_REFUSED, "Snowflake refused the login; check user and credentials."
        ) from None
    except errors.Error:
        raise Fault(FaultCode.REFUSED, "Snowflake cannot be reached; check the account's name.") from None


def check(opening: Opening[SnowflakeConfig]) -> None:
    """What can be known without a login: fields, credentials and the address. Raises `Fault` as `open_client`."""
    _place(opening)
    _login(opening)


def _place(opening: Opening[SnowflakeConfig]) -> dict[str, Any]:
    config = opening.config
    account = config.account or ""
    if not _ACCOUNT.fullmatch(account):
        raise Fault(
            FaultCode.MISSING_FIELDS, "account is needed: the account's identifier, and no host name."
        )
    base = endpoint.checked(config.endpoint or f"https://{account.replace('_', '-')}.snowflakecomputing.com")
    endpoint.resolve(base, opening.door)
    place = endpoint.parsed(base)
    names = {
        "warehouse": config.warehouse,
        "database": config.database,
        "schema": config.schema_,
        "role": config.role,
    }
    return {
        "account": account,
        "host": place.host,
        "port": place.port,
        "protocol": place.scheme,
        "application": APPLICATION,
        "login_timeout": LOGIN_SECONDS,
        "platform_detection_timeout_seconds": 0,
        **{name: value for name, value in names.items() if value},
    }


def _login(opening: Opening[SnowflakeConfig]) -> Mapping[str, Any]:
    auth = opening.auth
    if isinstance(auth, PasswordAuth) and auth.username and auth.password:
        return {"user": auth.username, "password": _opened(auth.password)}
    if isinstance(auth, KeyPairAuth) and auth.username and auth.private_key:
        return {"user": auth.username, "private_key": _der(auth)}
    if isinstance(auth, OAuth2Auth):
        return _token(auth)
    raise Fault(
        FaultCode.MISSING_FIELDS, "Credentials are needed: a user name with a password or a private key."
    )


def _token(auth: OAuth2Auth) -> Mapping[str, Any]:
    if not auth.token:
        words = (
            "A client logs in to Snowflake with an access token (token); one is not asked for on its behalf."
        )
        raise Fault(FaultCode.NOT_SUPPORTED, words)
    return {"authenticator": "oauth", "token": _opened(auth.token)}


def _der(auth: KeyPairAuth) -> bytes:
    """The key as the driver takes it: PKCS 8 without a passphrase, in memory alone."""
    passphrase = _opened(auth.passphrase).encode() if auth.passphrase else None
    try:
        key = serialization.load_pem_private_key(_opened(auth.private_key).encode(), passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Fault(FaultCode.CREDENTIALS_REFUSED, _ENCRYPTED_NEEDS) from None
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _opened(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
