"""Loads that meet on one PostgreSQL table, and others that stand in the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from kaireon_orch_tests.movement.ends import Ends

COUNT = 20_000
SOURCE = f"SELECT x AS a FROM generate_series(1, {COUNT}) x"


def test_four_first_loads_into_one_schema_all_arrive(ends: Ends) -> None:
    def load(table: int) -> int:
        loaded = ends.run_child(
            ends.postgresql(),
            ends.postgresql(),
            source={"query": SOURCE},
            table=f"t{table % 2}",
            schema="fresh",
        )
        return int(loaded["rowsLoaded"])

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(load, range(4))) == [COUNT] * 4
    for table in ("t0", "t1"):
        assert ends.in_postgres(f"SELECT count(*) FROM fresh.{table}") == [(2 * COUNT,)]


def test_truncates_that_meet_do_not_mix(ends: Ends) -> None:
    def load(value: int) -> None:
        query = f"SELECT {value} AS v FROM generate_series(1, {COUNT}) x"
        ends.run_child(ends.postgresql(), ends.postgresql(), source={"query": query}, loadMode="truncate")

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(load, range(3)))
    assert ends.in_postgres("SELECT count(*), count(DISTINCT v) FROM public.t") == [(COUNT, 1)]


def test_a_reader_with_an_old_snapshot_sees_the_old_rows_through_a_truncate(ends: Ends) -> None:
    ends.run(ends.csv("a\n1\n"), ends.postgresql())
    with psycopg.connect(ends.postgres.dsn(ends.database)) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert reader.execute("SELECT a FROM public.t").fetchall() == [(1,)]
        ends.run(ends.csv("a\n2\n"), ends.postgresql(), loadMode="truncate")
        assert reader.execute("SELECT a FROM public.t").fetchall() == [(1,)]
    assert ends.in_postgres("SELECT a FROM public.t") == [(2,)]
