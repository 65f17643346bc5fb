"""How much memory one load needs, measured in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kaireon_orch_tests.movement.ends import Ends

ALLOWED_MORE = 96 << 10
"""KiB that a larger load may need beyond a smaller one: full queues, not more rows."""

PEAK = """
import json, sys
from pathlib import Path
from kaireon_orch_tests.movement.ends import Recorder
from kaireon_orch.network.guard import Policy
from kaireon_orch.network.dial import ChildDoor
from kaireon_orch.network.deadline import Deadline
from kaireon_orch.network.refusals import Refusals
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.worker import run
from kaireon_orch.worker.job import Job
payload, policy = (json.loads(Path(path).read_text()) for path in sys.argv[1:3])
folder = Path(sys.argv[3])
door = ChildDoor(Policy.from_wire(policy), Deadline.after(200, FaultCode.DEADLINE), Refusals.beside(folder), kernel=True)
try:
    ended = run.work(Job(payload, door, str(folder), Recorder([])))["rowsLoaded"]
except Fault as fault:
    ended = fault.code
status = Path("/proc/self/status").read_text()  # getrusage would count what the starting process held
print(ended, status.split("VmHWM:")[1].split()[0])
"""


def measured(
    ends: Ends, origin: dict[str, Any], target: dict[str, Any], table: str, **options: Any
) -> tuple[str, int]:
    """The rows loaded or the fault's code, and the KiB that a process of its own needed at most."""
    payload = ends.payload(origin, target, table=table, **options)
    files = [ends.folder / "payload.json", ends.folder / "policy.json"]
    files[0].write_text(json.dumps(payload))
    files[1].write_text(json.dumps(ends.policy().to_wire()))
    work = ends.folder / f"work-{table}"
    work.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *map(str, files), str(work)], capture_output=True, text=True, check=True
    )
    ended, kib = done.stdout.split()
    return ended, int(kib)


def peak(ends: Ends, origin: dict[str, Any], target: dict[str, Any], rows: int, **options: Any) -> int:
    """KiB that a load of `rows` rows needed at most."""
    ended, kib = measured(ends, origin, target, f"t{rows}", **options)
    assert ended == str(rows)
    return kib
