"""A load's files beside those of its table: which stay, and which are written anew without the rows that make way.

Files are never changed. One with rows that go is written once more without them, and whoever commits names the new one.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.contract.load import IS_CURRENT, VALID_FROM, VALID_TO
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files import nested
from kaireon_orch.families.files.parquet_reader import ParquetData
from kaireon_orch.families.files.row_index import RowIndex
from kaireon_orch.families.files.typed_set import aligned
from kaireon_orch.families.files.windows import within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from kaireon_orch.contract.load import WritePlan
    from kaireon_orch.contract.proof import Witness
    from kaireon_orch.contract.source import Window
    from kaireon_orch.families.files.parts import Part, PartWriter
    from kaireon_orch.families.files.row_index import Side

VERSIONS: tuple[pa.Field, ...] = (
    pa.field(VALID_FROM, pa.timestamp("us", "UTC")),
    pa.field(VALID_TO, pa.timestamp("us", "UTC")),
    pa.field(IS_CURRENT, pa.bool_()),
)
"""The columns of versions as files keep them."""


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file of the table: how it is opened, and its name for messages."""

    name: str
    opened: Callable[[], BinaryIO]

    def batches(self, schema: pa.Schema, window: Window | None = None) -> Iterator[pa.RecordBatch]:
        """Its rows with the columns of `schema`, those that it lacks NULL; of a `window` all of its rows, and others."""
        columns = tuple(schema.names)
        data = ParquetData(self.opened, self.name, columns, lacking_ok=True, bounded=False, window=window)
        for batch in data.batches():
            yield aligned(batch, schema)


@dataclass(frozen=True, slots=True)
class Settled:
    """What the table is made of after the load: `kept`, numbers of held files, and `parts`. `rows` of the load hold."""

    kept: tuple[int, ...]
    parts: tuple[Part, ...]
    rows: int | None = None


class Going(Protocol):
    """Which rows make way."""

    def touches(self, number: int) -> bool:
        """Whether any row of the file is another one afterwards."""
        ...

    def left(self, number: int, start: int, batch: pa.RecordBatch) -> pa.RecordBatch:
        """What is left of the file's rows from `start` on."""
        ...


@dataclass(slots=True)
class Settling:
    """One load's meeting with the `held` files. `parts` writes files of the table's `schema` after the load.

    `came` are the files that the load has written, `at` is when its versions begin, `folder` takes what spills.
    """

    plan: WritePlan
    schema: pa.Schema
    held: Sequence[HeldFile]
    came: Sequence[Part]
    parts: PartWriter
    folder: str
    at: datetime | None = None
    witness: Witness | None = None

    def settled(self) -> Settled:
        """Write anew what must be, and show the load's rows to the witness. Raises `Fault` NOT_SUPPORTED, TARGET_REFUSED."""
        settled = self._settled()
        if self.witness is not None:
            self.witness.check(self._shown(settled))
        return settled

    def _shown(self, settled: Settled) -> Iterator[pa.RecordBatch]:
        """The load's rows as its files hold them; where they met others by key, the table's after the load."""
        names = self.schema.names if self.plan.versions else self.plan.schema.names
        if not _meets(self.plan):
            files = [held_part(self.parts.folder, part.name) for part in self.came]
        else:
            files = [self.held[at] for at in settled.kept]
            files += [held_part(self.parts.folder, part.name) for part in settled.parts]
        for file in files:
            for batch in file.batches(_only(self.schema, names)):
                yield batch.filter(batch.column(IS_CURRENT)) if self.plan.versions else batch

    def _settled(self) -> Settled:
        if self.plan.replace and self.plan.window is None:
            return Settled((), tuple(self.came))
        if not (_meets(self.plan) or self.plan.window is not None or self.plan.widen):
            return Settled(tuple(range(len(self.held))), tuple(self.came))
        demand_flat(self.schema)
        if not _meets(self.plan):
            return self._written(self._window() or _Nothing(), None)
        with closing(RowIndex(self.folder, self.plan.key, self.plan.cursor, self._compared())) as index:
            rows = self._indexed(index)
            return self._written(_ByKey(index, index.touched(), self.at, self._window()), rows)

    def _window(self) -> _InWindow | None:
        window = self.plan.window
        return None if window is None else _InWindow(self.held, window, self.schema)

    def _compared(self) -> tuple[str, ...]:
        return tuple(self.plan.schema.names) if self.plan.versions else ()

    def _indexed(self, index: RowIndex) -> int:
        index.open(self.schema)
        window = self._window()
        for number, file in enumerate(self._files()):
            side: Side = "held" if number < len(self.held) else "came"
            start = 0
            for batch in file.batches(_only(self.schema, self._read_for(index, side))):
                index.add(batch, side, number, start, window and window.going(number, batch))
                start += batch.num_rows
        return index.version(keep_vanished=self.plan.keep_vanished) if self.plan.versions else index.merge()

    def _read_for(self, index: RowIndex, side: Side) -> tuple[str, ...]:
        within = [] if self.plan.window is None else [self.plan.window.column]
        return tuple(dict.fromkeys((*index.columns(side), *within)))

    def _files(self) -> list[HeldFile]:
        """The table's, then the load's: their places are their numbers."""
        return [*self.held, *(held_part(self.parts.folder, part.name) for part in self.came)]

    def _written(self, going: Going, rows: int | None) -> Settled:
        held = len(self.held)
        files = self._files()
        wide = bool(self.plan.widen)
        anew = {at for at in range(len(files)) if (wide and at < held) or going.touches(at)}
        for number in sorted(anew):
            self._write_anew(files[number], number, going)
        made = self.parts.finish()
        kept = [part for at, part in enumerate(self.came) if held + at not in anew]
        return Settled(tuple(at for at in range(held) if at not in anew), (*kept, *made), rows)

    def _write_anew(self, file: HeldFile, number: int, going: Going) -> None:
        start = 0
        for batch in file.batches(self.schema):
            left = going.left(number, start, batch)
            if left.num_rows:
                self.parts.write(left)
            start += batch.num_rows


