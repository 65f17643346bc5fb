"""Which row groups of a Parquet file may hold rows of a partition, by the statistics that the file keeps of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds

from kaireon_orch.errors import Fault
from kaireon_orch.families import arrow, keys
from kaireon_orch.families.files.windows import edge

if TYPE_CHECKING:
    from typing import BinaryIO

    import pyarrow.parquet as pq

    from kaireon_orch.contract.source import Window


def groups(file: pq.ParquetFile, stream: BinaryIO, window: Window | None) -> list[int]:
    """Numbers of the row groups to read; all where the window says nothing about them.

    What is left out has no row of the window for sure. What stays is filtered row by row all the same.
    """
    every = list(range(file.metadata.num_row_groups))
    column = None if window is None else window.column
    if window is None or column not in file.schema_arrow.names:
        return every
    try:
        wanted = _expression(window, _plain(file.schema_arrow.field(column)))
        fragment = ds.ParquetFileFormat().make_fragment(pa.PythonFile(stream, mode="r"))
        return [group.id for group in fragment.subset(wanted).row_groups]
    except (Fault, pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        return every  # this file's values are compared in another form than its own


def _plain(field: pa.Field) -> pa.Field:
    """The column by its values, where it is read as a dictionary."""
    return field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field


def _expression(window: Window, field: pa.Field) -> ds.Expression:
    column = ds.field(window.column)
    if window.keys is not None:
        return column.isin(arrow.storage(keys.values(window.keys, field)))
    start, end = (edge(value, field.type, window.column) for value in (window.start, window.end))
    return (column >= start) & (column < end)
