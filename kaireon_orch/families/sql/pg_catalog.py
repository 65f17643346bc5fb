"""Questions to PostgreSQL's catalogue: types, tables, keys, what can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import psycopg
import pyarrow as pa
from psycopg import sql

from kaireon_orch.contract.load import TableShape, TargetColumn
from kaireon_orch.contract.source import Column, Stream
from kaireon_orch.families.sql import cursors, pg_types
from kaireon_orch.families.sql.pg_types import PgType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

_TYPE: Final = """
    bt.typname, bt.typtype::text, format_type(bt.oid, a.modifier), a.modifier,
    CASE WHEN bt.typcategory = 'A' THEN it.typname END, it.typtype::text, bt.oid < 10000
"""
"""Numbers below 10000 are assigned by hand and stay for good (PostgreSQL's `transam.h`)."""

_TYPE_JOINS: Final = """
    JOIN pg_type t ON t.oid = a.type
    JOIN pg_type bt ON bt.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
    LEFT JOIN pg_type it ON it.oid = bt.typelem
"""

_RESULT_TYPES: Final = f"""
    SELECT {_TYPE}, coalesce(x.attnotnull, false)
    FROM unnest(%s::oid[], %s::int4[], %s::oid[], %s::int2[])
         WITH ORDINALITY AS a(type, modifier, relation, attribute, position) {_TYPE_JOINS}
    LEFT JOIN pg_attribute x ON x.attrelid = a.relation AND x.attnum = a.attribute
    ORDER BY a.position
"""  # noqa: S608  names are quoted, values are parameters

_ATTRIBUTES: Final = """
    SELECT x.attrelid, x.attnum, x.attname::text AS name, x.attnotnull, x.atthasdef, x.attidentity, x.attgenerated,
           x.atttypid AS type,
           CASE WHEN y.typtype = 'd' AND x.atttypmod = -1 THEN y.typtypmod ELSE x.atttypmod END AS modifier
    FROM pg_attribute x JOIN pg_type y ON y.oid = x.atttypid
    WHERE x.attnum > 0 AND NOT x.attisdropped
"""

_SHAPE: Final = f"""
    SELECT a.name, {_TYPE}, a.attnotnull, a.atthasdef OR a.attidentity <> '', a.attgenerated = ''
    FROM ({_ATTRIBUTES} AND x.attrelid = %s::oid) a {_TYPE_JOINS}
    ORDER BY a.attnum
"""  # noqa: S608  names are quoted, values are parameters

_STREAMS: Final = """
    SELECT c.oid, n.nspname::text, c.relname::text, c.reltuples::int8
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND NOT c.relispartition
      AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%%'
      AND n.nspname NOT LIKE 'pg\\_temp%%' AND (%(schema)s::text IS NULL OR n.nspname = %(schema)s)
      AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
    ORDER BY 2, 3
"""

_COLUMNS: Final = f"""
    SELECT a.attrelid, a.name, {_TYPE}, NOT a.attnotnull
    FROM ({_ATTRIBUTES} AND x.attrelid = ANY(%s::oid[])) a {_TYPE_JOINS}
    ORDER BY a.attrelid, a.attnum
"""  # noqa: S608  names are quoted, values are parameters

_KEYS: Final = """
    SELECT i.indrelid, x.attname::text
    FROM pg_index i
    CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position)
    JOIN pg_attribute x ON x.attrelid = i.indrelid AND x.attnum = k.attnum
    WHERE i.indisprimary AND i.indrelid = ANY(%s::oid[])
    ORDER BY i.indrelid, k.position
"""

_LEADING: Final = """
    SELECT c.relkind::text, x.attname::text
    FROM pg_class c
    LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL
    LEFT JOIN pg_attribute x ON x.attrelid = c.oid AND x.attnum = i.indkey[0]
    WHERE c.oid = to_regclass(%s)
"""

_PAGE: Final = 200


def result_types(connection: Connection, select: sql.SQL | sql.Composed) -> list[tuple[str, PgType]]:
    """Names and types of what a SELECT gives, domains as their base types; runs it for no rows.

    A column is told to be `required` by the table that it is taken from, which an outer join does not bind.
    It is prepared, since the server then takes one statement and no more: after a second one's COMMIT nothing would be
    read-only.
    """
    cursor = connection.execute(select, prepare=True)
    result = cursor.pgresult
    if result is None or not result.nfields:
        return []
    oids = [result.ftype(at) for at in range(result.nfields)]
    modifiers = [result.fmod(at) for at in range(result.nfields)]
    tables = [result.ftable(at) for at in range(result.nfields)]
    attributes = [result.ftablecol(at) for at in range(result.nfields)]
    names = [(result.fname(at) or b"").decode() for at in range(result.nfields)]
    rows = connection.execute(_RESULT_TYPES, (oids, modifiers, tables, attributes)).fetchall()
    return [(name, _type(row)) for name, row in zip(names, rows, strict=True)]


def _type(row: Sequence[Any]) -> PgType:
    name, kind, words, modifier, item, item_kind, built_in, *required = row
    return PgType(
        name, kind, words, modifier, item, item_kind if item else None, built_in, required == [True]
    )


def indexed(connection: Connection, name: str) -> frozenset[str] | None:
    """The columns that a whole index of the table of this quoted name begins with; None for what has no indexes."""
    rows = connection.execute(_LEADING, (name,)).fetchall()
    if not rows or rows[0][0] not in {"r", "p", "m"}:
        return None
    return frozenset(column for _, column in rows if column is not None)


def relation(connection: Connection, schema: str, table: str) -> int | None:
    """The table's oid; None where there is none of that name."""
    row = connection.execute(
        "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = %s AND c.relname = %s",
        (schema, table),
    ).fetchone()
    return None if row is None else int(row[0])


def has_triggers(connection: Connection, name: str) -> bool:
    """Whether the table of this quoted name, if there is one, has triggers of its users."""
    found = connection.execute(
        "SELECT 1 FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND NOT tgisinternal LIMIT 1", (name,)
    )
    return found.fetchone() is not None


def shape(connection: Connection, oid: int) -> TableShape:
    """The table's columns as a load sees them."""
    return TableShape(tuple(_target_column(row) for row in connection.execute(_SHAPE, (oid,)).fetchall()))


def _target_column(row: Sequence[Any]) -> TargetColumn:
    name, type_, demanded, filled, writable = row[0], _type(row[1:8]), *row[8:]
    field = pg_types.held(name, type_).with_nullable(not demanded)
    return TargetColumn(field, type_.words, filled or not demanded, writable, type_.max_length)


def labels(connection: Connection, words: str) -> pa.Array:
    """The values of the enumeration that SQL calls `words`."""
    rows = connection.execute(
        "SELECT enumlabel::text FROM pg_enum WHERE enumtypid = to_regtype(%s)", (words,)
    ).fetchall()
    return pa.array([row[0] for row in rows], pa.string())


def streams(connection: Connection, schema: str | None) -> Iterator[Stream]:
    """Tables, views, materialized views and foreign tables that this user may read; of one schema, or of all."""
    found = connection.execute(_STREAMS, {"schema": schema}).fetchall()
    for start in range(0, len(found), _PAGE):
        page = found[start : start + _PAGE]
        yield from _described(connection, page)


def _described(connection: Connection, page: Sequence[Sequence[Any]]) -> Iterator[Stream]:
    oids = [row[0] for row in page]
    keys = connection.execute(_KEYS, (oids,)).fetchall()
    columns = connection.execute(_COLUMNS, (oids,)).fetchall()
    for oid, namespace, name, estimate in page:
        key = tuple(column for of, column in keys if of == oid)
        own = tuple(_column(row, key) for row in columns if row[0] == oid)
        rows = None if estimate < 0 else int(estimate)
        yield Stream(name, namespace, own, key, rows, cursors.candidates(own))


def _column(row: Sequence[Any], key: Sequence[str]) -> Column:
    name, type_, nullable = row[1], _type(row[2:9]), row[9]
    field = pg_types.field(name, type_)
    return Column(name, type_.words, field.type, nullable, name in key)
