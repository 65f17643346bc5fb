"""Arrow batches into PostgreSQL's binary COPY.

The binary wire has no types: a wrong pair is accepted and stored wrongly. So the batches' schema is exactly what the
plan compared with the catalogue, and values that PostgreSQL would change without a word are refused before they go out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pgpq
import pyarrow as pa
import pyarrow.compute as pc
from pgpq import encoders
from pgpq import schema as pgpq_schema

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.sql.pg_misfits import Bounds, is_jsonb, misfits
from kaireon_orch.families.sql.pg_stream import CopyStream

if TYPE_CHECKING:
    import psycopg

SLICE_BYTES: Final = 4 << 20
"""Batches are encoded in slices of about so much, so that the encoded copy stays small."""


class CopyWriter:
    """One `COPY … FROM STDIN (FORMAT BINARY)`; `within` are the columns' bounds. psycopg's errors pass through."""

    def __init__(
        self, connection: psycopg.Connection[Any], into: str, schema: pa.Schema, within: Bounds
    ) -> None:
        self._within = within
        self._encoder = pgpq.ArrowToPostgresBinaryEncoder.new_with_encoders(
            schema, {field.name: _encoder(field) for field in schema}
        )
        self._rows = 0
        self._copy = CopyStream(connection, into)
        self._copy.write(self._encoder.write_header())

    def write(self, batch: pa.RecordBatch) -> None:
        """Send rows. Raises `Fault` ROW_REFUSED for what `pg_misfits` tells."""
        _refuse(batch, self._within, self._rows)
        step = max(1, batch.num_rows * SLICE_BYTES // max(batch.nbytes, 1))
        for start in range(0, batch.num_rows, step):
            self._copy.write(self._encoder.write_batch(batch.slice(start, step)))
        self._rows += batch.num_rows

    def finish(self) -> None:
        """End the COPY; the server's refusal of a row is raised here at the latest."""
        self._copy.write(self._encoder.finish())
        self._copy.finish()

    def drop(self) -> None:
        """End it without its rows."""
        self._copy.drop()


def _encoder(field: pa.Field) -> Any:  # noqa: ANN401  pgpq has no type for it
    if is_jsonb(field):
        return encoders.StringEncoderBuilder.new_with_output(field, pgpq_schema.Jsonb())
    return pgpq.ArrowToPostgresBinaryEncoder.infer_encoder(field)


def _refuse(batch: pa.RecordBatch, within: Bounds, before: int) -> None:
    for misfit in misfits(batch, within):
        at = pc.index(misfit.bad, value=True).as_py()
        value = arrow.shown_at(batch.column(misfit.column), at)
        raise Fault(
            FaultCode.ROW_REFUSED,
            f"Column {misfit.column!r}, row {before + at + 1}: {value} {misfit.reason}.",
        )
