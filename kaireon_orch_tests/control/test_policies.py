"""What a child may reach: the operator's rules, our own services never, the warehouse only when it is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kaireon_orch.control.policies import policy_for
from kaireon_orch.control.registry import Registry
from kaireon_orch.settings import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Registry]:
    settings = load(
        tmp_path / "home",
        egress_allow="127.0.0.1,10.1.0.0/16,localhost:9999",
        code_server="127.0.0.1:4000",
        redis_url="redis://127.0.0.1:6380/0",
        dagster_url="http://127.0.0.1:3000",
        warehouse_url="postgresql+psycopg://w:canary@127.0.0.1:5433/dw",
    )
    registry = Registry.open(settings)
    yield registry
    registry.close()


def test_the_operators_rules_hold(guarded: Registry) -> None:
    policy = policy_for(guarded, [])
    assert policy.judge("10.1.2.3", 5432)
    assert policy.judge("127.0.0.1", 8080)
    assert not policy.judge("10.2.0.1", 5432)
    assert policy.files == (str(guarded.settings.home / "files"),)


@pytest.mark.parametrize("port", [8000, 3000, 4000, 6380])
def test_our_own_services_are_refused_even_in_an_allowed_range(guarded: Registry, port: int) -> None:
    policy = policy_for(guarded, [], warehouse=True)
    assert not policy.judge("127.0.0.1", port)
    assert not policy.admits("127.0.0.1", port)


def test_the_warehouse_is_reached_by_its_own_door_only(guarded: Registry) -> None:
    policy = policy_for(guarded, [], warehouse=True)
    assert policy.admits("127.0.0.1", 5433)
    assert not policy.judge("127.0.0.1", 5433)


def test_the_warehouses_file_is_named_in_every_job(registry: Registry) -> None:
    file = str(registry.settings.home / "warehouse.duckdb")
    assert policy_for(registry, []).exact_files == (file,)
    assert policy_for(registry, [], warehouse=True).exact_files == (file,)


def test_a_tenant_is_kept_from_the_warehouse_in_every_job(guarded: Registry) -> None:
    assert not policy_for(guarded, []).admits("127.0.0.1", 5433)


def test_a_policy_holds_no_secret(guarded: Registry) -> None:
    assert "canary" not in str(policy_for(guarded, [], warehouse=True).to_wire())
