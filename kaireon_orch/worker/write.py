"""Job `write`: one load of rows that the parent hands over, with all that a pipeline's load promises.

Payload `{"connector", "target": {schema, table}, "pipeline": {id, loadMode, primaryKey, cursorField, …}, "loadId"}`;
the parent's first Arrow stream tells the schema. The result is that of the job `run`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kaireon_orch.contract.source import Reading
from kaireon_orch.contract.spec import SourceModel
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.movement.move import Watch, move
from kaireon_orch.worker.run import demand_mode, open_target, order_of, result_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch.contract.source import Check, ReadRequest, Stream
    from kaireon_orch.worker.job import Job


def work(job: Job) -> dict[str, Any]:
    """Load what is handed over, once, all or nothing. Raises `Fault`; the target is then as it was."""
    demand_mode(job.payload["pipeline"]["loadMode"], job.payload["target"]["type"])
    order = order_of(job.payload, SourceModel(), job.folder)
    with open_target(job, job.payload["target"]) as target:
        moved = move(Handed(job), target, order, Watch(job.cancelled, job.emit))
    return result_of(moved, order)


class Handed:
    """The parent's rows as a source; they can be read once."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def probe(self) -> Iterator[Check]:
        return iter(())

    def streams(self) -> Iterator[Stream]:
        return iter(())

    def read(self, request: ReadRequest) -> Reading:
        """Ask for the schema; batches are asked for as they are read. Raises BAD_DATA where none is handed over."""
        del request
        first = self._job.handed()
        if first is None:
            raise Fault(FaultCode.BAD_DATA, "No rows were handed over, so their columns are not known.")
        with pa.ipc.open_stream(first) as stream:
            return Reading(stream.schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        while (handed := self._job.handed()) is not None:
            with pa.ipc.open_stream(handed) as stream:
                yield from stream

    def commit(self, checkpoint: Any) -> None:  # noqa: ANN401  as the contract has it
        """Nothing is kept on the parent's side."""

    def close(self) -> None:
        """Nothing is held."""
