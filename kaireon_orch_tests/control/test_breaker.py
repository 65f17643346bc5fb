"""The breaker of one connector: opens, rests, tries once, closes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from kaireon_orch.control import breaker, connectors
from kaireon_orch.control.clock import now_ms
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.store.tables import Breaker

if TYPE_CHECKING:
    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.registry import Registry


@pytest.fixture
def connector_id(registry: Registry, admin: Caller) -> str:
    return connectors.create(registry, admin, {"name": "a", "type": "csv"}).id


def fail(registry: Registry, connector_id: str, times: int = 1) -> None:
    with registry.database.write() as session:
        for _ in range(times):
            breaker.failed(registry, session, connector_id)


def put(registry: Registry, connector_id: str, **values: Any) -> None:
    with registry.database.write() as session:
        session.execute(update(Breaker).where(Breaker.connector_id == connector_id).values(**values))


def refused(registry: Registry, connector_id: str) -> str:
    with pytest.raises(Fault) as caught:
        breaker.admit(registry, connector_id)
    assert caught.value.fault is FaultCode.BREAKER_OPEN
    return caught.value.message


def test_failures_in_a_row_open_it_and_it_says_until_when(registry: Registry, connector_id: str) -> None:
    fail(registry, connector_id, 2)
    assert breaker.admit(registry, connector_id) is False
    fail(registry, connector_id)
    assert "tried again in 60 s" in refused(registry, connector_id)


def test_a_success_between_begins_the_count_anew(registry: Registry, connector_id: str) -> None:
    fail(registry, connector_id, 2)
    with registry.database.write() as session:
        breaker.succeeded(registry, session, connector_id)
    fail(registry, connector_id, 2)
    assert breaker.admit(registry, connector_id) is False


def test_after_its_rest_one_call_is_let_through(registry: Registry, connector_id: str) -> None:
    fail(registry, connector_id, 3)
    put(registry, connector_id, retry_at=now_ms())
    assert breaker.admit(registry, connector_id) is True
    refused(registry, connector_id)


def test_the_trials_failure_opens_it_again(registry: Registry, connector_id: str) -> None:
    fail(registry, connector_id, 3)
    put(registry, connector_id, retry_at=1)
    breaker.admit(registry, connector_id)
    fail(registry, connector_id)
    assert "tried again in 60 s" in refused(registry, connector_id)


def test_the_trials_success_closes_it(registry: Registry, connector_id: str) -> None:
    fail(registry, connector_id, 3)
    put(registry, connector_id, retry_at=1)
    breaker.admit(registry, connector_id)
    with registry.database.write() as session:
        breaker.succeeded(registry, session, connector_id)
    assert breaker.admit(registry, connector_id) is False


def test_a_trial_whose_process_died_is_given_to_another(registry: Registry, connector_id: str) -> None:
    fail(registry, connector_id, 3)
    put(registry, connector_id, state="half_open", lease_until=1)
    assert breaker.admit(registry, connector_id) is True


def test_a_trial_that_says_nothing_about_the_peer_is_given_back(
    registry: Registry, connector_id: str
) -> None:
    fail(registry, connector_id, 3)
    put(registry, connector_id, retry_at=1)
    breaker.admit(registry, connector_id)
    with registry.database.write() as session:
        breaker.released(registry, session, connector_id)
    assert breaker.admit(registry, connector_id) is True


def test_a_change_of_config_closes_it(registry: Registry, admin: Caller, connector_id: str) -> None:
    fail(registry, connector_id, 3)
    connectors.change(registry, admin, connector_id, {"description": "still broken"})
    refused(registry, connector_id)
    connectors.change(registry, admin, connector_id, {"config": {"path": "x.csv"}})
    assert breaker.admit(registry, connector_id) is False


def test_runs_are_refused_while_it_rests(registry: Registry, connector_id: str) -> None:
    breaker.demand_closed(registry, connector_id)
    fail(registry, connector_id, 3)
    with pytest.raises(Fault):
        breaker.demand_closed(registry, connector_id)
    put(registry, connector_id, retry_at=1)
    breaker.demand_closed(registry, connector_id)


def test_it_goes_with_its_connector(registry: Registry, admin: Caller, connector_id: str) -> None:
    fail(registry, connector_id)
    connectors.delete(registry, admin, connector_id)
    with registry.database.read() as session:
        assert session.get(Breaker, connector_id) is None
