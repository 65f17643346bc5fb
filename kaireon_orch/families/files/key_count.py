"""How a table of files keeps its key: the key alone goes through an engine in memory, which spills what is too much."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from kaireon_orch.contract.load import IS_CURRENT, Tally
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files.row_index import comparable, engine
from kaireon_orch.families.sql import tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from kaireon_orch.families.files.settling import HeldFile

_TABLE: Final = "keys"
_GIVEN: Final = "given"


def tallied(
    files: Sequence[HeldFile], schema: pa.Schema, key: Sequence[str], folder: str, *, current: bool
) -> Tally:
    """See `contract.target.Counting`; what spills goes into `folder`. Raises `Fault` OBJECT_MISSING, TARGET_REFUSED."""
    wanted = [*key, IS_CURRENT] if current else list(key)
    for name in wanted:
        if name not in schema.names:
            raise Fault(FaultCode.OBJECT_MISSING, f"The table has no column {name!r}.")
    only = pa.schema([schema.field(name) for name in wanted])
    with closing(engine(folder)) as opened:
        _fill(opened, pa.RecordBatch.from_pylist([], only), key, f"CREATE TABLE {_TABLE} AS")
        for file in files:
            for batch in file.batches(only):
                _fill(opened, batch, key, f"INSERT INTO {_TABLE}")
        names = [f"k{at}" for at in range(len(key))]
        asked = tally.statement(_TABLE, names, IS_CURRENT if current else None)
        return tally.of(opened.execute(asked).fetchone())


def _fill(opened: duckdb.DuckDBPyConnection, batch: pa.RecordBatch, key: Sequence[str], making: str) -> None:
    columns = {f"k{at}": comparable(batch.column(name)) for at, name in enumerate(key)}
    if IS_CURRENT in batch.schema.names:
        columns[IS_CURRENT] = batch.column(IS_CURRENT)
    opened.register(_GIVEN, pa.Table.from_pydict(columns))
    opened.execute(f"{making} SELECT * FROM {_GIVEN}")  # noqa: S608  names of this module
