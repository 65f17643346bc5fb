"""Tables that exist with other types: a column is refused before a row is written, a value by its name, or it is equal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from kaireon_orch.errors import Fault
from kaireon_orch_tests.torture.judging import LOSSY, wrong
from kaireon_orch_tests.torture.sources import SOURCES

if TYPE_CHECKING:
    from kaireon_orch_tests.torture.arena import Arena
    from kaireon_orch_tests.torture.sources import Origin

PG = (
    *(
        "boolean",
        "smallint",
        "integer",
        "bigint",
        "oid",
        "real",
        "double precision",
        "numeric(12,2)",
        "numeric(5,-2)",
    ),
    *(
        "numeric(38,10)",
        "numeric(50,10)",
        "numeric",
        "text",
        "varchar(3)",
        "char(5)",
        '"char"',
        "name",
        "bytea",
        "date",
    ),
    *(
        "time",
        "time(0)",
        "timetz",
        "timestamp",
        "timestamp(3)",
        "timestamptz",
        "timestamptz(0)",
        "interval",
        "uuid",
        "json",
    ),
    *("jsonb", "money", "inet", "bit(5)", "xml", "integer[]", "text[]", "numeric(12,2)[]", "mood"),
    "short_text",
)
DUCKDB = (
    *(
        "BOOLEAN",
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "HUGEINT",
        "UTINYINT",
        "UINTEGER",
        "UBIGINT",
        "FLOAT",
    ),
    *(
        "DOUBLE",
        "DECIMAL(12,2)",
        "DECIMAL(38,10)",
        "VARCHAR",
        "BLOB",
        "DATE",
        "TIME",
        "TIME_NS",
        "TIMETZ",
        "TIMESTAMP",
    ),
    *(
        "TIMESTAMP_S",
        "TIMESTAMP_MS",
        "TIMESTAMP_NS",
        "TIMESTAMPTZ",
        "INTERVAL",
        "UUID",
        "JSON",
        "BIT",
        "BIGNUM",
    ),
    *("ENUM('a', 'b')", "INTEGER[]", "VARCHAR[]", "STRUCT(a INTEGER)", "INTEGER[][]"),
)
MARIADB = (
    *(
        "TINYINT",
        "TINYINT UNSIGNED",
        "SMALLINT",
        "MEDIUMINT",
        "INT",
        "BIGINT",
        "BIGINT UNSIGNED",
        "FLOAT",
        "DOUBLE",
    ),
    *(
        "FLOAT(10,3)",
        "DECIMAL(12,2)",
        "DECIMAL(38,10)",
        "DECIMAL(65,30)",
        "DECIMAL(10,2) UNSIGNED",
        "BIT(1)",
    ),
    *(
        "CHAR(5)",
        "VARCHAR(3)",
        "TINYTEXT",
        "TEXT",
        "LONGTEXT",
        "VARCHAR(50) CHARACTER SET latin1",
        "ENUM('a','b')",
    ),
    *(
        "SET('a','b')",
        "BINARY(3)",
        "VARBINARY(5)",
        "LONGBLOB",
        "DATE",
        "DATETIME",
        "DATETIME(3)",
        "DATETIME(6)",
    ),
    *("TIMESTAMP NULL", "TIMESTAMP(6) NULL", "TIME", "TIME(6)", "YEAR", "JSON", "UUID"),
)
NATIVE = [
    *(("postgresql", each) for each in PG),
    *(("duckdb", each) for each in DUCKDB),
    *(("mariadb", each) for each in MARIADB),
]
SAMPLE = [
    *(
        ("postgresql", each)
        for each in ("smallint", "numeric(12,2)", "varchar(3)", "timestamp(3)", "timestamptz", "integer[]")
    ),
    *(("duckdb", each) for each in ("FLOAT", "TIMESTAMP_S", "INTEGER[]")),
    ("mariadb", "DATETIME(3)"),
]
_NAMED = re.compile(r"Column '([^']+)', row \d+")
TURNS = 40


def demand_equal_or_refused(arena: Arena, target: str, native: str) -> None:
    torture = SOURCES["parquet"]
    columns = {
        each.name: (each, each.taken(target)) for each in torture.cases if not each.name.startswith("null")
    }
    origin = torture.made(arena, columns)
    table = arena.name()
    arena.make(target, table, list(columns), native)
    plan = arena.planned(origin, target, table)
    refused = {each["name"] for each in plan["columns"] if each["fidelity"] == LOSSY}
    if refused:
        with pytest.raises(Fault) as caught:
            arena.load(origin, target, table)
        assert caught.value.code == plan["refused"]["code"]
    refused |= _by_value(arena, origin, target, table, refused)
    kept = {name: pair for name, pair in columns.items() if name not in refused}
    assert not kept or wrong(arena, target, table, kept) == []


def _by_value(arena: Arena, origin: Origin, target: str, table: str, refused: set[str]) -> set[str]:
    """The columns of which an error names a value; the others are loaded, once."""
    named: set[str] = set()
    for _ in range(TURNS):
        found = _tried(arena, origin, target, table, refused | named)
        if found is None:
            return named
        named.add(found)
    pytest.fail("an error after another")


def _tried(arena: Arena, origin: Origin, target: str, table: str, without: set[str]) -> str | None:
    """The column that an error names; None where all rows were loaded."""
    try:
        arena.load(origin, target, table, columns={"exclude": sorted(without)})
    except Fault as fault:
        found = _NAMED.search(fault.message)
        if found is None:
            pytest.fail(f"names no column and row: {fault.message}")
        return found[1]
    return None


@pytest.mark.parametrize(("target", "native"), SAMPLE)
def test_nothing_changes_in_a_column_of_another_type(arena: Arena, target: str, native: str) -> None:
    demand_equal_or_refused(arena, target, native)


@pytest.mark.full
@pytest.mark.parametrize(("target", "native"), [each for each in NATIVE if each not in SAMPLE])
def test_nothing_changes_in_a_column_of_any_other_type(arena: Arena, target: str, native: str) -> None:
    demand_equal_or_refused(arena, target, native)
