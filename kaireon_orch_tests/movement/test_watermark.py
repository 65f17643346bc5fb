"""`incremental_watermark` from each source that can: nothing lost, nothing twice, against what Python computes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kaireon_orch_tests.movement.ends import Ends

MODE: dict[str, Any] = {"loadMode": "incremental_watermark", "cursorField": "seen", "source": {"table": "s"}}
KEYED = {**MODE, "primaryKey": ["id"]}
CREATE = "CREATE TABLE s (id INTEGER, seen {type}, note VARCHAR(20))"


@dataclass(frozen=True)
class Origin:
    """A table `s` in a source, and how to write to it."""

    connector: dict[str, Any]
    write: Callable[[str], object]

    def add(self, *rows: Sequence[Any]) -> None:
        for row in rows:
            values = ", ".join("NULL" if value is None else f"'{value}'" for value in row)
            self.write(f"INSERT INTO s VALUES ({values})")


def make(kind: str, ends: Ends, type_: str) -> Origin:
    def in_sqlite(sql: str) -> None:
        with closing(sqlite3.connect(ends.folder / "shop.sqlite")) as connection, connection:
            connection.execute(sql)

    def in_duckdb(sql: str) -> None:
        with duckdb.connect(str(ends.folder / "shop.duckdb")) as connection:
            connection.execute(sql)

    origins = {
        "postgresql": Origin(ends.postgresql(), ends.in_postgres),
        "sqlite": Origin(ends.sqlite(), in_sqlite),
        "duckdb": Origin(ends.duckdb("shop.duckdb"), in_duckdb),
    }
    found = origins[kind]
    found.write(CREATE.format(type=type_))
    return found


@pytest.fixture(params=["postgresql", "sqlite", "duckdb"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["duckdb", "postgresql"])
def target(request: pytest.FixtureRequest, ends: Ends) -> dict[str, Any]:
    chosen: dict[str, Any] = getattr(ends, request.param)()
    return chosen


@pytest.fixture
def look(ends: Ends, target: dict[str, Any]) -> Callable[[str], list[tuple[Any, ...]]]:
    return ends.in_duckdb if target["type"] == "duckdb" else ends.in_postgres


IDS = "SELECT id FROM public.t ORDER BY id"


def ids(look: Any) -> list[int]:
    return [int(row[0]) for row in look(IDS)]


def test_with_a_key_late_rows_on_the_border_arrive(
    ends: Ends, kind: str, target: dict[str, Any], look: Any
) -> None:
    origin = make(kind, ends, "INTEGER")
    origin.add((1, 10, "a"), (2, 20, "b"), (3, 20, "c"), (4, None, "n"))
    first = ends.run(origin.connector, target, **KEYED)
    assert (first["rowsRead"], first["rowsLoaded"], first["rowsSkipped"]) == (3, 3, 1)
    assert "1 row(s) have no seen" in first["message"]
    assert first["receipt"]["checkpoint"] == {"watermark": 20, "cursorField": "seen"}
    origin.add((5, 20, "late"), (6, 30, "new"), (7, 5, "too late"))
    origin.write("UPDATE s SET note = 'changed', seen = 25 WHERE id = 1")
    second = ends.run(origin.connector, target, **KEYED)
    assert second["rowsRead"] == 5
    assert look("SELECT id, seen, note FROM public.t ORDER BY id") == [
        (1, 25, "changed"),
        (2, 20, "b"),
        (3, 20, "c"),
        (5, 20, "late"),
        (6, 30, "new"),
    ]
    third = ends.run(origin.connector, target, **KEYED, lookback=25)
    assert third["receipt"]["checkpoint"]["watermark"] == 30
    assert ids(look) == [1, 2, 3, 5, 6, 7]


def test_without_a_key_nothing_comes_twice(ends: Ends, kind: str, target: dict[str, Any], look: Any) -> None:
    origin = make(kind, ends, "INTEGER")
    origin.add((1, 10, "a"), (2, 20, "b"))
    ends.run(origin.connector, target, **MODE)
    again = ends.run(origin.connector, target, **MODE)
    assert (again["rowsRead"], again["rowsLoaded"]) == (0, 0)
    assert again["receipt"]["checkpoint"]["watermark"] == 20
    origin.add((3, 30, "c"))
    ends.run(origin.connector, target, **MODE)
    assert ids(look) == [1, 2, 3]


def test_a_full_refresh_ignores_the_mark(ends: Ends, kind: str, target: dict[str, Any], look: Any) -> None:
    origin = make(kind, ends, "INTEGER")
    origin.add((1, 10, "a"), (2, 20, "b"))
    ends.run(origin.connector, target, **MODE)
    origin.add((3, 5, "late"))
    for options in (MODE, KEYED):
        payload = ends.payload(origin.connector, target, **options) | {"fullRefresh": True}
        refreshed = ends.work(payload)
        assert refreshed["rowsRead"] == 3
        assert ids(look) == [1, 2, 3]


@pytest.mark.parametrize("keyed", [False, True])
@pytest.mark.parametrize("limit", [3, 4, 7])
def test_limited_runs_come_to_everything_once(
    ends: Ends, kind: str, target: dict[str, Any], look: Any, keyed: bool, limit: int
) -> None:
    origin = make(kind, ends, "INTEGER")
    rows = [(at, at // 2 if at < 8 else at, f"n{at}") for at in range(14)]
    origin.add(*reversed(rows))
    for _ in range(20):
        done = ends.run(origin.connector, target, **(KEYED if keyed else MODE), row_limit=limit)
        assert done["rowsRead"] <= limit
        if not done["limitReached"] and done["rowsRead"] < limit and len(ids(look)) == len(rows):
            break
    assert look("SELECT id, seen, note FROM public.t ORDER BY id") == rows


@pytest.mark.parametrize("keyed", [False, True])
def test_a_border_that_is_wider_than_the_limit_is_said(
    ends: Ends, kind: str, target: dict[str, Any], keyed: bool
) -> None:
    origin = make(kind, ends, "INTEGER")
    origin.add(*((at, 1, "x") for at in range(5)))
    options = {**(KEYED if keyed else MODE), "row_limit": 3}
    if keyed:  # the first three are loaded, and then again and again
        ends.run(origin.connector, target, **options)
    with pytest.raises(Fault) as caught:
        ends.run(origin.connector, target, **options)
    assert caught.value.fault is FaultCode.LIMIT_REACHED


TIMES = ["2026-01-01 10:00:00", "2026-01-01 10:00:00.5", "2026-01-02 00:00:00.000001"]
CASES = [
    ("TIMESTAMP", TIMES, "2026-01-01T10:00:00.500000"),
    ("DATE", ["2026-01-01", "2026-01-02", "2026-02-01"], "2026-01-02"),
    ("VARCHAR(9)", ["9", "a", "b'c"], "a"),
    ("DECIMAL(12,2)", ["0.10", "9.50", "10.25"], "9.50"),
    ("BIGINT", ["-3", "9007199254740993", "9007199254740994"], 9007199254740993),
]


@pytest.mark.parametrize(("type_", "values", "mark"), CASES, ids=[case[0] for case in CASES])
def test_marks_of_every_kind_compare_exactly(
    ends: Ends, kind: str, target: dict[str, Any], look: Any, type_: str, values: list[str], mark: Any
) -> None:
    origin = make(kind, ends, type_)
    quoted = [value.replace("'", "''") for value in values]
    origin.add((1, quoted[0], "a"), (2, quoted[1], "b"))
    first = ends.run(origin.connector, target, **MODE)
    assert first["receipt"]["checkpoint"]["watermark"] == mark
    origin.add((3, quoted[2], "c"), (4, quoted[1], "border"))
    assert ends.run(origin.connector, target, **MODE)["rowsRead"] == 1
    assert ids(look) == [1, 2, 3]
    origin.add((5, quoted[2], "border"))
    ends.run(origin.connector, target, **{**MODE, "primaryKey": ["id"]})
    assert ids(look) == [1, 2, 3, 5]


def test_time_zones_and_spans(ends: Ends, target: dict[str, Any], look: Any) -> None:
    origin = make("postgresql", ends, "TIMESTAMPTZ")
    origin.add((1, "2026-03-29 02:30:00+02", "a"), (2, "2026-03-29 02:30:00.123456+01", "b"))
    first = ends.run(origin.connector, target, **KEYED)
    assert first["receipt"]["checkpoint"]["watermark"] == "2026-03-29T01:30:00.123456Z"
    origin.add((3, "2026-03-29 00:31:00+00", "in"), (4, "2026-03-29 00:29:00+00", "out"))
    ends.run(origin.connector, target, **KEYED, lookback="1h")
    assert ids(look) == [1, 2, 3]


def test_another_columns_mark_is_not_taken(ends: Ends, target: dict[str, Any]) -> None:
    origin = make("postgresql", ends, "INTEGER")
    origin.add((1, 10, "a"))
    ends.run(origin.connector, target, **MODE)
    with pytest.raises(Fault, match="fullRefresh") as caught:
        ends.run(origin.connector, target, **{**MODE, "cursorField": "id"})
    assert caught.value.fault is FaultCode.SCHEMA_CHANGED


def test_the_mark_is_of_the_source_before_renaming_and_casts(
    ends: Ends, target: dict[str, Any], look: Any
) -> None:
    origin = make("postgresql", ends, "INTEGER")
    origin.add((1, 9, "a"), (2, 10, "b"))
    options = {
        **KEYED,
        "cursorField": "when",
        "columns": {"rename": {"seen": "when"}, "cast": {"seen": "string"}},
    }
    assert ends.run(origin.connector, target, **options)["receipt"]["checkpoint"]["watermark"] == 10
    origin.add((3, 11, "c"))
    assert ends.run(origin.connector, target, **options)["rowsRead"] == 2
    assert look('SELECT id, "when" FROM public.t ORDER BY id') == [(1, "9"), (2, "10"), (3, "11")]


def test_a_table_that_was_dropped_is_read_from_the_start(
    ends: Ends, target: dict[str, Any], look: Any
) -> None:
    origin = make("postgresql", ends, "INTEGER")
    origin.add((1, 10, "a"))
    ends.run(origin.connector, target, **MODE)
    look("DROP TABLE public.t")
    origin.add((2, 20, "b"))
    ends.run(origin.connector, target, **MODE)
    assert ids(look) == [1, 2]


@pytest.mark.parametrize("other", ["append", "truncate", "blue_green", "upsert"])
def test_a_mode_and_back_goes_on_where_the_last_load_ended(
    ends: Ends, target: dict[str, Any], look: Any, other: str
) -> None:
    origin = make("postgresql", ends, "INTEGER")
    origin.add((1, 10, "a"), (2, 20, "b"))
    ends.run(origin.connector, target, **MODE)
    origin.add((3, 30, "c"), (4, None, "n"))
    ends.run(origin.connector, target, **{**MODE, "loadMode": other, "primaryKey": ["id"]})
    before = look("SELECT count(*) FROM public.t")[0][0]
    origin.add((5, 40, "e"))
    back = ends.run(origin.connector, target, **MODE)
    assert (back["rowsRead"], back["receipt"]["checkpoint"]["watermark"]) == (1, 40)
    assert look("SELECT count(*) FROM public.t") == [(before + 1,)]


def test_a_load_that_was_cut_moves_no_mark(ends: Ends, target: dict[str, Any]) -> None:
    origin = make("postgresql", ends, "INTEGER")
    origin.add((1, 10, "a"), (2, 20, "b"))
    ends.run(origin.connector, target, **KEYED, row_limit=1)
    ends.run(origin.connector, target, **{**KEYED, "loadMode": "upsert"}, row_limit=1)
    assert ends.run(origin.connector, target, **KEYED)["receipt"]["checkpoint"]["watermark"] == 20
    ends.run(origin.connector, target, **{**KEYED, "loadMode": "truncate"}, row_limit=1)
    assert ends.run(origin.connector, target, **KEYED)["rowsRead"] == 2


def test_a_text_marks_nothing_where_its_order_is_not_known(ends: Ends, target: dict[str, Any]) -> None:
    origin = make("postgresql", ends, "VARCHAR(9)")
    origin.add((1, "a", "a"))
    ends.run(origin.connector, target, **MODE)
    origin.add((2, "b", "b"))
    ends.run(origin.connector, target, **{**MODE, "loadMode": "append"})
    assert ends.run(origin.connector, target, **MODE)["rowsRead"] == 1
