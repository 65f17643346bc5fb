"""`docs/pipelines.md`, run as it stands there."""

from __future__ import annotations

import re
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kaireon_orch_tests.cli.conftest import Home

PAGE = (Path(__file__).parents[2] / "docs" / "pipelines.md").read_text()
WIDE = {"COLUMNS": "200"}


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


def test_every_command_says_what_the_page_says(home: Home) -> None:
    shop(home)
    (home.path / "shop.yaml").write_text(blocks("yaml")[0])
    for command, expected in re.findall(
        r"^\$ kaireon (.*)\n((?:[^$].*\n)*)", blocks("console")[0], re.MULTILINE
    ):
        said = home.kaireon(*shlex.split(command), **WIDE)
        assert said.returncode == 0, said.stderr
        assert re.fullmatch(pattern(expected), said.stdout), f"{command}\n{said.stdout}"


def pattern(expected: str) -> str:
    """`…` stands for anything in its line; alone in it, for lines."""
    lines = expected.splitlines()
    return "".join(
        ".*".join(map(re.escape, line.split("…"))) + "\n" if line != "…" else r"(?s:.+\n)" for line in lines
    )


def shop(home: Home) -> None:
    folder = home.path / "files"
    folder.mkdir(mode=0o700)
    with closing(sqlite3.connect(folder / "shop.sqlite")) as database, database:
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT, price TEXT, changed TEXT)")
        rows = [
            (1, "pen", "1.50", "2026-01-01"),
            (2, "ink", "9.00", "2026-01-02"),
            (3, None, None, "2026-01-03"),
        ]
        database.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
