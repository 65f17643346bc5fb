"""PostgreSQL: its whole torture table both ways, one snapshot, read-only, and faults told by SQLSTATE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from kaireon_orch_tests.movement.ends import Ends

VALUES = {
    "boolean": "true",
    "smallint": "-32768",
    "integer": "2147483647",
    "bigint": "-9223372036854775808",
    "real": "0.1",
    "double precision": "'NaN'",
    "numeric": "12345678901234567890123456789012345678901234567890.123456789",
    "numeric(38,10)": "1234567890123456789012345678.0123456789",
    "numeric(60,20)": "1234567890123456789012345678901234567890.01234567890123456789",
    "numeric(5,-2)": "12300",
    "numeric(3,5)": "0.00123",
    "text": "'é😀'",
    "varchar(5)": "''",
    "char(5)": "'ab'",
    "name": "'a_name'",
    '"char"': "'x'",
    "bytea": r"'\x00ff'",
    "date": "'4713-01-01 BC'",
    "time": "'24:00:00'",
    "timetz": "'10:00:00.123456+05:30'",
    "timestamp": "'2020-02-29 10:00:00.123456'",
    "timestamptz": "'294246-12-31 23:59:59.999999+00'",
    "interval": "'1 year 2 months 3 days 04:05:06.789'",
    "uuid": "'12345678-1234-5678-1234-567812345678'",
    "json": '\'{"b": 1.10,  "a": 1, "a": 2}\'',
    "jsonb": "'{\"a\": 12345678901234567890.10}'",
    "oid": "4294967295",
    "inet": "'10.0.0.1/8'",
    "cidr": "'10.0.0.0/8'",
    "macaddr": "'08:00:2b:01:02:03'",
    "money": "'$12.34'",
    "bit(4)": "B'0101'",
    "int4range": "'[1,5)'",
    "point": "'(1.5,2)'",
    "xml": "'<a>1</a>'",
    "tsvector": "'a:1 b:2'",
    "integer[]": "'{1,NULL}'",
    "text[]": "'{a,\"\",NULL}'",
    "numeric[]": "'{1.10,NULL}'",
    "timestamptz[]": "'{2020-01-01 00:00:00+00}'",
    "uuid[]": "'{12345678-1234-5678-1234-567812345678}'",
    "mood": "'sad'",
    "mood[]": "'{sad,ok}'",
    "pair": "'(1,\"a b\")'",
    "posint": "5",
}
"""One value for each type; a load into another table of the same server keeps all of them."""

WIDER = {
    "numeric(60,20)": "numeric",
    "numeric(5,-2)": "numeric",
    "numeric(3,5)": "numeric",
    "char(5)": "text",
    "varchar(5)": "text",
    "name": "text",
    "oid": "bigint",
    "mood": "text",
    "posint": "integer",
}
"""Types of the loaded table where they are not the source's own."""


