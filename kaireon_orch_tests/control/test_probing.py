"""Connection tests in a real guarded child: their order, what is stored, what they answer."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, update

from kaireon_orch.control import audit, breaker, connectors, probing
from kaireon_orch.errors import Forbidden, InvalidInput, NotFound, RateLimited
from kaireon_orch.store.tables import Breaker, Connector
from kaireon_orch.vault import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.control.views import TestResult


class Listener:
    """A TCP server that counts who comes and says nothing."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.visitors = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        held = []
        while True:
            try:
                held.append(self.socket.accept()[0])
            except OSError:
                for each in held:
                    each.close()
                return
            self.visitors += 1

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    opened = Listener()
    yield opened
    opened.close()


@pytest.fixture
def sample(registry: Registry, request: pytest.FixtureRequest) -> Path:
    path = registry.settings.home / "files" / f"{abs(hash(request.node.name))}.csv"
    path.write_text("id,name\n1,a\n2,b\n3,c\n")
    return path


def csv(registry: Registry, caller: Caller, path: Path | str) -> str:
    return connectors.create(registry, caller, {"name": "c", "type": "csv", "config": {"path": str(path)}}).id


def run(registry: Registry, caller: Caller, connector_id: str) -> TestResult:
    return probing.test_connector(registry, caller, {"id": connector_id})


def test_a_file_is_parsed_and_its_rows_are_stamped(registry: Registry, editor: Caller, sample: Path) -> None:
    result = run(registry, editor, csv(registry, editor, sample))
    assert (result.success, result.status, result.code) == (True, "active", "OK")
    assert all(check.ok for check in result.checks)
    assert result.connector is not None
    shown = result.connector
    assert (shown.status, shown.last_error, shown.last_sync_row_count) == ("active", None, 3)
    assert shown.last_tested_at == shown.last_sync_at
    stored = connectors.get(registry, editor, shown.id)
    assert stored.model_dump() == {name: getattr(shown, name) for name in stored.model_dump()}


def test_a_failure_is_an_answer_and_is_kept(registry: Registry, editor: Caller) -> None:
    connector_id = csv(registry, editor, registry.settings.home / "files" / "missing.csv")
    result = run(registry, editor, connector_id)
    assert (result.success, result.status, result.code) == (False, "error", "OBJECT_MISSING")
    assert result.checks[-1].ok is False
    stored = connectors.get(registry, editor, connector_id)
    assert (stored.status, stored.last_error) == ("error", result.message)
    assert stored.last_sync_at is None


def test_missing_fields_touch_nothing(registry: Registry, editor: Caller, listener: Listener) -> None:
    body = {"name": "p", "type": "postgresql", "config": {"host": "127.0.0.1", "port": listener.port}}
    made = connectors.create(registry, editor, body)
    result = run(registry, editor, made.id)
    assert (result.code, result.success) == ("MISSING_FIELDS", False)
    assert "database" in result.message
    assert listener.visitors == 0
    assert connectors.get(registry, editor, made.id).status == "error"
    assert _failures(registry, made.id) == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"type": "braze", "config": {"restHost": "rest.example.com"}}, "NOT_SUPPORTED"),
        ({"type": "oracle", "config": {"host": "h", "port": 1, "serviceName": "s"}}, "NOT_SUPPORTED"),
    ],
)
def test_types_without_a_probe(registry: Registry, editor: Caller, body: dict[str, Any], code: str) -> None:
    made = connectors.create(registry, editor, body | {"name": "x"})
    result = run(registry, editor, made.id)
    assert (result.success, result.code) == (False, code)
    assert _failures(registry, made.id) == 0


def test_our_own_services_are_blocked_and_the_breaker_does_not_count_it(
    registry: Registry, editor: Caller
) -> None:
    config = {"host": "127.0.0.1", "port": registry.settings.api_port, "database": "d"}
    made = connectors.create(registry, editor, {"name": "p", "type": "postgresql", "config": config})
    assert run(registry, editor, made.id).code == "ADDRESS_BLOCKED"
    assert _failures(registry, made.id) == 0


