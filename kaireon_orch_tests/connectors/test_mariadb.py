"""MariaDB: its torture table through every target, ranges and streams alike, one transaction in, memory that stays."""

from __future__ import annotations

import contextlib
import datetime as dt
import resource
import threading
import time
import uuid
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from kaireon_orch import catalogue
from kaireon_orch.contract.load import LEDGER_TABLE, LedgerEntry, TableName, WritePlan
from kaireon_orch.contract.source import CursorRange, ReadRequest, Window
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import mysql_reading
from kaireon_orch.families.sql.mysql_tables import MARK
from kaireon_orch.worker.opening import opening, source_model

if TYPE_CHECKING:
    from kaireon_orch.contract.target import Target
    from kaireon_orch_tests.connectors.mysql_ends import MyEnds

VALUES: dict[str, tuple[str, Any]] = {
    "TINYINT": ("-128", -128),
    "TINYINT UNSIGNED": ("255", 255),
    "TINYINT(1)": ("2", 2),
    "SMALLINT": ("-32768", -32768),
    "SMALLINT UNSIGNED": ("65535", 65535),
    "MEDIUMINT": ("-8388608", -8388608),
    "MEDIUMINT UNSIGNED": ("16777215", 16777215),
    "INT": ("-2147483648", -2147483648),
    "INT UNSIGNED": ("4294967295", 4294967295),
    "INT(8) ZEROFILL": ("42", 42),
    "BIGINT": ("-9223372036854775808", -(2**63)),
    "BIGINT UNSIGNED": ("18446744073709551615", 2**64 - 1),
    "YEAR": ("1901", 1901),
    "FLOAT": ("16777215", 16777215.0),
    "FLOAT(10,3)": ("1600.125", 1600.125),
    "DOUBLE": ("1.7976931348623157e308", 1.7976931348623157e308),
    "DOUBLE(10,2)": ("-0.25", -0.25),
    "DECIMAL(12,2)": ("-1.10", Decimal("-1.10")),
    "DECIMAL(38,10)": (
        "1234567890123456789012345678.0123456789",
        Decimal("1234567890123456789012345678.0123456789"),
    ),
    "DECIMAL(38,30)": ("0.000000000000000000000000000001", Decimal("1E-30")),
    "DECIMAL(65,30)": (
        "12345678901234567890123456789012345.123456789012345678901234567890",
        "12345678901234567890123456789012345.123456789012345678901234567890",
    ),
    "BIT(1)": ("b'1'", True),
    "BIT(64)": ("0xFFFFFFFFFFFFFFFF", 2**64 - 1),
    "CHAR(5)": ("'ab'", "ab"),
    "VARCHAR(40)": (r"'é😀 \'\\n \" \t,'", "é😀 '\\n \" \t,"),
    "VARCHAR(5) CHARACTER SET latin1": ("'é'", "é"),
    "LONGTEXT": ("''", ""),
    "ENUM('a','b''c')": ("'b''c'", "b'c"),
    "SET('a','b')": ("'a,b'", "a,b"),
    "BINARY(3)": ("x'00FF'", b"\x00\xff\x00"),
    "VARBINARY(5)": ("x'00FF27'", b"\x00\xff'"),
    "LONGBLOB": ("x'5C00'", b"\\\x00"),
    "DATE": ("'9999-12-31'", dt.date(9999, 12, 31)),
    "DATETIME": ("'1000-01-01 00:00:00'", dt.datetime(1000, 1, 1)),  # noqa: DTZ001  a DATETIME has no zone
    "DATETIME(6)": ("'2020-02-29 23:59:59.999999'", dt.datetime(2020, 2, 29, 23, 59, 59, 999999)),  # noqa: DTZ001  the same
    "TIMESTAMP(6) NULL": (
        "'2038-01-19 03:14:07.999999'",
        dt.datetime(2038, 1, 19, 3, 14, 7, 999999, dt.UTC),
    ),
    "TIME": ("'23:59:59'", dt.time(23, 59, 59)),
    "TIME(6)": ("'00:00:00.000001'", dt.time(0, 0, 0, 1)),
    "JSON": (
        '\'{"b": 1.10,  "a": 1, "c": 12345678901234567890}\'',
        '{"b": 1.10,  "a": 1, "c": 12345678901234567890}',
    ),
    "UUID": ("'12345678-1234-5678-1234-567812345678'", uuid.UUID("12345678-1234-5678-1234-567812345678")),
    "INET6": ("'::1'", "::1"),
    "POINT": (
        "ST_GeomFromText('POINT(1 2)')",
        bytes.fromhex("0101000000000000000000f03f0000000000000040"),
    ),
}
"""One value for each type, and what it is in Arrow."""

