"""Job `read`: all rows of a source, streamed as Arrow.

Payload `{"connector", "source", "rowLimit", "binds"}` (rows; null: the connector's or the type's own cap, 0: none;
values of the source's query as `Binds` writes them, or null). The first frame is an empty Arrow stream that tells the
schema, each other one a batch; result `{"rowsRead"}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kaireon_orch import catalogue
from kaireon_orch.contract.binds import Binds
from kaireon_orch.contract.source import ReadRequest
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.worker.opening import open_source, source_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.worker.job import Job


def work(job: Job) -> dict[str, Any]:
    """Send the schema, then batch after batch; a slow parent holds this up."""
    connector = job.payload["connector"]
    request = ReadRequest(
        source_model(connector, job.payload["source"]),
        row_limit=row_cap(job.payload),
        binds=_binds(job.payload),
    )
    rows = 0
    with open_source(job, connector) as source:
        reading = source.read(request)
        job.send_batches(stream(reading.schema))
        for batch in reading.batches:
            if job.cancelled():
                raise Fault(FaultCode.CANCELED, "it was canceled")
            job.send_batches(stream(reading.schema, batch))
            rows += batch.num_rows
    return {"rowsRead": rows}


def _binds(payload: Mapping[str, Any]) -> Binds | None:
    if payload.get("binds") is None:
        return None
    spec = catalogue.spec(payload["connector"]["type"])
    if catalogue.built(spec.type) and not spec.capabilities.parameters:
        raise Fault(FaultCode.NOT_SUPPORTED, f"Queries of {spec.label} take no params yet.")
    return Binds.from_wire(payload["binds"])


def row_cap(payload: Mapping[str, Any]) -> int | None:
    """The first limit that is given: the caller's, the connector's, the type's; None for no cap."""
    connector = payload["connector"]
    limits = (
        payload["rowLimit"],
        connector["config"].get("rowLimit"),
        catalogue.spec(connector["type"]).row_limit,
    )
    return next((limit for limit in limits if limit is not None), None) or None


def stream(schema: pa.Schema, *batches: pa.RecordBatch) -> bytes:
    """A whole Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    whole: bytes = sink.getvalue().to_pybytes()
    return whole
