"""Every mode against what Python computes of the same rows, on both targets, over several loads."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kaireon_orch_tests.movement.ends import Ends

Row = tuple[Any, ...]
TYPES = {"id": "int64", "seen": "int64", "note": "string"}


@pytest.fixture(params=["duckdb", "postgresql"])
def target(request: pytest.FixtureRequest, ends: Ends) -> dict[str, Any]:
    chosen: dict[str, Any] = getattr(ends, request.param)()
    return chosen


@pytest.fixture
def look(ends: Ends, target: dict[str, Any]) -> Callable[[str], list[Row]]:
    """A query's rows in the target."""
    return ends.in_duckdb if target["type"] == "duckdb" else ends.in_postgres


def written(rows: Iterable[Sequence[Any]], names: str = "id,seen,note") -> str:
    lines = (",".join("" if value is None else str(value) for value in row) for row in rows)
    return names + "\n" + "".join(line + "\n" for line in lines)


def put(ends: Ends, target: dict[str, Any], rows: Iterable[Row], **options: Any) -> dict[str, Any]:
    return ends.run(ends.csv(written(rows), types=TYPES), target, **options)


UPSERT: dict[str, Any] = {"loadMode": "upsert", "primaryKey": ["id"]}


@pytest.mark.parametrize("cursor", [None, "seen"])
@pytest.mark.parametrize("index", [False, True])
def test_upsert_is_what_a_dictionary_would_be(
    ends: Ends, target: dict[str, Any], look: Any, cursor: str | None, index: bool
) -> None:
    chance = random.Random(f"{cursor}{index}")  # noqa: S311  no secret
    held: dict[int, Row] = {}
    if not index:  # a table of the user's own, without a key
        put(ends, target, [])
    for _ in range(3):
        rows = [
            (chance.randrange(40), chance.choice([None, *range(5)]), f"n{chance.randrange(9)}")
            for _ in range(60)
        ]
        best: dict[int, tuple[Any, Row]] = {}
        for position, row in enumerate(rows):
            rank = (-1 if row[1] is None else row[1], position) if cursor else position
            if row[0] not in best or rank >= best[row[0]][0]:
                best[row[0]] = (rank, row)
        held |= {key: row for key, (_, row) in best.items()}
        result = put(ends, target, rows, **UPSERT, cursorField=cursor)
        assert (result["rowsRead"], result["rowsLoaded"]) == (60, len(best))
        assert look("SELECT id, seen, note FROM public.t ORDER BY id") == sorted(held.values())


def test_upsert_by_two_renamed_columns_leaves_what_the_source_has_not(
    ends: Ends, target: dict[str, Any], look: Any
) -> None:
    options = {**UPSERT, "primaryKey": ["k", "seen"], "columns": {"rename": {"id": "k"}}}
    put(ends, target, [(1, 1, "a"), (1, 2, "b")], **options)
    look("ALTER TABLE public.t ADD COLUMN extra INTEGER DEFAULT 7")
    look("UPDATE public.t SET extra = 9 WHERE seen = 1")
    put(ends, target, [(1, 1, "c"), (2, 1, "d")], **options)
    assert look("SELECT k, seen, note, extra FROM public.t ORDER BY k, seen") == [
        (1, 1, "c", 9),
        (1, 2, "b", 7),
        (2, 1, "d", 7),
    ]


@pytest.mark.parametrize("mode", ["upsert", "scd2", "incremental_watermark"])
def test_null_in_a_key_names_column_and_row(ends: Ends, target: dict[str, Any], look: Any, mode: str) -> None:
    options = {**UPSERT, "loadMode": mode, "cursorField": "seen"}
    if mode == "incremental_watermark":
        rows = "SELECT * FROM (VALUES (1, 1, 'a'), (NULL, 2, 'b')) AS v (id, seen, note)"
        with pytest.raises(Fault, match=r"'id', row 2: NULL") as caught:
            ends.run(ends.postgresql(), target, source={"query": rows}, **options)
    else:
        with pytest.raises(Fault, match=r"'id', row 2: NULL") as caught:
            put(ends, target, [(1, 1, "a"), (None, 2, "b")], **options)
    assert caught.value.fault is FaultCode.ROW_REFUSED


