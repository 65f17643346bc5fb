"""Job `preview`: the first rows of a source as JSON.

Payload `{"connector", "source", "limit"}` (rows); result `{"schema": [{name, arrowType}], "rows": [{…}], "truncated"}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kaireon_orch.contract.source import ReadRequest
from kaireon_orch.families.arrow import type_words
from kaireon_orch.families.jsonvalues import json_rows
from kaireon_orch.worker.opening import open_source, source_model

if TYPE_CHECKING:
    from kaireon_orch.contract.source import Reading
    from kaireon_orch.worker.job import Job


def work(job: Job) -> dict[str, Any]:
    """At most `limit` rows; `truncated` tells that the source has more."""
    connector, limit = job.payload["connector"], job.payload["limit"]
    # One row more than is shown tells whether there is more.
    request = ReadRequest(source_model(connector, job.payload["source"]), row_limit=limit + 1)
    with open_source(job, connector) as source:
        reading = source.read(request)
        rows = _first_rows(reading, limit + 1)
    schema = [{"name": field.name, "arrowType": type_words(field.type)} for field in reading.schema]
    return {"schema": schema, "rows": rows[:limit], "truncated": len(rows) > limit}


def _first_rows(reading: Reading, count: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for batch in reading.batches:
        rows += json_rows(batch.slice(0, count - len(rows)))
        if len(rows) >= count:
            break
    return rows
