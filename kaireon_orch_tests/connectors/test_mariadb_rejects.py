"""What a MariaDB column does not keep as it is: named before it is sent, or put aside with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.contract.load import LEDGER_TABLE
from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from kaireon_orch_tests.connectors.mysql_ends import MyEnds

QUARANTINE: dict[str, Any] = {"onRowError": "quarantine", "schema": None}
REJECTS = "SELECT `row_number`, column_name, value, reason FROM t__rejects ORDER BY `row_number`"

CASES = [
    ("VARCHAR(3)", "text", "abc", "abc ", "3 characters"),
    ("VARCHAR(3)", "text", "😀é ", "abcd", "3 characters"),
    ("CHAR(3)", "text", "ab", "ab ", "ends in a space"),
    ("VARCHAR(3) CHARACTER SET utf8mb3", "text", "é€a", "a😀", "character set utf8mb3"),
    ("VARCHAR(9) CHARACTER SET latin1", "text", "é€ÿ", "ā", "character set latin1"),
    ("VARCHAR(9) CHARACTER SET ascii", "text", "az", "é", "character set ascii"),
    ("VARCHAR(9) CHARACTER SET cp1251", "text", "жЖ", "é", "character set cp1251"),
    ("TINYTEXT", "text", "a" * 255, "é" * 128, "255 bytes"),
    ("ENUM('x','Y''s','a\\\\b')", "text", "Y's", "X", "members"),
    ("ENUM('x','Y''s')", "text", "x", "1", "members"),
    ("SET('a','b','c d')", "text", "a,c d", "c d,a", "members"),
    ("SET('a','b')", "text", "", "a,", "members"),
    ("BINARY(2)", "bytea", "\\x0000", "\\x00", "2 bytes"),
    ("VARBINARY(2)", "bytea", "\\x00", "\\x000000", "2 bytes"),
    ("MEDIUMINT", "int", "-8388608", "8388608", "MEDIUMINT"),
    ("MEDIUMINT UNSIGNED", "int", "16777215", "-1", None),
    ("YEAR", "smallint", "1901", "70", "1901 to 2155"),
    ("BIT(4)", "int", "15", "16", None),
    ("DECIMAL(5,2) UNSIGNED", "numeric(5,2)", "1.10", "-1.10", "unsigned"),
    ("DOUBLE", "float8", "1.5", "NaN", "finite"),
    ("FLOAT UNSIGNED", "real", "1.5", "-1.5", "unsigned"),
    ("TIMESTAMP(6) NULL", "timestamptz", "2038-01-19 03:14:07.999999Z", "2038-01-19 03:14:08Z", "2038"),
    ("TIMESTAMP(6) NULL", "timestamptz", "1970-01-01 00:00:01Z", "1970-01-01 00:00:00Z", "1970"),
    ("DATETIME(6)", "timestamp", "9999-12-31 23:59:59.999999", "10000-01-01", "0 to 9999"),
    ("DATE", "date", "9999-12-31", "0044-03-15 BC", "0 to 9999"),
    ("INT NOT NULL", "int", "1", None, "not taken"),
    ("INT NOT NULL DEFAULT 7", "int", "1", None, "not taken"),
]


@pytest.mark.parametrize(("type_", "given", "good", "bad", "words"), CASES)
def test_what_a_column_would_refuse_or_change_goes_aside(
    my: MyEnds, type_: str, given: str, good: str, bad: str | None, words: str | None
) -> None:
    my.sql(f"CREATE TABLE t (id INT, c {type_})")
    values = ", ".join(f"({at}, {_literal(value)}::{given})" for at, value in enumerate((bad, good), 1))
    source = {"query": f"SELECT * FROM (VALUES {values}) AS v (id, c)"}
    options = {"source": source, "columns": {"cast": {"c": _narrowed(type_)}} if _narrowed(type_) else {}}
    loaded = my.run(my.postgresql(), my.my(), **options, **QUARANTINE)
    assert (loaded["rowsLoaded"], loaded["rowsRejected"]) == (1, 1)
    assert my.sql("SELECT id FROM t") == [(2,)]
    ((row, column, _, reason),) = my.sql(REJECTS)
    assert (row, column) == (1, "c")
    assert (words or "") in reason
    with pytest.raises(Fault, match=r"'c', row 1") as caught:
        my.run(my.postgresql(), my.my(), **options, schema=None)
    assert caught.value.fault in {FaultCode.ROW_REFUSED, FaultCode.TYPE_LOSSY}
    assert my.sql("SELECT id FROM t") == [(2,)]


def _literal(value: str | None) -> str:
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def _narrowed(type_: str) -> str | None:
    """What the pipeline casts to, where the column is narrower than any type of PostgreSQL."""
    casts = {"BIT(4)": "uint64", "MEDIUMINT UNSIGNED": "uint32"}
    return casts.get(type_)


def test_what_the_server_takes_is_what_is_sent(my: MyEnds) -> None:
    """Every character of a small set arrives; strict mode would refuse one that the set has not."""
    my.sql("CREATE TABLE t (id INT, c VARCHAR(300) CHARACTER SET cp1250)")
    query = "SELECT 1 AS id, string_agg(chr(x), '') AS c FROM generate_series(1, 127) x"
    my.run(my.postgresql(), my.my(), source={"query": query}, **QUARANTINE)
    assert my.sql("SELECT CHAR_LENGTH(c) FROM t") == [(127,)]


MIXED = "id,n\n1,5\n2,x\n3,7\n"


@pytest.mark.parametrize("mode", ["append", "truncate", "upsert", "scd2"])
def test_rows_go_aside_in_every_mode(my: MyEnds, mode: str) -> None:
    options = {
        **QUARANTINE,
        "loadMode": mode,
        "primaryKey": ["id"],
        "columns": {"cast": {"id": "int64", "n": "int64"}},
    }
    origin = my.csv(MIXED, types={"id": "string", "n": "string"})
    loaded = my.run(origin, my.my(), run_id="r1", **options)
    assert (loaded["rowsRead"], loaded["rowsLoaded"], loaded["rowsRejected"]) == (3, 2, 1)
    assert my.sql("SELECT id, n FROM t ORDER BY id") == [(1, 5), (3, 7)]
    again = my.run(origin, my.my(), run_id="r1", **options)
    assert again["alreadyLoaded"]
    assert my.sql("SELECT load_id, `row` FROM t__rejects") == [("r1", '{"id": "2", "n": "x"}')]
    comments = my.sql(f"SELECT TABLE_COMMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{my.own}'")
    assert set(comments) == {("",)}


def test_a_load_of_which_every_row_was_rejected_changes_nothing(my: MyEnds) -> None:
    my.sql("CREATE TABLE t (id BIGINT, n BIGINT)", "INSERT INTO t VALUES (9, 9)")
    options = {**QUARANTINE, "loadMode": "truncate", "columns": {"cast": {"n": "int64"}}}
    my.run(my.csv("id,n\n1,x\n", types={"id": "int64", "n": "string"}), my.my(), **options)
    assert my.sql("SELECT * FROM t") == [(9, 9)]
    assert my.sql("SELECT COUNT(*) FROM t__rejects") == [(1,)]
    assert my.sql(f"SELECT COUNT(*) FROM {LEDGER_TABLE}") == [(1,)]


def test_a_load_that_fails_at_its_end_leaves_no_table_for_rejects(my: MyEnds) -> None:
    my.sql(
        "CREATE TABLE t (id BIGINT, n BIGINT)",
        f"CREATE TABLE {LEDGER_TABLE} (load_id VARCHAR(191) PRIMARY KEY, pipeline_id VARCHAR(191), table_name TEXT, "
        "mode VARCHAR(64), `rows` BIGINT, checkpoint LONGTEXT, figures LONGTEXT, committed_at DATETIME(6), CHECK (`rows` < 0))",
    )
    with pytest.raises(Fault) as caught:
        my.run(
            my.csv(MIXED, types={"id": "string", "n": "string"}),
            my.my(),
            **QUARANTINE,
            columns={"cast": {"id": "int64", "n": "int64"}},
        )
    assert caught.value.fault is FaultCode.ROW_REFUSED
    assert my.sql("SELECT * FROM t") == []
    assert my.sql("SHOW TABLES LIKE 't%'") == [("t",)]


@pytest.mark.parametrize("fails", [True, False])
def test_a_wider_column_keeps_all_else_and_goes_back_where_the_load_fails(my: MyEnds, fails: bool) -> None:
    made = "CREATE TABLE t (a INT NOT NULL DEFAULT 5 COMMENT 'it''s' CHECK (a > 0), b VARCHAR(1))"
    my.sql(made, "INSERT INTO t VALUES (1, 'x')")
    before = my.sql("SHOW CREATE TABLE t")
    query = f"SELECT 5000000000 AS a, '{'xy' if fails else 'y'}' AS b, 1 AS c"
    if fails:
        with pytest.raises(Fault):
            my.run(my.postgresql(), my.my(), source={"query": query}, schema=None)
        assert my.sql("SHOW CREATE TABLE t") == before
    else:
        my.run(my.postgresql(), my.my(), source={"query": query}, schema=None)
        after = my.sql("SHOW CREATE TABLE t")[0][1]
        assert "`a` bigint(20) NOT NULL DEFAULT 5 COMMENT 'it''s' CHECK (`a` > 0)" in after
        assert my.sql("SELECT a, b, c FROM t ORDER BY a") == [(1, "x", None), (5_000_000_000, "y", 1)]