@pytest.fixture
def torture(ends: Ends) -> Ends:
    ends.in_postgres("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    ends.in_postgres("CREATE TYPE pair AS (a int, b text)")
    ends.in_postgres("CREATE DOMAIN posint AS int CHECK (value > 0)")
    columns = ", ".join(f'"c{at}" {type_}' for at, type_ in enumerate(VALUES))
    ends.in_postgres(f"CREATE TABLE src ({columns})")
    nulls = ", ".join("NULL" for _ in VALUES)
    ends.in_postgres(f"INSERT INTO src VALUES ({', '.join(VALUES.values())}), ({nulls})")
    return ends


def texts(ends: Ends, table: str) -> list[tuple[Any, ...]]:
    """Every value as text; a char(n)'s padding is cut on both sides, as PostgreSQL's own cast does."""
    columns = ", ".join(f'rtrim("c{at}"::text)' for at in range(len(VALUES)))
    return ends.in_postgres(f"SELECT {columns} FROM {table} ORDER BY c0 NULLS LAST")


def test_every_type_arrives_as_it_was(torture: Ends) -> None:
    torture.run(torture.postgresql(), torture.postgresql(), source={"table": "src"}, table="dst")
    assert texts(torture, "dst") == texts(torture, "src")


def test_new_columns_have_the_best_types(torture: Ends) -> None:
    torture.run(torture.postgresql(), torture.postgresql(), source={"table": "src"}, table="dst")
    kinds = (
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = '{}'::regclass AND attnum > 0 "
        "ORDER BY attnum"
    )
    before = [row[0] for row in torture.in_postgres(kinds.format("src"))]
    after = [row[0] for row in torture.in_postgres(kinds.format("dst"))]
    wider = {**WIDER, "character(5)": "text", "character varying(5)": "text"}
    assert after == [wider.get(kind, kind) for kind in before]


def test_every_type_reaches_duckdb_as_text_or_itself(torture: Ends) -> None:
    torture.run(torture.postgresql(), torture.duckdb(), source={"table": "src"})
    row = torture.in_duckdb("SELECT COLUMNS(*)::VARCHAR FROM public.t WHERE c0")[0]
    found = dict(zip(VALUES, row, strict=True))
    assert found["numeric"] == "12345678901234567890123456789012345678901234567890.123456789"
    assert found["numeric(38,10)"] == "1234567890123456789012345678.0123456789"
    assert found["json"] == '{"b": 1.10,  "a": 1, "a": 2}'
    assert found["time"] == "24:00:00"
    assert found["date"] == "4713-01-01 (BC)"
    assert found["interval"] == "1 year 2 mons 3 days 04:05:06.789"
    assert found["oid"] == "4294967295"
    assert found["timestamp"] == "2020-02-29 10:00:00.123456"


def test_an_existing_table_of_the_same_types_takes_all(torture: Ends) -> None:
    torture.in_postgres("CREATE TABLE dst (LIKE src)")
    torture.run(torture.postgresql(), torture.postgresql(), source={"table": "src"}, table="dst")
    assert texts(torture, "dst") == texts(torture, "src")


@pytest.mark.parametrize(
    "value",
    [
        "'infinity'::timestamp",
        "'-infinity'::timestamptz",
        "'infinity'::date",
        "ARRAY['infinity'::timestamp]",
        "'{{1,2},{3,4}}'::int[]",
        "'NaN'::numeric(10,2)",
    ],
)
def test_what_arrow_cannot_hold_is_refused_by_name(ends: Ends, value: str) -> None:
    ends.in_postgres(f"CREATE TABLE src AS SELECT {value} AS c, 2 AS n")
    ends.in_postgres("INSERT INTO src VALUES (NULL, 1)")
    with pytest.raises(Fault, match="Column 'c', row") as caught:
        ends.rows(ends.postgresql(), query="SELECT c FROM src ORDER BY n")
    assert caught.value.fault is FaultCode.TYPE_LOSSY


def test_a_query_reads_one_snapshot_and_its_limit(ends: Ends) -> None:
    ends.in_postgres("CREATE TABLE src AS SELECT x AS a FROM generate_series(1, 10) x")
    query = "SELECT a, sum(a) OVER () AS s FROM src ORDER BY a DESC -- a comment"
    assert ends.rows(ends.postgresql(), query=query, row_limit=2) == [
        {"a": 10, "s": 55},
        {"a": 9, "s": 55},
    ]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("DELETE FROM src", FaultCode.NOT_SUPPORTED),
        ("SELECT 1; DELETE FROM src", FaultCode.NOT_SUPPORTED),
        ("WITH gone AS (DELETE FROM src RETURNING a) SELECT * FROM gone", FaultCode.NOT_SUPPORTED),
        ("SELECT writing()", FaultCode.BAD_DATA),
        ("SELECT nextval('counter')", FaultCode.BAD_DATA),
        ("SELECT nope FROM src", FaultCode.OBJECT_MISSING),
        ("SELECT a FROM nope", FaultCode.OBJECT_MISSING),
        ("SELECT a FROM src WHERE", FaultCode.NOT_SUPPORTED),
        ("SELECT 1 / (a - 1) AS x FROM src", FaultCode.BAD_DATA),
        ("SELECT a, a FROM src", FaultCode.BAD_DATA),
    ],
)
def test_a_query_is_one_select_and_writes_nothing(ends: Ends, query: str, code: FaultCode) -> None:
    ends.in_postgres("CREATE TABLE src AS SELECT 1 AS a")
    ends.in_postgres("CREATE SEQUENCE counter")
    ends.in_postgres("CREATE FUNCTION writing() RETURNS int LANGUAGE sql AS 'DELETE FROM src RETURNING a'")
    with pytest.raises(Fault) as caught:
        ends.rows(ends.postgresql(), query=query)
    assert caught.value.fault is code
    assert ends.in_postgres("SELECT a FROM src") == [(1,)]


def test_a_failure_in_the_middle_of_the_rows_is_bad_data(ends: Ends) -> None:
    with pytest.raises(Fault) as caught:
        ends.rows(ends.postgresql(), query="SELECT 1 / (300000 - x) AS v FROM generate_series(1, 400000) x")
    assert caught.value.fault is FaultCode.BAD_DATA


def test_a_killed_connection_is_a_lost_one(ends: Ends) -> None:
    kill = "SELECT pg_terminate_backend(pg_backend_pid())::text || x AS a FROM generate_series(1, 2) x"
    with pytest.raises(Fault) as caught:
        ends.rows(ends.postgresql(), query=kill)
    assert caught.value.retryable


