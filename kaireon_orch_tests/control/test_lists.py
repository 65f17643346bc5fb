"""Pages that stay right while rows come and go, filters, and literal search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from kaireon_orch.control import connectors, ids
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.registry import Registry
from kaireon_orch.errors import InvalidInput
from kaireon_orch.settings import load

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch.control.views import ConnectorView


def make(
    registry: Registry, caller: Caller, *names: str, description: str | None = None
) -> list[ConnectorView]:
    bodies = ({"name": name, "type": "csv", "description": description} for name in names)
    return [connectors.create(registry, caller, body) for body in bodies]


def names(registry: Registry, caller: Caller, q: str) -> list[str]:
    return [each.name for each in connectors.list_page(registry, caller, q=q).data]


def test_newest_first_to_the_end(registry: Registry, admin: Caller) -> None:
    made = make(registry, admin, *(f"c{i}" for i in range(7)))
    seen, cursor = [], None
    for expected in (3, 3, 1):
        page = connectors.list_page(registry, admin, limit=3, cursor=cursor)
        assert (len(page.data), page.total, page.limit) == (expected, 7, 3)
        assert page.has_more is (page.cursor is not None)
        seen += [each.id for each in page.data]
        cursor = page.cursor
    assert cursor is None
    assert seen == [each.id for each in reversed(made)]


def test_the_cursors_own_row_may_be_gone(registry: Registry, admin: Caller) -> None:
    made = make(registry, admin, *(f"c{i}" for i in range(6)))
    page = connectors.list_page(registry, admin, limit=2)
    assert page.cursor is not None
    connectors.delete(registry, admin, page.cursor)
    make(registry, admin, "newer")
    rest = connectors.list_page(registry, admin, limit=100, cursor=page.cursor)
    assert [each.id for each in rest.data] == [each.id for each in reversed(made[:4])]


@pytest.mark.parametrize("limit", [0, 101, -1, "x", "", "1.5", "²"])
def test_bad_limits(registry: Registry, admin: Caller, limit: int | str) -> None:
    with pytest.raises(InvalidInput) as caught:
        connectors.list_page(registry, admin, limit=limit)
    assert caught.value.details[0].field == "limit"


@pytest.mark.parametrize(
    "cursor", ["", "x", "conn_", "conn_0", "conn_01K0000000000000000000000U", "conn_" + "z" * 26]
)
def test_bad_cursors(registry: Registry, admin: Caller, cursor: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        connectors.list_page(registry, admin, cursor=cursor)
    assert caught.value.details[0].field == "cursor"


def test_filters(registry: Registry, admin: Caller) -> None:
    one, _other = make(registry, admin, "a", "b")
    connectors.create(registry, admin, {"name": "c", "type": "sqlite"})
    connectors.change(registry, admin, one.id, {"status": "disabled"})
    assert connectors.list_page(registry, admin, type="csv").total == 2
    assert connectors.list_page(registry, admin, type="nothing").total == 0
    assert [each.id for each in connectors.list_page(registry, admin, status="disabled").data] == [one.id]
    with pytest.raises(InvalidInput):
        connectors.list_page(registry, admin, status="broken")


def test_search_takes_wildcards_literally(registry: Registry, admin: Caller) -> None:
    make(registry, admin, "100% sure", "snake_case", "Straße ÄÖ", "back\\slash")
    make(registry, admin, "plain", description="has Percent %")
    assert names(registry, admin, "%") == ["plain", "100% sure"]
    assert names(registry, admin, "_") == ["snake_case"]
    assert names(registry, admin, "\\") == ["back\\slash"]
    assert names(registry, admin, "SURE") == ["100% sure"]
    assert names(registry, admin, "äö") == ["Straße ÄÖ"]
    assert names(registry, admin, "percent") == ["plain"]


def test_lists_come_straight_off_an_index(tmp_path: Path) -> None:
    registry = Registry.open(load(tmp_path / "home"))
    caller = Caller.operator("default")
    make(registry, caller, "a", "b", "c")
    page = connectors.list_page(registry, caller, limit=1)
    asked: list[tuple[str, Any]] = []
    engine = registry.database._reader
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
    connectors.list_page(registry, caller, limit=1, cursor=page.cursor)
    with registry.database.read() as session:
        connection = session.connection()
        queries = [each for each in asked if each[0].startswith("SELECT")]
        plans = [
            [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", parameters)]
            for text, parameters in queries
        ]
    registry.close()
    counted, paged = plans
    assert [line.partition(" (")[0] for line in counted] == [
        "SEARCH tenants USING INDEX sqlite_autoindex_tenants_1"
    ]
    assert paged == ["SEARCH connectors USING INDEX ix_connectors_page (tenant=? AND (created_at,id)<(?,?))"]


def test_ids_rise_and_tell_their_time() -> None:
    made = [ids.new_id("conn") for _ in range(2000)]
    assert made == sorted(made)
    assert len(set(made)) == 2000
    assert ids.time_of(made[0]) <= ids.time_of(made[-1])
