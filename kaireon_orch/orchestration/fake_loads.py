"""Loads into fakes: the one mover, in this process."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from kaireon_orch.contract.source import Reading
from kaireon_orch.contract.spec import SourceModel
from kaireon_orch.control.run_requests import Figures, RunOutcome
from kaireon_orch.movement.move import Watch, move
from kaireon_orch.orchestration.writing import Written, reader_of
from kaireon_orch.worker.counting import tallied
from kaireon_orch.worker.run import order_of, result_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pyarrow as pa

    from kaireon_orch.contract.source import Check, ReadRequest, Source, Stream
    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.orchestration.code_tables import CodePipeline
    from kaireon_orch.orchestration.config import RunConfig
    from kaireon_orch.orchestration.fakes import FakeConnector
    from kaireon_orch.orchestration.load_modes import Mode
    from kaireon_orch.orchestration.writing import ArrowStream

TENANT = "default"
HASH_KEY = "a2Fpcmvub3JjaC1mYWtlLWtleS1mb3ItdGVzdHM="


def load_between(
    source: FakeConnector,
    target: FakeConnector,
    pipeline: CodePipeline,
    config: RunConfig,
    run_id: str,
    window: Mapping[str, Any] | None = None,
) -> tuple[RunOutcome, PinnedPipeline]:
    """One run of a table between fakes. Raises `Fault` as a real run does."""
    pinned = pipeline.sketch(TENANT)
    limit = config.row_limit if config.row_limit is not None else pinned.pipeline["rowLimit"]
    payload = {
        "runId": run_id,
        "pipeline": {**pinned.pipeline, "verify": config.verify or pinned.pipeline["verify"]},
        "targetTable": pinned.pipeline["target"],
        "rowLimit": limit or None,
        "fullRefresh": config.full_refresh,
        "window": window,
        "hashKey": HASH_KEY,
        "tally": True,
    }
    started = time.monotonic()
    with closing(source.source()) as opened:
        result = _moved(opened, target, payload, source.source_model(pinned.pipeline["source"]))
    return _outcome(result, run_id, limit, time.monotonic() - started), pinned


def written(
    target: FakeConnector,
    rows: ArrowStream | Iterable[pa.RecordBatch],
    table: tuple[str | None, str],
    mode: Mode,
    load_id: str | None,
) -> Written:
    """One load of rows at hand into a fake. Raises `Fault`."""
    load = load_id or str(uuid4())
    payload = {
        "runId": load,
        "pipeline": {"id": f"code:{target.connector}.{table[1]}", **mode.fields()},
        "targetTable": {"schema": table[0], "table": table[1]},
    }
    return Written.of(load, _moved(AtHand(reader_of(rows)), target, payload, SourceModel()))


def _moved(
    source: Source, target: FakeConnector, payload: Mapping[str, Any], model: SourceModel
) -> dict[str, Any]:
    order = order_of(payload, model, target.folder)
    with closing(target.target()) as opened:
        result = result_of(move(source, opened, order, Watch(lambda: False, lambda _: None)), order)
        tally = tallied(opened, order.table, payload["pipeline"]) if payload.get("tally") else None
        return {**result, "tally": tally}


def _outcome(result: Mapping[str, Any], run_id: str, limit: int | None, seconds: float) -> RunOutcome:
    figures = Figures.of(result)
    return RunOutcome(
        run_id=run_id,
        status="completed_with_errors" if figures.rows_rejected else "completed",
        duration_ms=round(seconds * 1000),
        row_limit=limit,
        rows_read=figures.rows_read,
        rows_loaded=figures.rows_loaded,
        rows_rejected=figures.rows_rejected,
        rows_skipped=figures.rows_skipped,
        bytes_read=figures.bytes_read,
        limit_reached=bool(result["limitReached"]),
        already_loaded=bool(result["alreadyLoaded"]),
        table=result["table"],
        schema=result["schema"],
        row_count=result["rowCount"],
        receipt=result["receipt"],
        message=result["message"],
        tally=result["tally"],
        left_out=result["leftOut"],
        snapshot=result["snapshot"],
        watermark_before=result["watermarkBefore"],
        watermark_after=result["watermarkAfter"],
    )


class AtHand:
    """Rows of this process as a source; they can be read once."""

    def __init__(self, rows: pa.RecordBatchReader) -> None:
        self._rows = rows

    def probe(self) -> Iterator[Check]:
        return iter(())

    def streams(self) -> Iterator[Stream]:
        return iter(())

    def read(self, request: ReadRequest) -> Reading:
        """The rows as they come."""
        del request
        return Reading(self._rows.schema, iter(self._rows))

    def commit(self, checkpoint: Any) -> None:  # noqa: ANN401  as the contract has it
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is held."""
