"""The table of types, which is generated from the code that loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kaireon_orch import catalogue

TOOL = Path(__file__).parents[2] / "tools" / "type_table.py"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("pages") / "new" / "types.md"
    subprocess.run([sys.executable, str(TOOL), str(file)], check=True, timeout=60)
    return file.read_text()


def cells(page: str, section: str) -> list[list[str]]:
    lines = page.split(f"## {section}\n")[1].split("## ", maxsplit=1)[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("|")]


def test_every_target_is_in_it(page: str) -> None:
    heading = cells(page, "Into targets")[0]
    loaded = [catalogue.spec(slug) for slug in ("duckdb", "postgresql")]
    assert {spec.label for spec in loaded} <= set(heading)


def test_it_says_what_becomes_of_a_type(page: str) -> None:
    heading, _, *rows = cells(page, "Into targets")
    found = {row[0]: dict(zip(heading, row, strict=True)) for row in rows}
    assert found["`int8`"]["PostgreSQL"] == "*smallint*"
    assert found["`int8`"]["DuckDB"] == "TINYINT"
    assert found["`postgresql.inet`"]["PostgreSQL"] == "inet"
    assert found["`decimal`"]["PostgreSQL"] == "numeric"


def test_it_says_how_a_sources_types_are_read(page: str) -> None:
    found = {row[0]: row[1] for row in cells(page, "From PostgreSQL")[2:]}
    assert found["`numeric(12,2)`"] == "`decimal128(12,2)`"
    assert found["`numeric`"] == "`decimal`"
    assert found["`inet`"] == "`postgresql.inet`"
    assert len(cells(page, "From DuckDB")) > 20


def test_every_built_source_with_types_has_a_section(page: str) -> None:
    sources = ("PostgreSQL", "MySQL, MariaDB", "DuckDB", "SQLite", "CSV", "JSON", "Parquet", "Avro", "Excel")
    assert [label for label in sources if f"## From {label}\n" not in page] == []


def test_it_says_what_becomes_of_a_sources_type_in_each_target(page: str) -> None:
    heading, _, *rows = cells(page, "From Parquet")
    found = {row[0]: dict(zip(heading, row, strict=True)) for row in rows}
    assert (found["`duration[us]`"]["PostgreSQL"], found["`uint64`"]["PostgreSQL"]) == (
        "-",
        "*numeric(20,0)*",
    )
