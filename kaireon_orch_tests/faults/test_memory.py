"""Ten times the rows, the same peak of memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaireon_orch_tests.movement.memory import ALLOWED_MORE, peak

if TYPE_CHECKING:
    from kaireon_orch_tests.movement.ends import Ends

ROWS = 300_000
MORE_OF_DUCKDB = 128 * 1024
"""KiB of buffers that a load leaves DuckDB, which fills them sooner or later depending on how busy the machine is."""


def generated(rows: int) -> str:
    return f"SELECT x AS id, md5(x::text) || repeat('z', 150) AS note, x * 0.5 AS amount FROM generate_series(1, {rows}) x"


def written(rows: int) -> str:
    return "id,note,amount\n" + "".join(f"{at},{'z' * 180}{at},{at}.25\n" for at in range(rows))


def test_postgresql_into_duckdb(ends: Ends) -> None:
    peaks = [
        peak(ends, ends.postgresql(), ends.duckdb(), rows, source={"query": generated(rows)})
        for rows in (ROWS, 10 * ROWS)
    ]
    assert peaks[1] - peaks[0] < MORE_OF_DUCKDB, peaks


def test_csv_into_postgresql(ends: Ends) -> None:
    peaks = [peak(ends, ends.csv(written(rows)), ends.postgresql(), rows) for rows in (ROWS, 10 * ROWS)]
    assert peaks[1] - peaks[0] < ALLOWED_MORE, peaks
