"""Job `examine`: a look at each thing that pipelines read of a connector; the connection is tested by `probe`.

Payload `{"connector", "reads": {name: {"source", "columns": [{name, use, index}]}}}`; result `{"reads": {name: {"steps":
[{name, ok, message, code}], "columns": [{name, sourceType}]}}}`. A step that failed ends what is asked of its table and of
no other; `ok` is None for what works and should be otherwise.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from kaireon_orch import catalogue
from kaireon_orch.contract.source import Indexed, ReadRequest
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.worker.dispatch import judged
from kaireon_orch.worker.opening import open_source, source_model
from kaireon_orch.worker.probe import STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kaireon_orch.contract.source import Reading, Source
    from kaireon_orch.contract.spec import SourceModel
    from kaireon_orch.worker.job import Job

Step = dict[str, Any]


def work(job: Job) -> dict[str, Any]:
    """Look at one after another."""
    return {"reads": {name: _examined(job, wanted) for name, wanted in job.payload["reads"].items()}}


def _examined(job: Job, wanted: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"steps": [], "columns": []}
    connector = job.payload["connector"]
    if not catalogue.spec(connector["type"]).capabilities.preview:
        return found
    try:
        model = source_model(connector, wanted["source"])
        with open_source(job, connector) as source:
            reading = source.read(ReadRequest(model, row_limit=1))
            found["columns"] = [
                {"name": name, "sourceType": reading.column_types.get(name, "")}
                for name in reading.schema.names
            ]
            found["steps"] = list(_steps(source, reading, model, wanted["columns"]))
    except Exception as error:  # noqa: BLE001  one table's failure, in words of ours
        found["steps"].append(_failed(judged(job, error)))
    return found


def _steps(
    source: Source, reading: Reading, model: SourceModel, columns: list[dict[str, Any]]
) -> Iterator[Step]:
    """What is asked of one table, in the order in which it is said."""
    names = reading.schema.names
    rows = sum(batch.num_rows for batch in reading.batches)
    what = "rows can be read" if rows else "it can be read, and has no rows"
    yield _step("read", True, f"{len(names)} columns; {what}.")
    source.close()
    for column in columns:
        yield _present(column, names)
    wanted = [column for column in columns if column["index"] and column["name"] in names]
    indexes = source.indexed(model) if wanted and isinstance(source, Indexed) else None
    if indexes is not None:
        yield from (_index(column, indexes) for column in wanted)


def _present(column: Mapping[str, Any], names: list[str]) -> Step:
    name, use = column["name"], column["use"]
    if name in names:
        return _step(use, True, f"The column {name!r} is there.")
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return _step(
        use, False, f"There is no column {name!r}, which is the {use}{hint}", FaultCode.OBJECT_MISSING
    )


def _index(column: Mapping[str, Any], indexes: frozenset[str]) -> Step:
    name, use = column["name"], column["use"]
    if name in indexes:
        return _step("index", True, f"An index begins with {name!r}, the {use}.")
    words = f"No index begins with {name!r}, the {use}: each run reads the whole table to find its rows."
    return _step("index", None, words)


def _failed(fault: Fault) -> Step:
    return _step(STEPS.get(fault.fault, "read"), False, fault.message, fault.fault)


def _step(name: str, ok: bool | None, message: str, code: FaultCode | None = None) -> Step:
    return {"name": name, "ok": ok, "message": message, "code": None if code is None else code.value}
