"""Job `ledger`: which loads a target remembers, when the process that ran them ended without a word.

Payload `{"target", "targetTable", "loadIds"}`; result `{"entries": {load id: entry}}`, without those that were never
committed. A load that is still about to commit holds the table, so the answer waits for it and is final.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kaireon_orch.contract.load import TableName
from kaireon_orch.worker.run import open_target

if TYPE_CHECKING:
    from kaireon_orch.contract.load import LedgerEntry
    from kaireon_orch.worker.job import Job


def work(job: Job) -> dict[str, Any]:
    """Ask. Raises `Fault` TABLE_BUSY where another load holds the table for long."""
    payload = job.payload
    table = TableName(payload["targetTable"].get("schema"), payload["targetTable"]["table"])
    with open_target(job, payload["target"]) as target:
        load = target.begin(table, job.cancelled)
        try:
            found = {load_id: load.ledger_entry(load_id) for load_id in payload["loadIds"]}
        finally:
            load.abort()
    return {"entries": {load_id: shown(entry) for load_id, entry in found.items() if entry is not None}}


def shown(entry: LedgerEntry) -> dict[str, Any]:
    """An entry as the parent takes it."""
    return {
        "figures": {**entry.figures, "rowsLoaded": entry.rows},
        "receipt": {
            "loadId": entry.load_id,
            "mode": entry.mode,
            "rows": entry.rows,
            "checkpoint": entry.checkpoint,
            "committedAt": entry.committed_at or None,
        },
    }
