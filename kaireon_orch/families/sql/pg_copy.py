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

from kaireon_orch.contract.load import Misfit
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import psycopg

SLICE_BYTES: Final = 4 << 20
"""Batches are encoded in slices of about so much, so that the encoded copy stays small."""

_ESCAPED_NUL: Final = r"(^|[^\\])(\\\\)*\\u0000"
"""As JSON writes it: the backslash is none that is escaped itself."""


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
        _refuse(batch, self._limits, self._rows)
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


def _is_jsonb(field: pa.Field) -> bool:
    return isinstance(field.type, pa.JsonType) and arrow.tag(field) is None


def _encoder(field: pa.Field) -> Any:  # noqa: ANN401  pgpq has no type for it
    if _is_jsonb(field):
        return encoders.StringEncoderBuilder.new_with_output(field, pgpq_schema.Jsonb())
    return pgpq.ArrowToPostgresBinaryEncoder.infer_encoder(field)


def misfits(batch: pa.RecordBatch, limits: Mapping[str, int]) -> Iterator[Misfit]:
    """Texts that PostgreSQL cannot keep, or would cut: NUL characters, and more than a column's `limits` characters.

    A text that is too long only by spaces would be cut without a word, as the SQL standard wants.
    """
    for field, column in zip(batch.schema, batch.columns, strict=True):
        texts = arrow.storage(column)
        if not pa.types.is_string(texts.type):
            continue
        yield from _some(
            field.name,
            pc.match_substring(texts, "\x00"),
            "holds the NUL character, which PostgreSQL cannot keep",
        )
        if _is_jsonb(field) and pc.any(pc.match_substring(texts, r"\u0000")).as_py():
            nul = pc.match_substring_regex(texts, _ESCAPED_NUL)
            yield from _some(field.name, nul, "holds the NUL character, which jsonb cannot keep")
        if field.name in limits:
            limit = limits[field.name]
            words = f"has more than the {limit} characters that the column takes"
            yield from _some(field.name, pc.greater(pc.utf8_length(texts), limit), words)


def _some(name: str, bad: pa.Array, reason: str) -> Iterator[Misfit]:
    if pc.any(bad).as_py():
        yield Misfit(name, pc.fill_null(bad, fill_value=False), reason)


def _refuse(batch: pa.RecordBatch, limits: Mapping[str, int], before: int) -> None:
    for misfit in misfits(batch, limits):
        at = pc.index(misfit.bad, value=True).as_py()
        value = arrow.shown(batch.column(misfit.column)[at].as_py())
        raise Fault(
            FaultCode.ROW_REFUSED,
            f"Column {misfit.column!r}, row {before + at + 1}: {value} {misfit.reason}.",
        )
