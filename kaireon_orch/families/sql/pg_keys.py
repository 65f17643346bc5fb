"""Keys of a partition in PostgreSQL: conditions that hold by bytes, whatever a column's type and collation pass over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa

from kaireon_orch.families.sql import pg_types
from kaireon_orch.families.sql.cursors import Place, listed, of_source, text_constant
from kaireon_orch.families.sql.identifiers import literal, quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kaireon_orch.contract.load import TableShape
    from kaireon_orch.families.sql.pg_types import PgType

_INDEXED: Final = ("text", "character")
"""What the words of types begin with that take any text as a constant, so that an index may find it."""

_PADDED: Final = "character("
"""A `char(n)` column: spaces at a value's end are its form, and no part of what was loaded into it."""


def place_of(types: Mapping[str, PgType]) -> Place:
    """How columns of the rows called `source` are compared.

    An untyped constant takes the type of the column that it is compared with, whatever that is. A text is compared as
    it comes, the padding of a `char(n)` included.
    """

    def among(column: str, texts: Sequence[str]) -> str:
        type_ = types[column]
        text = bool(pa.types.is_string(pg_types.field(column, type_).type))
        return _among(of_source(column), texts, type_.words, text=text)

    return Place(of_source, text_constant, among)


def among_of_table(column: str, texts: Sequence[str], shape: TableShape | None) -> str:
    """The condition on a table's own column."""
    held = None if shape is None else shape.column(column)
    if held is None or not pa.types.is_string(held.field.type):
        return _among(quote(column), texts, "", text=False)
    if held.native.startswith(_PADDED):
        return listed(f'{quote(column)}::text COLLATE "C"', (literal(text.rstrip(" ")) for text in texts))
    return _among(quote(column), texts, held.native, text=True)


def _among(column: str, texts: Sequence[str], words: str, *, text: bool) -> str:
    """`concat` gives the text that a client would see; a cast would strip the spaces of a `char(n)`."""
    plain = listed(column, map(literal, texts))
    if not text:
        return plain
    exactly = listed(f'concat({column}) COLLATE "C"', map(literal, texts))
    return f"{plain} AND {exactly}" if words.startswith(_INDEXED) else exactly
