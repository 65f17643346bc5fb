"""The search tries itself before each use: a secret of its own, in every spelling and wrapping, must be found."""

from __future__ import annotations

import base64
import gzip
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from secrets import token_urlsafe
from tempfile import TemporaryDirectory

from kaireon_orch.cli.audit.folders import look_below
from kaireon_orch.cli.audit.search import Search, Sought
from kaireon_orch.cli.audit.unpacking import PIECE
from kaireon_orch.control.secret_inventory import Owner
from kaireon_orch.control.spellings import spellings
from kaireon_orch.errors import KaireonError

ITSELF = Owner("", "(the search itself)", "trial")
ODD = '/+%"\\ü'  # what each way of writing spells differently


class SearchBroken(KaireonError):
    """The search did not find what it had hidden itself, so its silence means nothing."""


def try_itself() -> int:
    """How many wrappings of its own secret the search found: all of them. Raises SearchBroken."""
    secret = f"{token_urlsafe(16)}{ODD}{token_urlsafe(8)}"
    sought = Sought()
    sought.add(ITSELF, secret)
    with TemporaryDirectory(prefix="kaireon-audit-") as folder:
        planted = _plant(Path(folder), list(spellings(secret)))
        search = Search(sought, lambda _: None)
        look_below(search, search.area("trial"), Path(folder))
    found = {finding.where.split(" ")[0] for finding in search.findings}
    if missed := planted - found:
        raise SearchBroken(f"The search missed its own secret in {len(missed)} of {len(planted)} places.")
    return len(planted)


def _plant(folder: Path, spelled: list[bytes]) -> set[str]:
    """The names of the files that now hold it."""
    for number, each in enumerate(spelled):
        around = b"before " + each + b" after"
        (folder / f"clear{number}").write_bytes(around)
        (folder / f"gzip{number}").write_bytes(gzip.compress(around, 1))
        (folder / f"cursor{number}").write_bytes(b"0" + base64.b64encode(zlib.compress(around)))
        _plant_row(folder / f"row{number}.db", around)
    (folder / "border").write_bytes(b"x" * (PIECE - 12) + spelled[0])  # across two pieces of the stream
    return {path.name for path in folder.iterdir()}


def _plant_row(path: Path, body: bytes) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE snapshots (id INTEGER, snapshot_body BLOB)")
        database.execute("INSERT INTO snapshots VALUES (1, ?)", (zlib.compress(body),))
