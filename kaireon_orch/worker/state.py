"""Job `state`: where a pipeline stands, as its target's ledger remembers it; and moving it by hand.

Payload `{"pipelineId", "target", "targetTable", "set"}`; `set` is null to look, or `{"entryId", "checkpoint"}` to add
an entry that loaded nothing. Result `{"before", "after"}`: ledger entries, null where there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kaireon_orch.contract.load import STATE_MODE, LedgerEntry, TableName
from kaireon_orch.worker.run import open_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.contract.target import Target
    from kaireon_orch.worker.job import Job


def work(job: Job) -> dict[str, Any]:
    """Look, or move. Raises `Fault` TABLE_BUSY where a run holds the table for long."""
    payload = job.payload
    table = TableName(payload["targetTable"].get("schema"), payload["targetTable"]["table"])
    with open_target(job, payload["target"]) as target:
        if payload["set"] is None:
            look = target.look(table)
            try:
                now = look.last_entry(payload["pipelineId"])
            finally:
                look.abort()
            return {"before": _shown(now), "after": _shown(now)}
        return _moved(job, target, table, payload["set"])


def _moved(job: Job, target: Target, table: TableName, wanted: Mapping[str, Any]) -> dict[str, Any]:
    pipeline: str = job.payload["pipelineId"]
    entry = LedgerEntry(wanted["entryId"], pipeline, str(table), STATE_MODE, 0, wanted["checkpoint"])
    load = target.begin(table, job.cancelled)
    try:
        before = load.last_entry(pipeline)
        committed = load.commit(entry)
    finally:
        load.abort()
    return {"before": _shown(before), "after": _shown(committed.entry)}


def _shown(entry: LedgerEntry | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    return {
        "loadId": entry.load_id,
        "mode": entry.mode,
        "rows": entry.rows,
        "checkpoint": entry.checkpoint,
        "committedAt": entry.committed_at or None,
    }
