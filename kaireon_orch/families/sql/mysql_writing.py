"""Arrow batches as MySQL's multi-row INSERT: constants are made column by column in Arrow, never row by row in Python.

Exactly what `sql_mode` NO_BACKSLASH_ESCAPES and STRICT_ALL_TABLES, which the session has, make of constants: a quote is
doubled and nothing else escapes; what does not fit is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.sql.mysql_query import quote_all

if TYPE_CHECKING:
    from collections.abc import Iterator

STATEMENT_BYTES: Final = 1 << 20
"""About how long one INSERT is: longer ones are hardly faster, and every server takes this."""

_DAY: Final = 86_400_000_000


def statements(batch: pa.RecordBatch, table: str, limit: int, tail: bytes = b"") -> Iterator[bytes]:
    """INSERT statements for all rows of the batch, none longer than `limit` bytes; each ends in `tail`.

    Raises `Fault` ROW_REFUSED for a row that is longer.
    """
    limit -= len(tail)
    head = f"INSERT INTO {table} ({quote_all(batch.schema.names)}) VALUES ".encode()  # noqa: S608  quoted
    rows = _rows(batch)
    lengths = pc.binary_length(rows).to_pylist()
    start, size = 0, 0
    for at, length in enumerate(lengths):
        if length + len(head) > limit:
            raise Fault(
                FaultCode.ROW_REFUSED,
                f"A row takes {length} bytes, more than the server takes at once: raise its max_allowed_packet.",
            )
        if size and size + length > min(STATEMENT_BYTES, limit - len(head)):
            yield head + _joined(rows, start, at) + tail
            start, size = at, 0
        size += length + 1
    if size:
        yield head + _joined(rows, start, len(lengths)) + tail


def _joined(rows: pa.Array, start: int, end: int) -> bytes:
    part = rows.slice(start, end - start)
    whole = pa.ListArray.from_arrays(pa.array([0, len(part)], pa.int32()), part)
    return bytes(pc.binary_join(whole, b",")[0].as_py())


def _rows(batch: pa.RecordBatch) -> pa.Array:
    columns = [_constants(array, field) for array, field in zip(batch.columns, batch.schema, strict=True)]
    values = pc.binary_join_element_wise(*columns, b",")
    return pc.binary_join_element_wise(b"(", values, b")", b"")


def _constants(array: pa.Array, field: pa.Field) -> pa.Array:
    return pc.fill_null(_known(arrow.storage(array), field), b"NULL")


def _known(array: pa.Array, field: pa.Field) -> pa.Array:  # noqa: PLR0911  a table, told by kind
    type_ = array.type
    if isinstance(field.type, pa.UuidType):
        return _quoted(arrow.uuid_text(array))
    if pa.types.is_boolean(type_):
        return pc.if_else(array, b"b'1'", b"b'0'")
    if pa.types.is_integer(type_):
        return array.cast(pa.string()).cast(pa.binary())
    if pa.types.is_floating(type_):
        return _floats(array)
    if pa.types.is_binary(type_):
        return _quoted(array, b"_binary'")
    if pa.types.is_timestamp(type_):
        return _quoted(array.cast(pa.timestamp(type_.unit)).cast(pa.string()))
    if pa.types.is_time(type_):
        return _quoted(_times(array))
    return _quoted(array.cast(pa.string()))


def _quoted(array: pa.Array, opening: bytes = b"'") -> pa.Array:
    doubled = pc.replace_substring(array.cast(pa.binary()), b"'", b"''")
    return pc.binary_join_element_wise(opening, doubled, b"'", b"")


def _floats(array: pa.Array) -> pa.Array:
    """With an exponent a constant is a DOUBLE; without, it is a DECIMAL, which would be converted."""
    # A float32's own shortest text is read as a double, which for the greatest of them is beyond FLOAT's range.
    texts = array.cast(pa.float64()).cast(pa.string())
    plain = pc.invert(pc.match_substring(texts, "e"))
    return pc.if_else(plain, pc.binary_join_element_wise(texts, "e0", ""), texts).cast(pa.binary())


def _times(array: pa.Array) -> pa.Array:
    texts = array.cast(pa.string())
    ends_day = pc.equal(array.cast(pa.time64("us")).cast(pa.int64()), _DAY)
    return pc.if_else(ends_day, "24:00:00", texts)
