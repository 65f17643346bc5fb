"""Every secret field of every type is known to the search for leaks, and what it is made of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kaireon_orch import catalogue
from kaireon_orch.control import secrets
from kaireon_orch.control.contents import of_body
from kaireon_orch.control.secret_inventory import of_content
from kaireon_orch.control.secret_values import parts
from kaireon_orch.control.spellings import spellings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch.contract.spec import AuthMethod

LINE = "MHcCAQEEIPlantedPrivateKeyLine0123456789abcdefghijklmnopqrstuv=="
PEM = f"-----BEGIN EC PRIVATE KEY-----\n{LINE}\n-----END EC PRIVATE KEY-----\n"


def methods() -> Iterator[tuple[str, AuthMethod]]:
    for type_ in catalogue.types():
        yield from ((type_, method) for method in catalogue.spec(type_).auth)


@pytest.mark.parametrize(("type_", "method"), list(methods()), ids=lambda each: getattr(each, "name", each))
def test_each_declared_secret_of_a_type_is_known_and_nothing_else(type_: str, method: AuthMethod) -> None:
    declared = secrets.fields(method.model)
    given = {name: f"canary-{name}-{type_}" for name in declared}
    body = {"type": type_, "authMethod": method.name, "authConfig": given}
    found = {each.field: each.value for each in of_content(of_body(body))}
    wanted = {name for name, field in declared.items() if secrets.is_secret(field)}
    assert found == {f"authConfig.{name}": given[name] for name in wanted}


@pytest.mark.parametrize("type_", catalogue.types())
def test_each_secret_in_a_type_s_config_is_known(type_: str) -> None:
    declared = secrets.fields(catalogue.spec(type_).config)
    wanted = {name: f"canary-{name}" for name, field in declared.items() if secrets.is_secret(field)}
    found = {each.value for each in of_content(of_body({"type": type_, "config": wanted}))}
    assert found >= set(wanted.values())


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        (PEM, {LINE}),
        (PEM.replace("\n", "\\n"), {LINE}),
        (json.dumps({"type": "service_account", "private_key": PEM, "client_email": "a@b"}), {LINE}),
        ("mongodb://u:p%40ss-word@h/db", {"p%40ss-word", "p@ss-word"}),
        ("https://only-a-token@h/db", {"only-a-token"}),
        ("https://h/x?sig=a%2Bbcdef&day=1", {"a%2Bbcdef", "a+bcdef"}),
        ("AccountName=birds;AccountKey=a2V5LWtleQ==;EndpointSuffix=x", {"a2V5LWtleQ=="}),
        ("?sv=2020-01-01&sig=ab%2Bcdef%3D&se=1", {"ab+cdef="}),
        ("Bearer token-12345", {"token-12345"}),
        ("https://hooks.example.com/T0/B0/abcdefghijklmnop1234", {"abcdefghijklmnop1234"}),
    ],
)
def test_what_lets_in_alone_is_known_alone(text: str, inside: set[str]) -> None:
    assert set(parts(text)) >= inside


def test_what_is_no_secret_of_a_key_is_left_out() -> None:
    openssh = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW"
    assert set(parts(f"-----BEGIN OPENSSH PRIVATE KEY-----\n{openssh}\n{LINE}\n")) == {LINE}
    assert "birds" not in set(parts("AccountName=birds;AccountKey=a2V5LWtleQ=="))


@pytest.mark.parametrize("before", ["", "x", "xy"])
@pytest.mark.parametrize("behind", ["", "z", "zz"])
def test_base64_is_found_at_each_alignment(before: str, behind: str) -> None:
    import base64  # noqa: PLC0415  this test alone

    secret = "Siskin-/+%41"
    told = base64.b64encode(f"{before}{secret}{behind}".encode())
    assert any(spelled in told for spelled, name in spellings(secret).items() if name == "base64")


def test_no_spelling_is_so_short_that_it_stands_everywhere() -> None:
    assert all(len(spelled) >= 6 for spelled in spellings("abcde"))
