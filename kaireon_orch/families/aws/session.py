"""A botocore client that knows what it is handed and nothing else.

botocore's own session would take whatever is missing from the operator's environment, `~/.aws`, a program that a
profile names, or the metadata service, and sign with it for the tenant. This one has no such places to look at: no
credential or token providers, no environment variables, no files but botocore's own data.
"""

from __future__ import annotations

import os
from importlib import import_module, util
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
from kaireon_orch.families.aws import envelope, errors
from kaireon_orch.families.http import endpoint as endpoints
from kaireon_orch.families.http import pools

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.client import BaseClient

    from kaireon_orch.contract.door import Door
    from kaireon_orch.contract.spec import AuthModel

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 30.0


def client(
    service: str,
    *,
    region: str | None,
    endpoint: str | None,
    auth: AuthModel | None,
    door: Door,
    attempts: int = 1,
    path_style: bool = False,
) -> BaseClient:
    """A client of one service in one region; nothing is contacted yet. A request is tried `attempts` times.

    `endpoint` replaces Amazon's own address. Without `auth` the client can only tell where it would go. Where the
    kernel does not judge connections, the client's own lead through the door. Raises `Fault` NOT_SUPPORTED (a role that
    nobody assumed), CREDENTIALS_REFUSED (half a key), MISSING_FIELDS (the region), ADDRESS_BLOCKED (the endpoint's
    spelling).
    """
    keys = _keys(auth)
    try:
        made = _session(service).create_client(
            service,
            region_name=region,
            endpoint_url=None if endpoint is None else endpoints.checked(endpoint),
            verify=_authorities(),
            config=_config(door, attempts, path_style=path_style),
            **keys,
        )
    except (BotoCoreError, ValueError) as error:
        raise errors.fault(error) from None
    envelope.understand(made)
    if not door.judged():
        _pin(made, door)
    return made


def _pin(made: BaseClient, door: Door) -> None:
    """Botocore has no seam for this: its HTTP session's pools are replaced before the first connection."""
    session = made._endpoint.http_session  # noqa: SLF001  see above
    session._pool_classes_by_scheme.update(pools.judged(session._pool_classes_by_scheme, door))  # noqa: SLF001  the same


def _session(service: str) -> Session:
    session = Session()
    if service == "s3" and util.find_spec("boto3"):
        # What boto3 adds to S3's client: uploads and downloads of whole files.
        inject = import_module("boto3.s3.inject").inject_s3_transfer_methods
        session.register("creating-client-class.s3", inject)
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


def _config(door: Door, attempts: int, *, path_style: bool) -> Config:
    return Config(
        connect_timeout=min(door.remaining(), CONNECT_SECONDS),
        read_timeout=min(door.remaining(), ANSWER_SECONDS),
        retries={"mode": "standard", "total_max_attempts": attempts},
        s3={"addressing_style": "path"} if path_style else None,
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
