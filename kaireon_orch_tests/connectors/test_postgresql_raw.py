"""PostgreSQL to PostgreSQL as bytes: what Arrow could not hold arrives, in every mode; what does not pass goes as Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.contract.raw import RawFit
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import pg_raw
from kaireon_orch.worker import plan

if TYPE_CHECKING:
    from kaireon_orch_tests.movement.ends import Ends

VALUES = {
    "date": "'infinity'",
    "timestamp without time zone": "'-infinity'",
    "timestamp(3) with time zone": "'4713-01-01 00:00:00 BC'",
    "time without time zone": "'24:00'",
    "time with time zone": "'24:00+15:59'",
    "interval": "'178000000 years -3 days 00:00:00.000001'",
    "interval day to second(2)": "'3 days 01:02:03.45'",
    "numeric": "'NaN'",
    "numeric(50,3)": "12345678901234567890123456789012345678901234567.125",
    "double precision": "'-0'",
    "real": "'NaN'",
    "character varying(5)": "'é😀'",
    "character(5)": "'ab'",
    '"char"': "'x'",
    "bytea": r"'\x00ff'",
    "json": '\'{"b": 1.10,  "a": 1, "a": 2}\'',
    "jsonb": "'{\"a\": 12345678901234567890.10}'",
    "oid": "4294967295",
    "inet": "'10.0.0.1/8'",
    "bit(4)": "B'0101'",
    "int4range": "'[1,5)'",
    "tstzrange": "'[-infinity,)'",
    "datemultirange": "'{[2020-01-01,2020-02-01),[2021-01-01,infinity)}'",
    "point": "'(1.5,2)'",
    "tsvector": "'a:1 b:2'",
    "integer[]": "'[0:1][2:3]={{1,NULL},{3,4}}'",
    "numeric(9,2)[]": "'{1.10,NaN}'",
    "date[]": "'{infinity,NULL}'",
    "uuid[]": "'{12345678-1234-5678-1234-567812345678}'",
}
"""Types by the words in which PostgreSQL itself writes them."""

TYPES = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = '{}'::regclass AND attnum > 0 ORDER BY attnum"
SHOWN = "SELECT t::text FROM {} AS t ORDER BY 1"
ODD = "CREATE TABLE src (id int PRIMARY KEY, d date, n int)"


@pytest.fixture
def odd(ends: Ends) -> Ends:
    """Rows that only pass as bytes."""
    ends.in_postgres(ODD)
    ends.in_postgres("INSERT INTO src VALUES (1, 'infinity', 1), (2, '-infinity', 2), (3, NULL, NULL)")
    return ends


def load(ends: Ends, **options: Any) -> dict[str, Any]:
    options.setdefault("source", {"table": "src"})
    return ends.run(ends.postgresql(), ends.postgresql(), table="dst", **options)


def test_every_value_and_type_is_as_it_was(ends: Ends) -> None:
    ends.in_postgres(
        "CREATE TABLE src (" + ", ".join(f'"c{at}" {words}' for at, words in enumerate(VALUES)) + ")"
    )
    nulls = ", ".join("NULL" for _ in VALUES)
    ends.in_postgres(f"INSERT INTO src VALUES ({', '.join(VALUES.values())}), ({nulls})")
    figures = load(ends)
    assert (figures["rowsRead"], figures["rowsLoaded"]) == (2, 2)
    assert figures["bytesRead"] > 0
    assert ends.in_postgres(SHOWN.format("dst")) == ends.in_postgres(SHOWN.format("src"))
    assert [row[0] for row in ends.in_postgres(TYPES.format("dst"))] == list(VALUES)


def test_domains_go_as_their_base_and_enums_as_text(ends: Ends) -> None:
    ends.in_postgres("CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN code AS varchar(4)")
    ends.in_postgres("CREATE TABLE src AS SELECT 'infinity'::date d, 'sad'::mood m, 'ab'::code c")
    load(ends)
    assert ends.in_postgres("SELECT d::text, m, c FROM dst") == [("infinity", "sad", "ab")]
    assert ends.in_postgres(TYPES.format("dst")) == [("date",), ("text",), ("character varying(4)",)]


@pytest.mark.parametrize("mode", ["append", "truncate", "blue_green"])
def test_modes_that_write_rows(odd: Ends, mode: str) -> None:
    odd.in_postgres("CREATE TABLE dst (LIKE src INCLUDING ALL); INSERT INTO dst VALUES (9, 'infinity', 9)")
    load(odd, loadMode=mode)
    kept = [("(9,infinity,9)",)] if mode == "append" else []
    assert odd.in_postgres(SHOWN.format("dst")) == [*odd.in_postgres(SHOWN.format("src")), *kept]


def test_upsert_by_key(odd: Ends) -> None:
    odd.in_postgres(
        "CREATE TABLE dst (LIKE src INCLUDING ALL); INSERT INTO dst VALUES (2, NULL, 0), (9, NULL, 9)"
    )
    assert load(odd, loadMode="upsert", primaryKey=["id"])["rowsLoaded"] == 3
    rows = [("(1,infinity,1)",), ("(2,-infinity,2)",), ("(3,,)",), ("(9,,9)",)]
    assert odd.in_postgres(SHOWN.format("dst")) == rows


def test_of_one_key_the_last_row_read_holds(ends: Ends) -> None:
    ends.in_postgres("CREATE TABLE src (id int, d date, n int)")
    ends.in_postgres("INSERT INTO src SELECT 1, 'infinity', g FROM generate_series(1, 5000) g")
    query = "SELECT * FROM src ORDER BY n"
    load(ends, source={"query": query}, loadMode="upsert", primaryKey=["id"])
    assert ends.in_postgres("SELECT d::text, n FROM dst") == [("infinity", 5000)]


def test_versions(odd: Ends) -> None:
    options = {"loadMode": "scd2", "primaryKey": ["id"]}
    load(odd, **options)
    odd.in_postgres("UPDATE src SET d = 'infinity' WHERE id = 2; DELETE FROM src WHERE id = 3")
    load(odd, **options)
    found = odd.in_postgres("SELECT id, d::text, is_current FROM dst ORDER BY id, valid_from")
    assert found == [(1, "infinity", True), (2, "-infinity", False), (2, "infinity", True), (3, None, False)]


def test_a_key_that_is_null_is_named_by_its_row(ends: Ends) -> None:
    ends.in_postgres("CREATE TABLE src AS SELECT 1 AS id, 'infinity'::date AS d UNION ALL SELECT NULL, NULL")
    with pytest.raises(Fault, match="Column 'id', row 2: NULL in the primary key") as caught:
        load(ends, loadMode="upsert", primaryKey=["id"])
    assert caught.value.fault is FaultCode.ROW_REFUSED
    assert ends.in_postgres("SELECT to_regclass('dst')") == [(None,)]


@pytest.mark.parametrize(
    "options",
    [
        {"onRowError": "quarantine"},
        {"columns": {"mask": {"n": {}}, "exclude": []}},
        {"columns": {"cast": {"n": "int64"}}},
        {"cursorField": "n"},
    ],
    ids=["quarantine", "mask", "cast", "cursor"],
)
def test_what_needs_the_values_goes_as_arrow(odd: Ends, options: dict[str, Any]) -> None:
    with pytest.raises(Fault, match="Column 'd', row 1 holds infinity") as caught:
        load(odd, **options)
    assert caught.value.fault is FaultCode.TYPE_LOSSY


def test_chosen_and_renamed_columns_pass(odd: Ends) -> None:
    load(odd, columns={"include": ["d", "id"], "rename": {"d": "day"}})
    assert odd.in_postgres("SELECT day::text, id FROM dst ORDER BY id")[0] == ("infinity", 1)


@pytest.mark.parametrize("words", ["regclass", "money", "xml", "mood[]", "pair", "pair[]"])
def test_what_a_number_or_a_setting_says_does_not_pass(ends: Ends, words: str) -> None:
    ends.in_postgres("CREATE TYPE mood AS ENUM ('sad'); CREATE TYPE pair AS (a int, b mood)")
    ends.in_postgres(f"CREATE TABLE src (c {words}, d date)")
    ends.in_postgres("INSERT INTO src VALUES (NULL, 'infinity')")
    with pytest.raises(Fault, match="infinity"):
        load(ends)


def test_a_table_with_a_trigger_takes_arrow(ends: Ends) -> None:
    ends.in_postgres("CREATE TABLE src AS SELECT g AS id FROM generate_series(1, 5) g")
    ends.in_postgres("CREATE TABLE dst (id int)")
    ends.in_postgres(
        "CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN IF NEW.id % 2 = 0 THEN RETURN NULL; END IF; RETURN NEW; END'"
    )
    ends.in_postgres("CREATE TRIGGER odd BEFORE INSERT ON dst FOR EACH ROW EXECUTE FUNCTION odd()")
    load(ends)
    assert ends.in_postgres("SELECT id FROM dst ORDER BY id") == [(1,), (3,), (5,)]


def test_a_column_that_takes_no_null_names_the_row(ends: Ends) -> None:
    ends.in_postgres("CREATE TABLE src AS SELECT NULLIF(g, 3) AS id FROM generate_series(1, 5) g")
    ends.in_postgres("CREATE TABLE dst (id int NOT NULL)")
    with pytest.raises(Fault, match="Column 'id', row 3"):
        load(ends)


def test_columns_are_added_and_made_wider(ends: Ends) -> None:
    ends.in_postgres("CREATE TABLE src (id int, t varchar(9), n numeric(60,4), d date, r int4range)")
    ends.in_postgres("INSERT INTO src VALUES (1, 'ninechars', 1.0625, 'infinity', '[1,2)')")
    ends.in_postgres("CREATE TABLE dst (id smallint, t varchar(5), n numeric(50,3), d date)")
    load(ends)
    assert ends.in_postgres(SHOWN.format("dst")) == ends.in_postgres(SHOWN.format("src"))
    assert ends.in_postgres(TYPES.format("dst")) == ends.in_postgres(TYPES.format("src"))


def test_the_plan_says_what_a_run_does(ends: Ends) -> None:
    ends.in_postgres("CREATE TABLE src (n numeric(50,3), t varchar(9), i interval day, r int4range)")
    payload = ends.payload(ends.postgresql(), ends.postgresql(), source={"table": "src"}, table="dst")
    found = plan.work(ends.job(payload))["columns"]
    ends.in_postgres("INSERT INTO src VALUES (1, 'a', '1 day', 'empty')")
    load(ends)
    assert [column["targetType"] for column in found] == [
        row[0] for row in ends.in_postgres(TYPES.format("dst"))
    ]
    assert {column["fidelity"] for column in found} == {"exact"}


def test_a_limit_is_the_sources(odd: Ends) -> None:
    figures = load(odd, row_limit=2)
    assert (figures["rowsRead"], figures["limitReached"]) == (2, True)


@pytest.mark.parametrize("mode", ["truncate", "blue_green"])
def test_a_source_without_rows_leaves_the_table(odd: Ends, mode: str) -> None:
    odd.in_postgres("CREATE TABLE dst AS TABLE src; TRUNCATE src")
    with pytest.raises(Fault) as caught:
        load(odd, loadMode=mode)
    assert caught.value.fault is FaultCode.EMPTY_SOURCE
    load(odd, loadMode=mode, allowEmpty=True)
    assert odd.in_postgres("SELECT count(*) FROM dst") == [(0,)]


def test_a_source_without_rows_makes_the_table(odd: Ends) -> None:
    odd.in_postgres("TRUNCATE src")
    assert load(odd)["rowsLoaded"] == 0
    assert odd.in_postgres(TYPES.format("dst")) == odd.in_postgres(TYPES.format("src"))


def test_a_failure_in_the_middle_leaves_nothing(ends: Ends) -> None:
    query = "SELECT repeat('x', 200) AS t, 1 / (50000 - g) AS n FROM generate_series(1, 60000) g"
    with pytest.raises(Fault, match="22012") as caught:
        load(ends, source={"query": query})
    assert caught.value.fault is FaultCode.BAD_DATA
    assert ends.in_postgres("SELECT to_regclass('dst')") == [(None,)]


def test_a_killed_source_leaves_nothing(ends: Ends) -> None:
    query = (
        "SELECT repeat('x', 200) AS t, CASE WHEN g = 50000 THEN pg_terminate_backend(pg_backend_pid()) END AS n "
        "FROM generate_series(1, 60000) g"
    )
    with pytest.raises(Fault) as caught:
        load(ends, source={"query": query})
    assert caught.value.fault is FaultCode.REFUSED
    assert ends.in_postgres("SELECT to_regclass('dst')") == [(None,)]


@pytest.mark.parametrize(
    ("words", "native", "fit"),
    [
        ("integer", "integer", RawFit.KEEP),
        ("character varying(5)", "text", RawFit.KEEP),
        ("character varying(5)", "character varying(5)", RawFit.KEEP),
        ("character varying(6)", "character varying(5)", RawFit.WIDEN),
        ("character varying", "character varying(5)", RawFit.WIDEN),
        ("character varying(4)", "character varying(5)", RawFit.REFUSE),
        ("text", "character varying(5)", RawFit.REFUSE),
        ("text", "name", RawFit.REFUSE),
        ("numeric(10,2)", "numeric", RawFit.KEEP),
        ("numeric", "numeric(10,2)", RawFit.WIDEN),
        ("numeric(12,4)", "numeric(10,2)", RawFit.WIDEN),
        ("numeric(12,6)", "numeric(10,2)", RawFit.REFUSE),
        ("bigint", "integer", RawFit.WIDEN),
        ("integer", "bigint", RawFit.REFUSE),
        ("double precision", "real", RawFit.WIDEN),
        ("bigint", "timestamp without time zone", RawFit.REFUSE),
        ("timestamp(3) without time zone", "timestamp without time zone", RawFit.REFUSE),
        ("bytea", "text", RawFit.REFUSE),
    ],
)
def test_which_bytes_a_column_takes(words: str, native: str, fit: RawFit) -> None:
    assert pg_raw.fit(words, native) is fit
