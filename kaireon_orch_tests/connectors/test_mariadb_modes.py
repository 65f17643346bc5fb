"""Load modes in MariaDB: against what Python computes of the same rows, by keys of every kind, and what is refused."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.contract.load import LEDGER_TABLE
from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kaireon_orch_tests.connectors.mysql_ends import MyEnds

Row = tuple[Any, ...]
TYPES = {"id": "int64", "seen": "int64", "note": "string"}
UPSERT: dict[str, Any] = {"loadMode": "upsert", "primaryKey": ["id"]}
SCD2: dict[str, Any] = {"loadMode": "scd2", "primaryKey": ["id"]}


def put(
    my: MyEnds, rows: Iterable[Sequence[Any]], names: str = "id,seen,note", **options: Any
) -> dict[str, Any]:
    lines = (",".join("" if value is None else str(value) for value in row) for row in rows)
    text = names + "\n" + "".join(line + "\n" for line in lines)
    types = {name: TYPES.get(name, "string") for name in names.split(",")}
    return my.run(my.csv(text, types=types), my.my(), schema=None, **options)


@pytest.mark.parametrize("cursor", [None, "seen"])
@pytest.mark.parametrize("index", [False, True])
def test_upsert_is_what_a_dictionary_would_be(my: MyEnds, cursor: str | None, index: bool) -> None:
    chance = random.Random(f"{cursor}{index}")  # noqa: S311  no secret
    held: dict[int, Row] = {}
    if not index:
        my.sql("CREATE TABLE t (id BIGINT, seen BIGINT, note LONGTEXT)")
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
        result = put(my, rows, **UPSERT, cursorField=cursor)
        assert (result["rowsRead"], result["rowsLoaded"]) == (60, len(best))
        assert my.sql("SELECT id, seen, note FROM t ORDER BY id") == sorted(held.values())
    assert my.sql(f"SELECT SUM(`rows`) > 0, COUNT(*) FROM {LEDGER_TABLE}") == [(1, 3)]


def test_upsert_by_two_columns_leaves_what_the_source_has_not(my: MyEnds) -> None:
    options = {**UPSERT, "primaryKey": ["k", "seen"], "columns": {"rename": {"id": "k"}}}
    put(my, [(1, 1, "a"), (1, 2, "b")], **options)
    my.sql("ALTER TABLE t ADD COLUMN extra INT DEFAULT 7", "UPDATE t SET extra = 9 WHERE seen = 1")
    put(my, [(1, 1, "c"), (2, 1, "d")], **options)
    found = my.sql("SELECT k, seen, note, extra FROM t ORDER BY k, seen")
    assert found == [(1, 1, "c", 9), (1, 2, "b", 7), (2, 1, "d", 7)]


def test_keys_of_text_are_told_apart_by_case_accent_and_spaces(my: MyEnds) -> None:
    keys = ["a", "A", "á", "a ", "", "😀"]
    values = ", ".join(f"('{key}', {at})" for at, key in enumerate(keys))
    for _ in range(2):
        my.run(
            my.postgresql(),
            my.my(),
            schema=None,
            source={"query": f"SELECT * FROM (VALUES {values}) v (id, n)"},
            **UPSERT,
        )
    assert sorted(my.sql("SELECT id, n FROM t")) == sorted((key, at) for at, key in enumerate(keys))


@pytest.mark.parametrize(
    "key",
    [
        "12345678-1234-5678-1234-567812345678'::uuid",
        "\\x00ff'::bytea",
        "2020-02-29 10:00:00.000001+00'::timestamptz",
        "1.10'::numeric(5,2)",
        "t'::bool",
        "24:00'::time",
    ],
)
def test_a_key_of_any_type_finds_its_row(my: MyEnds, key: str) -> None:
    for note in ("a", "b"):
        my.run(
            my.postgresql(),
            my.my(),
            schema=None,
            source={"query": f"SELECT '{key} AS id, '{note}' AS note"},
            **UPSERT,
        )
    assert my.sql("SELECT note FROM t") == [("b",)]


def test_rows_that_are_nothing_but_their_key(my: MyEnds) -> None:
    for _ in range(2):
        put(my, [(1,), (2,), (1,)], names="id", **UPSERT)
    assert my.sql("SELECT id FROM t ORDER BY id") == [(1,), (2,)]
    for _ in range(2):
        put(my, [(1,), (2,), (1,)], names="id", **SCD2, table="v")
    assert my.sql("SELECT id, is_current FROM v ORDER BY id") == [(1, b"\x01"), (2, b"\x01")]


def test_another_unique_key_is_not_mistaken_for_the_pipelines(my: MyEnds) -> None:
    """INSERT … ON DUPLICATE KEY UPDATE would change row 1."""
    my.sql(
        "CREATE TABLE t (id BIGINT PRIMARY KEY, seen BIGINT, note VARCHAR(9) UNIQUE)",
        "INSERT INTO t VALUES (1, 1, 'a')",
    )
    with pytest.raises(Fault) as caught:
        put(my, [(2, 2, "a")], **UPSERT)
    assert caught.value.fault is FaultCode.ROW_REFUSED
    assert my.sql("SELECT * FROM t") == [(1, 1, "a")]


@pytest.mark.parametrize("mode", ["upsert", "scd2", "incremental_watermark"])
def test_null_in_a_key_names_column_and_row(my: MyEnds, mode: str) -> None:
    query = "SELECT * FROM (VALUES (1, 1, 'a'), (NULL, 2, 'b')) AS v (id, seen, note)"
    options = {**UPSERT, "loadMode": mode, "cursorField": "seen"}
    with pytest.raises(Fault, match=r"'id', row 2: NULL") as caught:
        my.run(my.postgresql(), my.my(), source={"query": query}, schema=None, **options)
    assert caught.value.fault is FaultCode.ROW_REFUSED


@pytest.mark.parametrize(("type_", "words"), [("LONGTEXT", "as a whole"), ("VARCHAR(2000)", "1071")])
def test_a_key_that_no_index_takes_is_refused(my: MyEnds, type_: str, words: str) -> None:
    my.sql(f"CREATE TABLE t (id {type_}, n INT)", "INSERT INTO t VALUES ('a', 1)")
    with pytest.raises(Fault, match=words) as caught:
        put(my, [("a",)], names="k", columns={"rename": {"k": "id"}}, **UPSERT)
    assert caught.value.fault is FaultCode.TARGET_REFUSED
    assert my.sql("SELECT * FROM t") == [("a", 1)]


VERSIONS = "SELECT id, note, is_current + 0, valid_to IS NULL FROM t ORDER BY id, valid_from"


def test_scd2_keeps_every_version(my: MyEnds) -> None:
    first = put(my, [(1, 1, "a"), (2, 1, None), (3, 1, "c")], **SCD2)
    assert first["rowsLoaded"] == 3
    again = put(my, [(1, 1, "a"), (2, 1, None), (3, 1, "c")], **SCD2)
    assert again["rowsLoaded"] == 0
    assert my.sql(VERSIONS) == [(1, "a", 1, 1), (2, None, 1, 1), (3, "c", 1, 1)]
    put(my, [(1, 1, "A"), (2, 1, "x"), (4, 1, "d")], **SCD2)
    assert my.sql(VERSIONS) == [
        (1, "a", 0, 0),
        (1, "A", 1, 1),
        (2, None, 0, 0),
        (2, "x", 1, 1),
        (3, "c", 0, 0),
        (4, "d", 1, 1),
    ]
    put(my, [(1, 1, "A")], **SCD2, deletes="keep")
    assert my.sql("SELECT COUNT(*) FROM t WHERE is_current") == [(3,)]
    put(my, [(3, 1, "c"), (1, 1, "A")], **SCD2)
    assert my.sql("SELECT id, note FROM t WHERE is_current ORDER BY id") == [(1, "A"), (3, "c")]
    overlapping = (
        "SELECT COUNT(*) FROM t a JOIN t b ON a.id = b.id AND a.valid_from < b.valid_from "
        "AND (a.valid_to IS NULL OR a.valid_to > b.valid_from)"
    )
    assert my.sql(overlapping) == [(0,)]


def test_scd2_sees_what_a_collation_does_not_and_touches_nothing_else(my: MyEnds) -> None:
    my.sql(
        "CREATE TABLE t (id INT, note VARCHAR(9) COLLATE utf8mb4_general_ci, "
        "touched TIMESTAMP(6) NOT NULL DEFAULT '2001-01-01' ON UPDATE CURRENT_TIMESTAMP(6), "
        "valid_from TIMESTAMP(6) NOT NULL DEFAULT '2001-01-01', valid_to TIMESTAMP(6) NULL, is_current BIT(1) NOT NULL)",
    )
    for note in ("a", "A", "A "):
        query = f"SELECT 1::int AS id, '{note}' AS note, timestamptz '2002-02-02' AS touched"
        my.run(my.postgresql(), my.my(), source={"query": query}, schema=None, **SCD2)
    found = my.sql("SELECT note, is_current + 0, YEAR(touched) FROM t ORDER BY valid_from")
    assert found == [("a", 0, 2002), ("A", 0, 2002), ("A ", 1, 2002)]


@pytest.mark.parametrize("key", [[], ["id"]])
def test_an_incremental_load_goes_on_from_its_mark(my: MyEnds, key: list[str]) -> None:
    options = {
        "loadMode": "incremental_watermark",
        "cursorField": "seen",
        "primaryKey": key,
        "source": {"table": "src"},
    }
    my.sql(
        "CREATE TABLE src (id INT PRIMARY KEY, seen INT, note TEXT)",
        "INSERT INTO src VALUES (1, 1, 'a'), (2, 2, 'b'), (9, NULL, 'z')",
    )
    read = [my.run(my.my(), my.my(), schema=None, **options)["rowsRead"]]
    my.sql(
        "INSERT INTO src VALUES (3, 2, 'c'), (4, 3, 'd')", "UPDATE src SET seen = 4, note = 'A' WHERE id = 1"
    )
    read.append(my.run(my.my(), my.my(), schema=None, **options)["rowsRead"])
    if key:
        assert read == [2, 4]
        assert my.sql("SELECT id, note FROM t ORDER BY id") == [(1, "A"), (2, "b"), (3, "c"), (4, "d")]
    else:
        assert read == [2, 2]
        assert my.sql("SELECT id, note FROM t ORDER BY id, note DESC") == [
            (1, "a"),
            (1, "A"),
            (2, "b"),
            (4, "d"),
        ]


def test_a_full_refresh_without_a_key_replaces_the_rows(my: MyEnds) -> None:
    my.sql("CREATE TABLE src (id INT PRIMARY KEY, seen INT)", "INSERT INTO src VALUES (1, 1), (2, 2)")
    options = {
        "loadMode": "incremental_watermark",
        "cursorField": "seen",
        "source": {"table": "src"},
        "schema": None,
    }
    my.run(my.my(), my.my(), **options)
    my.sql("DELETE FROM src WHERE id = 1")
    my.work({**my.payload(my.my(), my.my(), **options), "fullRefresh": True})
    assert my.sql("SELECT id FROM t") == [(2,)]


@pytest.mark.parametrize("type_", ["DATE", "DATETIME(6)", "TIMESTAMP(6) NULL"])
def test_a_window_is_replaced_exactly(my: MyEnds, type_: str) -> None:
    my.sql(f"CREATE TABLE t (id INT, at {type_})", f"CREATE TABLE src (id INT PRIMARY KEY, at {type_})")
    last = "2020-01-03 00:00:00" if type_ == "DATE" else "2020-01-02 23:59:59.999999"
    my.sql(
        f"INSERT INTO t VALUES (1, '2020-01-01'), (2, '2020-01-02'), (3, '{last}'), (4, '2020-01-03'), (5, NULL)",
        "INSERT INTO src VALUES (7, '2020-01-02'), (8, '2020-01-03')",
    )
    payload = my.payload(my.my(), my.my(), source={"table": "src"}, schema=None)
    my.work(
        {
            **payload,
            "window": {
                "column": "at",
                "start": "2020-01-02T00:00:00+00:00",
                "end": "2020-01-03T00:00:00+00:00",
            },
        }
    )
    kept = [1, 3, 4, 5, 7] if type_ == "DATE" else [1, 4, 5, 7]
    assert [row[0] for row in my.sql("SELECT id FROM t ORDER BY id")] == kept


def test_blue_green_is_refused_before_anything_is_opened(my: MyEnds) -> None:
    with pytest.raises(Fault, match="holds no blue_green") as caught:
        put(my, [(1, 1, "a")], loadMode="blue_green")
    assert caught.value.fault is FaultCode.NOT_SUPPORTED
    assert my.sql("SHOW TABLES") == []


def test_other_writers_wait_for_a_merge_and_find_it_whole(my: MyEnds) -> None:
    """A server of `READ COMMITTED` and with safe updates changes nothing of it."""
    my.sql("SET GLOBAL tx_isolation = 'READ-COMMITTED'", "SET GLOBAL sql_safe_updates = 1")
    try:
        put(my, [(1, 1, "a")], **UPSERT)
        put(my, [(1, 1, "b"), (2, 1, "c")], loadMode="truncate")
    finally:
        my.sql("SET GLOBAL tx_isolation = DEFAULT", "SET GLOBAL sql_safe_updates = 0")
    assert my.sql("SELECT id, note FROM t ORDER BY id") == [(1, "b"), (2, "c")]
