"""A load into a table of files that dies before each thing that it does to the file system: `deaths.py TYPE FOLDER MODE EVERY`.

Every death is a process of its own; another one then looks at what is there, lets the next run begin, and loads again.
What this process prints is how many loads died, and how many of those had been committed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kaireon_orch.contract.load import (
    REJECTS_SCHEMA,
    LedgerEntry,
    LoadMode,
    TableName,
    WritePlan,
)
from kaireon_orch_tests.connectors.lakes import Lake
from kaireon_orch_tests.families.files.dying import target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TABLE = TableName(None, "t")
SCHEMA = pa.schema([("id", pa.int64()), ("v", pa.string())])
WIDER = SCHEMA.append(pa.field("w", pa.string()))
EVENTS = {
    "open",
    "os.rename",
    "os.link",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "shutil.rmtree",
    "ctypes.dlsym",
}
STEPS_MOST = 500


class Refused:
    """One rejected row."""

    rows = 1

    def __init__(self, load_id: str) -> None:
        self._load_id = load_id

    def batches(self) -> Iterator[pa.RecordBatch]:
        row = {"load_id": self._load_id, "rejected_at": datetime.now(UTC), "row_number": 1, "reason": "r"}
        yield pa.RecordBatch.from_pylist([row], REJECTS_SCHEMA)


def load(kind: str, folder: Path, mode: str, number: int) -> bool:
    """The `number`-th load; False where it was committed before."""
    opened = target(kind, folder)
    opened.clean_up(TABLE)
    made = opened.begin(TABLE, lambda: False)
    try:
        if made.ledger_entry(f"l{number}") is not None:
            return False
        made.describe()
        made.prepare(plan(mode, number))
        made.write(batch(number))
        made.quarantine(Refused(f"l{number}"))
        made.commit(LedgerEntry(f"l{number}", "pipe_1", "t", mode, 2, checkpoint={"n": number}))
        return True
    finally:
        made.abort()


def plan(mode: str, number: int) -> WritePlan:
    """Later loads bring a column more."""
    first = number == 1
    at = datetime(2026, 1, number, tzinfo=UTC)
    made = WritePlan(SCHEMA if first else WIDER, create=first, mode=LoadMode(mode), at=at)
    made = replace(made, key=("id",) if mode in {"upsert", "scd2"} else (), replace=mode == "truncate")
    return made if first else replace(made, add=("w",))


def batch(number: int) -> pa.RecordBatch:
    rows = [{"id": 1, "v": f"one {number}", "w": "w"}, {"id": number + 1, "v": "new", "w": "w"}]
    return pa.RecordBatch.from_pylist(rows, plan("append", number).schema)


def seen(kind: str, folder: Path, table: str = "t") -> list[dict[str, Any]]:
    """What another program reads, moments of rejects apart."""
    if not (folder / table).is_dir():
        return []
    rows = Lake(folder, kind).foreign(table)
    return [{name: value for name, value in row.items() if name != "rejected_at"} for row in rows]


def in_child(work: Callable[[], None]) -> int:
    """How a process of its own ends that does the work: its signal, or 0."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  told to the parent, which knows no more of it
            sys.stderr.write(f"{error!r}\n")
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def struck(kind: str, folder: Path, mode: str, step: int) -> None:
    """The second load, dead before its `step`-th touch of the folder."""
    left = [step]

    def touched(event: str, arguments: tuple[Any, ...]) -> None:
        of_folder = any(
            str(folder) in os.fsdecode(each) for each in arguments if isinstance(each, str | bytes | Path)
        )
        if event in EVENTS and (of_folder or event == "ctypes.dlsym"):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(touched)
    load(kind, folder, mode, 2)


def judge(kind: str, folder: Path, mode: str, states: dict[str, Any], told: Path) -> None:
    """Old rows or new ones after the death; the new ones, once, after the next run; and nothing else in the folder."""
    found = seen(kind, folder)
    committed = bare(found) == bare(states["after"])
    assert committed or bare(found) == bare(states["before"]), found
    assert load(kind, folder, mode, 2) is not committed
    assert bare(seen(kind, folder)) == bare(states["after"])
    assert seen(kind, folder, "t__rejects") == states["rejects"]
    lake = Lake(folder, kind)
    assert lake.names() == lake.clean("t", "t__rejects"), lake.names()
    for table in ("t", "t__rejects"):
        assert {path.name for path in (folder / table).glob("*.parquet")} == known(kind, folder / table)
    told.write_text("committed" if committed else "undone")


def bare(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in row.items() if name not in {"valid_from", "valid_to"}} for row in rows
    ]


def known(kind: str, place: Path) -> set[str]:
    """The files that the table knows, of older versions too."""
    if kind == "parquet":
        return {part["name"] for part in json.loads((place / "_manifest.json").read_text())["parts"]}
    lines = [line for log in (place / "_delta_log").glob("*.json") for line in log.read_text().splitlines()]
    return {action["add"]["path"] for line in lines if "add" in (action := json.loads(line))}


def prepared(kind: str, root: Path, mode: str) -> dict[str, Any]:
    """The folder before the load, and what is seen before and after it."""
    states: dict[str, Any] = {}

    def work() -> None:
        (root / "before").mkdir()
        load(kind, root / "before", mode, 1)
        states["before"] = seen(kind, root / "before")
        shutil.copytree(root / "before", root / "after")
        load(kind, root / "after", mode, 2)
        states["after"] = seen(kind, root / "after")
        states["rejects"] = seen(kind, root / "after", "t__rejects")
        (root / "states.json").write_text(json.dumps(states, default=str))

    assert in_child(work) == 0
    states = json.loads((root / "states.json").read_text())
    assert states["before"] != states["after"]
    return states


def round_of(kind: str, root: Path, mode: str, step: int, states: dict[str, Any]) -> str | None:
    """One death and the next run: `committed` or `undone`; None where the load came to its end before that step."""
    folder, told = root / f"step{step}", root / "told"
    shutil.copytree(root / "before", folder)
    if in_child(lambda: struck(kind, folder, mode, step)) == 0:
        return None
    assert in_child(lambda: judge(kind, folder, mode, states, told)) == 0, f"step {step}"
    shutil.rmtree(folder)
    return told.read_text()


def main() -> None:
    kind, root, mode, every = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    states = prepared(kind, root, mode)
    ends: list[str] = []
    for step in range(1, STEPS_MOST, every):
        end = round_of(kind, root, mode, step, states)
        if end is None:
            break
        ends.append(end)
    sys.stdout.write(json.dumps({"died": len(ends), "committed": ends.count("committed")}))


if __name__ == "__main__":
    main()