def test_scd2_keeps_every_version(ends: Ends, target: dict[str, Any], look: Any) -> None:
    options = {**UPSERT, "loadMode": "scd2"}
    versions = "SELECT id, note, is_current, valid_to IS NULL FROM public.t ORDER BY id, valid_from"
    first = put(ends, target, [(1, 1, "a"), (2, 1, None), (3, 1, "c")], **options)
    assert first["rowsLoaded"] == 3
    again = put(ends, target, [(1, 1, "a"), (2, 1, None), (3, 1, "c")], **options)
    assert again["rowsLoaded"] == 0
    assert look(versions) == [(1, "a", True, True), (2, None, True, True), (3, "c", True, True)]
    put(ends, target, [(1, 1, "b"), (2, 1, "x"), (4, 1, "d")], **options)
    assert look(versions) == [
        (1, "a", False, False),
        (1, "b", True, True),
        (2, None, False, False),
        (2, "x", True, True),
        (3, "c", False, False),
        (4, "d", True, True),
    ]
    put(ends, target, [(1, 1, "b")], **options, deletes="keep")
    assert look("SELECT count(*) FROM public.t WHERE is_current") == [(3,)]
    put(ends, target, [(3, 1, "c"), (1, 1, "b")], **options)
    assert look("SELECT id, note FROM public.t WHERE is_current ORDER BY id") == [(1, "b"), (3, "c")]
    assert look(
        "SELECT count(*) FROM public.t a JOIN public.t b ON a.id = b.id AND a.valid_from < b.valid_from "
        "AND (a.valid_to IS NULL OR a.valid_to > b.valid_from)"
    ) == [(0,)]


def test_scd2_refuses_what_a_cap_has_cut(ends: Ends, target: dict[str, Any], look: Any) -> None:
    options = {**UPSERT, "loadMode": "scd2"}
    put(ends, target, [(1, 1, "a"), (2, 1, "b")], **options)
    with pytest.raises(Fault) as caught:
        put(ends, target, [(1, 1, "a"), (2, 1, "b")], **options, row_limit=1)
    assert caught.value.fault is FaultCode.LIMIT_REACHED
    assert look("SELECT count(*) FROM public.t WHERE is_current") == [(2,)]


@pytest.mark.parametrize(
    ("versions", "named"),
    [
        ("valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ", "is_current"),
        ("valid_from TIMESTAMP, valid_to TIMESTAMPTZ, is_current BOOLEAN", "valid_from"),
        ("valid_from TIMESTAMPTZ, valid_to DATE, is_current BOOLEAN", "valid_to"),
        ("valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ NOT NULL, is_current BOOLEAN", "valid_to"),
        ("valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ, is_current INTEGER", "is_current"),
    ],
)
def test_scd2_refuses_a_table_whose_versions_are_others(
    ends: Ends, target: dict[str, Any], look: Any, versions: str, named: str
) -> None:
    put(ends, target, [], table="other")
    look(f"CREATE TABLE public.t (id BIGINT, seen BIGINT, note TEXT, {versions})")
    with pytest.raises(Fault, match=f"column '{named}'") as caught:
        put(ends, target, [(1, 1, "a")], **{**UPSERT, "loadMode": "scd2"})
    assert caught.value.fault is FaultCode.TARGET_REFUSED
    assert look("SELECT count(*) FROM public.t") == [(0,)]


def test_scd2_takes_a_table_of_the_users_own_with_such_columns(
    ends: Ends, target: dict[str, Any], look: Any
) -> None:
    put(ends, target, [], table="other")
    versions = "is_current BOOLEAN, valid_to TIMESTAMPTZ, valid_from TIMESTAMPTZ"
    look(f"CREATE TABLE public.t (id BIGINT, seen BIGINT, note TEXT, {versions})")
    put(ends, target, [(1, 1, "a")], **{**UPSERT, "loadMode": "scd2"})
    assert look("SELECT id, is_current, valid_to FROM public.t") == [(1, True, None)]
