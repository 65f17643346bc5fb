"""The DuckDB file as loads share it: a queue in the order of asking, six loads at once, and nothing in its place."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pytest

from kaireon_orch import catalogue
from kaireon_orch.connectors.duckdb.lock import file_lock
from kaireon_orch.contract.load import LedgerEntry, TableName, WritePlan
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network.child import run_job
from kaireon_orch.worker.opening import opening

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch_tests.movement.ends import Ends

ROWS = 1000
MODES: dict[str, dict[str, Any]] = {
    "append": {},
    "truncate": {},
    "blue_green": {},
    "upsert": {"primaryKey": ["id"]},
    "incremental_watermark": {"cursorField": "id"},
    "scd2": {"primaryKey": ["id"]},
}
HOLDER = """
import sys
from pathlib import Path
from kaireon_orch.connectors.duckdb.lock import file_lock
with file_lock(Path(sys.argv[1]), lambda: False):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def loads(ends: Ends) -> Any:
    """Loads of the same rows, all at once, each by a pipeline and in a child of its own: (mode, table) each."""
    with duckdb.connect(str(ends.folder / "rows.duckdb")) as connection:
        connection.execute(f"CREATE TABLE r AS SELECT range AS id, 'x' || range AS note FROM range({ROWS})")

    def load(at: int, mode: str, table: str) -> int:
        payload = ends.payload(
            ends.duckdb("rows.duckdb"),
            ends.duckdb(),
            table=table,
            source={"table": "r"},
            loadMode=mode,
            **MODES[mode],
        )
        payload["pipeline"]["id"] = f"pipe_{at}"
        return int(run_job("run", payload, policy=ends.policy(), deadline=120.0).result["rowsLoaded"])

    def together(wanted: list[tuple[str, str]]) -> list[int]:
        with ThreadPoolExecutor(len(wanted)) as pool:
            return [each.result() for each in [pool.submit(load, at, *one) for at, one in enumerate(wanted)]]

    return together


def test_six_loads_of_every_mode_into_six_tables(ends: Ends, loads: Any) -> None:
    assert loads([(mode, mode) for mode in MODES]) == [ROWS] * 6
    for table in MODES:
        assert ends.in_duckdb(f"SELECT count(*), count(DISTINCT id) FROM public.{table}") == [(ROWS, ROWS)]


def test_six_loads_of_mixed_modes_into_one_table_come_one_after_another(ends: Ends, loads: Any) -> None:
    modes = ["append", "truncate", "blue_green", "upsert", "incremental_watermark", "append"]
    assert loads([(mode, "t") for mode in modes]) == [ROWS] * 6
    held = 0
    for (mode,) in ends.in_duckdb("SELECT mode FROM public._kaireon_loads ORDER BY committed_at"):
        adds = mode in {"append", "incremental_watermark"}
        held = held + ROWS if adds else max(held, ROWS) if mode == "upsert" else ROWS
    assert ends.in_duckdb("SELECT count(*), count(DISTINCT id) FROM public.t") == [(held, ROWS)]


def test_the_file_is_had_in_the_order_of_asking(tmp_path: Path) -> None:
    file, turns = tmp_path / "w.duckdb", list[int]()
    waits = [threading.Event() for _ in range(6)]

    def ask(at: int) -> None:
        def canceled() -> bool:  # asked while it waits, so its ticket is drawn
            waits[at].set()
            return False

        with file_lock(file, canceled):
            turns.append(at)

    threads = [threading.Thread(target=ask, args=(at,)) for at in range(6)]
    with file_lock(file, lambda: False):
        for thread, waiting in zip(threads, waits, strict=True):
            thread.start()
            assert waiting.wait(10)
        assert turns == []
    for thread in threads:
        thread.join()
    assert turns == list(range(6))


def test_whoever_waits_too_long_is_told_the_holder(tmp_path: Path) -> None:
    file = tmp_path / "w.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(Fault, match=f"process {holder.pid}") as caught,
            file_lock(file, lambda: False, 0.2),
        ):
            pass
        assert caught.value.fault is FaultCode.TABLE_BUSY
        holder.kill()
    started = time.monotonic()
    with file_lock(file, lambda: False, 60.0):
        assert time.monotonic() - started < 10


def test_a_canceled_waiter_lets_the_next_one_pass(tmp_path: Path) -> None:
    file = tmp_path / "w.duckdb"
    with file_lock(file, lambda: False):
        with pytest.raises(Fault) as caught, file_lock(file, lambda: True):
            pass
        assert caught.value.fault is FaultCode.CANCELED
    with file_lock(file, lambda: False, 1.0):
        pass


@pytest.mark.parametrize("ending", ["", ".wal", ".lock", ".new"])
def test_a_link_in_the_place_of_a_file_is_not_followed(
    ends: Ends, tmp_path_factory: pytest.TempPathFactory, ending: str
) -> None:
    victim = tmp_path_factory.mktemp("outside") / "victim"
    victim.write_bytes(b"precious" * 100)
    (ends.folder / f"warehouse.duckdb{ending}").symlink_to(victim)
    try:
        ends.run(ends.csv("a\n1\n"), ends.duckdb())
    except Fault as fault:
        assert fault.fault in {FaultCode.FILE_NOT_ALLOWED, FaultCode.TARGET_REFUSED}  # noqa: PT017
    assert victim.read_bytes() == b"precious" * 100


@pytest.mark.parametrize("swapped", ["folder", "file"])
def test_what_took_the_place_of_the_judged_file_is_not_written_to(
    ends: Ends, tmp_path_factory: pytest.TempPathFactory, swapped: str
) -> None:
    inside, outside = ends.folder / "inside", tmp_path_factory.mktemp("outside")
    inside.mkdir()
    for folder in (inside, outside):
        with duckdb.connect(str(folder / "w.duckdb")) as connection:
            connection.execute("CREATE TABLE t (a BIGINT)")
    target = {**ends.duckdb(), "config": {"path": str(inside / "w.duckdb")}}
    with closing(catalogue.target("duckdb")(opening(ends.job({}), target))) as opened:
        judged, other = (
            (inside, outside) if swapped == "folder" else (inside / "w.duckdb", outside / "w.duckdb")
        )
        judged.rename(ends.folder / "moved")
        judged.symlink_to(other)
        load = opened.begin(TableName("main", "t"), lambda: False)
        load.prepare(WritePlan(pa.schema([("a", pa.int64())])))
        load.write(pa.record_batch({"a": pa.array([1], pa.int64())}))
        with pytest.raises(Fault) as caught:
            load.commit(LedgerEntry("load", "pipe", "main.t", "append", 1))
        load.abort()
    assert caught.value.fault is FaultCode.FILE_NOT_ALLOWED
    with duckdb.connect(str(outside / "w.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchall() == [(0,)]
