"""Write the table of types, from the code that loads: `type_table.py FILE`.

Each source's types with what they are in Arrow, and each Arrow type with what every target makes of it. The page is
generated output and is not committed.
"""

from __future__ import annotations

import argparse
import importlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from kaireon_orch import catalogue
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.sql import mysql_types, pg_types
from kaireon_orch.families.sql.mysql_types import MyType
from kaireon_orch.families.sql.pg_types import PgType
from kaireon_orch.movement.fidelity import meaning, same

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Stored = Callable[[pa.Field], pa.Field]
    Native = Callable[[pa.Field], str]

HEAD = """# Types

What becomes of a column's type on its way from a source over Arrow into a target. This page is written from the code
that loads (`make docs`); `kaireon pipelines plan NAME` says the same of one pipeline's columns.

A type in *italics* holds the values in another form than Arrow's; each value is proved on its way, and one that would
change is refused. `-`: the target has no such type, and a load of such a column is refused until `columns.cast` names
another.
A tag such as `postgresql.inet` is text that the same system takes back as what it was.
"""
MAPPED = "\\|"

POSTGRESQL = (
    *(PgType(name, "b", words) for name, words in (
        ("bool", "boolean"), ("int2", "smallint"), ("int4", "integer"), ("int8", "bigint"), ("oid", "oid"),
        ("float4", "real"), ("float8", "double precision"), ("text", "text"), ("bpchar", "character(n)"),
        ("varchar", "character varying(n)"), ("bytea", "bytea"), ("date", "date"), ("time", "time"),
        ("timetz", "time with time zone"), ("timestamp", "timestamp"), ("timestamptz", "timestamp with time zone"),
        ("interval", "interval"), ("uuid", "uuid"), ("json", "json"), ("jsonb", "jsonb"), ("numeric", "numeric"),
        ("money", "money"), ("inet", "inet"), ("cidr", "cidr"), ("macaddr", "macaddr"), ("xml", "xml"),
        ("bit", "bit(n)"), ("point", "point"), ("tsvector", "tsvector"),
    )),
    PgType("numeric", "b", "numeric(12,2)", (12 << 16 | 2) + 4),
    PgType("numeric", "b", "numeric(50,10)", (50 << 16 | 10) + 4),
    PgType("mood", "e", "an enumeration"),
    PgType("int4range", "r", "int4range"),
    PgType("_int4", "b", "integer[]", item="int4", item_kind="b"),
    PgType("_text", "b", "text[]", item="text", item_kind="b"),
    PgType("_numeric", "b", "numeric[]", item="numeric", item_kind="b"),
)  # fmt: skip
MYSQL = (
    "tinyint(1)", "tinyint", "tinyint unsigned", "smallint", "smallint unsigned", "mediumint", "int", "int unsigned",
    "bigint", "bigint unsigned", "decimal(12,2)", "decimal(65,30)", "float", "double", "bit(1)", "bit(8)", "char(5)",
    "varchar(50)", "text", "enum('a','b')", "set('a','b')", "binary(5)", "varbinary(50)", "blob", "date", "datetime(6)",
    "timestamp(6)", "time(6)", "year", "json", "geometry", "uuid", "inet6",
)  # fmt: skip
DUCKDB = (
    "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
    "FLOAT", "DOUBLE", "DECIMAL(12,2)", "VARCHAR", "BLOB", "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS",
    "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE", "TIME WITH TIME ZONE", "INTERVAL", "UUID", "JSON", "ENUM('a', 'b')",
    "BIT", "INTEGER[]", "VARCHAR[]", "STRUCT(a INTEGER)", "MAP(VARCHAR, INTEGER)",
)  # fmt: skip
ARROW = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"),
    *(
        "decimal128(12,2)",
        "decimal128(38,10)",
        "decimal256(50,10)",
        "string",
        "binary",
        "date32",
        "time64[us]",
    ),
    *("timestamp[s]", "timestamp[us]", "timestamp[ns]", "timestamp[us, UTC]", "uuid", "json", "list<int64>"),
)


@dataclass(frozen=True)
class Made:
    """A target's own part: the field that it stores, and its words for it."""

    label: str
    stored: Stored
    native: Native


def targets() -> list[Made]:
    """Every type that can be loaded into."""
    found = []
    for slug in catalogue.types():
        spec = catalogue.spec(slug)
        if spec.capabilities.target and _is_built(slug):
            found.append(Made(spec.label, *_own(slug)))
    return found


def _is_built(slug: str) -> bool:
    try:
        catalogue.target(slug)
    except Fault as fault:
        if fault.fault is not FaultCode.NOT_BUILT:
            raise
        return False
    return True


def _own(slug: str) -> tuple[Stored, Native]:
    """By convention a room has its types beside its target; two families keep theirs."""
    if slug == "postgresql":
        return pg_types.stored, pg_types.native
    if slug in {"mysql", "mariadb"}:
        return partial(mysql_types.stored, mariadb=slug == "mariadb"), mysql_types.native
    room = importlib.import_module(f"kaireon_orch.connectors.{slug}.types")
    return room.stored, room.native


def sources() -> Iterator[tuple[str, Sequence[tuple[str, pa.Field]]]]:
    """Sources that have types of their own, with the field of each type."""
    yield "PostgreSQL", [(each.words, pg_types.field("c", each)) for each in POSTGRESQL]
    yield "MySQL, MariaDB", [(words, mysql_types.field("c", MyType.parse(words))) for words in MYSQL]
    duckdb = importlib.import_module("kaireon_orch.connectors.duckdb.types")
    yield "DuckDB", [(words, duckdb.read_as("c", words).field) for words in DUCKDB]


def fields() -> list[pa.Field]:
    """Arrow's types as they go into targets; a text that stands for a number of any size among them."""
    plain = [pa.field("c", _parsed(words)) for words in ARROW]
    return [*plain, arrow.tagged("c", arrow.DECIMAL_TAG), arrow.tagged("c", "postgresql.inet")]


def _parsed(words: str) -> pa.DataType:
    found = arrow.parse_type(words)
    if found is None:
        raise ValueError(words)
    return found


def page() -> str:
    """The page, Markdown."""
    parts = [HEAD, "## Into targets", "\n".join(_target_lines(targets()))]
    for label, types in sources():
        lines = _grid([label, "Arrow"], [[f"`{words}`", f"`{meaning(field)}`"] for words, field in types])
        parts += [f"## From {label}", "\n".join(lines)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _target_lines(made: Sequence[Made]) -> list[str]:
    rows = [[f"`{meaning(field)}`", *(_cell(field, each) for each in made)] for field in fields()]
    return _grid(["Arrow", *(each.label for each in made)], rows)


def _cell(field: pa.Field, made: Made) -> str:
    try:
        stored = made.stored(field)
    except Fault:
        return "-"
    words = made.native(stored)
    return words if same(field, stored) else f"*{words}*"


def _grid(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    cells = [[cell.replace("|", MAPPED) for cell in row] for row in (heading, ["--"] * len(heading), *rows)]
    return [f"| {' | '.join(row)} |" for row in cells]


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    path: Path = parser.parse_args().file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page())


if __name__ == "__main__":
    main()