def test_failures_open_the_breaker_and_a_rest_later_one_trial_is_let_through(
    registry: Registry, editor: Caller, sample: Path
) -> None:
    sample.rename(sample.with_suffix(".away"))
    connector_id = csv(registry, editor, sample)
    codes = [run(registry, editor, connector_id).code for _ in range(registry.settings.breaker_failures)]
    assert set(codes) == {"OBJECT_MISSING"}
    kept = connectors.get(registry, editor, connector_id)
    rested = run(registry, editor, connector_id)
    assert rested.code == "BREAKER_OPEN"
    assert "tried again in" in rested.message
    assert connectors.get(registry, editor, connector_id) == kept
    sample.with_suffix(".away").rename(sample)
    with registry.database.write() as session:
        session.execute(update(Breaker).where(Breaker.connector_id == connector_id).values(retry_at=1))
    assert run(registry, editor, connector_id).success
    assert breaker.admit(registry, connector_id) is False


def test_disabled_stays_disabled(registry: Registry, editor: Caller, sample: Path) -> None:
    connector_id = csv(registry, editor, sample)
    connectors.change(registry, editor, connector_id, {"status": "disabled"})
    result = run(registry, editor, connector_id)
    assert (result.success, result.status) == (True, "active")
    stored = connectors.get(registry, editor, connector_id)
    assert stored.status == "disabled"
    assert stored.last_tested_at is not None


def test_the_answer_holds_masked_credentials(registry: Registry, editor: Caller, sample: Path) -> None:
    body = {
        "name": "m",
        "type": "csv",
        "config": {"path": str(sample)},
        "authMethod": "bearer_token",
        "authConfig": {"accessToken": "canary-token", "odd": "x"},
    }
    made = connectors.create(registry, editor, body)
    shown = run(registry, editor, made.id).to_json()
    masked = {"accessToken": f"ca{MASK}en", "odd": MASK}
    assert shown["authConfig"] == shown["connector"]["authConfig"] == masked
    assert "canary-token" not in str(shown)


def test_a_draft_is_tested_and_not_stored(registry: Registry, admin: Caller, sample: Path) -> None:
    result = probing.test_connector(
        registry, admin, {"type": "csv", "connectionConfig": {"path": str(sample)}}
    )
    assert result.success
    assert result.connector is None
    assert connectors.list_page(registry, admin).total == 0
    newest = audit.list_page(registry, admin, limit=1).data[0]
    assert (newest.action, newest.entity_id) == ("test", None)


def test_drafts_are_no_port_scanner(registry: Registry, editor: Caller, listener: Listener) -> None:
    def draft(port: int) -> dict[str, Any]:
        config = {"host": "127.0.0.1.", "port": port, "database": "d"}
        return {"type": "oracle", "config": config | {"serviceName": "s"}}

    for port in range(1, 11):
        probing.test_connector(registry, editor, draft(port))
    with pytest.raises(RateLimited):
        probing.test_connector(registry, editor, draft(11))


def test_bad_requests(
    registry: Registry, editor: Caller, viewer: Caller, admin: Caller, stranger: Caller
) -> None:
    made = connectors.create(registry, admin, {"name": "c", "type": "csv"})
    for body in (
        {},
        {"id": 5},
        {"id": made.id, "x": 1},
        {"type": "nothing"},
        {"type": "csv", "config": {"path": 5}},
    ):
        with pytest.raises(InvalidInput):
            probing.test_connector(registry, editor, body)
    with pytest.raises(NotFound):
        run(registry, stranger, made.id)
    with pytest.raises(Forbidden):
        run(registry, viewer, made.id)


def test_a_result_for_what_was_changed_meanwhile_is_not_stored(registry: Registry, editor: Caller) -> None:
    connector_id = csv(registry, editor, "old.csv")
    with registry.database.read() as session:
        tested = session.get_one(Connector, connector_id)
    connectors.change(registry, editor, connector_id, {"config": {"path": "new.csv"}})
    probing._keep(registry, editor, tested, probing.Probe(), trial=False)
    assert connectors.get(registry, editor, connector_id).last_tested_at is None


def _failures(registry: Registry, connector_id: str) -> int:
    with registry.database.read() as session:
        count = select(func.coalesce(func.max(Breaker.failures), 0)).where(
            Breaker.connector_id == connector_id
        )
        return session.execute(count).scalar_one()
