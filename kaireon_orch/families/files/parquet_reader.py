"""One Parquet file, row group by row group, each column exactly as the file means it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files import nested
from kaireon_orch.families.files.open import FREE_BYTES
from kaireon_orch.families.files.validity import demand_valid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kaireon_orch.contract.source import Window

BATCH_BYTES: Final = 8 << 20
MAX_BATCH_ROWS: Final = 32_768
PIECE_BYTES: Final = 4 * BATCH_BYTES
MAX_RATIO: Final = 2_000
"""Repeated values pack far better here than in text; beyond `FREE_BYTES` a file may be at most so many times its size."""

_REPEATING: Final = 2
"""Encoded bytes a value below which a column is read as a dictionary: few bytes may stand for very many."""

_INT96: Final = "INT96"


@dataclass(slots=True)
class ParquetData:
    """`typed_set.TypedFile` for Parquet. `columns`: None for all; with `lacking_ok` those that the file has.

    `constants` are columns that something else than the file's bytes gives, as its path. A file of our own is not
    `bounded`: it may swell as it likes. Row groups that have no row of the `window` are not read.
    """

    opened: Callable[[], BinaryIO]
    name: str
    columns: tuple[str, ...] | None = None
    constants: Mapping[str, pa.Scalar] = field(default_factory=dict)
    lacking_ok: bool = False
    bounded: bool = True
    window: Window | None = None
    _schema: pa.Schema | None = None
    _words: dict[str, str] = field(default_factory=dict)

    def narrow(self, window: Window) -> None:
        """See `typed_set.Narrowing`."""
        self.window = window

    def schema(self) -> pa.Schema:
        """Flat columns and lists of flat values as they are, other nested ones as JSON, dictionaries as their values."""
        if self._schema is None:
            with self.opened() as stream, _reads(self.name):
                file = _file(stream)
                self._words = _words(file.schema)
                self._schema = self._described(file)
        return self._schema

    def source_types(self) -> Mapping[str, str]:
        return self._words

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows. Raises `Fault` BAD_DATA for what is no Parquet, TYPE_LOSSY for a moment that cannot be kept."""
        schema, done = self.schema(), 0
        with self.opened() as stream, _reads(self.name):
            file = _file(stream, _repeating(_file(stream)))
            swelling = _Swelling(stream, self.name)
            for batch in (piece for whole in self._raw(file, stream) for piece in _pieces(whole)):
                shaped = self._shaped(batch, schema, done)
                demand_valid(shaped, done)
                if self.bounded:
                    swelling.add(shaped)
                yield shaped
                done += batch.num_rows

    def count(self, going_on: Callable[[], bool]) -> tuple[int, bool]:  # noqa: ARG002  the footer tells it at once
        """The footer's rows, once the first of them could be read."""
        for _ in self.batches():
            break
        with self.opened() as stream, _reads(self.name):
            return int(_file(stream).metadata.num_rows), True

    def _described(self, file: pq.ParquetFile) -> pa.Schema:
        chosen = self._chosen(file.schema_arrow.names)
        old = _int96(file)
        fields = [_described(file.schema_arrow.field(name), old=name in old) for name in chosen]
        fields += [pa.field(name, value.type) for name, value in self.constants.items() if name not in chosen]
        return pa.schema(fields)

    def _chosen(self, names: list[str]) -> list[str]:
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise Fault(FaultCode.BAD_DATA, f"{self.name} has two columns named {twice[0]!r}.")
        if self.columns is None:
            return names
        lacking = [name for name in self.columns if name not in names and name not in self.constants]
        if lacking and not self.lacking_ok:
            raise Fault(FaultCode.OBJECT_MISSING, f"{self.name} has no column {lacking[0]!r}.")
        return [name for name in self.columns if name in names]

    def _raw(self, file: pq.ParquetFile, stream: BinaryIO) -> Iterator[pa.RecordBatch]:
        """Batches as the library reads them; INT96 moments come in microseconds, each proved."""
        names = self._chosen(file.schema_arrow.names)
        rows, groups = _batch_rows(file), self._groups(file, stream)
        old = [name for name in names if name in _int96(file)]
        plain = file.iter_batches(rows, row_groups=groups, columns=names)
        if not old:
            yield from plain
            return
        coarse = _file(stream, unit="us").iter_batches(rows, row_groups=groups, columns=old)
        done = 0
        for fine, micro in zip(plain, coarse, strict=True):
            yield _proved(fine, micro, done)
            done += fine.num_rows

    def _groups(self, file: pq.ParquetFile, stream: BinaryIO) -> list[int]:
        """Datasets are loaded where a window asks for them alone: they take their time."""
        if self.window is None:
            return list(range(file.metadata.num_row_groups))
        from kaireon_orch.families.files import pruning  # noqa: PLC0415  as above

        return pruning.groups(file, stream, self.window)

    def _shaped(self, batch: pa.RecordBatch, schema: pa.Schema, done: int) -> pa.RecordBatch:
        arrays = [
            _column(batch.column(each.name), each, done)
            if each.name in batch.schema.names
            else pa.repeat(self.constants[each.name], batch.num_rows)
            for each in schema
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)


@contextmanager
def _reads(name: str) -> Iterator[None]:
    """What the library raises about a file's bytes is BAD_DATA."""
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError, EOFError):
        raise Fault(FaultCode.BAD_DATA, f"{name} is no Parquet file, or is damaged.") from None


