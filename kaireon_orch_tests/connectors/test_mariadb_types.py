"""MariaDB, type by type: its torture table through every target, what each side cannot hold, and what a server's settings change."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.contract.load import LEDGER_TABLE
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import mysql_ranges

if TYPE_CHECKING:
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
    monkeypatch.delattr(mysql_ranges, "streamed")
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
