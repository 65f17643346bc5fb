"""A registry on each of its databases, and callers of two tenants that no other test has."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.control import keys
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch.settings import load
from kaireon_orch.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBERS = itertools.count()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def registry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A migrated registry whose operator allows this machine's loopback."""
    given: dict[str, Any] = {"egress_allow": "127.0.0.1", "breaker_failures": 3}
    if request.param == "postgresql":
        given["database_url"] = request.getfixturevalue("postgres").database(f"control_{os.getpid()}")
    settings = load(tmp_path_factory.mktemp("home"), **given)
    (settings.home / "files").mkdir(mode=0o700)
    migrating = Database(settings.registry_url)
    migrating.migrate()
    migrating.close()
    opened = Registry.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def admin(registry: Registry) -> Caller:
    return _caller(registry)


@pytest.fixture
def editor(admin: Caller) -> Caller:
    return replace(admin, role="editor", key_id="key_e", key_name="ed")


@pytest.fixture
def viewer(admin: Caller) -> Caller:
    return replace(admin, role="viewer", key_id="key_v", key_name="vi")


@pytest.fixture
def stranger(registry: Registry) -> Caller:
    """An administrator of another tenant."""
    return _caller(registry)


def _caller(registry: Registry) -> Caller:
    tenant = f"t{next(_NUMBERS)}"
    keys.create(registry, Caller.operator(tenant), {"name": "first", "role": "admin"})
    return Caller(tenant, "admin", "key_a", "ann", "req-1")
