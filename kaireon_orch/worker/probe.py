"""Job `probe`: the network part of a connection test, step by step.

Payload `{"connector"}`; events `{"check": {name, ok, message, latencyMs, figures}}`; result `{}`. The step that fails
is told as a check of its own before the fault.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kaireon_orch.errors import FaultCode
from kaireon_orch.worker.dispatch import judged
from kaireon_orch.worker.opening import open_source

if TYPE_CHECKING:
    from kaireon_orch.contract.source import Check
    from kaireon_orch.worker.job import Job

# The step of a test that each fault belongs to.
STEPS = {
    FaultCode.MISSING_FIELDS: "fields",
    FaultCode.NOT_BUILT: "type",
    FaultCode.NOT_SUPPORTED: "type",
    FaultCode.NOT_READY: "driver",
    FaultCode.ADDRESS_BLOCKED: "resolve",
    FaultCode.NAME_NOT_RESOLVED: "resolve",
    FaultCode.REFUSED: "connect",
    FaultCode.TIMED_OUT: "connect",
    FaultCode.TLS_FAILED: "tls",
    FaultCode.CREDENTIALS_REFUSED: "login",
    FaultCode.NOT_PERMITTED: "permission",
    FaultCode.OBJECT_MISSING: "object",
    FaultCode.FILE_NOT_ALLOWED: "file",
    FaultCode.BAD_DATA: "sample",
    FaultCode.BUSY: "request",
}


def work(job: Job) -> dict[str, Any]:
    """Emit each check as it passes; raises the `Fault` of the step that did not."""
    clock = _Clock()
    try:
        with open_source(job, job.payload["connector"]) as source:
            clock.lap()
            for check in source.probe():
                job.emit({"check": _shown(check)})
                clock.lap()
    except Exception as error:  # noqa: BLE001  told as a check, then raised as a fault
        fault = judged(job, error)
        name = STEPS.get(fault.fault, "probe")
        job.emit(
            {
                "check": {
                    "name": name,
                    "ok": False,
                    "message": fault.message,
                    "latencyMs": clock.lap(),
                    "figures": {},
                }
            }
        )
        raise fault from None
    return {}


@dataclass(slots=True)
class _Clock:
    _since: float = field(default_factory=time.monotonic)

    def lap(self) -> int:
        """Milliseconds since the last lap."""
        now = time.monotonic()
        passed, self._since = now - self._since, now
        return round(passed * 1000)


def _shown(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "ok": check.ok,
        "message": check.message,
        "latencyMs": check.latency_ms,
        "figures": dict(check.figures),
    }
