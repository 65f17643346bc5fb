"""Parquet folders and Delta tables as targets: all or nothing, once, one at a time, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from kaireon_orch.contract.load import LedgerEntry, TableName, WritePlan
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.folder_lock import FolderLock
from kaireon_orch_tests.connectors.lakes import KINDS, Lake, lake_of
from kaireon_orch_tests.families.files import dying
from kaireon_orch_tests.movement.ends import connector

if TYPE_CHECKING:
    from kaireon_orch_tests.movement.ends import Ends

FEW = "a,b\n1,x\n2,\n"


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def lake(ends: Ends, kind: str) -> Lake:
    return lake_of(ends, kind)


def test_append_truncate_and_evolve(ends: Ends, lake: Lake) -> None:
    assert ends.run_child(ends.csv(FEW), lake.target)["rowCount"] == 2
    assert ends.run(ends.csv("a,c\n3,z\n"), lake.target)["rowCount"] == 3
    rows = [{"a": 1, "b": "x", "c": None}, {"a": 2, "b": None, "c": None}, {"a": 3, "b": None, "c": "z"}]
    assert lake.foreign() == rows
    assert sorted(ends.rows(lake.source()), key=str) == rows
    assert ends.run(ends.csv("a\n9\n"), lake.target, loadMode="truncate")["rowCount"] == 1
    assert lake.foreign() == [{"a": 9, "b": None, "c": None}]
    assert lake.names() == lake.clean()


def test_a_load_is_loaded_once(ends: Ends, lake: Lake) -> None:
    first = ends.run(ends.csv(FEW), lake.target, run_id="r1")
    again = ends.run(ends.csv(FEW), lake.target, run_id="r1")
    assert (first["alreadyLoaded"], again["alreadyLoaded"]) == (False, True)
    assert (again["rowsLoaded"], again["receipt"]["loadId"]) == (2, "r1")
    assert len(lake.foreign()) == 2
    ends.run(ends.csv(FEW), lake.target, loadMode="truncate")
    assert ends.run(ends.csv(FEW), lake.target, run_id="r1")["alreadyLoaded"] is True


def test_an_empty_source_makes_the_table_and_empties_none(ends: Ends, lake: Lake) -> None:
    ends.run(ends.csv("a,b\n"), lake.target)
    assert ends.table(lake.source()).schema.names == ["a", "b"]
    ends.run(ends.csv(FEW), lake.target, table="u")
    with pytest.raises(Fault) as caught:
        ends.run(ends.csv("a,b\n"), lake.target, table="u", loadMode="truncate")
    assert caught.value.fault is FaultCode.EMPTY_SOURCE
    assert len(lake.foreign("u")) == 2
    ends.run(ends.csv("a,b\n"), lake.target, table="u", loadMode="truncate", allowEmpty=True)
    assert lake.foreign("u") == []


def test_a_failing_source_leaves_the_table_as_it_was(ends: Ends, lake: Lake) -> None:
    ends.run(ends.csv(FEW), lake.target)
    broken = ends.csv("a,b\n" + "1,x\n" * 300_000 + "1,2,3\n", types={"a": "int64", "b": "string"})
    with pytest.raises(Fault, match="fields where 2 are expected"):
        ends.run(broken, lake.target, loadMode="truncate")
    assert len(lake.foreign()) == 2
    assert lake.names() == lake.clean()
    assert lake.parts() == 1


def test_a_type_that_has_nothing_in_common_is_refused(ends: Ends, lake: Lake) -> None:
    ends.run(ends.csv(FEW, types={"a": "int32"}), lake.target)
    with pytest.raises(Fault):
        ends.run(ends.csv("a,b\n2026-01-01,x\n", types={"a": "date32"}), lake.target)
    assert len(lake.foreign()) == 2
    assert lake.names() == lake.clean()


@pytest.mark.parametrize("name", ["../t", "_t", ".t", "a/b", "x" * 250])
def test_a_name_that_is_no_folder_is_refused(ends: Ends, lake: Lake, name: str) -> None:
    with pytest.raises(Fault) as caught:
        ends.run(ends.csv(FEW), lake.target, table=name)
    assert caught.value.fault is FaultCode.TARGET_REFUSED


def test_a_folder_of_others_is_not_touched(ends: Ends, lake: Lake) -> None:
    place = lake.folder / "t"
    place.mkdir(parents=True)
    (place / "own.parquet").write_bytes(b"mine")
    with pytest.raises(Fault) as caught:
        ends.run(ends.csv(FEW), lake.target, loadMode="truncate")
    assert caught.value.fault is FaultCode.TARGET_REFUSED
    assert [path.name for path in place.iterdir()] == ["own.parquet"]


def test_a_folder_outside_the_roots_is_refused(ends: Ends, lake: Lake) -> None:
    lake.folder = Path("/tmp/elsewhere")  # noqa: S108  it must not exist, nor come to
    with pytest.raises(Fault) as caught:
        ends.run(ends.csv(FEW), lake.target)
    assert caught.value.fault is FaultCode.FILE_NOT_ALLOWED
    assert not lake.folder.exists()


def test_one_load_at_a_time(ends: Ends, lake: Lake) -> None:
    ends.run(ends.csv(FEW), lake.target)
    held, waiting = FolderLock(lake.folder / ".t.lock"), FolderLock(lake.folder / ".t.lock")
    held.acquire(lambda: False)
    with pytest.raises(Fault) as caught:
        waiting.acquire(lambda: False, seconds=0.1)
    held.release()
    assert caught.value.fault is FaultCode.TABLE_BUSY
    threads = [threading.Thread(target=ends.run, args=(ends.csv(FEW), lake.target)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lake.foreign()) == 10
    assert lake.names() == lake.clean()


@pytest.mark.parametrize("step", ["prepare", "write", "write replacing", "commit", "commit replacing"])
@pytest.mark.parametrize("fresh", [True, False])
def test_a_load_that_dies_at_a_step(ends: Ends, lake: Lake, step: str, fresh: bool) -> None:
    lake.folder.mkdir()
    before = 0 if fresh else 1
    if not fresh:
        ends.run(ends.csv("a\n7\n"), lake.target)
    command = [sys.executable, str(Path(dying.__file__)), lake.kind, str(lake.folder), step]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    committed = step.startswith("commit")
    kept = 0 if committed and step.endswith("replacing") else before
    if committed:
        assert len(lake.foreign()) == kept + 2
    elif not fresh:
        assert lake.foreign() == [{"a": 7}]
    result = ends.run(ends.csv("a\n1\n2\n"), lake.target, run_id="dead")
    assert result["alreadyLoaded"] is committed
    assert len(lake.foreign()) == kept + 2
    assert lake.names() == lake.clean()
    named = lake.parts() if lake.kind == "parquet" else len(DeltaTable(str(lake.folder / "t")).file_uris())
    assert lake.parts() == named + (1 if lake.kind == "delta_lake" and kept < before else 0)


def test_a_child_that_is_killed_in_the_middle(ends: Ends, lake: Lake) -> None:
    ends.run(ends.csv("a,b\n7,old\n"), lake.target)
    slow = ends.postgresql()
    query = (
        "SELECT x::bigint AS a, repeat('y', 200) || pg_sleep(CASE WHEN x > 100000 AND x % 20000 = 0 THEN 1 ELSE 0 END)"
        "::text AS b FROM generate_series(1, 200000) x"
    )
    failed: list[Fault] = []

    def load() -> None:
        try:
            ends.run_child(slow, lake.target, source={"query": query}, loadMode="truncate", run_id="dead")
        except Fault as fault:
            failed.append(fault)

    ends.events.clear()
    thread = threading.Thread(target=load)
    thread.start()
    deadline = time.monotonic() + 30
    while not any("progress" in event for event in ends.events):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for child in _children():
        os.kill(child, signal.SIGKILL)
    thread.join()
    assert failed[0].fault is FaultCode.CHILD_DIED
    assert lake.foreign() == [{"a": 7, "b": "old"}]
    ends.run(ends.csv("a,b\n8,new\n"), lake.target)
    assert len(lake.foreign()) == 2
    assert lake.names() == lake.clean()
    assert lake.parts() == 2


def _children() -> list[int]:
    """This process's guarded children."""
    found = [
        int(pid) for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()
    ]
    return [pid for pid in found if b"kaireon_orch.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_pipelines_newest_load_is_remembered(ends: Ends, lake: Lake) -> None:
    target = dying.target(lake.kind, lake.folder)
    lake.folder.mkdir()
    for number in (1, 2):
        load = target.begin(TableName(None, "t"), lambda: False)
        load.prepare(WritePlan(dying.ROWS.schema, create=number == 1))
        load.write(dying.ROWS)
        load.commit(LedgerEntry(f"l{number}", "pipe_1", "t", "append", 2, checkpoint={"after": number}))
        load.abort()
    look = target.look(TableName(None, "t"))
    entry = look.last_entry("pipe_1")
    assert (entry.load_id, entry.checkpoint, look.last_entry("pipe_2")) == ("l2", {"after": 2}, None)
    load = target.begin(TableName(None, "t"), lambda: False)
    load.commit(LedgerEntry("s", "pipe_1", "t", "state", 0, checkpoint={"after": 0}))
    load.abort()
    assert target.look(TableName(None, "t")).last_entry("pipe_1").checkpoint == {"after": 0}
    assert len(lake.foreign()) == 4


TORTURE = pa.table(
    {
        "i8": pa.array([-128, None, 127], pa.int8()),
        "u8": pa.array([0, None, 255], pa.uint8()),
        "u16": pa.array([0, None, 2**16 - 1], pa.uint16()),
        "u32": pa.array([0, None, 2**32 - 1], pa.uint32()),
        "u64": pa.array([0, None, 2**64 - 1], pa.uint64()),
        "i64": pa.array([-(2**63), None, 2**63 - 1], pa.int64()),
        "f32": pa.array([1.5, None, float("-inf")], pa.float32()),
        "f64": pa.array([5e-324, None, 0.1], pa.float64()),
        "dec": pa.array([Decimal("-0.01"), None, Decimal("9" * 36 + ".99")], pa.decimal128(38, 2)),
        "flag": pa.array([True, None, False]),
        "text": pa.array(["", None, "é😀\0\n"]),
        "raw": pa.array([b"", None, b"\x00\xff"]),
        "day": pa.array([-719162, None, 2932896], pa.date32()),
        "at": pa.array([-62135596800000000, None, 253402300799999999], pa.timestamp("us")),
        "zoned": pa.array([0, None, 1], pa.timestamp("us", "UTC")),
        "ns": pa.array([0, None, 1_000], pa.timestamp("ns")),
        "json": pa.array(['{"x": 1.10}', None, "[]"], pa.json_()),
        "uuid": pa.array([uuid.UUID(int=1).bytes, None, uuid.UUID(int=2).bytes], pa.uuid()),
        "list": pa.array([[1, None], None, []], pa.list_(pa.int64())),
        "dict": pa.array(["x", None, "y"]).dictionary_encode(),
    }
)


def test_every_type_that_it_holds_comes_back_value_by_value(ends: Ends, lake: Lake) -> None:
    path = ends.folder / "torture.parquet"
    pq.write_table(TORTURE, path)
    of = connector("parquet", {"path": str(path)})
    for _ in range(2):  # a table that is made, and one that is there
        ends.run_child(of, lake.target)
    back = ends.table(lake.source()).slice(3)
    for name in TORTURE.schema.names:
        given, found = TORTURE.column(name), back.column(name)
        if name in {"ns", "at", "zoned"}:
            assert found.cast(pa.timestamp("us", found.type.tz)).cast(pa.int64()).to_pylist() == (
                given.cast(pa.timestamp("us", given.type.tz)).cast(pa.int64()).to_pylist()
            )
        else:
            wanted = given.to_pylist()
            if name == "uuid" and lake.kind == "delta_lake":
                wanted = [None if value is None else str(value) for value in wanted]
            assert found.to_pylist() == wanted, name


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (pa.array([1], pa.time64("us")), "time64"),
        (pa.array([1], pa.duration("us")), "duration"),
        (pa.array([Decimal(1)], pa.decimal256(50, 0)), "decimal256"),
    ],
)
def test_a_type_that_delta_has_not_is_refused_by_name(ends: Ends, values: pa.Array, words: str) -> None:
    lake = lake_of(ends, "delta_lake")
    pq.write_table(pa.table({"c": values}), ends.folder / "x.parquet")
    with pytest.raises(Fault, match=f"'c'.*{words}") as caught:
        ends.run(connector("parquet", {"path": str(ends.folder / "x.parquet")}), lake.target)
    assert caught.value.fault is FaultCode.TYPE_LOSSY
    assert not lake.names() - {"t"}


def test_nanoseconds_that_delta_would_cut_are_refused(ends: Ends) -> None:
    lake = lake_of(ends, "delta_lake")
    pq.write_table(pa.table({"c": pa.array([1000, 1001], pa.timestamp("ns"))}), ends.folder / "x.parquet")
    with pytest.raises(Fault, match="'c', row 2") as caught:
        ends.run(connector("parquet", {"path": str(ends.folder / "x.parquet")}), lake.target)
    assert caught.value.fault is FaultCode.TYPE_LOSSY
