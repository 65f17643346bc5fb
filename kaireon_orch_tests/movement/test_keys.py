"""A partition by keys, in every mode and on every target: exactly the rows of these keys, read alone and replaced."""

from __future__ import annotations

import datetime as dt
import sqlite3
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import fastavro
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import keys
from kaireon_orch_tests.connectors.mysql_ends import my as ends
from kaireon_orch_tests.families.files.xlsx import book, number, text
from kaireon_orch_tests.movement.ends import connector
from kaireon_orch_tests.movement.test_windows import LIVE, MODES, TARGETS, load, loaded, target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from kaireon_orch_tests.connectors.mysql_ends import MyEnds

__all__ = ["ends"]

Row = tuple[int, str | None, str]

ODD = 'it\'s; DROP TABLE "x" -- \\ %s {} \u00e9\U0001f600'
LONG = "k" * 255


def of(column: str, *wanted: str) -> dict[str, Any]:
    return {"column": column, "keys": list(wanted)}


def put(ends: MyEnds, *rows: Row) -> None:
    ends.in_postgres("DROP TABLE IF EXISTS orders")
    ends.in_postgres("CREATE TABLE orders (id int PRIMARY KEY, at timestamptz, region text, name text)")
    for order, region, name in rows:
        shown = "NULL" if region is None else "'" + region.replace("'", "''") + "'"
        ends.in_postgres(f"INSERT INTO orders VALUES ({order}, '2026-01-0{order}', {shown}, '{name}')")


def in_full(names: Iterable[str], quick: Collection[str]) -> list[Any]:
    """All of `names`, those that are not `quick` for the long tests alone."""
    return [pytest.param(name, marks=() if name in quick else pytest.mark.full) for name in names]


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("mode", in_full(MODES, {"append", "upsert", "incremental"}))
def test_rows_of_the_keys_are_replaced_exactly(ends: MyEnds, kind: str, mode: str) -> None:
    target, options = target_of(ends, kind), MODES[mode]
    put(ends, (1, "eu", "one"), (2, "us", "two"), (3, "us", "three"), (4, None, "four"), (5, "asia", "five"))
    load(ends, target, **options)
    put(ends, (1, "eu", "changed"), (3, "us", "third"), (6, "us", "six"), (4, None, "changed"))
    for _ in range(2):
        load(ends, target, of("region", "us", "asia"), **options)
        assert loaded(ends, target) == [
            (1, "one"), (3, "third"), (4, "four"), (6, "six")
        ] or mode == "incremental"  # fmt: skip


@pytest.mark.parametrize("kind", TARGETS)
def test_keys_are_compared_by_their_bytes(ends: MyEnds, kind: str) -> None:
    """Letter case, accents, spaces at the end, quotes and length make keys of their own, whatever the collation."""
    target = target_of(ends, kind)
    found: Sequence[str | None] = ("A", "a", "a ", "\u00e4", ODD, LONG, None, "")
    rows: list[Row] = [(number, key, "old") for number, key in enumerate(found, 1)]
    put(ends, *rows)
    load(ends, target)
    put(ends, *((number, key, "new") for number, key, _ in rows))
    load(ends, target, of("region", "a"))
    assert loaded(ends, target) == [(n, "new" if key == "a" else "old") for n, key, _ in rows]
    load(ends, target, of("region", ODD, LONG, ""))
    new = {"a", ODD, LONG, ""}
    assert loaded(ends, target) == [(n, "new" if key in new else "old") for n, key, _ in rows]


@pytest.mark.parametrize("kind", TARGETS)
def test_keys_leave_the_live_mark_alone(ends: MyEnds, kind: str) -> None:
    target = target_of(ends, kind)
    put(ends, (1, "eu", "one"), (2, "us", "two"))
    mark = load(ends, target, **LIVE)["receipt"]["checkpoint"]
    assert load(ends, target, of("region", "eu"), **LIVE)["receipt"]["checkpoint"] == mark
    put(ends, (1, "eu", "unseen"), (2, "us", "two"), (3, "us", "three"))
    assert load(ends, target, **LIVE)["rowsRead"] == 2  # the mark's own value is read again
    assert loaded(ends, target) == [(1, "one"), (2, "two"), (3, "three")]


