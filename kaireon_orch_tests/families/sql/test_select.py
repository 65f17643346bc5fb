"""A tenant's query is one SELECT."""

from __future__ import annotations

import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql.select import one_select


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "  select a from t where b = ';' ",
        "SELECT ')' -- ; (",
        "SELECT /* ; */ 1",
        'SELECT ";" FROM t',
        "SELECT $$;)$$",
        "SELECT $x$ $$ ; $x$",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "SELECT 'insert into'",
        r"SELECT E'it\'s; ('",
    ],
)
def test_a_select_is_taken_as_it_is(query: str) -> None:
    assert one_select(query) == query.strip()


def test_a_closing_semicolon_goes() -> None:
    assert one_select("SELECT 1 ; ") == "SELECT 1"
    assert one_select("SELECT ';';") == "SELECT ';'"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "-- nothing",
        "DELETE FROM t",
        "INSERT INTO t SELECT 1",
        "SELECT 1; SELECT 2",
        "SELECT 1; -- x\nDROP TABLE t",
        "SELECT 1) AS x; DROP TABLE t; SELECT (1",
        "SELECT (1",
        "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
        "SELECT 'open",
        "SELECT /* open",
        "EXPLAIN SELECT 1",
    ],
)
def test_anything_else_is_refused(query: str) -> None:
    with pytest.raises(Fault) as caught:
        one_select(query)
    assert caught.value.fault is FaultCode.NOT_SUPPORTED
