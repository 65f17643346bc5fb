"""A botocore client that knows what it is handed and nothing else.

botocore's own session would take whatever is missing from the operator's environment, `~/.aws`, a program that a
profile names, or the metadata service, and sign with it for the tenant. This one has no such places to look at: no
credential or token providers, no environment variables, no files but botocore's own data.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config
from botocore.configprovider import ConfigChainFactory, ConfigValueStore
from botocore.credentials import CredentialResolver
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader
from botocore.session import Session
from botocore.tokens import TokenProviderChain

from kaireon_orch.contract.auth_models import AccessKeyAuth, IamRoleAuth
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.aws import envelope, errors, way

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.client import BaseClient

    from kaireon_orch.contract.door import Door
    from kaireon_orch.contract.spec import AuthModel

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 30.0


def client(
    service: str, *, region: str | None, endpoint: str | None, auth: AuthModel | None, door: Door
) -> BaseClient:
    """A client of one service in one region, without retries; nothing is contacted yet.

    `endpoint` replaces Amazon's own address. Without `auth` the client can only tell where it would go. Raises `Fault`
    NOT_SUPPORTED (a role that nobody assumed, connections that are not judged), CREDENTIALS_REFUSED (half a key),
    MISSING_FIELDS (the region), ADDRESS_BLOCKED (the endpoint's spelling).
    """
    if not door.judged():
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            "This system cannot judge the connections of the AWS driver; run Kaireon on Linux 5.5 or later.",
        )
    keys = _keys(auth)
    try:
        made = _session().create_client(
            service,
            region_name=region,
            endpoint_url=None if endpoint is None else way.checked(endpoint),
            verify=_authorities(),
            config=_config(door),
            **keys,
        )
    except (BotoCoreError, ValueError) as error:
        raise errors.fault(error) from None
    envelope.understand(made)
    return made


def _session() -> Session:
    session = Session()
    session.register_component("credential_provider", CredentialResolver([]))
    session.register_component("token_provider", TokenProviderChain([]))
    session.register_component("config_store", _settings(session))
    session.register_component(
        "data_loader", Loader([Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    )
    for name in ("config_file", "credentials_file"):
        session.set_config_variable(name, os.devnull)
    return session


def _settings(session: Session) -> ConfigValueStore:
    """Botocore's settings at their defaults: the same chains without their look into the environment."""
    chains = ConfigChainFactory(session, environ={})
    return ConfigValueStore(
        {
            name: chains.create_config_chain(instance_name=name, default=default, conversion_func=convert)
            for name, (_, _, default, convert) in Session.SESSION_VARIABLES.items()
        }
    )


def _config(door: Door) -> Config:
    return Config(
        connect_timeout=min(door.remaining(), CONNECT_SECONDS),
        read_timeout=min(door.remaining(), ANSWER_SECONDS),
        retries={"mode": "standard", "total_max_attempts": 1},
        proxies={},
        ignore_configured_endpoint_urls=True,
        user_agent_extra="kaireon-orch",
    )


def _authorities() -> str | bool:
    """The operator's own certificate authorities where he names a file of them, else botocore's."""
    path = os.environ.get("SSL_CERT_FILE")
    return path if path and Path(path).is_file() else True


def _keys(auth: AuthModel | None) -> Mapping[str, Any]:
    """The access key as `create_client` takes it; empty for no credentials at all."""
    if auth is None:
        return {}
    if isinstance(auth, IamRoleAuth):
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            "Assuming a role is not supported yet; use access_key, with the sessionToken where the key is temporary.",
        )
    if not isinstance(auth, AccessKeyAuth) or not auth.access_key_id or not auth.secret_access_key:
        raise Fault(
            FaultCode.CREDENTIALS_REFUSED,
            "The access key is incomplete; give both accessKeyId and secretAccessKey.",
        )
    token = auth.session_token
    return {
        "aws_access_key_id": auth.access_key_id,
        "aws_secret_access_key": auth.secret_access_key.get_secret_value(),
        "aws_session_token": token.get_secret_value() if token else None,
    }
