"""A partition's window, in every mode that takes one and on every target: read whole, replaced exactly, the live mark kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch_tests.connectors.lakes import lake_of
from kaireon_orch_tests.connectors.mysql_ends import my as ends

if TYPE_CHECKING:
    from kaireon_orch_tests.connectors.mysql_ends import MyEnds

__all__ = ["ends"]

TARGETS = ("postgresql", "duckdb", "mariadb", "parquet", "delta_lake")
SECOND = {"column": "at", "start": "2026-01-02T00:00:00+00:00", "end": "2026-01-03T00:00:00+00:00"}
UPSERT: dict[str, Any] = {"loadMode": "upsert", "primaryKey": ["id"]}
LIVE: dict[str, Any] = {"loadMode": "incremental_watermark", "primaryKey": ["id"], "cursorField": "at"}
MODES: dict[str, dict[str, Any]] = {
    "append": {"loadMode": "append"},
    "truncate": {"loadMode": "truncate"},
    "upsert": UPSERT,
    "upsert by cursor": UPSERT | {"cursorField": "at"},
    "incremental": LIVE,
}


def target_of(ends: MyEnds, kind: str) -> dict[str, Any]:
    ends.postgresql()
    ends.in_postgres("DROP TABLE IF EXISTS public.loaded, public._kaireon_loads")
    if kind in {"parquet", "delta_lake"}:
        (ends.folder / "lake").mkdir(exist_ok=True)
        return lake_of(ends, kind).target
    return ends.my() if kind == "mariadb" else getattr(ends, kind)()


def put(ends: MyEnds, *rows: tuple[int, str, str]) -> None:
    ends.in_postgres("DROP TABLE IF EXISTS orders")
    ends.in_postgres("CREATE TABLE orders (id int PRIMARY KEY, at timestamptz, name text)")
    for number, at, name in rows:
        ends.in_postgres(f"INSERT INTO orders VALUES ({number}, '2026-01-{at}+00', '{name}')")


def load(
    ends: MyEnds, target: dict[str, Any], window: dict[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    schema = None if target["type"] == "mariadb" else "public"
    options = {"source": {"table": "orders"}, "schema": schema, "table": "loaded", **options}
    return ends.work(ends.payload(ends.postgresql(), target, **options) | {"window": window})


def loaded(ends: MyEnds, target: dict[str, Any]) -> list[tuple[int, str]]:
    kind = target["type"]
    if kind in {"parquet", "delta_lake"}:
        rows = lake_of(ends, kind).read("loaded").select(["id", "name"]).to_pylist()
        return sorted((row["id"], row["name"]) for row in rows)
    query = "SELECT id, name FROM {} ORDER BY id, name"
    if kind == "mariadb":
        return ends.sql(query.format("loaded"))
    look = ends.in_postgres if kind == "postgresql" else ends.in_duckdb
    return look(query.format("public.loaded"))


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("mode", MODES)
def test_a_window_is_replaced_exactly(ends: MyEnds, kind: str, mode: str) -> None:
    target, options = target_of(ends, kind), MODES[mode]
    put(
        ends,
        (1, "01 12:00", "one"),
        (2, "02 00:00", "two"),
        (3, "02 12:00", "three"),
        (4, "03 00:00", "four"),
    )
    load(ends, target, **options)
    put(
        ends,
        (1, "01 12:00", "changed"),
        (3, "02 13:00", "third"),
        (5, "02 23:59", "five"),
        (4, "03 00:00", "changed"),
    )
    for _ in range(2):
        load(ends, target, SECOND, **options)
        assert loaded(ends, target) == [(1, "one"), (3, "third"), (4, "four"), (5, "five")]


@pytest.mark.parametrize("kind", TARGETS)
def test_a_row_that_is_older_than_before_holds_in_its_window(ends: MyEnds, kind: str) -> None:
    """What the window takes away does not win by its greater cursor."""
    target, options = target_of(ends, kind), MODES["upsert by cursor"]
    put(ends, (3, "02 12:00", "newer"))
    load(ends, target, **options)
    put(ends, (3, "02 06:00", "older"))
    load(ends, target, SECOND, **options)
    assert loaded(ends, target) == [(3, "older")]


@pytest.mark.parametrize("kind", TARGETS)
def test_a_window_leaves_the_live_mark_alone(ends: MyEnds, kind: str) -> None:
    target = target_of(ends, kind)
    put(ends, (1, "02 12:00", "one"), (2, "03 12:00", "two"))
    mark = load(ends, target, **LIVE)["receipt"]["checkpoint"]
    assert load(ends, target, SECOND, **LIVE)["receipt"]["checkpoint"] == mark
    put(ends, (1, "02 12:00", "unseen"), (2, "03 12:00", "two"), (3, "04 12:00", "three"))
    assert load(ends, target, **LIVE)["rowsRead"] == 2  # the mark's own value is read again
    assert loaded(ends, target) == [(1, "one"), (2, "two"), (3, "three")]


def test_a_window_that_a_limit_cuts_is_not_replaced(ends: MyEnds) -> None:
    target = target_of(ends, "postgresql")
    put(ends, (1, "02 12:00", "one"), (2, "02 13:00", "two"))
    load(ends, target)
    with pytest.raises(Fault) as cut:
        load(ends, target, SECOND, row_limit=1)
    assert cut.value.fault is FaultCode.LIMIT_REACHED
    assert loaded(ends, target) == [(1, "one"), (2, "two")]


TOKYO = {"column": "at", "start": "2026-01-02T00:00:00+09:00", "end": "2026-01-03T00:00:00+09:00"}
FORMS = {
    "timestamptz": (
        "2026-01-01 14:59+00",
        "2026-01-01 15:00+00",
        "2026-01-02 14:59+00",
        "2026-01-02 15:00+00",
    ),
    "timestamp": ("2026-01-01 14:59", "2026-01-01 15:00", "2026-01-02 14:59", "2026-01-02 15:00"),
    "date": ("2026-01-01", "2026-01-02", "2026-01-02", "2026-01-03"),
}


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("form", FORMS)
def test_a_window_of_another_zone_is_the_same_rows_at_both_ends(ends: MyEnds, kind: str, form: str) -> None:
    """A moment without a zone is in UTC, a day is a day of the partition's zone."""
    target = target_of(ends, kind)
    ends.in_postgres("DROP TABLE IF EXISTS orders")
    ends.in_postgres(f"CREATE TABLE orders (id int, at {form}, name text)")
    for number, at in enumerate(FORMS[form]):
        ends.in_postgres(f"INSERT INTO orders VALUES ({number}, '{at}', 'old')")
    load(ends, target)
    ends.in_postgres("UPDATE orders SET name = 'new'")
    load(ends, target, TOKYO)
    assert loaded(ends, target) == [(0, "old"), (1, "new"), (2, "new"), (3, "old")]
