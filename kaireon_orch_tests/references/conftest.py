"""A registry whose operator has an identity at a real (emulated) AWS, and a tenant of its own for each test."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from kaireon_orch.control import tenants
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch.settings import load
from kaireon_orch_tests.servers.moto import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch_tests.servers.moto import Keys, MotoServer

_NUMBERS = itertools.count(1)
RIGHTS = ("secretsmanager:GetSecretValue", "sts:AssumeRole")


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    settings = load(tmp_path_factory.mktemp("home"), egress_allow="127.0.0.1", test_rate_limit="1000/60")
    (settings.home / "files").mkdir(mode=0o700)
    found = Registry.open(settings)
    yield found
    found.close()


@pytest.fixture
def operator(registry: Registry) -> Caller:
    tenant = f"t{next(_NUMBERS)}"
    with registry.database.write() as session:
        tenants.ensure(registry, session, tenant)
    return Caller.operator(tenant)


@pytest.fixture(scope="session")
def identity(moto: MotoServer) -> Keys:
    """The operator's key at AWS."""
    return moto.user("operator", RIGHTS)


@pytest.fixture
def aws(moto: MotoServer, identity: Keys, monkeypatch: pytest.MonkeyPatch) -> MotoServer:
    """AWS, with the operator's identity in this process's environment."""
    nowhere(monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", identity.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", identity.secret_access_key)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.url)
    return moto


def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process without any identity at AWS."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
