"""Runs of one pipeline that meet: rows come once, and whoever cannot be served says so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from kaireon_orch_tests.movement.ends import Ends

COUNT = 20_000


@pytest.fixture(params=["duckdb", "postgresql"])
def target(request: pytest.FixtureRequest, ends: Ends) -> dict[str, Any]:
    chosen: dict[str, Any] = getattr(ends, request.param)()
    return chosen


def together(ends: Ends, target: dict[str, Any], runs: int, **options: Any) -> list[str]:
    """How so many runs at once ended."""

    def load(_: int) -> str:
        try:
            loaded = ends.run_child(ends.postgresql(), target, source={"table": "public.s"}, **options)
        except Fault as fault:
            return f"{fault.code}, {'later' if fault.retryable else 'never'}"
        return str(loaded["rowsLoaded"])

    with ThreadPoolExecutor(runs) as pool:
        ended = list(pool.map(load, range(runs)))
    assert {word for word in ended if not word.isdecimal()} <= {f"{FaultCode.TABLE_BUSY}, later"}
    return ended


def look(ends: Ends, target: dict[str, Any], sql: str) -> list[tuple[Any, ...]]:
    return ends.in_duckdb(sql) if target["type"] == "duckdb" else ends.in_postgres(sql)


@pytest.mark.parametrize("key", [[], ["id"]])
def test_a_watermark_is_passed_on_from_run_to_run(ends: Ends, target: dict[str, Any], key: list[str]) -> None:
    ends.in_postgres(f"CREATE TABLE s AS SELECT x AS id, x / 2 AS seen FROM generate_series(1, {COUNT}) x")
    ended = together(ends, target, 3, loadMode="incremental_watermark", cursorField="seen", primaryKey=key)
    assert str(COUNT) in ended
    assert look(ends, target, "SELECT count(*), count(DISTINCT id) FROM public.t") == [(COUNT, COUNT)]


@pytest.mark.parametrize("mode", ["upsert", "scd2", "blue_green"])
def test_runs_by_key_do_not_double(ends: Ends, target: dict[str, Any], mode: str) -> None:
    ends.in_postgres(f"CREATE TABLE s AS SELECT x AS id, x AS seen FROM generate_series(1, {COUNT}) x")
    together(ends, target, 3, loadMode=mode, primaryKey=["id"])
    assert look(ends, target, "SELECT count(*), count(DISTINCT id) FROM public.t") == [(COUNT, COUNT)]
