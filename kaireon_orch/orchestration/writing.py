"""Rows of a job author's own into a connector: one load, with all that a pipeline's load promises."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import uuid4

import pyarrow as pa

from kaireon_orch import catalogue
from kaireon_orch.control.policies import policy_for
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network.child import run_job
from kaireon_orch.orchestration.load_modes import Incremental

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kaireon_orch.control.opened import OpenedConnector
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.orchestration.load_modes import Mode

FRAME_BYTES: Final = 32 * 1024 * 1024
_UNKNOWN_ROWS: Final = (
    "These are no rows: give an Arrow table or reader, a frame of polars or pandas, or record batches."
)


class ArrowStream(Protocol):
    """Anything that gives Arrow batches: tables, readers, frames of polars and pandas."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


@dataclass(frozen=True, slots=True)
class Written:
    """A durable load. `rows` are those loaded; `already`: an earlier call with the same `load_id` had loaded them."""

    load_id: str
    table: str
    rows: int
    already: bool
    receipt: Mapping[str, Any] = field(default_factory=dict)
    message: str | None = None

    @classmethod
    def of(cls, load_id: str, result: Mapping[str, Any]) -> Written:
        """From the mover's result."""
        return cls(
            load_id=load_id,
            table=result["table"],
            rows=result["rowsLoaded"],
            already=result["alreadyLoaded"],
            receipt=result["receipt"],
            message=result["message"],
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where rows go and how. `load_id` names the load for ever: the same one loads nothing a second time."""

    table: str
    schema: str | None
    mode: Mode
    load_id: str | None

    def payload(self, opened: OpenedConnector) -> dict[str, Any]:
        """What the child's job takes."""
        return {
            "runId": self.load_id or str(uuid4()),
            "target": opened.for_child(),
            "targetTable": {"schema": self.schema, "table": self.table},
            "pipeline": {"id": f"code:{opened.resource_key}.{self.table}", **self.mode.fields()},
        }


def write(
    registry: Registry, opened: OpenedConnector, rows: ArrowStream | Iterable[pa.RecordBatch], wanted: Wanted
) -> Written:
    """Load `rows`, all or nothing; an error in the iterator leaves the table as it was. Raises `Fault`."""
    _demand_target(opened, wanted)
    payload = wanted.payload(opened)
    done = run_job(
        "write", payload, policy=policy_for(registry, [opened]), deadline=math.inf, feed=frames(rows)
    )
    return Written.of(payload["runId"], done.result)


def _demand_target(opened: OpenedConnector, wanted: Wanted) -> None:
    if not catalogue.spec(opened.type).capabilities.target:
        raise Fault(FaultCode.NOT_SUPPORTED, f"{opened.spec.label} cannot be written to.")
    if isinstance(wanted.mode, Incremental):
        raise Fault(
            FaultCode.NOT_SUPPORTED, "Rows that are handed over have no watermark: use append or upsert."
        )


def frames(rows: ArrowStream | Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """An Arrow IPC stream that tells the schema, then one for each piece of at most about 32 MiB."""
    reader = reader_of(rows)
    yield _stream(reader.schema)
    for batch in reader:
        yield from (_stream(reader.schema, piece) for piece in _pieces(batch))


def reader_of(rows: ArrowStream | Iterable[pa.RecordBatch]) -> pa.RecordBatchReader:
    if hasattr(rows, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(rows)
    try:
        batches = iter(rows)
    except TypeError:
        raise Fault(FaultCode.BAD_DATA, _UNKNOWN_ROWS) from None
    first = next(batches, None)
    if not isinstance(first, pa.RecordBatch | None):
        raise Fault(FaultCode.BAD_DATA, _UNKNOWN_ROWS)
    if first is None:
        raise Fault(
            FaultCode.BAD_DATA, "There is no batch, so the columns are not known: give a table or a reader."
        )
    return pa.RecordBatchReader.from_batches(first.schema, chain([first], batches))


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    count = min(batch.num_rows, max(1, math.ceil(batch.nbytes / FRAME_BYTES)))
    step = math.ceil(batch.num_rows / count) if count else 0
    return (batch.slice(start, step) for start in range(0, batch.num_rows, step or 1))


def _stream(schema: pa.Schema, *batches: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    whole: bytes = sink.getvalue().to_pybytes()
    return whole
