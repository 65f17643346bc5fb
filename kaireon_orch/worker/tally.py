"""Job `tally`: what a pipeline's table holds now, and how it keeps the pipeline's key.

Payload `{"pipeline", "target", "targetTable"}`; result as `counting.tallied` gives it. No lock is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kaireon_orch.contract.load import TableName
from kaireon_orch.worker.counting import tallied
from kaireon_orch.worker.run import open_target

if TYPE_CHECKING:
    from kaireon_orch.worker.job import Job


def work(job: Job) -> dict[str, Any]:
    """Ask. Raises the `Fault` of a target that cannot be opened."""
    payload = job.payload
    table = TableName(payload["targetTable"].get("schema"), payload["targetTable"]["table"])
    with open_target(job, payload["target"]) as target:
        return tallied(target, table, payload["pipeline"])
