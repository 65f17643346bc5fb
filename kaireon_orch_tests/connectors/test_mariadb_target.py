"""Loading into MariaDB: one transaction, one load at a time, what dies half-way, names of every kind."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from kaireon_orch import catalogue
from kaireon_orch.contract.load import LEDGER_TABLE, LedgerEntry, TableName, WritePlan
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql.mysql_tables import MARK
from kaireon_orch.worker.opening import opening
from kaireon_orch_tests.connectors.mysql_ends import kill_others, numbered

if TYPE_CHECKING:
    from kaireon_orch.contract.target import Target
    from kaireon_orch_tests.connectors.mysql_ends import MyEnds


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


def test_a_guarded_child_loads_it(my: MyEnds) -> None:
    numbered(my, 1000)
    loaded = my.run_child(my.my(), my.my(), source={"table": "src"}, schema=None)
    assert loaded["rowsLoaded"] == 1000
    assert "common snapshot" in loaded["message"]
