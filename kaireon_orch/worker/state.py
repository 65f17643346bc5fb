"""Job `state`: where a pipeline stands, as its target's ledger remembers it; and moving it by hand.

Payload `{"pipelineId", "target", "targetTable", "set", "source", "pipeline"}`; `set` is null to look, or `{"entryId",
"checkpoint"}` to add an entry that loaded nothing. With a `source`, its connector, a watermark must be a value of the
cursor's type; a source that cannot be asked now takes it as it is. Result `{"before", "after"}`: ledger entries, null
where there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kaireon_orch.contract.load import STATE_MODE, LedgerEntry, TableName
from kaireon_orch.contract.source import ReadRequest
from kaireon_orch.errors import Fault
from kaireon_orch.movement import marks
from kaireon_orch.movement.watermark import CURSOR_FIELD, WATERMARK, source_name
from kaireon_orch.worker.opening import open_source, source_model
from kaireon_orch.worker.run import open_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from kaireon_orch.contract.target import Target
    from kaireon_orch.worker.job import Job


def work(job: Job) -> dict[str, Any]:
    """Look, or move. Raises `Fault` TABLE_BUSY where a run holds the table for long, BAD_DATA for no such value."""
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
    checkpoint = _checked(job, wanted["checkpoint"])
    entry = LedgerEntry(wanted["entryId"], pipeline, str(table), STATE_MODE, 0, checkpoint)
    load = target.begin(table, job.cancelled)
    try:
        before = load.last_entry(pipeline)
        committed = load.commit(entry)
    finally:
        load.abort()
    return {"before": _shown(before), "after": _shown(committed.entry)}


def _checked(job: Job, checkpoint: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The checkpoint with its watermark as a load would write it."""
    if checkpoint is None or job.payload.get("source") is None:
        return None if checkpoint is None else dict(checkpoint)
    field = _cursor(job, checkpoint[CURSOR_FIELD])
    mark = checkpoint[WATERMARK]
    return {**checkpoint, WATERMARK: mark if field is None else marks.given(mark, field)}


def _cursor(job: Job, cursor: str) -> pa.Field | None:
    """The source's column of that name after renaming; None where the source does not say."""
    connector, pipeline = job.payload["source"], job.payload["pipeline"]
    renamed = (pipeline.get("columns") or {}).get("rename") or {}
    try:
        with open_source(job, connector) as source:
            schema = source.read(ReadRequest(source_model(connector, pipeline.get("source") or {}))).schema
    except Fault:
        return None
    position = schema.get_field_index(source_name(cursor, renamed))
    return None if position < 0 else schema.field(position)


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
