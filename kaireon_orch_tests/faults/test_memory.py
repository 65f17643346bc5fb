"""Ten times the rows, the same peak of memory."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kaireon_orch_tests.movement.ends import Ends

ROWS = 150_000
ALLOWED_MORE = 96 << 10
"""KiB that the larger load may need beyond the smaller: full queues, not more rows."""

PEAK = """
import json, sys
from pathlib import Path
from kaireon_orch_tests.movement.ends import Recorder
from kaireon_orch.network.guard import Policy
from kaireon_orch.network.dial import ChildDoor
from kaireon_orch.network.deadline import Deadline
from kaireon_orch.network.refusals import Refusals
from kaireon_orch.errors import FaultCode
from kaireon_orch.worker import run
from kaireon_orch.worker.job import Job
payload, policy = (json.loads(Path(path).read_text()) for path in sys.argv[1:3])
folder = Path(sys.argv[3])
door = ChildDoor(Policy.from_wire(policy), Deadline.after(200, FaultCode.DEADLINE), Refusals.beside(folder), kernel=True)
loaded = run.work(Job(payload, door, str(folder), Recorder([])))
status = Path("/proc/self/status").read_text()  # getrusage would count what the starting process held
print(loaded["rowsLoaded"], status.split("VmHWM:")[1].split()[0])
"""


def peak(ends: Ends, origin: dict[str, Any], target: dict[str, Any], rows: int, **options: Any) -> int:
    """KiB that a process of its own needed at most for this load."""
    payload = ends.payload(origin, target, table=f"t{rows}", **options)
    files = [ends.folder / "payload.json", ends.folder / "policy.json"]
    files[0].write_text(json.dumps(payload))
    files[1].write_text(json.dumps(ends.policy().to_wire()))
    work = ends.folder / f"work-{rows}"
    work.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *map(str, files), str(work)], capture_output=True, text=True, check=True
    )
    loaded, kib = map(int, done.stdout.split())
    assert loaded == rows
    return kib


def generated(rows: int) -> str:
    return f"SELECT x AS id, md5(x::text) || repeat('z', 150) AS note, x * 0.5 AS amount FROM generate_series(1, {rows}) x"


def written(rows: int) -> str:
    return "id,note,amount\n" + "".join(f"{at},{'z' * 180}{at},{at}.25\n" for at in range(rows))


def test_postgresql_into_duckdb(ends: Ends) -> None:
    peaks = [
        peak(ends, ends.postgresql(), ends.duckdb(), rows, source={"query": generated(rows)})
        for rows in (ROWS, 10 * ROWS)
    ]
    assert peaks[1] - peaks[0] < ALLOWED_MORE, peaks


def test_csv_into_postgresql(ends: Ends) -> None:
    peaks = [peak(ends, ends.csv(written(rows)), ends.postgresql(), rows) for rows in (ROWS, 10 * ROWS)]
    assert peaks[1] - peaks[0] < ALLOWED_MORE, peaks
