"""What a load promises, on both targets: all or nothing, once, modes, guards, limits."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from kaireon_orch.contract.load import LedgerEntry, TableName, WritePlan
from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from kaireon_orch_tests.movement.ends import Ends

ROWS = 'a,b\n1,x\n2,\n3,""\n'


@pytest.fixture(params=["duckdb", "postgresql"])
def target(request: pytest.FixtureRequest, ends: Ends) -> dict[str, Any]:
    chosen: dict[str, Any] = getattr(ends, request.param)()
    return chosen


@pytest.fixture
def look(ends: Ends, target: dict[str, Any]) -> Callable[[str], list[tuple[Any, ...]]]:
    """A query's rows in the target."""
    return ends.in_duckdb if target["type"] == "duckdb" else ends.in_postgres


def test_append_adds_and_reports(ends: Ends, target: dict[str, Any], look: Any) -> None:
    first = ends.run(ends.csv(ROWS), target)
    second = ends.run(ends.csv("b,a\ny,4\n"), target)
    assert look("SELECT a, b FROM public.t ORDER BY a") == [(1, "x"), (2, None), (3, ""), (4, "y")]
    assert (first["rowsRead"], first["rowsLoaded"], first["rowCount"]) == (3, 3, 3)
    assert (second["rowsLoaded"], second["rowCount"], second["table"]) == (1, 4, "public.t")
    assert first["schema"] == [
        {"name": "a", "arrowType": "int64", "sourceType": "text", "sourceName": "a"},
        {"name": "b", "arrowType": "string", "sourceType": "text", "sourceName": "b"},
    ]
    assert first["bytesRead"] > 0
    assert first["receipt"]["committedAt"].endswith("Z")


def test_a_load_happens_once(ends: Ends, target: dict[str, Any], look: Any) -> None:
    ends.run(ends.csv(ROWS), target, run_id="one")
    again = ends.run(ends.csv("a,b\n9,z\n"), target, run_id="one")
    assert (again["alreadyLoaded"], again["rowsRead"], again["rowsLoaded"]) == (True, 3, 3)
    assert look("SELECT count(*) FROM public.t") == [(3,)]
    assert look("SELECT load_id, pipeline_id, table_name, mode, rows FROM public._kaireon_loads") == [
        ("one", "pipe_1", "public.t", "append", 3)
    ]


def test_truncate_replaces(ends: Ends, target: dict[str, Any], look: Any) -> None:
    ends.run(ends.csv(ROWS), target)
    result = ends.run(ends.csv("a,b\n9,z\n"), target, loadMode="truncate")
    assert look("SELECT a, b FROM public.t") == [(9, "z")]
    assert (result["rowsLoaded"], result["rowCount"]) == (1, 1)


def test_truncate_on_nothing_changes_nothing_and_says_so(
    ends: Ends, target: dict[str, Any], look: Any
) -> None:
    ends.run(ends.csv(ROWS), target)
    with pytest.raises(Fault, match=r"no rows.*allowEmpty") as caught:
        ends.run(ends.csv("a,b\n"), target, loadMode="truncate")
    assert (caught.value.fault, caught.value.retryable) == (FaultCode.EMPTY_SOURCE, False)
    assert look("SELECT count(*) FROM public.t") == [(3,)]
    assert look("SELECT count(*) FROM public._kaireon_loads") == [(1,)]


def test_allow_empty_truncates(ends: Ends, target: dict[str, Any], look: Any) -> None:
    ends.run(ends.csv(ROWS), target)
    ends.run(ends.csv("a,b\n"), target, loadMode="truncate", allowEmpty=True)
    assert look("SELECT count(*) FROM public.t") == [(0,)]


def test_an_empty_append_makes_the_table(ends: Ends, target: dict[str, Any], look: Any) -> None:
    result = ends.run(ends.csv("a,b\n"), target)
    assert result["rowsLoaded"] == 0
    assert look("SELECT a, b FROM public.t") == []


