"""Secrets of AWS Secrets Manager, read as the operator from a server that checks signatures and rights."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kaireon_orch.control.references import Resolver
from kaireon_orch.errors import SecretUnreadable, Unavailable
from kaireon_orch_tests.references.conftest import nowhere
from kaireon_orch_tests.servers.postgres import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch_tests.servers.moto import MotoServer

CANARY = "Canary-Osprey-17"


@pytest.fixture(scope="module")
def arn(moto: MotoServer) -> str:
    """The ARN of `shop/orders`, a JSON object; `plain` is a text, `binary` bytes."""
    client = moto.client("secretsmanager")
    client.create_secret(Name="plain", SecretString=CANARY)
    client.create_secret(Name="binary", SecretBinary=b"\x00\x01")
    held = {"password": CANARY, "port": 5432, "nested": {}}
    return str(client.create_secret(Name="shop/orders", SecretString=json.dumps(held))["ARN"])


@pytest.fixture
def resolver(tmp_path: Path) -> Resolver:
    return Resolver(tmp_path)


def test_a_text_and_the_values_of_an_object(aws: MotoServer, arn: str, resolver: Resolver) -> None:
    assert resolver.resolve("${aws:plain}") == CANARY
    assert resolver.resolve("${aws:shop/orders#password}:${aws:shop/orders#port}") == f"{CANARY}:5432"
    assert resolver.resolve(f"${{aws:{arn}#password}}") == CANARY


def test_an_arn_says_the_region(
    aws: MotoServer, arn: str, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-southeast-2")
    assert resolver.resolve(f"${{aws:{arn}#password}}") == CANARY


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nothing", "no such secret"),
        ("binary", "binary"),
        ("plain#password", "no JSON object"),
        ("shop/orders#user", "no text under this key"),
        ("shop/orders#nested", "no text under this key"),
    ],
)
def test_what_is_not_there(aws: MotoServer, arn: str, resolver: Resolver, name: str, why: str) -> None:
    with pytest.raises(SecretUnreadable, match=why) as caught:
        resolver.resolve(f"${{aws:{name}}}")
    assert CANARY not in str(caught.value)


def test_an_identity_without_the_right(
    aws: MotoServer, arn: str, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    outsider = aws.user("outsider", [])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", outsider.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", outsider.secret_access_key)
    with pytest.raises(SecretUnreadable, match="refuses this installation"):
        resolver.resolve("${aws:plain}")


def test_no_identity_at_all(aws: MotoServer, resolver: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere(monkeypatch)
    with pytest.raises(SecretUnreadable, match="no identity at AWS"):
        resolver.resolve("${aws:plain}")


def test_out_of_reach_may_pass(aws: MotoServer, resolver: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unavailable, match="AWS"):
        resolver.resolve("${aws:plain}")