def _file(stream: BinaryIO, dictionaries: list[str] | None = None, unit: str | None = None) -> pq.ParquetFile:
    return pq.ParquetFile(
        pa.PythonFile(stream, mode="r"),
        read_dictionary=dictionaries,
        coerce_int96_timestamp_unit=unit,
        pre_buffer=False,
        page_checksum_verification=True,
        buffer_size=1 << 20,
    )


def _words(schema: pq.ParquetSchema) -> dict[str, str]:
    """The file's own words of its flat columns."""
    columns = [schema.column(at) for at in range(len(schema.names))]
    return {column.path: _word(column) for column in columns if column.path == column.name}


def _word(column: pq.ColumnSchema) -> str:
    logical = str(column.logical_type)
    return str(column.physical_type) if logical == "None" else logical


def _int96(file: pq.ParquetFile) -> set[str]:
    schema = file.schema
    columns = [schema.column(at) for at in range(len(schema.names))]
    return {column.path for column in columns if column.physical_type == _INT96}


def _described(given: pa.Field, *, old: bool) -> pa.Field:
    type_ = pa.timestamp("us") if old else given.type
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    if pa.types.is_fixed_size_list(type_):
        type_ = pa.list_(type_.value_type)
    kept = type_ if nested.is_kept(type_) else pa.json_()
    metadata = {key: value for key, value in (given.metadata or {}).items() if key.startswith(b"kaireon:")}
    return pa.field(given.name, kept, given.nullable, metadata or None)


def _batch_rows(file: pq.ParquetFile) -> int:
    """Rows for about `BATCH_BYTES`, by the widest row group; at least one."""
    meta, rows = file.metadata, MAX_BATCH_ROWS
    for at in range(meta.num_row_groups):
        group = meta.row_group(at)
        if group.num_rows:
            width = max(1, group.total_byte_size // group.num_rows)
            rows = min(rows, max(1, BATCH_BYTES // width))
    return rows


def _repeating(file: pq.ParquetFile) -> list[str]:
    """Columns of text or bytes whose values are few: read as dictionaries, so that they take no room before they are cut."""
    meta = file.metadata
    columns = [
        meta.row_group(at).column(position)
        for at in range(meta.num_row_groups)
        for position in range(meta.num_columns)
    ]
    return sorted({column.path_in_schema for column in columns if _repeats(column)})


def _repeats(column: pq.ColumnChunkMetaData) -> bool:
    few = column.total_uncompressed_size < _REPEATING * column.num_values
    return bool(column.physical_type == "BYTE_ARRAY" and column.has_dictionary_page and few)


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in parts that take no more than about `PIECE_BYTES` once their dictionaries are written out."""
    if batch.num_rows > 1 and _written_out(batch) > PIECE_BYTES:
        half = batch.num_rows // 2
        yield from _pieces(batch.slice(0, half))
        yield from _pieces(batch.slice(half))
    else:
        yield batch


def _written_out(batch: pa.RecordBatch) -> int:
    total = 0
    for column in batch.columns:
        if pa.types.is_dictionary(column.type) and not pa.types.is_fixed_size_binary(column.type.value_type):
            lengths = pc.binary_length(column.dictionary).take(column.indices)
            total += pc.sum(lengths.cast(pa.int64()), min_count=0).as_py() or 0
    return total


@dataclass(slots=True)
class _Swelling:
    stream: BinaryIO
    name: str
    bytes: int = 0

    def add(self, batch: pa.RecordBatch) -> None:
        self.bytes += batch.nbytes
        if self.bytes <= FREE_BYTES:
            return
        position = self.stream.tell()
        size = self.stream.seek(0, 2)
        self.stream.seek(position)
        if self.bytes > size * MAX_RATIO:
            raise Fault(FaultCode.BAD_DATA, f"{self.name} swells to more than {MAX_RATIO} times its size.")


def _proved(fine: pa.RecordBatch, micro: pa.RecordBatch, done: int) -> pa.RecordBatch:
    """INT96 in nanoseconds wraps beyond 1677 to 2262, in microseconds it is cut: together they tell."""
    for name in micro.schema.names:
        ticks, kept = fine.column(name).cast(pa.int64()), micro.column(name)
        near = pc.less(pc.abs(pc.divide(kept.cast(pa.int64()), 1_000_000)), 9_223_372_036)
        digits = pc.not_equal(pc.multiply(pc.divide(ticks, 1000), 1000), ticks)
        at = pc.index(pc.and_(near, digits), value=True).as_py()
        if at >= 0:
            raise Fault(
                FaultCode.TYPE_LOSSY,
                f"Column {name!r}, row {done + at + 1}: an INT96 moment finer than microseconds cannot be kept.",
            )
        fine = fine.set_column(fine.schema.get_field_index(name), pa.field(name, kept.type), kept)
    return fine


def _column(array: pa.Array, wanted: pa.Field, done: int) -> pa.Array:
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if isinstance(wanted.type, pa.JsonType) and pa.types.is_nested(array.type):
        return nested.as_json(array)
    if array.type == wanted.type:
        return array
    try:
        return array.cast(wanted.type)
    except pa.ArrowInvalid:
        raise Fault(
            FaultCode.BAD_DATA, f"Column {wanted.name!r}: a value after row {done} is no {wanted.type}."
        ) from None