@dataclass(frozen=True, slots=True)
class _Nothing:
    """All rows stay."""

    def touches(self, number: int) -> bool:  # noqa: ARG002  the protocol's
        return False

    def left(self, number: int, start: int, batch: pa.RecordBatch) -> pa.RecordBatch:  # noqa: ARG002  the protocol's
        return batch


@dataclass(slots=True)
class _InWindow:
    """Held rows of the window go."""

    held: Sequence[HeldFile]
    window: Window
    schema: pa.Schema

    def touches(self, number: int) -> bool:
        if number >= len(self.held):
            return False
        only = _only(self.schema, (self.window.column,))
        batches = self.held[number].batches(only, self.window)
        return any(pc.any(within(batch, self.window)).as_py() for batch in batches)

    def going(self, number: int, batch: pa.RecordBatch) -> pa.Array | None:
        """True at the rows of a held file that go; None for a file of the load."""
        return within(batch, self.window) if number < len(self.held) else None

    def left(self, number: int, start: int, batch: pa.RecordBatch) -> pa.RecordBatch:  # noqa: ARG002  the protocol's
        return batch.filter(pc.invert(within(batch, self.window)))


@dataclass(slots=True)
class _ByKey:
    """What the index says, beside the window; versions that end are closed at `at`."""

    index: RowIndex
    touched: frozenset[int]
    at: datetime | None
    window: _InWindow | None

    def touches(self, number: int) -> bool:
        return number in self.touched or (self.window is not None and self.window.touches(number))

    def left(self, number: int, start: int, batch: pa.RecordBatch) -> pa.RecordBatch:
        gone = self.index.places("gone", number, start, batch.num_rows)
        windowed = self.window and self.window.going(number, batch)
        gone = gone if windowed is None else pc.or_(gone, windowed)
        if self.at is not None:
            batch = ended(batch, self.index.places("closed", number, start, batch.num_rows), self.at)
        return batch.filter(pc.invert(gone))


def held_part(folder: Path, name: str) -> HeldFile:
    """A file that a load has written into `folder`."""
    return HeldFile(name, lambda: (folder / name).open("rb"))


def demand_flat(schema: pa.Schema) -> None:
    """Raises `Fault` NOT_SUPPORTED for a table with columns that would not come out as they went in."""
    for each in schema:
        if not nested.is_kept(each.type):
            raise Fault(
                FaultCode.NOT_SUPPORTED,
                f"Column {each.name!r} is nested, and files with such columns are not written anew: use append or truncate.",
            )


def beginning(schema: pa.Schema, held: Sequence[HeldFile], at: datetime | None) -> datetime:
    """When a load's versions begin: at its snapshot, and after every one that is there. Raises TARGET_REFUSED."""
    begins = at or datetime.now(UTC)
    only = _only(schema, (VALID_FROM,))
    for file in held:
        for batch in file.batches(only):
            last = pc.max(batch.column(VALID_FROM)).as_py()
            begins = begins if last is None else max(begins, last + timedelta(microseconds=1))
    return begins


def opened_versions(batch: pa.RecordBatch, at: datetime) -> pa.RecordBatch:
    """The rows as versions that begin at `at`."""
    values = (at, None, True)
    arrays = [
        pa.repeat(pa.scalar(value, each.type), batch.num_rows)
        for each, value in zip(VERSIONS, values, strict=True)
    ]
    return pa.RecordBatch.from_arrays([*batch.columns, *arrays], schema=with_versions(batch.schema))


def with_versions(schema: pa.Schema) -> pa.Schema:
    """The columns of a table of versions."""
    return pa.schema([*schema, *(each for each in VERSIONS if each.name not in schema.names)])


def ended(batch: pa.RecordBatch, closed: pa.Array, at: datetime) -> pa.RecordBatch:
    """The versions, those of `closed` with `at` as their end."""
    ends = {VALID_TO: at, IS_CURRENT: False}
    arrays = [
        pc.if_else(closed, pa.scalar(ends[each.name], each.type), column) if each.name in ends else column
        for each, column in zip(batch.schema, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)


def _meets(plan: WritePlan) -> bool:
    return plan.merges or plan.versions


def _only(schema: pa.Schema, names: Sequence[str]) -> pa.Schema:
    lacking = [name for name in names if name not in schema.names]
    if lacking:
        raise Fault(FaultCode.OBJECT_MISSING, f"The table has no column {lacking[0]!r}.")
    return pa.schema([schema.field(name) for name in names])
