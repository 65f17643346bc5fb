"""The published table of types says of each pair what the torture tables prove."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kaireon_orch import catalogue
from kaireon_orch_tests.torture.cases import TARGETS
from kaireon_orch_tests.torture.sources import SOURCES

if TYPE_CHECKING:
    from kaireon_orch_tests.torture.cases import Case

TOOL = Path(__file__).parents[2] / "tools" / "type_table.py"
SECTIONS = {"postgresql": "PostgreSQL", "mariadb": "MySQL, MariaDB", "duckdb": "DuckDB", "parquet": "Parquet"}
FEWEST = 20


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("pages") / "types.md"
    subprocess.run([sys.executable, str(TOOL), str(file)], check=True, timeout=60)
    return file.read_text()


def rows(page: str, section: str) -> dict[str, dict[str, str]]:
    """What becomes of each type of a source, by target."""
    lines = page.split(f"## From {section}\n")[1].split("## ", maxsplit=1)[0].splitlines()
    heading, _, *found = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line[:1] == "|"
    ]
    return {row[0].strip("`").lower(): dict(zip(heading[1:], row[1:], strict=True)) for row in found}


@pytest.mark.parametrize("source", SECTIONS)
def test_a_pair_is_refused_in_the_table_as_in_a_run(page: str, source: str) -> None:
    table = rows(page, SECTIONS[source])
    known: list[tuple[Case, dict[str, str]]] = [
        (each, table[str(each.type).lower()])
        for each in SOURCES[source].cases
        if str(each.type).lower() in table
    ]
    labels = {target: catalogue.spec(target).label for target in TARGETS}
    assert len(known) >= FEWEST
    for each, cells in known:
        refused = {target for target in TARGETS if cells[labels[target]] == "-"}
        assert (each.name, refused) == (each.name, set(each.not_in))
