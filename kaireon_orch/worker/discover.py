"""Job `discover`: what a source offers, a page at a time.

Payload `{"connector", "offset", "limit"}` (counts of streams); result `{"streams": […], "more": bool}`.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from kaireon_orch.families.arrow import type_words
from kaireon_orch.worker.opening import open_source

if TYPE_CHECKING:
    from kaireon_orch.contract.source import Column, Stream
    from kaireon_orch.worker.job import Job


def work(job: Job) -> dict[str, Any]:
    """The streams from `offset` on, at most `limit`."""
    offset, limit = job.payload["offset"], job.payload["limit"]
    with open_source(job, job.payload["connector"]) as source:
        page = [stream_words(stream) for stream in islice(source.streams(), offset, offset + limit + 1)]
    return {"streams": page[:limit], "more": len(page) > limit}


def stream_words(stream: Stream) -> dict[str, Any]:
    """A stream as the API shows it."""
    return {
        "name": stream.name,
        "namespace": stream.namespace,
        "columns": [_column(column) for column in stream.columns],
        "primaryKey": list(stream.primary_key),
        "rowEstimate": stream.row_estimate,
        "cursorCandidates": list(stream.cursor_candidates),
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "sourceType": column.source_type,
        "arrowType": type_words(column.arrow_type),
        "nullable": column.nullable,
        "key": column.key,
    }
