"""Rows that a load refuses one by one: gathered on disk, for `<table>__rejects`."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.contract.load import REJECTS_SCHEMA
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.jsonvalues import json_rows
from kaireon_orch.movement import misfits as found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kaireon_orch.contract.load import Misfit

NUL = "\x00"
NUL_SHOWN = "\\u0000"


@dataclass(slots=True)
class RejectSpool:
    """Rejected rows of one load (`contract.load.Rejects`), in a file without a name below `folder`."""

    load_id: str
    folder: str | None
    rows: int = 0
    _held: ExitStack = field(default_factory=ExitStack)
    _file: BinaryIO | None = None
    _writer: pa.ipc.RecordBatchStreamWriter | None = None

    def add(self, shown: pa.RecordBatch, misfits: Sequence[Misfit], before: int) -> None:
        """Keep the rows of `shown` that have a misfit; of several in a row the first counts.

        `shown` is what may be seen of the source's batch; `before` is the number of rows that went before it.
        """
        rejected = _rejected(shown, misfits, before, self.load_id)
        with _disk():
            self._opened().write_batch(rejected)
        self.rows += rejected.num_rows

    def batches(self) -> Iterator[pa.RecordBatch]:
        """What was kept, from the beginning; nothing can be added any more."""
        if self._file is None or self._writer is None:
            return
        with _disk():
            self._writer.close()
            self._file.seek(0)
        with pa.ipc.open_stream(self._file) as reader:
            yield from reader

    def close(self) -> None:
        """Let go of the file; it has no name, so nothing of it is left."""
        with suppress(OSError):  # what a full disk did not take is not wanted any more
            self._held.close()

    def _opened(self) -> pa.ipc.RecordBatchStreamWriter:
        if self._writer is None:
            made = tempfile.TemporaryFile(dir=self.folder)  # noqa: SIM115  held by the exit stack
            self._file = cast("BinaryIO", self._held.enter_context(made))
            self._writer = pa.ipc.new_stream(self._file, REJECTS_SCHEMA)
        return self._writer


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError:
        words = "The disk is full: rejected rows cannot be kept."
        raise Fault(FaultCode.TARGET_REFUSED, words) from None


def _rejected(shown: pa.RecordBatch, misfits: Sequence[Misfit], before: int, load_id: str) -> pa.RecordBatch:
    bad = found.bad_rows(misfits)
    rows = shown.filter(bad)
    names, values, reasons = _first_misfits(rows, [(each, each.bad.filter(bad)) for each in misfits])
    numbers = pc.add(pc.indices_nonzero(bad).cast(pa.int64()), before + 1)
    count = rows.num_rows
    now = pa.scalar(dt.datetime.now(dt.UTC), pa.timestamp("us", "UTC"))
    texts = [json.dumps(row, ensure_ascii=False) for row in json_rows(rows)]
    arrays = [pa.repeat(load_id, count), pa.repeat(now, count), numbers, names, values, reasons]
    return pa.RecordBatch.from_arrays([*arrays, pa.array(texts, pa.string())], schema=REJECTS_SCHEMA)


def _first_misfits(
    rows: pa.RecordBatch, misfits: Sequence[tuple[Misfit, pa.Array]]
) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Column, value and reason of each row's first misfit."""
    nothing = pa.nulls(rows.num_rows, pa.string())
    names, values, reasons = nothing, nothing, nothing
    for misfit, bad in reversed(misfits):
        names = pc.if_else(bad, misfit.column, names)
        reasons = pc.if_else(bad, misfit.reason, reasons)
        values = pc.if_else(bad, _texts(rows.column(misfit.column)), values)
    return names, values, reasons


def _texts(column: pa.Array) -> pa.Array:
    """Each value as text; what has none of its own as JSON."""
    try:
        texts = arrow.cast(column, pa.string())
    except found.REFUSALS:
        batch = pa.RecordBatch.from_arrays([column], names=["value"])
        values = [row["value"] for row in json_rows(batch)]
        texts = pa.array([None if value is None else json.dumps(value) for value in values], pa.string())
    return pc.replace_substring(texts, NUL, NUL_SHOWN)
