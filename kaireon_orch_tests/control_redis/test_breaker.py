"""The breaker in Redis keeps the manners of the one in the registry."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from kaireon_orch.control import breaker, connectors, probing
from kaireon_orch.control.breaker_redis import PREFIX
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.store.tables import Breaker

if TYPE_CHECKING:
    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.registry import Registry
    from kaireon_orch_tests.servers.redis import RedisServer

REST = 0.3


def fail(registry: Registry, connector_id: str, times: int = 1) -> None:
    with registry.database.write() as session:
        for _ in range(times):
            breaker.failed(registry, session, connector_id)


def refused(registry: Registry, connector_id: str) -> str:
    with pytest.raises(Fault) as caught:
        breaker.admit(registry, connector_id)
    assert caught.value.fault is FaultCode.BREAKER_OPEN
    return caught.value.message


def test_it_opens_rests_tries_once_and_closes(registry: Registry, connector_id: str) -> None:
    fail(registry, connector_id, 2)
    assert breaker.admit(registry, connector_id) is False
    fail(registry, connector_id)
    assert "tried again in 1 s" in refused(registry, connector_id)
    time.sleep(REST)
    assert breaker.admit(registry, connector_id) is True
    assert "tried again in 15 s" in refused(registry, connector_id)
    with registry.database.write() as session:
        breaker.succeeded(registry, session, connector_id)
    assert breaker.admit(registry, connector_id) is False


def test_the_trials_failure_opens_it_again(registry: Registry, connector_id: str) -> None:
    fail(registry, connector_id, 3)
    time.sleep(REST)
    assert breaker.admit(registry, connector_id) is True
    fail(registry, connector_id)
    refused(registry, connector_id)
    time.sleep(REST)
    assert breaker.admit(registry, connector_id) is True


def test_a_trial_that_says_nothing_about_the_peer_is_given_back(
    registry: Registry, connector_id: str
) -> None:
    fail(registry, connector_id, 3)
    time.sleep(REST)
    breaker.admit(registry, connector_id)
    with registry.database.write() as session:
        breaker.released(registry, session, connector_id)
    assert breaker.admit(registry, connector_id) is True


def test_a_trial_whose_process_died_is_given_to_another(
    registry: Registry, connector_id: str, redis: RedisServer
) -> None:
    fail(registry, connector_id, 3)
    time.sleep(REST)
    assert breaker.admit(registry, connector_id) is True
    with redis.client() as client:
        client.hset(PREFIX + connector_id, "lease_until", 1)
    assert breaker.admit(registry, connector_id) is True


def test_runs_are_refused_while_it_rests(registry: Registry, connector_id: str) -> None:
    breaker.demand_closed(registry, connector_id)
    fail(registry, connector_id, 3)
    with pytest.raises(Fault):
        breaker.demand_closed(registry, connector_id)
    time.sleep(REST)
    breaker.demand_closed(registry, connector_id)


def test_a_change_of_config_closes_it_and_a_deletion_forgets_it(
    registry: Registry, caller: Caller, connector_id: str, redis: RedisServer
) -> None:
    fail(registry, connector_id, 3)
    connectors.change(registry, caller, connector_id, {"config": {"path": "x.csv"}})
    assert breaker.admit(registry, connector_id) is False
    fail(registry, connector_id, 3)
    with redis.client() as client:
        assert client.exists(PREFIX + connector_id)
        connectors.delete(registry, caller, connector_id)
        assert not client.exists(PREFIX + connector_id)


def test_those_that_rest_are_counted(registry: Registry, caller: Caller) -> None:
    made = [connectors.create(registry, caller, {"name": name, "type": "csv"}).id for name in "abc"]
    before = breaker.states(registry)
    for each in made:
        fail(registry, each, 3)
    time.sleep(REST)
    breaker.admit(registry, made[0])
    after = breaker.states(registry)
    assert after.get("open", 0) - before.get("open", 0) == 2
    assert after.get("half_open", 0) - before.get("half_open", 0) == 1


def test_tests_feed_it_and_the_registry_stays_out_of_it(registry: Registry, caller: Caller) -> None:
    body = {"name": "x", "type": "csv", "config": {"path": "missing.csv"}}
    made = connectors.create(registry, caller, body)
    codes = [probing.test_connector(registry, caller, {"id": made.id}).code for _ in range(4)]
    assert codes == ["OBJECT_MISSING"] * 3 + ["BREAKER_OPEN"]
    with registry.database.read() as session:
        assert session.get(Breaker, made.id) is None
