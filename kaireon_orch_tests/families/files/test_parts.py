"""How rows become Parquet files."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kaireon_orch.families.files import parts
from kaireon_orch.families.files.parts import PartWriter

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 50_000


def written(folder: Path, table: pa.Table) -> pq.ParquetFile:
    writer = PartWriter(folder, "p", table.schema)
    for batch in table.to_batches(10_000):
        writer.write(batch)
    (part,) = writer.finish()
    return pq.ParquetFile(folder / part.name)


def test_columns_that_repeat_and_no_others_have_a_dictionary(tmp_path: Path) -> None:
    table = pa.table(
        {
            "status": [f"s{number % 5}" for number in range(ROWS)],
            "note": [hashlib.sha256(str(number).encode()).hexdigest() for number in range(ROWS)],
            "id": pa.array(range(ROWS), pa.int64()),
        }
    )
    file = written(tmp_path, table)
    group = file.metadata.row_group(0)
    assert [group.column(at).has_dictionary_page for at in range(3)] == [True, False, False]
    assert file.read() == table


@pytest.mark.parametrize(
    "type_",
    [pa.null(), pa.json_(), pa.uuid(), pa.list_(pa.int8()), pa.bool_(), pa.decimal256(60, 2), pa.binary(4)],
    ids=str,
)
@pytest.mark.parametrize("rows", [0, 10])
def test_a_column_of_any_type_is_told(type_: pa.DataType, rows: int) -> None:
    assert set(parts.repeating(pa.table({"c": pa.nulls(rows, type_)}))) <= {"c"}