TYPED = {
    "int": ("7", "-7", "007"),
    "bigint": ("9007199254740993", "9007199254740992", "+9007199254740993"),
    "numeric(12,2)": ("1.50", "1.51", "1.5"),
    "date": ("2026-01-02", "2026-01-03", "2026-01-02"),
    "timestamptz": ("2026-01-02 03:00:00+00", "2026-01-02 04:00:00+00", "2026-01-02T12:00:00+09:00"),
    "timestamp": ("2026-01-02 03:00:00", "2026-01-02 03:00:01", "2026-01-02T03:00:00"),
    "boolean": ("true", "false", "TRUE"),
    "uuid": (
        "0a000000-0000-0000-0000-00000000000b",
        "0a000000-0000-0000-0000-00000000000c",
        "0A000000-0000-0000-0000-00000000000B",
    ),
    "char(4)": ("ab", "AB", "ab  "),
    "varchar(9)": ("ab ", "ab", "ab "),
    "mood": ("sad", "ok", "sad"),
}  # fmt: skip


@pytest.mark.parametrize("kind", in_full(TARGETS, {"postgresql", "mariadb"}))
@pytest.mark.parametrize("form", TYPED)
def test_a_key_is_a_value_of_the_columns_own_type(ends: MyEnds, kind: str, form: str) -> None:
    target = target_of(ends, kind)
    wanted, other, told = TYPED[form]
    ends.in_postgres("DROP TABLE IF EXISTS orders; DROP TYPE IF EXISTS mood")
    ends.in_postgres("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    ends.in_postgres(f"CREATE TABLE orders (id int, region {form}, name text)")
    ends.in_postgres(
        f"INSERT INTO orders VALUES (1, '{wanted}', 'old'), (2, '{other}', 'old'), (3, NULL, 'old')"
    )
    load(ends, target)
    ends.in_postgres("UPDATE orders SET name = 'new'")
    load(ends, target, of("region", told))
    assert loaded(ends, target) == [(1, "new"), (2, "old"), (3, "old")]


@pytest.mark.parametrize(
    ("form", "key"),
    [("int", "seven"), ("int", "99999999999"), ("numeric(12,2)", "1.555"), ("date", "2026-02-30"),
     ("boolean", "1"), ("uuid", "0a"), ("timestamptz", "noon"), ("double precision", "1"), ("jsonb", "1")],
)  # fmt: skip
def test_a_key_that_is_no_such_value_is_refused_by_name(ends: MyEnds, form: str, key: str) -> None:
    target = target_of(ends, "postgresql")
    ends.in_postgres("DROP TABLE IF EXISTS orders")
    ends.in_postgres(f"CREATE TABLE orders (id int, region {form}, name text)")
    with pytest.raises(Fault, match="'region'") as refused:
        load(ends, target, of("region", key))
    assert refused.value.fault is FaultCode.NOT_SUPPORTED
    assert not ends.in_postgres("SELECT 1 FROM pg_tables WHERE tablename = 'loaded'")


def test_keys_go_the_way_of_their_column(ends: MyEnds) -> None:
    """Renamed, cast and hashed, a key finds the rows that its values became."""
    target = target_of(ends, "duckdb")
    columns = {"rename": {"region": "zone"}, "cast": {"id": "string"}, "hash": ["region"]}
    more: dict[str, Any] = {"columns": columns, "hash_key": "a2V5"}
    put(ends, (1, "eu", "old"), (2, "us", "old"))
    load(ends, target, **more)
    put(ends, (1, "eu", "new"), (2, "us", "new"))
    load(ends, target, of("zone", "us"), **more)
    assert ends.in_duckdb("SELECT id, name FROM public.loaded ORDER BY id") == [("1", "old"), ("2", "new")]
    load(ends, target, of("id", "01"), **more)
    assert ends.in_duckdb("SELECT id, name FROM public.loaded ORDER BY id") == [("1", "new"), ("2", "new")]


@pytest.mark.parametrize("columns", [{"mask": {"region": {}}}, {"exclude": ["region"]}])
def test_a_column_whose_values_are_not_there_any_more_makes_no_partition(
    ends: MyEnds, columns: dict[str, Any]
) -> None:
    target = target_of(ends, "duckdb")
    put(ends, (1, "eu", "one"))
    with pytest.raises(Fault, match="'region'"):
        load(ends, target, of("region", "eu"), columns=columns)


def test_a_window_of_a_hashed_column_is_refused(ends: MyEnds) -> None:
    target = target_of(ends, "duckdb")
    put(ends, (1, "2026-01-01", "one"))
    window = {"column": "region", "start": "2026-01-01T00:00:00+00:00", "end": "2026-01-02T00:00:00+00:00"}
    with pytest.raises(Fault, match="in order"):
        load(ends, target, window, columns={"hash": ["region"]}, hash_key="a2V5")


TABLE = pa.table(
    {
        "id": pa.array([1, 2, 3, 4, 5], pa.int64()),
        "region": pa.array(["a", "A", "a ", ODD, None], pa.string()),
        "day": pa.array(["2026-01-01", "2026-01-02", "2026-01-02", None, "2026-01-04"]).cast(pa.date32()),
    }
)


def _sqlite(ends: MyEnds) -> tuple[dict[str, Any], dict[str, Any]]:
    with sqlite3.connect(ends.folder / "shop.sqlite") as database:
        database.execute("CREATE TABLE orders (id INTEGER, region TEXT COLLATE NOCASE, day DATE)")
        rows = [(r["id"], r["region"], r["day"] and str(r["day"])) for r in TABLE.to_pylist()]
        database.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
    database.close()
    return ends.sqlite(), {"table": "orders"}


def _duckdb(ends: MyEnds) -> tuple[dict[str, Any], dict[str, Any]]:
    with duckdb.connect(str(ends.folder / "shop.duckdb")) as database:
        database.execute("CREATE TABLE orders (id BIGINT, region VARCHAR COLLATE NOCASE, day DATE)")
        database.register("given", TABLE)
        database.execute("INSERT INTO orders FROM given")
    return ends.duckdb("shop.duckdb"), {"table": "orders"}


def _mariadb(ends: MyEnds) -> tuple[dict[str, Any], dict[str, Any]]:
    ends.sql("CREATE TABLE orders (id BIGINT, region VARCHAR(99) CHARACTER SET utf8mb4, day DATE)")
    for row in TABLE.to_pylist():
        region = "NULL" if row["region"] is None else "x'" + row["region"].encode().hex() + "'"
        day = "NULL" if row["day"] is None else f"'{row['day']}'"
        ends.sql(f"INSERT INTO orders VALUES ({row['id']}, {region}, {day})")
    return ends.my(), {"table": "orders"}


def _mariadb_query(ends: MyEnds) -> tuple[dict[str, Any], dict[str, Any]]:
    return _mariadb(ends)[0], {"query": "SELECT id, region, day FROM orders"}


def _sqlite_query(ends: MyEnds) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of an expression SQLite knows no type: it is found on the rows."""
    return _sqlite(ends)[0], {"query": "SELECT id + 0 AS id, region || '' AS region, day FROM orders"}


def _file(ends: MyEnds, name: str) -> str:
    return str(ends.folder / f"{uuid.uuid4().hex}{name}")


def _csv(ends: MyEnds) -> tuple[dict[str, Any], dict[str, Any]]:
    path = _file(ends, ".csv")
    pc.write_csv(TABLE, path)
    return connector("csv", {"path": path}), {}


def _json(ends: MyEnds) -> tuple[dict[str, Any], dict[str, Any]]:
    path = _file(ends, ".jsonl")
    with duckdb.connect() as database:
        database.register("given", TABLE)
        database.execute(f"COPY given TO '{path}' (FORMAT json)")
    return connector("json", {"path": path, "types": {"day": "date32"}}), {}


def _parquet(ends: MyEnds) -> tuple[dict[str, Any], dict[str, Any]]:
    path = _file(ends, ".parquet")
    pq.write_table(TABLE, path, row_group_size=2)
    return connector("parquet", {"path": path}), {}


def _avro(ends: MyEnds) -> tuple[dict[str, Any], dict[str, Any]]:
    path = _file(ends, ".avro")
    day = {"type": "int", "logicalType": "date"}
    fields = [
        {"name": "id", "type": "long"},
        {"name": "region", "type": ["null", "string"]},
        {"name": "day", "type": ["null", day]},
    ]
    with Path(path).open("wb") as file:
        fastavro.writer(file, {"type": "record", "name": "r", "fields": fields}, TABLE.to_pylist())
    return connector("avro", {"path": path}), {}


def _excel(ends: MyEnds) -> tuple[dict[str, Any], dict[str, Any]]:
    path = _file(ends, ".xlsx")
    cells: list[list[str | None]] = [[text(name) for name in TABLE.column_names]]
    for row in TABLE.to_pylist():
        day = row["day"] and number(str((row["day"] - dt.date(1899, 12, 30)).days), "date")
        cells.append(
            [
                number(str(row["id"])),
                row["region"] and text(row["region"]).replace("<t>", '<t xml:space="preserve">'),
                day,
            ]
        )
    Path(path).write_bytes(book({"S": cells}))
    return connector("excel", {"path": path}), {}


def _delta(ends: MyEnds) -> tuple[dict[str, Any], dict[str, Any]]:
    path = _file(ends, "")
    write_deltalake(path, TABLE)
    return connector("delta_lake", {"uri": path}), {}


def _postgresql(ends: MyEnds) -> tuple[dict[str, Any], dict[str, Any]]:
    origin = ends.postgresql()
    ends.in_postgres("DROP TABLE IF EXISTS orders")
    ends.in_postgres(
        "CREATE COLLATION IF NOT EXISTS nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
    )
    ends.in_postgres("CREATE TABLE orders (id bigint, region text COLLATE nocase, day date)")
    for row in TABLE.to_pylist():
        region = "NULL" if row["region"] is None else "'" + row["region"].replace("'", "''") + "'"
        day = "NULL" if row["day"] is None else f"'{row['day']}'"
        ends.in_postgres(f"INSERT INTO orders VALUES ({row['id']}, {region}, {day})")
    return origin, {"table": "orders"}


SOURCES: dict[str, Callable[[MyEnds], tuple[dict[str, Any], dict[str, Any]]]] = {
    "postgresql": _postgresql, "mariadb": _mariadb, "mariadb query": _mariadb_query, "sqlite": _sqlite,
    "sqlite query": _sqlite_query, "duckdb": _duckdb, "csv": _csv, "json": _json, "parquet": _parquet,
    "avro": _avro, "excel": _excel, "delta_lake": _delta,
}  # fmt: skip


@pytest.mark.parametrize("kind", SOURCES)
def test_each_source_gives_exactly_the_rows_of_the_keys(ends: MyEnds, kind: str) -> None:
    origin, source = SOURCES[kind](ends)

    def read(window: dict[str, Any]) -> list[int]:
        target = ends.duckdb(f"{uuid.uuid4().hex}.duckdb")
        ends.work(ends.payload(origin, target, source=source, table="loaded") | {"window": window})
        name = target["config"]["path"].rpartition("/")[2]
        return [row[0] for row in ends.in_duckdb("SELECT id FROM public.loaded ORDER BY id", name)]

    assert read(of("region", "a")) == [1]
    assert read(of("region", "A", ODD, "none")) == [2, 4]
    assert read(of("id", "3", "1", "99")) == [1, 3]
    assert read(of("day", "2026-01-02", "2026-01-04")) == [2, 3, 5]
    second = {"column": "day", "start": "2026-01-02T00:00:00+00:00", "end": "2026-01-04T00:00:00+00:00"}
    assert read(second) == [2, 3]


def test_row_groups_without_a_key_are_not_read(ends: MyEnds) -> None:
    path = ends.folder / "big.parquet"
    table = pa.table({"region": [f"r{number // 1000}" for number in range(10_000)], "n": list(range(10_000))})
    pq.write_table(table, path, row_group_size=1000)
    origin = connector("parquet", {"path": str(path)})

    def read(window: dict[str, Any] | None) -> int:
        target = ends.duckdb(f"{uuid.uuid4().hex}.duckdb")
        return int(ends.work(ends.payload(origin, target) | {"window": window})["bytesRead"])

    assert read(of("region", "r3")) * 9 < read(None)


def test_a_key_has_one_text() -> None:
    """What a key is told as a second time is what it was told as the first."""
    for type_ in (
        pa.string(),
        pa.int16(),
        pa.decimal128(9, 3),
        pa.date32(),
        pa.timestamp("us", "UTC"),
        pa.bool_(),
    ):
        key = {"string": "x", "int16": "+07", "date32[day]": "2026-01-02", "bool": "True"}.get(
            str(type_), "2026-01-02T00:00:00+02:00" if pa.types.is_timestamp(type_) else "1.5"
        )
        once = keys.canonical([key], pa.field("c", type_))
        assert keys.canonical(once, pa.field("c", type_)) == once
