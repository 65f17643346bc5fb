from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kaireon_orch_tests.worker.conftest import Child

ROWS = [
    {"id": 1, "total": 2.5, "item": "pen"},
    {"id": 2, "total": 3.5, "item": "ink"},
    {"id": "9007199254740993", "total": 1.0, "item": "nib"},
]


@pytest.mark.parametrize(("limit", "truncated"), [(2, True), (3, False)])
def test_a_preview_has_the_first_rows(child: Child, limit: int, truncated: bool) -> None:
    shown = child.run("preview", {"path": "orders.csv"}, source={}, limit=limit)
    assert shown["schema"] == [
        {"name": "id", "arrowType": "int64"},
        {"name": "total", "arrowType": "float64"},
        {"name": "item", "arrowType": "string"},
    ]
    assert (shown["rows"], shown["truncated"]) == (ROWS[:limit], truncated)


def test_discovery_is_paged(child: Child) -> None:
    page = child.run("discover", {"path": "orders.csv"}, offset=0, limit=10)
    assert page["more"] is False
    assert [stream["name"] for stream in page["streams"]] == ["orders"]
    assert page["streams"][0]["columns"][0] == {
        "name": "id",
        "sourceType": "text",
        "arrowType": "int64",
        "nullable": True,
        "key": False,
    }
    assert child.run("discover", {"path": "orders.csv"}, offset=0, limit=0) == {"streams": [], "more": True}
    assert child.run("discover", {"path": "orders.csv"}, offset=1, limit=1) == {"streams": [], "more": False}