AS_TEXT = ("UUID", "JSON")
"""A query's result does not say that these are more than text."""


@pytest.fixture
def torture(my: MyEnds) -> MyEnds:
    columns = ", ".join(f"`c{at}` {type_}" for at, type_ in enumerate(VALUES))
    values = ", ".join(sql for sql, _ in VALUES.values())
    my.sql(
        f"CREATE TABLE src (id INT PRIMARY KEY, {columns})",
        f"INSERT INTO src VALUES (1, {values})",
        "INSERT INTO src (id) VALUES (2)",
        "CREATE VIEW seen AS SELECT * FROM src",
    )
    return my


EXPECTED = {f"c{at}": value for at, (_, value) in enumerate(VALUES.values())}


@pytest.mark.parametrize("config", [{}, {"consistentSnapshot": True}])
def test_every_type_arrives_as_it_was(torture: MyEnds, config: dict[str, Any]) -> None:
    rows = torture.rows(torture.my(**config), table="src")
    assert rows == [{"id": 1, **EXPECTED}, {"id": 2, **dict.fromkeys(EXPECTED)}]


def test_a_query_gives_the_same(torture: MyEnds) -> None:
    (row,) = torture.rows(torture.my(), query="SELECT * FROM src WHERE id = 1;")
    texts = {f"c{at}" for at, type_ in enumerate(VALUES) if type_ in AS_TEXT}
    assert row == {
        "id": 1,
        **{name: str(value) if name in texts else value for name, value in EXPECTED.items()},
    }


