"""A PostgreSQL target that cannot take a load, in words that say what to do; nothing is left of it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from kaireon_orch_tests.movement.ends import Ends

ENDLESS = "SELECT g AS a, repeat('x', 200) AS t FROM generate_series(1, 2000000) g"
WRITING = "FROM pg_stat_progress_copy WHERE command = 'COPY FROM' AND datname = current_database()"
SECONDS = 30.0


def test_a_read_only_database(ends: Ends) -> None:
    ends.in_postgres(f"ALTER DATABASE {ends.database} SET default_transaction_read_only = on")
    with pytest.raises(Fault, match="is read-only, as a standby's is") as caught:
        ends.run(ends.csv("a\n1\n"), ends.postgresql())
    assert caught.value.fault is FaultCode.NOT_PERMITTED


@pytest.mark.parametrize(
    "columns", [{}, {"rename": {"a": "b"}, "cast": {"a": "string"}}], ids=["raw", "arrow"]
)
def test_an_administrator_ends_a_load(ends: Ends, columns: dict[str, dict[str, str]]) -> None:
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(
            ends.run, ends.postgresql(), ends.postgresql(), source={"query": ENDLESS}, columns=columns
        )
        until = time.monotonic() + SECONDS
        while not ends.in_postgres(f"SELECT pg_terminate_backend(pid) {WRITING}"):
            assert time.monotonic() < until
            time.sleep(0.05)
        with pytest.raises(Fault, match=r"The server ended the connection|was lost") as caught:
            loading.result(SECONDS)
    assert caught.value.fault is FaultCode.REFUSED
    assert caught.value.retryable
    assert ends.in_postgres("SELECT to_regclass('public.t')") == [(None,)]
