"""The torture table of every source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kaireon_orch_tests.torture import (
    avro_table,
    duck_table,
    lite_table,
    my_table,
    parquet_table,
    pg_table,
    text_tables,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from kaireon_orch_tests.torture.arena import Arena
    from kaireon_orch_tests.torture.cases import Case, Cell

    Origin: TypeAlias = tuple[dict[str, Any], dict[str, Any]]
    Made: TypeAlias = Callable[[Arena, Mapping[str, tuple[Case, Sequence[Cell]]]], Origin]


@dataclass(frozen=True)
class Torture:
    """Columns of every type, and how a table of some of them is made."""

    cases: tuple[Case, ...]
    made: Made


SOURCES = {
    "postgresql": Torture(pg_table.CASES, pg_table.made),
    "mariadb": Torture(my_table.CASES, my_table.made),
    "sqlite": Torture(lite_table.CASES, lite_table.made),
    "duckdb": Torture(duck_table.CASES, duck_table.made),
    "parquet": Torture(parquet_table.CASES, parquet_table.made),
    "avro": Torture(avro_table.CASES, avro_table.made),
    "csv": Torture(text_tables.CSV, text_tables.csv_made),
    "json_lines": Torture(text_tables.JSON, text_tables.lines_made),
    "json_document": Torture(text_tables.JSON, text_tables.document_made),
    "excel": Torture(text_tables.EXCEL, text_tables.book_made),
}
DATABASES = ("postgresql", "mariadb", "sqlite", "duckdb")
FILES = tuple(name for name in SOURCES if name not in DATABASES)