def test_ranges_are_read_the_fast_way(torture: MyEnds, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without connectorx the ranges would still come, slowly: this fails where it takes a range no more."""
    monkeypatch.delattr(mysql_reading, "streamed")
    assert len(torture.rows(torture.my(), table="src")) == 2


def test_every_type_reaches_postgresql(torture: MyEnds) -> None:
    torture.run(torture.my(), torture.postgresql(), source={"table": "src"})
    found = torture.rows(torture.postgresql(), table="t")
    assert found[1] == {"id": 2, **dict.fromkeys(EXPECTED)}
    names = {type_: f"c{at}" for at, type_ in enumerate(VALUES)}
    widened = {names["BIGINT UNSIGNED"], names["BIT(64)"], names["JSON"]}
    for name in EXPECTED.keys() - widened:
        assert found[0][name] == EXPECTED[name]
    assert found[0][names["BIGINT UNSIGNED"]] == 2**64 - 1
    assert '"b": 1.10' in found[0][names["JSON"]]


def test_every_type_reaches_duckdb(torture: MyEnds) -> None:
    torture.run(torture.my(), torture.duckdb(), source={"table": "src"})
    found = torture.rows(torture.duckdb(), table="public.t")
    assert found == [{"id": 1, **EXPECTED}, {"id": 2, **dict.fromkeys(EXPECTED)}]


def test_every_type_goes_in_as_it_came_out(torture: MyEnds) -> None:
    for _ in range(2):  # into a new table, then into one that is there
        torture.run(torture.my(), torture.my(), source={"table": "src"}, schema=None, table="dst")
    found = torture.rows(torture.my(), query="SELECT * FROM dst WHERE id = 1")
    query = torture.rows(torture.my(), query="SELECT * FROM src WHERE id = 1")
    assert [{**row, "id": 1} for row in found] == query * 2


def test_an_existing_table_of_the_same_types_takes_all(torture: MyEnds) -> None:
    torture.sql("CREATE TABLE dst LIKE src")
    exact = [
        name
        for name, type_ in zip(EXPECTED, VALUES, strict=True)
        if "(10," not in type_ and type_ not in {"POINT", "YEAR", "BIT(64)", "DECIMAL(65,30)"}
    ]
    torture.run(
        torture.my(),
        torture.my(),
        source={"table": "src"},
        schema=None,
        table="dst",
        columns={"include": ["id", *exact]},
    )
    names = ", ".join(exact)
    assert torture.sql(f"SELECT {names} FROM dst ORDER BY id") == torture.sql(
        f"SELECT {names} FROM src ORDER BY id"
    )


POSTGRESQL = (
    "SELECT 1 AS id, true AS flag, 'NaN'::text AS t, 0.1::real AS r, '-0'::float8 AS z, 5e-324::float8 AS tiny, "
    "12.30::numeric(5,2) AS n, 0.0000000001::numeric(12,10) AS small, '\\x5c27'::bytea AS b, "
    "date '2020-02-29' AS d, timestamp '2020-02-29 10:00:00.123456' AS ts, timestamptz '2020-02-29 10:00:00+05' AS tz, "
    "time '24:00' AS noon, '12345678-1234-5678-1234-567812345678'::uuid AS u, '{\"a\": 1}'::json AS j, "
    "E'a''b\\\\n\\nc' AS quoted, NULL::int AS nothing"
)


def test_what_postgresql_has_is_kept(my: MyEnds) -> None:
    my.run(my.postgresql(), my.my(), source={"query": POSTGRESQL}, schema=None)
    given = my.rows(my.postgresql(), query=POSTGRESQL)
    assert my.rows(my.my(), table="t") == given


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 'NaN'::float8 AS c",
        "SELECT '-infinity'::float8 AS c",
        "SELECT timestamptz '2040-01-01' AS c",
        "SELECT date '0044-03-15 BC' AS c",
    ],
)
def test_what_mysql_has_not_is_refused_and_nothing_is_left(my: MyEnds, query: str) -> None:
    with pytest.raises(Fault) as caught:
        my.run(my.postgresql(), my.my(), source={"query": query}, schema=None)
    assert caught.value.fault in {FaultCode.ROW_REFUSED, FaultCode.TYPE_LOSSY}
    assert my.sql("SHOW TABLES") == [(LEDGER_TABLE,)]


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("DATE", "0000-00-00"),
        ("DATETIME", "0000-00-00 00:00:00"),
        ("DATE", "2020-00-15"),
        ("TIME", "-838:59:59"),
        ("TIME", "24:00:01"),
    ],
)
@pytest.mark.parametrize("config", [{}, {"consistentSnapshot": True}])
def test_what_arrow_cannot_hold_is_refused_by_name(
    my: MyEnds, type_: str, value: str, config: dict[str, Any]
) -> None:
    my.sql(
        "SET sql_mode = ''",
        f"CREATE TABLE src (id INT PRIMARY KEY, c {type_})",
    )
    my.sql("SET sql_mode = ''", f"INSERT INTO src VALUES (1, NULL), (2, '{value}')")
    with pytest.raises(Fault, match=f"Column 'c', row 2 holds '{value}") as caught:
        my.rows(my.my(**config), table="src")
    assert caught.value.fault is FaultCode.TYPE_LOSSY


def test_zero_dates_may_be_read_as_null(my: MyEnds) -> None:
    my.sql("CREATE TABLE src (id INT PRIMARY KEY, c DATETIME)")
    my.sql("SET sql_mode = ''", "INSERT INTO src VALUES (1, '0000-00-00'), (2, '2020-01-01')")
    rows = my.rows(my.my(zeroDates="null"), table="src")
    assert [row["c"] for row in rows] == [None, dt.datetime(2020, 1, 1)]  # noqa: DTZ001  the same


def test_the_servers_zone_and_mode_change_nothing(my: MyEnds, mariadb: Any) -> None:
    my.sql(
        "CREATE TABLE src (id INT PRIMARY KEY, t TIMESTAMP NULL, c CHAR(5))",
        "INSERT INTO src VALUES (1, '2020-07-01 12:00:00', 'a')",
        "SET GLOBAL time_zone = '+05:30'",
        "SET GLOBAL sql_mode = 'ANSI_QUOTES,PAD_CHAR_TO_FULL_LENGTH,NO_BACKSLASH_ESCAPES'",
    )
    try:
        for consistent in (False, True):
            (row,) = my.rows(my.my(consistentSnapshot=consistent), table="src")
            assert row == {"id": 1, "t": dt.datetime(2020, 7, 1, 12, tzinfo=dt.UTC), "c": "a"}
    finally:
        my.sql("SET GLOBAL time_zone = SYSTEM", "SET GLOBAL sql_mode = DEFAULT")


def numbered(my: MyEnds, rows: int, key: str = "id BIGINT PRIMARY KEY") -> None:
    my.sql(
        f"CREATE TABLE src ({key}, note VARCHAR(200), at DATETIME(6))",
        f"INSERT INTO src SELECT seq, CONCAT(REPEAT('z', 150), seq), '2020-01-01' + INTERVAL seq SECOND FROM seq_1_to_{rows}",
    )


def test_ranges_join_without_a_gap(my: MyEnds) -> None:
    numbered(my, 250_001)
    my.sql("DELETE FROM src WHERE id BETWEEN 5 AND 120000", "INSERT INTO src VALUES (-7, 'x', NULL)")
    table = my.table(my.my(), table="src")
    ids = table.column("id").to_pylist()
    assert ids == [-7, *range(1, 5), *range(120_001, 250_002)]


@pytest.mark.parametrize("config", [{}, {"consistentSnapshot": True}])
@pytest.mark.parametrize("limit", [0, 3, 100_002])
def test_the_row_limit_holds(my: MyEnds, config: dict[str, Any], limit: int) -> None:
    numbered(my, 100_010)
    assert my.table(my.my(**config), table="src", row_limit=limit).num_rows == limit


def test_a_query_is_limited_and_sees_no_more(my: MyEnds) -> None:
    numbered(my, 10)
    rows = my.rows(
        my.my(), query="SELECT id, SUM(id) OVER () AS s FROM src ORDER BY id DESC -- all of it", row_limit=2
    )
    assert [(row["id"], row["s"]) for row in rows] == [(10, "55"), (9, "55")]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("DELETE FROM src", FaultCode.NOT_SUPPORTED),
        ("SELECT 1; DELETE FROM src", FaultCode.NOT_SUPPORTED),
        ("SELECT 1 AS a INTO OUTFILE '/tmp/kaireon-out'", FaultCode.NOT_SUPPORTED),
        ("SELECT 1 /*! ; DELETE FROM src */", FaultCode.NOT_SUPPORTED),
        ("SELECT 1 AS a # '\n) AS x; DELETE FROM src -- '", FaultCode.NOT_SUPPORTED),
        ("SELECT `'` FROM src; DELETE FROM src WHERE `'`", FaultCode.NOT_SUPPORTED),
        (r"SELECT '\'; DELETE FROM src -- ' AS a", None),
        ("SELECT writing() AS a", FaultCode.NOT_PERMITTED),
        ("SELECT nope FROM src", FaultCode.OBJECT_MISSING),
        ("SELECT a FROM nope", FaultCode.OBJECT_MISSING),
        ("SELECT a FROM src WHERE", FaultCode.NOT_SUPPORTED),
        ("SELECT a, a FROM src", FaultCode.BAD_DATA),
    ],
)
def test_a_query_is_one_select_and_writes_nothing(my: MyEnds, query: str, code: FaultCode | None) -> None:
    my.sql(
        "CREATE TABLE src (a INT)",
        "INSERT INTO src VALUES (1)",
        "CREATE FUNCTION writing() RETURNS INT BEGIN DELETE FROM src; RETURN 1; END",
    )
    if code is None:
        assert len(my.rows(my.my(), query=query)) == 1
    else:
        with pytest.raises(Fault) as caught:
            my.rows(my.my(), query=query)
        assert caught.value.fault is code
    assert my.sql("SELECT a FROM src") == [(1,)]


def test_no_rows_make_an_empty_table(my: MyEnds) -> None:
    my.sql("CREATE TABLE src (id INT PRIMARY KEY, d DECIMAL(5,2))")
    for target, options in ((my.postgresql(), {}), (my.my(), {"schema": None})):
        loaded = my.run(my.my(), target, source={"table": "src"}, **options)
        assert (loaded["rowsLoaded"], loaded["rowCount"]) == (0, 0)
        assert my.rows(target, table="t") == []


def test_names_with_dots_quotes_and_case(my: MyEnds) -> None:
    my.sql("CREATE TABLE `T.x``\"%s` (`Col ``'%d` INT PRIMARY KEY)", 'INSERT INTO `T.x``"%s` VALUES (1)')
    assert my.rows(my.my(), table='"T.x`""%s"') == [{"Col `'%d": 1}]
    my.run(my.my(), my.my(), source={"table": '"T.x`""%s"'}, schema=None, table="ta%s.b`")
    assert my.sql("SELECT `Col ``'%d` FROM `ta%s.b```") == [(1,)]


def request(my: MyEnds, **options: Any) -> list[dict[str, Any]]:
    of = my.my()
    with closing(my.opened(of)) as source:
        reading = source.read(ReadRequest(source_model(of, {"table": "src"}), **options))
        rows: list[dict[str, Any]] = pa.Table.from_batches(list(reading.batches), reading.schema).to_pylist()
    return [{**row, "skipped": reading.figures.get("rowsSkipped")} for row in rows]


def test_a_cursor_goes_on_from_where_it_was(my: MyEnds) -> None:
    my.sql(
        "CREATE TABLE src (id INT PRIMARY KEY, t TIMESTAMP(6) NULL, d DECIMAL(5,1))",
        "INSERT INTO src VALUES (1, '2020-01-01 00:00:00.5', 9), (2, NULL, 8), (3, '2020-01-01 00:00:00.25', 10)",
    )
    after = request(my, cursor=CursorRange("t", "2020-01-01T02:00:00.250000+02:00", inclusive=False))
    assert [(row["id"], row["skipped"]) for row in after] == [(1, 1)]
    first = request(my, cursor=CursorRange("t", None, inclusive=False, order_by=("id",)), row_limit=1)
    assert [row["id"] for row in first] == [3]
    assert [row["id"] for row in request(my, cursor=CursorRange("d", None, inclusive=True))] == [2, 1, 3]


def test_a_window_is_read_alone(my: MyEnds) -> None:
    numbered(my, 10)
    rows = request(my, window=Window("at", "2020-01-01 00:00:03", "2020-01-01T00:00:06"))
    assert [row["id"] for row in rows] == [3, 4, 5]


def test_truncate_and_the_ledger(my: MyEnds) -> None:
    numbered(my, 10)
    for limit in (10, 4):
        my.run(my.my(), my.my(), source={"table": "src"}, schema=None, loadMode="truncate", row_limit=limit)
    assert my.sql("SELECT COUNT(*) FROM t") == [(4,)]
    kept = my.sql(f"SELECT mode, `rows`, table_name FROM {LEDGER_TABLE} ORDER BY committed_at")
    assert kept == [("truncate", 10, f"{my.own}.t"), ("truncate", 4, f"{my.own}.t")]


def test_a_load_that_was_committed_is_not_loaded_again(my: MyEnds) -> None:
    numbered(my, 3)
    for _ in range(2):
        loaded = my.run(my.my(), my.my(), source={"table": "src"}, schema=None, run_id="r1")
    assert loaded["alreadyLoaded"]
    assert my.sql("SELECT COUNT(*) FROM t") == [(3,)]


def test_a_new_and_a_wider_column(my: MyEnds) -> None:
    my.sql("CREATE TABLE t (a INT NOT NULL)", "INSERT INTO t VALUES (1)")
    my.run(my.postgresql(), my.my(), source={"query": "SELECT 5000000000 AS a, 'x' AS b"}, schema=None)
    assert my.sql("SELECT a, b FROM t ORDER BY a") == [(1, None), (5_000_000_000, "x")]


@pytest.mark.parametrize(
    ("table", "query", "code"),
    [
        ("a INT UNIQUE", "SELECT 1 AS a", FaultCode.ROW_REFUSED),
        ("a INT CHECK (a < 0)", "SELECT 1 AS a", FaultCode.ROW_REFUSED),
        ("a VARCHAR(3)", "SELECT 'abcd' AS a", FaultCode.ROW_REFUSED),
        ("a CHAR(3)", "SELECT 'ab ' AS a", FaultCode.ROW_REFUSED),
        ("a VARCHAR(3) CHARACTER SET latin1", "SELECT '😀' AS a", FaultCode.ROW_REFUSED),
        ("a ENUM('x')", "SELECT 'y' AS a", FaultCode.ROW_REFUSED),
        ("a DATETIME", "SELECT timestamp '2020-01-01 00:00:00.5' AS a", FaultCode.TYPE_LOSSY),
        ("a FLOAT", "SELECT 16777217 AS a", FaultCode.TYPE_LOSSY),
        ("a DECIMAL(5,1)", "SELECT 1.25::numeric(5,2) AS a", FaultCode.TYPE_LOSSY),
        ("a INT) ENGINE=MyISAM COMMENT=('", "", FaultCode.TARGET_REFUSED),
    ],
)
def test_what_the_table_does_not_take_leaves_it_as_it_was(
    my: MyEnds, table: str, query: str, code: FaultCode
) -> None:
    made = "CREATE TABLE t (a INT) ENGINE=MyISAM" if not query else f"CREATE TABLE t ({table})"
    my.sql(made)
    if "UNIQUE" in table:
        my.sql("INSERT INTO t VALUES (1)")
    before = my.sql("SELECT * FROM t")
    source = {"query": f"SELECT 2 AS b, a FROM ({query or 'SELECT 1 AS a'}) x"}
    with pytest.raises(Fault) as caught:
        my.run(my.postgresql(), my.my(), source=source, schema=None)
    assert caught.value.fault is code
    assert my.sql("SELECT * FROM t") == before
    assert my.sql(f"SELECT * FROM {LEDGER_TABLE}") == []


def begun(my: MyEnds) -> Any:
    of = my.my()
    target: Target = catalogue.target(of["type"])(opening(my.job({}), of))
    return target


def test_a_table_that_was_never_filled_is_removed_by_the_next_load(my: MyEnds) -> None:
    schema = pa.schema([("a", pa.int32())])
    with closing(begun(my)) as target:
        load = target.begin(TableName(None, "t"), lambda: False)
        load.prepare(WritePlan(schema, create=True))
        load.write(pa.record_batch([pa.array([1], pa.int32())], schema))
        assert my.sql("SELECT * FROM t") == []
        assert MARK in my.sql("SHOW CREATE TABLE t")[0][1]
        target.close()  # as a killed process leaves it
    with closing(begun(my)) as target:
        target.clean_up(TableName(None, "t"))
        assert my.sql("SHOW TABLES") == [(LEDGER_TABLE,)]
        load = target.begin(TableName(None, "t"), lambda: False)
        load.prepare(WritePlan(schema, create=True))
        load.write(pa.record_batch([pa.array([1], pa.int32())], schema))
        load.commit(LedgerEntry("l1", "p", "t", "append", 1))
        target.clean_up(TableName(None, "t"))
    assert my.sql("SELECT * FROM t") == [(1,)]
    assert MARK not in my.sql("SHOW CREATE TABLE t")[0][1]


def test_two_loads_of_one_table_do_not_mix(my: MyEnds) -> None:
    with closing(begun(my)) as first, closing(begun(my)) as second:
        first.begin(TableName(None, "t"), lambda: False)
        with pytest.raises(Fault) as caught:
            second.begin(TableName(None, "t"), lambda: True)
        assert caught.value.fault is FaultCode.CANCELED
        second.begin(TableName(None, "other"), lambda: False)


def test_rows_longer_than_a_packet_are_refused_and_many_long_ones_are_not(my: MyEnds) -> None:
    long = "SELECT x AS id, repeat('z', 900000) AS c FROM generate_series(1, 20) x"
    my.run(my.postgresql(), my.my(), source={"query": long}, schema=None)
    assert my.sql("SELECT COUNT(*), MIN(LENGTH(c)) FROM t") == [(20, 900_000)]
    with pytest.raises(Fault) as caught:
        my.run(
            my.postgresql(),
            my.my(),
            source={"query": "SELECT 1 AS id, repeat('z', 20000000) AS c"},
            schema=None,
        )
    assert caught.value.fault is FaultCode.ROW_REFUSED


def kill_others(my: MyEnds, info: str) -> int:
    rows = my.mariadb.execute(
        f"SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '{my.own}' AND (INFO LIKE '%{info}%' OR INFO IS NULL)"
    )
    for (thread,) in rows:
        with contextlib.suppress(Exception):
            my.mariadb.execute(f"KILL {thread}")
    return len(rows)


@pytest.mark.parametrize("config", [{}, {"consistentSnapshot": True}])
def test_a_connection_killed_midway_is_a_lost_one(my: MyEnds, config: dict[str, Any]) -> None:
    numbered(my, 250_000)
    of = my.my(**config)
    with closing(my.opened(of)) as source:
        batches = source.read(ReadRequest(source_model(of, {"table": "src"}))).batches
        next(iter(batches))
        assert kill_others(my, "src")
        with pytest.raises(Fault) as caught:
            list(batches)
    assert caught.value.retryable


def test_a_target_killed_midway_keeps_nothing(my: MyEnds) -> None:
    my.sql("CREATE TABLE t (a INT)")
    schema = pa.schema([("a", pa.int32())])
    batch = pa.record_batch([pa.array(range(1000), pa.int32())], schema)
    with closing(begun(my)) as target:
        load = target.begin(TableName(None, "t"), lambda: False)
        load.describe()
        load.prepare(WritePlan(schema))
        load.write(batch)
        assert kill_others(my, "t")
        with pytest.raises(Fault) as caught:  # noqa: PT012  whichever meets it first
            load.write(batch)
            load.commit(LedgerEntry("l1", "p", "t", "append", 2000))
        load.abort()
    assert caught.value.retryable
    assert my.sql("SELECT COUNT(*) FROM t") == [(0,)]


@pytest.mark.parametrize("config", [{}, {"consistentSnapshot": True}])
def test_closing_early_does_not_read_the_rest(my: MyEnds, config: dict[str, Any]) -> None:
    numbered(my, 300_000)
    of = my.my(**config)
    source = my.opened(of)
    batches = source.read(ReadRequest(source_model(of, {"table": "src"}))).batches
    next(iter(batches))
    started = time.monotonic()
    batches.close()  # type: ignore[attr-defined]
    source.close()
    assert time.monotonic() - started < 0.5
    deadline = time.monotonic() + 10
    while my.mariadb.execute(f"SELECT 1 FROM information_schema.PROCESSLIST WHERE DB = '{my.own}'"):
        assert time.monotonic() < deadline, "a connection stayed"
        time.sleep(0.1)


@pytest.mark.parametrize("config", [{}, {"consistentSnapshot": True}])
def test_a_slow_target_does_not_let_memory_grow(my: MyEnds, config: dict[str, Any]) -> None:
    """A reader that reads ahead would hold all 200 MB."""
    my.sql(
        "CREATE TABLE src (id INT PRIMARY KEY, c LONGTEXT)",
        "INSERT INTO src SELECT seq, REPEAT('z', 1000000) FROM seq_1_to_200",
    )
    of = my.my(**config)
    with closing(my.opened(of)) as source:
        before = held()
        batches = iter(source.read(ReadRequest(source_model(of, {"table": "src"}))).batches)
        next(batches)
        time.sleep(0.5)
        next(batches)
        assert held() - before < 160 << 10
        assert sum(batch.num_rows for batch in batches) >= 100


def held() -> int:
    """KiB of this process now."""
    with open("/proc/self/statm") as file:  # noqa: PTH123  a kernel's file
        return int(file.read().split()[1]) * resource.getpagesize() >> 10


def test_one_snapshot_where_it_is_asked_for(my: MyEnds) -> None:
    numbered(my, 150_000)
    for consistent, message in ((True, None), (False, "without a common snapshot")):
        of = my.my(consistentSnapshot=consistent)
        with closing(my.opened(of)) as source:
            reading = source.read(ReadRequest(source_model(of, {"table": "src"})))
            assert (message is None and reading.message is None) or (message or "") in (reading.message or "")
            batches = iter(reading.batches)
            rows = next(batches).num_rows
            my.sql(
                f"INSERT INTO src SELECT id + {1000000 + 100 * consistent}, note, at FROM src WHERE id < 11"
            )
            rows += sum(batch.num_rows for batch in batches)
        assert rows == (150_000 if consistent else 150_020)  # the second read finds the ten of the first, too


def test_streams(my: MyEnds) -> None:
    my.sql(
        "CREATE TABLE src (a INT UNSIGNED, id BIGINT PRIMARY KEY, t TIMESTAMP NULL, d DECIMAL(10,2), j JSON)",
        "CREATE VIEW seen AS SELECT id FROM src",
    )
    streams = my.streams(my.my())
    assert set(streams) == {"src", "seen"}
    src = streams["src"]
    assert (src.namespace, src.primary_key, src.cursor_candidates) == (my.own, ("id",), ("t", "id"))
    assert [(c.name, c.source_type, str(c.arrow_type), c.nullable, c.key) for c in src.columns][:4] == [
        ("a", "int(10) unsigned", "uint32", True, False),
        ("id", "bigint(20)", "int64", False, True),
        ("t", "timestamp", "timestamp[us, tz=UTC]", True, False),
        ("d", "decimal(10,2)", "decimal128(10, 2)", True, False),
    ]
    assert (src.columns[4].source_type, src.columns[4].arrow_type) == ("json", pa.json_())


def test_a_guarded_child_loads_it(my: MyEnds) -> None:
    numbered(my, 1000)
    loaded = my.run_child(my.my(), my.my(), source={"table": "src"}, schema=None)
    assert loaded["rowsLoaded"] == 1000
    assert "common snapshot" in loaded["message"]


def test_without_a_judge_every_connection_is_the_doors(my: MyEnds) -> None:
    """Nothing but the dialled socket is used: the fast way, which dials by itself, stays shut."""
    numbered(my, 10)
    of = my.my()
    job = my.job({})
    unjudged = type(job.door)(my.policy(), job.door.deadline, job.door.refusals, kernel=False)
    opened = opening(job, of)
    with closing(
        catalogue.source("mariadb")(
            type(opened)(opened.config, "password", opened.auth, unjudged, opened.folder)
        )
    ) as source:
        reading = source.read(ReadRequest(source_model(of, {"table": "src"})))
        assert reading.message is None
        assert sum(batch.num_rows for batch in reading.batches) == 10


def test_a_reader_in_a_thread_can_be_stopped_from_outside(my: MyEnds) -> None:
    """A cancelled run closes the source while its reader waits for the server."""
    of = my.my()
    source = my.opened(of)
    reading = source.read(ReadRequest(source_model(of, {"query": "SELECT SLEEP(20) AS a FROM seq_1_to_3"})))
    faults: list[Fault] = []

    def read() -> None:
        try:
            list(reading.batches)
        except Fault as fault:
            faults.append(fault)

    thread = threading.Thread(target=read)
    thread.start()
    time.sleep(0.3)
    kill_others(my, "SLEEP")
    source.close()
    thread.join(5)
    assert not thread.is_alive()
    assert faults
