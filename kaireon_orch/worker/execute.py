"""Job `execute`: statements of a job author's own, run on the connector's system.

Payload `{"connector", "sql"}`; the result is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kaireon_orch import catalogue
from kaireon_orch.contract.target import Executing
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.worker.run import open_target

if TYPE_CHECKING:
    from kaireon_orch.worker.job import Job


def work(job: Job) -> dict[str, Any]:
    """Run them. Raises `Fault` NOT_SUPPORTED where the type cannot be written to, or runs no statements."""
    connector = job.payload["connector"]
    spec = catalogue.spec(connector["type"])
    if catalogue.built(spec.type) and not spec.capabilities.target:
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"{spec.label} connectors are read-only: nothing that writes can be run there.",
        )
    with open_target(job, connector) as target:
        if not isinstance(target, Executing):
            raise Fault(FaultCode.NOT_SUPPORTED, f"{spec.label} runs no statements of your own yet.")
        target.execute(job.payload["sql"], job.cancelled)
    return {}
