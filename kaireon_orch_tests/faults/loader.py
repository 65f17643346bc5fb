"""A process that runs one load in a guarded child: `loader.py PAYLOAD.json POLICY.json`; prints the result or fault.

Its status is 0 for a result and `FAULT` for a fault. `loader.py --serve` reads such orders, one JSON object a line, and
forks a process for each, so that a parent to be killed costs no interpreter: it answers with the fork's process id, and
with its wait status once it has ended.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kaireon_orch.errors import Fault
from kaireon_orch.network.child import run_job
from kaireon_orch.network.guard import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

FAULT = 3
SECONDS = 300.0


def main() -> int:
    if sys.argv[1] == "--serve":
        serve()
        return 0
    payload, policy = (json.loads(Path(path).read_text()) for path in sys.argv[1:3])
    status, ended = load({"payload": payload, "policy": policy, "deadline": SECONDS}, tell)
    sys.stdout.write(json.dumps(ended) + "\n")
    return status


def load(order: dict[str, Any], on_event: Callable[[dict[str, Any]], None]) -> tuple[int, dict[str, Any]]:
    """The exit status, and the result or the fault."""
    payload = order["payload"]
    policy = Policy.from_wire(order["policy"])
    module = payload.get("module")
    try:
        ended = run_job(
            "run", payload, policy=policy, deadline=order["deadline"], on_event=on_event, module=module
        )
    except Fault as fault:
        return FAULT, fault.to_wire()
    return 0, ended.result


def tell(event: dict[str, object]) -> None:
    """The first progress says that rows are on their way."""
    sys.stderr.write(json.dumps(event) + "\n")
    sys.stderr.flush()


def serve() -> None:
    while order := sys.stdin.readline():
        pid = os.fork()
        if pid == 0:
            os._exit(forked(json.loads(order)))
        say(pid)
        say(os.waitpid(pid, 0)[1])


def forked(order: dict[str, Any]) -> int:
    """One load; what it ended with, and its events, lie in `order["ended"]`."""
    tempfile.tempdir = order["scratch"]
    events: list[dict[str, Any]] = []
    try:
        status, ended = load(order, events.append)
    except BaseException as error:  # noqa: BLE001  the fork must not go on as the server that it came from
        status, ended = 1, {"code": type(error).__name__}
    Path(order["ended"]).write_text(json.dumps({"ended": ended, "events": events}))
    return status


def say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