def test_a_row_limit_is_reported(ends: Ends, target: dict[str, Any], look: Any) -> None:
    assert ends.run(ends.csv(ROWS), target, row_limit=2)["limitReached"] is True
    assert ends.run(ends.csv(ROWS), target, row_limit=100)["limitReached"] is False
    assert look("SELECT count(*) FROM public.t") == [(5,)]


@pytest.mark.parametrize("mode", ["cdc_mirror", "incremental_watermark"])
def test_modes_that_an_end_does_not_hold_are_refused_in_words(
    ends: Ends, target: dict[str, Any], mode: str
) -> None:
    with pytest.raises(Fault, match=mode) as caught:
        ends.run(ends.csv(ROWS), target, loadMode=mode)
    assert caught.value.fault is FaultCode.NOT_SUPPORTED


def test_a_failed_read_leaves_the_table_as_it_was(ends: Ends, target: dict[str, Any], look: Any) -> None:
    ends.run(ends.csv(ROWS), target)
    broken = "a,b\n" + "1,x\n" * 3_000_000 + "1,x,y\n"
    with pytest.raises(Fault) as caught:
        ends.run(ends.csv(broken, types={"a": "int64", "b": "string"}), target, loadMode="truncate")
    assert caught.value.fault is FaultCode.BAD_DATA
    assert look("SELECT count(*) FROM public.t") == [(3,)]
    assert look("SELECT count(*) FROM public._kaireon_loads") == [(1,)]


def test_a_first_load_that_fails_leaves_neither_ledger_nor_schema(ends: Ends) -> None:
    server = ends.postgresql()
    broken = ends.csv("a,b\n1,x\n1,x,y\n", types={"a": "int64", "b": "string"})
    schemas = "SELECT nspname FROM pg_namespace WHERE nspname IN ('fresh', 'older')"
    ends.run(ends.csv(ROWS), server, schema="older", table="kept")
    for schema in ("fresh", "older"):
        with pytest.raises(Fault):
            ends.run(broken, server, schema=schema)
    assert ends.in_postgres(schemas) == [("older",)]
    assert ends.in_postgres("SELECT count(*) FROM older._kaireon_loads") == [(1,)]


def test_a_ledger_that_another_load_uses_stays(ends: Ends) -> None:
    server = ends.postgresql()
    with closing(ends.opened_target(server)) as first, closing(ends.opened_target(server)) as second:
        failing = first.begin(TableName("fresh", "one"), lambda: False)
        going = second.begin(TableName("fresh", "two"), lambda: False)
        failing.abort()
        going.prepare(WritePlan(pa.schema([("a", pa.int64())]), create=True))
        going.commit(LedgerEntry("load", "pipe", "fresh.two", "append", 0))
    assert ends.in_postgres("SELECT load_id FROM fresh._kaireon_loads") == [("load",)]


def test_the_ledgers_name_is_taken(ends: Ends, target: dict[str, Any]) -> None:
    with pytest.raises(Fault) as caught:
        ends.run(ends.csv(ROWS), target, table="_kaireon_loads")
    assert caught.value.fault is FaultCode.TARGET_REFUSED


def test_a_missing_schema_is_made(ends: Ends, target: dict[str, Any], look: Any) -> None:
    ends.run(ends.csv(ROWS), target, schema='New "s".x', table='T"1.x')
    assert look('SELECT count(*) FROM "New ""s"".x"."T""1.x"') == [(3,)]


def test_three_hundred_columns_and_a_megabyte(ends: Ends, target: dict[str, Any], look: Any) -> None:
    names = [f"c{at}" for at in range(300)]
    text = ",".join(names) + "\n" + ",".join(["x" * 1_000_000, *map(str, range(1, 300))]) + "\n"
    ends.run(ends.csv(text), target)
    assert look("SELECT length(c0), c299 FROM public.t") == [(1_000_000, 299)]


def test_progress_is_told_at_most_twice_a_second(ends: Ends, target: dict[str, Any]) -> None:
    ends.run(ends.csv("a\n" + "1\n" * 100_000), target)
    told = [event["progress"] for event in ends.events if "progress" in event]
    assert 1 <= len(told) <= 10
    assert set(told[0]) == {"rowsRead", "rowsLoaded", "bytesRead", "rowsSkipped", "rowsRejected"}