def test_names_with_dots_quotes_and_case(ends: Ends) -> None:
    ends.in_postgres('CREATE SCHEMA "S.x"')
    ends.in_postgres('CREATE TABLE "S.x"."T""y" ("Col ""é" int)')
    ends.in_postgres('INSERT INTO "S.x"."T""y" VALUES (1)')
    assert ends.rows(ends.postgresql(), table='"S.x"."T""y"') == [{'Col "é': 1}]
    ends.run(
        ends.postgresql(), ends.postgresql(), source={"table": '"S.x"."T""y"'}, schema='Neu "s"', table="ta.b"
    )
    assert ends.in_postgres('SELECT "Col ""é" FROM "Neu ""s"""."ta.b"') == [(1,)]


def test_probe_steps(ends: Ends) -> None:
    ends.in_postgres("CREATE TABLE src (a int)")
    of = ends.postgresql()
    of["config"]["sourceTable"] = "public.src"
    checks = ends.checks(of)
    assert [check.name for check in checks] == ["resolve", "connect", "tls", "login", "query", "object"]
    assert [check.ok for check in checks] == [True, True, None, True, True, True]


def test_a_probe_without_credentials_ends_after_connecting(ends: Ends) -> None:
    of = ends.postgresql()
    of["auth"] = None
    checks = ends.checks(of)
    assert [(check.name, check.ok) for check in checks] == [
        ("resolve", True),
        ("connect", True),
        ("login", None),
    ]


@pytest.mark.parametrize(
    ("config", "auth", "code"),
    [
        ({}, {"password": "Wrong-Canary-1"}, FaultCode.CREDENTIALS_REFUSED),
        ({}, {"username": "nobody"}, FaultCode.CREDENTIALS_REFUSED),
        ({}, {"password": ""}, FaultCode.CREDENTIALS_REFUSED),
        ({"database": "no_such_db"}, {}, FaultCode.OBJECT_MISSING),
        ({"sslMode": "require"}, {}, FaultCode.TLS_FAILED),
        ({"sslMode": "verify-full"}, {}, FaultCode.TLS_FAILED),
        ({"sourceTable": "nope"}, {}, FaultCode.OBJECT_MISSING),
        ({"host": "127.0.0.2"}, {}, FaultCode.ADDRESS_BLOCKED),
    ],
)
def test_faults_of_a_probe(ends: Ends, config: dict[str, Any], auth: dict[str, Any], code: FaultCode) -> None:
    of = ends.postgresql(**auth)
    of["config"] |= config
    with pytest.raises(Fault) as caught:
        ends.checks(of)
    assert caught.value.fault is code
    assert "Canary" not in caught.value.message


def test_a_refused_login_does_not_try_the_environment(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", ends.postgres.password)
    with pytest.raises(Fault) as caught:
        ends.checks(ends.postgresql(password=""))
    assert caught.value.fault is FaultCode.CREDENTIALS_REFUSED


def test_a_table_that_may_not_be_read(ends: Ends) -> None:
    ends.in_postgres("CREATE TABLE src (a int)")
    ends.in_postgres("CREATE ROLE reader_of_nothing LOGIN PASSWORD 'Reader-1'")
    try:
        of = ends.postgresql(username="reader_of_nothing", password="Reader-1")
        of["config"]["sourceTable"] = "src"
        with pytest.raises(Fault) as caught:
            ends.checks(of)
        assert caught.value.fault is FaultCode.NOT_PERMITTED
        assert ends.streams(of) == {}
    finally:
        ends.in_postgres("DROP ROLE reader_of_nothing")


def test_streams(ends: Ends) -> None:
    ends.in_postgres(
        "CREATE TABLE src (a int, id bigint PRIMARY KEY, at timestamptz NOT NULL, d numeric(10,2))"
    )
    ends.in_postgres("CREATE VIEW seen AS SELECT id FROM src")
    streams = ends.streams(ends.postgresql())
    assert set(streams) == {"src", "seen"}
    src = streams["src"]
    assert (src.namespace, src.primary_key, src.cursor_candidates) == ("public", ("id",), ("at", "id"))
    assert [(c.name, c.source_type, str(c.arrow_type), c.nullable, c.key) for c in src.columns] == [
        ("a", "integer", "int32", True, False),
        ("id", "bigint", "int64", False, True),
        ("at", "timestamp with time zone", "timestamp[us, tz=UTC]", False, False),
        ("d", "numeric(10,2)", "decimal128(10, 2)", True, False),
    ]


def test_nothing_of_a_load_stays_in_the_session(ends: Ends) -> None:
    ends.run(ends.csv("a\n1\n"), ends.postgresql())
    with psycopg.connect(ends.postgres.dsn(ends.database)) as connection:
        others = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    assert others == (0,)
