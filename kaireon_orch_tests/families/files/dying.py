"""A process that loads two rows into a table of files and dies on its way: `dying.py TYPE FOLDER STEP`."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kaireon_orch.contract.load import LedgerEntry, TableName, WritePlan

if TYPE_CHECKING:
    from collections.abc import Callable

TARGETS = {"parquet": "ParquetTarget", "delta_lake": "DeltaTarget"}
ROWS = pa.record_batch({"a": pa.array([1, 2], pa.int64())})


def target(type_: str, folder: Path) -> Any:
    """The type's target on a folder that no door judges."""
    room = importlib.import_module(f"kaireon_orch.connectors.{type_}.target")
    return getattr(room, TARGETS[type_])(folder, str(folder.parent))


def main() -> None:
    type_, folder, step = sys.argv[1:]
    load = target(type_, Path(folder)).begin(TableName(None, "t"), lambda: False)
    steps: dict[str, Callable[[], Any]] = {
        "prepare": lambda: load.prepare(
            WritePlan(ROWS.schema, create=load.describe() is None, replace=step.endswith("replacing"))
        ),
        "write": lambda: load.write(ROWS),
        "commit": lambda: load.commit(LedgerEntry("dead", "pipe_1", "t", "append", 2)),
    }
    for name, take in steps.items():
        take()
        if step.startswith(name):
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
