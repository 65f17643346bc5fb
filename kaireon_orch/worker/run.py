"""Job `run`: one load of a pipeline, from its source into its target.

Payload `{"runId", "pipeline", "source", "target", "targetTable", "rowLimit", "fullRefresh", "hashKey", "tally"}`; events
`{"progress": {rowsRead, rowsLoaded, bytesRead, rowsSkipped}}`, `{"log": {level, message}}`, and `{"committing": true}`
from where on a death tells nothing about the rows; the result has the figures, the written schema, and the receipt,
which is the ledger's entry; with `tally` also how the table keeps the pipeline's key after the commit.
"""

from __future__ import annotations

import base64
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from kaireon_orch import catalogue
from kaireon_orch.contract.load import SchemaPolicy, TableName
from kaireon_orch.contract.source import Window
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.movement import modes
from kaireon_orch.movement.meeting import RowTerms
from kaireon_orch.movement.move import Moved, Order, Watch, move
from kaireon_orch.movement.watermark import mark_of
from kaireon_orch.worker.counting import tallied
from kaireon_orch.worker.opening import open_source, opening, source_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kaireon_orch.contract.spec import SourceModel
    from kaireon_orch.contract.target import Target
    from kaireon_orch.worker.job import Job


def work(job: Job) -> dict[str, Any]:
    """Load once, all or nothing. Raises `Fault`; the target is then as it was."""
    order = order_of(job.payload, read_source(job.payload), job.folder)
    demand_held(order.mode, job.payload["source"]["type"], job.payload["target"]["type"])
    watch = Watch(job.cancelled, job.emit)
    with open_source(job, job.payload["source"]) as source, open_target(job, job.payload["target"]) as target:
        moved = move(source, target, order, watch)
        tally = tallied(target, order.table, job.payload["pipeline"]) if job.payload.get("tally") else None
    if moved.message:
        job.emit({"log": {"level": "info", "message": moved.message}})
    return {**result_of(moved, order), "tally": tally}


def demand_held(mode: str, source: str, target: str) -> None:
    """A mode that one of the ends does not hold is refused before anything is opened."""
    if modes.mode_named(mode).resumes and not catalogue.spec(source).capabilities.incremental:
        raise Fault(
            FaultCode.NOT_SUPPORTED, f"The source cannot be read from a cursor on, as {mode} needs it."
        )
    demand_mode(mode, target)


def demand_mode(mode: str, target: str) -> None:
    """A mode that the target's type does not hold is refused before anything is opened."""
    held = catalogue.spec(target).load_modes
    if mode not in held:
        raise Fault(FaultCode.NOT_SUPPORTED, f"The target holds no {mode}; it holds {', '.join(held)}.")


@contextmanager
def open_target(job: Job, connector: Mapping[str, Any]) -> Iterator[Target]:
    """The connector's target, closed at the end. Raises what `opening` raises, and NOT_BUILT, NOT_READY."""
    with closing(catalogue.target(connector["type"])(opening(job, connector))) as target:
        yield target


def read_source(payload: Mapping[str, Any]) -> SourceModel:
    """What a payload's pipeline reads."""
    return source_model(payload["source"], payload["pipeline"].get("source") or {})


def order_of(payload: Mapping[str, Any], source: SourceModel, folder: str) -> Order:
    """What a payload asks for; `folder` is the job's own."""
    pipeline, table, key = payload["pipeline"], payload["targetTable"], payload.get("hashKey")
    return Order(
        load_id=payload["runId"],
        pipeline_id=pipeline["id"],
        table=TableName(table.get("schema"), table["table"]),
        mode=pipeline.get("loadMode") or "append",
        source=source,
        columns=pipeline.get("columns") or {},
        policy=SchemaPolicy(pipeline.get("schemaPolicy") or "evolve"),
        allow_empty=bool(pipeline.get("allowEmpty")),
        row_limit=payload.get("rowLimit"),
        hash_key=None if key is None else base64.b64decode(key),
        meets=_terms(payload),
        quarantine=pipeline.get("onRowError") == "quarantine",
        folder=folder,
        verify=bool(pipeline.get("verify")),
    )


def _terms(payload: Mapping[str, Any]) -> RowTerms:
    pipeline, window = payload["pipeline"], payload.get("window")
    return RowTerms(
        mode=pipeline.get("loadMode") or "append",
        key=tuple(pipeline.get("primaryKey") or ()),
        cursor=pipeline.get("cursorField"),
        lookback=pipeline.get("lookback"),
        full_refresh=bool(payload.get("fullRefresh")),
        keep_vanished=pipeline.get("deletes") == "keep",
        window=None if window is None else _window(window),
        renamed=(pipeline.get("columns") or {}).get("rename") or {},
    )


def _window(window: Mapping[str, Any]) -> Window:
    if "keys" not in window:
        return Window(window["column"], window["start"], window["end"])
    if not window["keys"]:
        raise Fault(FaultCode.NOT_SUPPORTED, "The partition has no keys: nothing would be loaded.")
    return Window(window["column"], keys=tuple(window["keys"]))


def result_of(moved: Moved, order: Order) -> dict[str, Any]:
    """What the parent is told of a load."""
    entry = moved.entry
    return {
        "rowsRead": moved.rows_read,
        "rowsLoaded": entry.rows,
        "rowsRejected": moved.rows_rejected,
        "rowsSkipped": moved.rows_skipped,
        "bytesRead": moved.bytes_read,
        "limitReached": moved.limit_reached,
        "alreadyLoaded": moved.already_loaded,
        "table": str(order.table),
        "schema": _schema(moved),
        "receipt": _receipt(moved),
        "message": moved.message,
        "rowCount": moved.row_count,
        "leftOut": list(moved.left_out),
        "snapshot": moved.snapshot,
        "watermarkBefore": moved.earlier,
        "watermarkAfter": mark_of(entry.checkpoint),
    }


def _schema(moved: Moved) -> list[dict[str, str]]:
    return [
        {
            "name": field.name,
            "arrowType": arrow.type_words(field.type),
            "sourceType": moved.source_types.get(field.name, ""),
            "sourceName": moved.source_names.get(field.name, field.name),
        }
        for field in moved.schema or ()
    ]


def _receipt(moved: Moved) -> dict[str, Any]:
    entry = moved.entry
    return {
        "loadId": entry.load_id,
        "mode": entry.mode,
        "rows": entry.rows,
        "checkpoint": entry.checkpoint,
        "committedAt": entry.committed_at or None,
        **({} if moved.proven is None else {"verified": moved.proven}),
    }
