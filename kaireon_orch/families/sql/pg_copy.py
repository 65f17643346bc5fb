"""Arrow batches into PostgreSQL's binary COPY.

The binary wire has no types: a wrong pair is accepted and stored wrongly. So the batches' schema is exactly what the
plan compared with the catalogue, and values that PostgreSQL would change without a word are refused before they go out.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import pgpq
import pyarrow as pa
import pyarrow.compute as pc
from pgpq import encoders
from pgpq import schema as pgpq_schema
from psycopg import sql

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

SLICE_BYTES: Final = 4 << 20
"""Batches are encoded in slices of about so much, so that the encoded copy stays small."""


class CopyWriter:
    """One `COPY … FROM STDIN (FORMAT BINARY)`; `limits` are lengths in characters. psycopg's errors pass through."""

    def __init__(
        self, connection: psycopg.Connection[Any], into: str, schema: pa.Schema, limits: Mapping[str, int]
    ) -> None:
        self._limits = limits
        self._encoder = pgpq.ArrowToPostgresBinaryEncoder.new_with_encoders(
            schema, {field.name: _encoder(field) for field in schema}
        )
        self._rows = 0
        self._held = ExitStack()
        cursor = self._held.enter_context(connection.cursor())
        statement = sql.SQL(f"COPY {into} FROM STDIN (FORMAT BINARY)")
        self._copy = self._held.enter_context(cursor.copy(statement))
        self._copy.write(self._encoder.write_header())

    def write(self, batch: pa.RecordBatch) -> None:
        """Send rows. Raises `Fault` ROW_REFUSED for a text with a NUL character or beyond its column's length."""
        _refuse_nul(batch, self._rows)
        _refuse_long(batch, self._limits, self._rows)
        step = max(1, batch.num_rows * SLICE_BYTES // max(batch.nbytes, 1))
        for start in range(0, batch.num_rows, step):
            self._copy.write(self._encoder.write_batch(batch.slice(start, step)))
        self._rows += batch.num_rows

    def finish(self) -> None:
        """End the COPY; the server's refusal of a row is raised here at the latest."""
        self._copy.write(self._encoder.finish())
        self._held.close()

    def drop(self) -> None:
        """End it without its rows."""
        held, self._held = self._held, ExitStack()
        dropped = _Dropped()
        try:
            with held:
                raise dropped
        except _Dropped:
            pass


class _Dropped(Exception):
    """Tells the COPY that it failed, so that the server forgets its rows."""


def _encoder(field: pa.Field) -> Any:  # noqa: ANN401  pgpq has no type for it
    as_json = isinstance(field.type, pa.JsonType) and arrow.tag(field) is None
    if as_json:
        return encoders.StringEncoderBuilder.new_with_output(field, pgpq_schema.Jsonb())
    return pgpq.ArrowToPostgresBinaryEncoder.infer_encoder(field)


def _refuse_nul(batch: pa.RecordBatch, before: int) -> None:
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        texts = arrow.storage(column)
        if not pa.types.is_string(texts.type):
            continue
        at = pc.index(pc.match_substring(texts, "\x00"), value=True).as_py()
        if at >= 0:
            raise Fault(
                FaultCode.ROW_REFUSED,
                f"Column {name!r}, row {before + at + 1}: the text holds the NUL character, which PostgreSQL cannot keep.",
            )


def _refuse_long(batch: pa.RecordBatch, limits: Mapping[str, int], before: int) -> None:
    """A text that is too long for its column only by spaces would be cut without a word, as the SQL standard wants."""
    for name, limit in limits.items():
        position = batch.schema.get_field_index(name)
        if position < 0:
            continue
        at = pc.index(pc.greater(pc.utf8_length(batch.column(position)), limit), value=True).as_py()
        if at >= 0:
            raise Fault(
                FaultCode.ROW_REFUSED,
                f"Column {name!r}, row {before + at + 1}: {arrow.shown(batch.column(position)[at].as_py())} has more than "
                f"the {limit} characters that the column takes.",
            )
