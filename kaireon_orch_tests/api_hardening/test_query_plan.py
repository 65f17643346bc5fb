"""How the databases answer a page of the list: by the index, without sorting, however many rows there are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, insert, text

from kaireon_orch.control import connectors, ids, tenants
from kaireon_orch.control.caller import Caller
from kaireon_orch.store.tables import Connector
from kaireon_orch_tests.api_hardening import processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch.control.registry import Registry

ROWS = 600
TENANTS = ("many", *(f"other{number}" for number in range(12)))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def registry(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    url = request.getfixturevalue("postgres").database("api_plans") if request.param == "postgresql" else None
    opened = processes.prepared(tmp_path_factory.mktemp("home"), url)
    with opened.database.write() as session:
        for tenant in TENANTS:
            tenants.ensure(opened, session, tenant)
        session.execute(insert(Connector), [row(tenant) for _ in range(ROWS) for tenant in TENANTS])
    vacuum(opened)
    yield opened
    opened.close()


def row(tenant: str) -> dict[str, Any]:
    record = ids.new_id("conn")
    given = {"config": {}, "auth_method": "access_key", "auth_fields": [], "status": "inactive", "version": 1}
    at = ids.time_of(record)
    made = {"id": record, "tenant": tenant, "name": record, "resource_key": record, "type": "csv"}
    return {**made, **given, "created_at": at, "updated_at": at}


def vacuum(registry: Registry) -> None:
    """Statistics, and the map by which PostgreSQL counts off the index alone."""
    engine = registry.database._engine
    if not registry.database.embedded:
        engine = engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE" if registry.database.embedded else "VACUUM ANALYZE connectors")


def plans(registry: Registry, **asked: Any) -> list[str]:
    """The plan of every SELECT on connectors that a page needs."""
    seen: list[tuple[str, Any]] = []

    def note(_conn: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        if "FROM connectors" in statement:
            seen.append((statement, parameters))

    event.listen(registry.database._engine, "before_cursor_execute", note)
    page = connectors.list_page(registry, Caller.operator("many"), limit=100, **asked)
    event.remove(registry.database._engine, "before_cursor_execute", note)
    assert len(page.data) == 100
    return [explained(registry, statement, parameters) for statement, parameters in seen]


def explained(registry: Registry, statement: str, parameters: Any) -> str:
    with registry.database.read() as session:
        connection = session.connection()
        if registry.database.embedded:
            found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            return "\n".join(str(each[3]) for each in found)
        connection.execute(text("SET LOCAL max_parallel_workers_per_gather = 0"))
        return json.dumps(
            connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar()
        )


@pytest.mark.parametrize("place", ["first", "middle"])
def test_a_page_is_read_off_its_index(registry: Registry, place: str) -> None:
    asked: dict[str, Any] = {}
    if place == "middle":
        first = connectors.list_page(registry, Caller.operator("many"), limit=100)
        asked = {"cursor": first.data[50].id}
    found = plans(registry, **asked)
    assert found
    for plan in found:
        assert "ix_connectors_page" in plan or "uq_connectors" in plan, plan
        assert "Seq Scan" not in plan
        assert '"Sort"' not in plan
        assert "TEMP B-TREE" not in plan
        assert not plan.startswith("SCAN")
    assert "ix_connectors_page" in found[-1]
