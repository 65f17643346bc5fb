"""Write the table of types, from the code that loads: `type_table.py FILE`.

Each source's types with what they are in Arrow, and each Arrow type with what every target makes of it. The page is
generated output and is not committed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from kaireon_orch import catalogue
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families import arrow
from kaireon_orch.families.files import avro_types, json_types
from kaireon_orch.families.files.csv_types import FoundType
from kaireon_orch.families.files.excel_types import found_type
from kaireon_orch.families.files.json_values import Nested, record_at, value_at
from kaireon_orch.families.files.nested import is_kept
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
SQLITE = (
    *(
        "INTEGER",
        "TINYINT",
        "REAL",
        "DOUBLE PRECISION",
        "NUMERIC",
        "DECIMAL(12,2)",
        "DECIMAL(30,2)",
        "BOOLEAN",
    ),
    *("TEXT", "VARCHAR(50)", "CLOB", "JSON", "BLOB", "DATE", "DATETIME", "TIMESTAMP", "TIME"),
)
AVRO: tuple[object, ...] = (
    *("boolean", "int", "long", "float", "double", "bytes", "string"),
    {"type": "enum", "name": "e", "symbols": ["a"]},
    {"type": "fixed", "name": "f", "size": 4},
    {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
    {"type": "bytes", "logicalType": "decimal", "precision": 60, "scale": 2},
    {"type": "string", "logicalType": "uuid"},
    {"type": "int", "logicalType": "date"},
    *(
        {"type": kind, "logicalType": f"time-{unit}"}
        for kind, unit in (("int", "millis"), ("long", "micros"))
    ),
    *({"type": "long", "logicalType": f"timestamp-{unit}"} for unit in ("millis", "micros", "nanos")),
    *({"type": "long", "logicalType": f"local-timestamp-{unit}"} for unit in ("millis", "micros", "nanos")),
    {"type": "array", "items": "long"},
    {"type": "map", "values": "long"},
    ["long", "string"],
)
CSV = (
    *(
        "1, -2",
        "18446744073709551616",
        "0.1, 39.02",
        "1.10, 2.25",
        "0.1234567890123456789",
        "007",
        "+1",
        "true, false",
    ),
    *("2024-02-29", "2024-02-29 12:00:00.5", "2024-02-29T12:00:00+02:00", "12:30", "text"),
)
JSON = (
    *(
        "[1, -2]",
        "[18446744073709551616]",
        "[0.1, 39.02]",
        "[1.10, 2.25]",
        "[1e400]",
        "[true]",
        '["2024-02-29"]',
    ),
    *('[{"a": 1.10}]', "[[1]]", '[1, "1"]'),
)
EXCEL: tuple[tuple[str, list[object]], ...] = (
    ("whole numbers", [1.0]),
    ("numbers", [0.5]),
    ("truth values", [True]),
    ("days", [dt.date(2024, 1, 1)]),
    ("moments", [dt.datetime(2024, 1, 1, 12)]),  # noqa: DTZ001  Excel knows no zones
    ("times of day", [dt.time(12)]),
    ("spans", [dt.timedelta(hours=30)]),
    ("texts", ["a"]),
    ("several kinds", ["a", 1.0]),
)
"""What columns of cells hold; empty cells and errors such as `#N/A` are NULL."""

ARROW = (
    *(
        pa.bool_(),
        pa.int8(),
        pa.int16(),
        pa.int32(),
        pa.int64(),
        pa.uint8(),
        pa.uint16(),
        pa.uint32(),
        pa.uint64(),
    ),
    *(
        pa.float16(),
        pa.float32(),
        pa.float64(),
        pa.decimal128(12, 2),
        pa.decimal128(38, 10),
        pa.decimal128(38, 38),
    ),
    *(
        pa.decimal256(50, 10),
        pa.decimal256(76, 0),
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
    ),
    *(pa.large_binary(), pa.binary_view(), pa.binary(4), pa.dictionary(pa.int32(), pa.string()), pa.null()),
    *(pa.date32(), pa.date64(), pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")),
    *(pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("us"), pa.timestamp("ns")),
    *(
        pa.timestamp("us", "UTC"),
        pa.timestamp("ns", "UTC"),
        pa.timestamp("us", "Europe/Berlin"),
        pa.duration("us"),
    ),
    *(pa.uuid(), pa.json_(), pa.list_(pa.int64()), pa.list_(pa.uint64()), pa.list_(pa.string())),
    *(pa.list_(pa.decimal128(12, 2)), pa.list_(pa.timestamp("us")), pa.list_(pa.time64("us"))),
)
NESTED = (pa.list_(pa.list_(pa.int64())), pa.struct([("a", pa.int64())]), pa.map_(pa.string(), pa.int64()))


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
    sqlite = importlib.import_module("kaireon_orch.connectors.sqlite.types")
    yield "SQLite", [(words, sqlite.read_as("c", words, frozenset()).field) for words in SQLITE]
    yield "CSV", [(values, _field(_found(values))) for values in CSV]
    yield "JSON", [(values, _found_json(values)) for values in JSON]
    yield "Parquet", [(str(type_), _field(_of_file(type_))) for type_ in (*ARROW, *NESTED)]
    yield "Avro", [(avro_types.words(each), avro_types.column("c", each, {}).field) for each in AVRO]
    yield "Excel", [(label, _field(found_type(values))) for label, values in EXCEL]


def _field(type_: pa.DataType) -> pa.Field:
    return pa.field("c", type_)


def _found(values: str) -> pa.DataType:
    found = FoundType()
    found.see(pa.array(values.split(", ")))
    return found.type()


def _found_json(values: str) -> pa.Field:
    record, _ = record_at(f'{{"c": {values}}}', 0)
    found = json_types.FoundColumn()
    found.see(_members(str(record["c"])))
    return found.field("c")


def _members(text: str) -> list[Any]:
    """What a list holds, each as the reader gives it."""
    found, at = [], 1
    while text[at] != "]":
        value, end = value_at(text, at)
        found.append(Nested(text[at:end]) if isinstance(value, list) else value)
        at = end + (2 if text[end] == "," else 0)
    return found


def _of_file(type_: pa.DataType) -> pa.DataType:
    """What the reader makes of a type that a file has: other nested values than lists of flat ones are JSON."""
    if pa.types.is_dictionary(type_):
        return type_.value_type
    return type_ if is_kept(type_) else pa.json_()


def fields() -> list[pa.Field]:
    """Arrow's types as they go into targets; a text that stands for a number of any size among them."""
    plain = [_field(type_) for type_ in ARROW]
    return [*plain, arrow.tagged("c", arrow.DECIMAL_TAG), arrow.tagged("c", "postgresql.inet")]


def page() -> str:
    """The page, Markdown."""
    made = targets()
    parts = [HEAD, "## Into targets", "\n".join(_target_lines(made))]
    for label, types in sources():
        rows = [
            [f"`{words}`", f"`{meaning(field)}`", *(_cell(field, each) for each in made)]
            for words, field in types
        ]
        lines = _grid([label, "Arrow", *(each.label for each in made)], rows)
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
