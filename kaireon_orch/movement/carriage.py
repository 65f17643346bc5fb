"""How rows travel from a source into a load: as Arrow batches, or as the source's own bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.movement.pump import QUEUE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from kaireon_orch.contract.raw import RawRows, RawTaking
    from kaireon_orch.contract.source import Reading
    from kaireon_orch.contract.target import Load
    from kaireon_orch.families.witness import RowWitness
    from kaireon_orch.movement.judging import Judge
    from kaireon_orch.movement.meeting import Meeting
    from kaireon_orch.movement.pump import Sized

RAW_QUEUE_BYTES = 4 << 20
"""Bytes need no long queue: nothing is calculated on their way, so that one end is always the slower one."""


class Carriage(Protocol):
    """`read` rows came from the source, in so many `bytes`; `rows` went into the load. `queue_bytes` may wait between."""

    read: int
    bytes: int
    rows: int
    queue_bytes: int

    def parts(self) -> Iterator[Sized]:
        """The rows in parts, none of them empty; runs in the reader's thread, which alone moves `read` and `bytes`."""
        ...

    def write(self, part: Any) -> None:  # noqa: ANN401  a part of its own `parts`
        """Give a part to the load."""
        ...

    def end(self) -> None:
        """Every part was written."""
        ...


@dataclass(slots=True)
class ArrowCarriage:
    """Batches, changed and proved on their way; a `witness` takes note of them."""

    reading: Reading
    judge: Judge
    meets: Meeting
    load: Load
    read: int = 0
    bytes: int = 0
    rows: int = 0
    queue_bytes: int = QUEUE_BYTES
    witness: RowWitness | None = None

    def parts(self) -> Iterator[pa.RecordBatch]:
        """See `Carriage`."""
        for batch in self.reading.batches:
            before, self.read = self.read, self.read + batch.num_rows
            self.bytes += batch.nbytes
            self.meets.met(batch, before)
            passed = self.judge.passed(batch, before)
            if passed.num_rows:
                yield passed

    def write(self, part: pa.RecordBatch) -> None:
        """See `Carriage`."""
        if self.witness is not None:
            self.witness.give(part)
        self.load.write(part)
        self.rows += part.num_rows

    def end(self) -> None:
        """See `Carriage`."""


@dataclass(slots=True)
class RawCarriage:
    """Bytes of `columns`, as they are. The rows in them are known at the end, and counted at both ends."""

    raw: RawRows
    columns: Sequence[str]
    load: RawTaking
    read: int = 0
    bytes: int = 0
    rows: int = 0
    queue_bytes: int = RAW_QUEUE_BYTES

    def parts(self) -> Iterator[memoryview]:
        """See `Carriage`."""
        for chunk in self.raw.chunks(self.columns):
            self.bytes += chunk.nbytes
            yield chunk
        self.read = self.raw.rows

    def write(self, part: memoryview) -> None:
        """See `Carriage`."""
        self.load.write_raw(part)

    def end(self) -> None:
        """See `Carriage`. Raises `Fault` UNEXPECTED where the two ends count differently."""
        self.rows = self.load.end_raw()
        if self.rows != self.read:
            raise Fault(
                FaultCode.UNEXPECTED, f"The source gave {self.read} rows, and the target took {self.rows}."
            )
