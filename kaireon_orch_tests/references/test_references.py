"""References: what they may name, where their values come from, and that REST's are literals."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaireon_orch.control import connectors, references
from kaireon_orch.control.opened import open_connector
from kaireon_orch.control.references import Resolver
from kaireon_orch.errors import InvalidInput, SecretUnreadable

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.registry import Registry

PG: dict[str, Any] = {"name": "p", "type": "postgresql", "authMethod": "password"}
CANARY = "Canary-Heron-91"


@pytest.fixture
def resolver(tmp_path: Path) -> Resolver:
    (tmp_path / "home").mkdir()
    return Resolver(tmp_path / "home", {"DB_USER": "loader", "DB_PASSWORD": CANARY, "ODD": "$${env:DB_USER}"})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${env:DB_PASSWORD}", CANARY),
        ("https://${env:DB_USER}:${env:DB_PASSWORD}@h/", f"https://loader:{CANARY}@h/"),
        ("$${env:DB_USER} ${env:DB_USER}", "${env:DB_USER} loader"),
        ("${env:ODD}", "$${env:DB_USER}"),
        ("plain $ and ${DB_USER}", "plain $ and ${DB_USER}"),
    ],
)
def test_the_environment(resolver: Resolver, text: str, value: str) -> None:
    assert resolver.resolve(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "${env:KAIREON_ENCRYPTION_KEYS}",
        "${env:kaireon_database_url}",
        "${env:A B}",
        "${env:}",
        "${file:etc/passwd}",
        "${file:/run/secrets/../../etc/shadow}",
        "${file:/run//secrets}",
        "${file:/}",
        "${aws:}",
        "${aws:a b}",
        "${aws:name#}",
        "${vault:secret/x}",
    ],
)
def test_what_can_never_be_resolved_is_refused_when_it_is_written(
    registry: Registry, operator: Caller, resolver: Resolver, text: str
) -> None:
    body = PG | {"authConfig": {"password": text}}
    with pytest.raises(InvalidInput) as caught:
        connectors.create(registry, operator, body, refers=True)
    assert [each.field for each in caught.value.details] == ["authConfig.password"]
    with pytest.raises(SecretUnreadable):
        resolver.resolve(text)


@given(st.text(alphabet="$ {}env:AB", max_size=12))
def test_an_escaped_text_is_no_reference_and_comes_back(text: str) -> None:
    assert references.unescaped(references.escaped(text)) == text
    assert list(references.find(references.escaped(text))) == []


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_mounted_file(resolver: Resolver, tmp_path: Path, end: str) -> None:
    """As Kubernetes mounts it: a link to a link to the file."""
    (tmp_path / "..2026").mkdir()
    (tmp_path / "..2026" / "password").write_text(f"two\nlines{end}", newline="")
    (tmp_path / "..data").symlink_to("..2026")
    (tmp_path / "password").symlink_to("..data/password")
    assert resolver.resolve(f"${{file:{tmp_path}/password}}") == "two\nlines"


def test_files_that_are_not_to_be_read(resolver: Resolver, tmp_path: Path) -> None:
    (tmp_path / "home" / "keys").write_text(CANARY)
    (tmp_path / "link").symlink_to("home/keys")
    (tmp_path / "large").write_bytes(b"x" * (64 * 1024 + 1))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    os.mkfifo(tmp_path / "pipe")
    names = ("missing", "home", "home/keys", "link", "large", "binary", "pipe")
    paths = [f"{tmp_path}/{name}" for name in names] + ["/proc/self/environ", "/dev/zero"]
    for path in paths:
        with pytest.raises(SecretUnreadable, match="cannot be read here") as caught:
            resolver.resolve(f"${{file:{path}}}")
        assert CANARY not in str(caught.value)


def test_the_largest_file(resolver: Resolver, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 64 * 1024)
    assert len(resolver.resolve(f"${{file:{tmp_path}/large}}")) == 64 * 1024


@pytest.mark.parametrize(
    "text", ["${env:HOME}", "${file:/etc/hostname}", "${aws:orders#password}", "$${env:HOME}"]
)
def test_over_rest_each_of_them_is_a_literal(registry: Registry, operator: Caller, text: str) -> None:
    made = connectors.create(registry, operator, PG | {"authConfig": {"username": "u", "password": text}})
    opened = open_connector(registry, operator.tenant, made.id)
    assert opened.auth == {"username": "u", "password": text}
    connectors.change(registry, operator, made.id, {"authConfig": {"password": f"x{text}"}})
    opened = open_connector(registry, operator.tenant, made.id)
    assert opened.auth == {"username": "u", "password": f"x{text}"}


def test_it_is_read_when_it_is_used_and_never_stored(
    registry: Registry, operator: Caller, tmp_path: Path
) -> None:
    path = tmp_path / "password"
    body = PG | {"authConfig": {"username": "u", "password": f"${{file:{path}}}"}}
    made = connectors.create(registry, operator, body, refers=True)
    for value in ("first", "second"):
        path.write_text(value)
        assert open_connector(registry, operator.tenant, made.id).auth == {"username": "u", "password": value}
