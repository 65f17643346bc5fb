"""What each target says about its rows and its key, after a load and when it is asked alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.worker import tally
from kaireon_orch_tests.movement.ends import connector

if TYPE_CHECKING:
    from kaireon_orch_tests.connectors.mysql_ends import MyEnds

TYPES = {"id": "int64", "day": "date32", "note": "string"}
ROWS = "id,day,note\n1,2026-01-01,a\n1,2026-01-02,b\n2,2026-01-01,c\n2,2026-01-01,d\n2,2026-01-01,e\n,2026-01-01,f\n"
TARGETS = ["duckdb", "postgresql", "my", "parquet", "delta_lake"]


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest, my: MyEnds) -> dict[str, Any]:
    match request.param:
        case "parquet":
            return connector("parquet", {"path": str(my.folder / "lake")})
        case "delta_lake":
            return connector("delta_lake", {"uri": str(my.folder / "delta")})
        case name:
            chosen: dict[str, Any] = getattr(my, name)()
            return chosen


def load(my: MyEnds, target: dict[str, Any], text: str = ROWS, **options: Any) -> dict[str, Any]:
    payload = my.payload(my.csv(text, types=TYPES), target, schema=None, **options)
    return my.work({**payload, "tally": True})


def asked(my: MyEnds, target: dict[str, Any], **pipeline: Any) -> dict[str, Any]:
    payload = {"pipeline": pipeline, "target": target, "targetTable": {"schema": None, "table": "t"}}
    return tally.work(my.job(payload))


def figures(found: dict[str, Any]) -> tuple[int, int, int]:
    assert found["fault"] is None, found
    return found["rows"], found["nulls"], found["duplicates"]


def test_rows_that_lack_their_key_or_repeat_one_are_counted(my: MyEnds, target: dict[str, Any]) -> None:
    assert figures(load(my, target, primaryKey=["id"])["tally"]) == (6, 1, 3)
    assert figures(asked(my, target, primaryKey=["id", "day"])) == (6, 1, 2)
    assert figures(asked(my, target)) == (6, 0, 0)
    assert asked(my, target)["columns"] == ["id", "day", "note"]


def test_of_versions_the_current_ones_count(my: MyEnds, target: dict[str, Any]) -> None:
    keyed: dict[str, Any] = {"loadMode": "scd2", "primaryKey": ["id"]}
    load(my, target, "id,day,note\n1,2026-01-01,a\n2,2026-01-01,b\n", **keyed)
    after = load(my, target, "id,day,note\n1,2026-01-01,z\n2,2026-01-01,b\n", **keyed)
    assert figures(after["tally"]) == (3, 0, 0)


def test_what_cannot_be_counted_is_told_and_fails_nothing(my: MyEnds, target: dict[str, Any]) -> None:
    assert asked(my, target)["fault"]["code"] == "OBJECT_MISSING"
    result = load(my, target, primaryKey=["nobody"])
    assert result["rowsLoaded"] == 6
    assert result["tally"]["fault"]["code"] == "OBJECT_MISSING"
    assert result["tally"]["rows"] is None
