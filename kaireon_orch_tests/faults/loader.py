"""A process that runs one load in a guarded child: `loader.py PAYLOAD.json POLICY.json`; prints the result or fault."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kaireon_orch.errors import Fault
from kaireon_orch.network.child import run_job
from kaireon_orch.network.guard import Policy


def main() -> None:
    payload = json.loads(Path(sys.argv[1]).read_text())
    policy = Policy.from_wire(json.loads(Path(sys.argv[2]).read_text()))
    try:
        module = payload.get("module")
        result = run_job("run", payload, policy=policy, deadline=300.0, on_event=tell, module=module).result
        sys.stdout.write(json.dumps(result) + "\n")
    except Fault as fault:
        sys.stdout.write(json.dumps(fault.to_wire()) + "\n")


def tell(event: dict[str, object]) -> None:
    """The first progress says that rows are on their way."""
    sys.stderr.write(json.dumps(event) + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
