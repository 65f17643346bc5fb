"""Whether a load did what it should: a wrong result is not a time.

Row count, and for every column a sum that an altered, missing or doubled value changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import duckdb

from benchmarks.data_plane.rows import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.data_plane.stage import Stage

EXACT: Final = (
    "count(*)",
    "sum({id})",
    "sum({account})",
    "count({account})",
    "sum({kind})",
    "sum({price}::decimal(12,2))",
    "sum({ratio}::decimal(18,12))",
    "sum({active}::int)",
    "sum({born}::date - DATE '2000-01-01')",
    "count({note})",
)
IN_POSTGRES: Final = (
    "sum(extract(epoch FROM {created_at}))",
    "sum(extract(epoch FROM {updated_at}))",
    "sum(hashtext({code}))",
    "sum(hashtext({name}))",
    "sum(hashtext({note}))",
)
IN_DUCKDB: Final = (
    "sum(epoch_us({created_at}::timestamp))",
    "sum(epoch_us({updated_at}::timestamptz))",
    "sum(hash({code}::varchar)::hugeint)",
    "sum(hash({name}::varchar)::hugeint)",
    "sum(hash({note}::varchar)::hugeint)",
)


class WrongResult(Exception):
    """What was loaded is not what was to be loaded."""


def demand_same(found: str, wanted: str, who: str) -> None:
    """Raises `WrongResult` naming who."""
    if found != wanted:
        raise WrongResult(f"{who} loaded\n  {found}\nand not\n  {wanted}")


def in_postgres(stage: Stage, table: str, renamed: Mapping[str, str] | None = None) -> str:
    """The sums of a table of PostgreSQL; `renamed` gives columns by their first names."""
    return stage.sql(f"SELECT {_sums(EXACT + IN_POSTGRES, renamed or {})} FROM {table}").strip()


def in_duckdb(relation: str, database: str = ":memory:") -> str:
    """The sums of a relation in DuckDB's words, a table's name or `read_parquet(…)`."""
    with duckdb.connect(database, read_only=database != ":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute(f"SELECT {_sums(EXACT + IN_DUCKDB, {})} FROM {relation}").fetchone()
    return "|".join(str(value) for value in found or ())


def _sums(sums: tuple[str, ...], renamed: Mapping[str, str]) -> str:
    names = {name: f'"{renamed.get(name, name)}"' for name in SCHEMA.names}
    return ", ".join(each.format_map(names) for each in sums)
