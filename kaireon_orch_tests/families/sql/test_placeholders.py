"""Where a query asks for a value, by each database's own lexical rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.contract.binds import Binds, binds_of
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import scripts
from kaireon_orch.families.sql.placeholders import MYSQL, SQLITE, STANDARD, filled

if TYPE_CHECKING:
    from kaireon_orch.contract.binds import Value


def shown(at: int, value: Value) -> str:
    return f"<{at}:{value}>"


@pytest.mark.parametrize(
    ("opaque", "sql", "expected"),
    [
        (STANDARD, "a::int + :a", "a::int + <0:1>"),
        (STANDARD, "x[1:a], {'b':a}, (f):a, :a", "x[1:a], {'b':a}, (f):a, <0:1>"),
        (STANDARD, "(:a,:a)", "(<0:1>,<0:1>)"),
        (STANDARD, r"E'\\':a' , :a", r"E'\\':a' , <0:1>"),
        (STANDARD, r"nameE'\' , :a", r"nameE'\' , <0:1>"),
        (STANDARD, "$$:a$$ $t$ $$ :a $t$ :a", "$$:a$$ $t$ $$ :a $t$ <0:1>"),
        (STANDARD, "'it''s :a' /* :a\n */ -- :a\n:a", "'it''s :a' /* :a\n */ -- :a\n<0:1>"),
        (STANDARD, "j ? 'k' AND j ?| :a", "j ? 'k' AND j ?| <0:1>"),
        (MYSQL, r"'\':a' = :a # :a", r"'\':a' = <0:1> # :a"),
        (MYSQL, "`:a` --:a", "`:a` --<0:1>"),
        (SQLITE, r"'\' , :a, [:a], `:a`", r"'\' , <0:1>, [:a], `:a`"),
    ],
)
def test_placeholders_by_name(opaque: str, sql: str, expected: str) -> None:
    assert filled(sql, binds_of({"a": 1}), shown, opaque) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("? + ?", "<0:1> + <1:2>"),
        ("j ?? ? AND ?", "j ? <0:1> AND <1:2>"),
        ("'?' /* ? */ ?, :a, ? -- ?", "'?' /* ? */ <0:1>, :a, <1:2> -- ?"),
    ],
)
def test_placeholders_by_position(sql: str, expected: str) -> None:
    assert filled(sql, binds_of([1, 2]), shown) == expected


@pytest.mark.parametrize("params", [{}, [], ()])
def test_no_values_are_values_too(params: Any) -> None:
    assert filled("SELECT 1", binds_of(params), shown) == "SELECT 1"
    with pytest.raises(Fault) as missing:
        filled("SELECT :a, ?", binds_of(params), shown)
    assert missing.value.fault is FaultCode.MISSING_FIELDS


def test_values_pass_the_pipe_unchanged() -> None:
    binds = binds_of({"a": [1, None], "b": "\x00\u2028", "c": b"\xff"})
    assert Binds.from_wire(binds.to_wire()) == binds


@pytest.mark.parametrize(
    ("opaque", "script", "count"),
    [
        (STANDARD, "SELECT ';' ; /* ; */ SELECT $$;$$ ;", 2),
        (STANDARD, "SELECT commit FROM t", 1),
        (MYSQL, r"SELECT '\';' ; # ;", 1),
    ],
)
def test_statements_end_where_the_database_ends_them(opaque: str, script: str, count: int) -> None:
    assert len(scripts.statements(script, opaque)) == count


@pytest.mark.parametrize(
    "script", ["COMMIT", "SELECT 1; /**/ rollback to x", "-- a\nBegin", "", ";", "SELECT 1\x00"]
)
def test_what_is_no_part_of_one_transaction_is_refused(script: str) -> None:
    with pytest.raises(Fault) as refused:
        scripts.statements(script, STANDARD)
    assert refused.value.fault is FaultCode.NOT_SUPPORTED
