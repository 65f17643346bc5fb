"""The targets that loads are killed on the way into: how each is looked into from outside."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
import psycopg
import pyarrow as pa
from deltalake import DeltaTable

from kaireon_orch import catalogue
from kaireon_orch_tests.movement.ends import connector

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kaireon_orch_tests.movement.ends import Ends

Row = tuple[Any, ...]

COLUMNS = ("id", "seen", "note")
LEFT_IN_POSTGRES = r"""
    SELECT relname FROM pg_class WHERE relname LIKE '%kaireon%' AND relname NOT LIKE '\_kaireon\_loads%'
       OR relname LIKE '%\_\_next%'
"""
BUSY_SECONDS = 30.0
ONLOOKER = "onlooker"
"""Whose sessions are none of a load's."""


class Place(Protocol):
    """A target as outsiders see it. Every method opens it anew."""

    type: str
    has_backend: bool

    def connector(self, port: int | None = None) -> dict[str, Any]:
        """As a payload holds it; a server's at another port where one is given."""
        ...

    def rows(self, table: str, *more: str) -> list[Row]:
        """The table's rows of `COLUMNS` and `more`, sorted; none where there is no table."""
        ...

    def committed(self, table: str, load_id: str) -> bool:
        """Whether the ledger has the load."""
        ...

    def left(self) -> Sequence[str]:
        """What should not be there any more."""
        ...


def load_modes(type_: str) -> tuple[str, ...]:
    """The modes that the target's type says it holds."""
    return tuple(catalogue.spec(type_).load_modes)


@dataclass
class InPostgresql:
    """A database of the session's server."""

    ends: Ends
    type: str = "postgresql"
    has_backend: bool = True

    def connector(self, port: int | None = None) -> dict[str, Any]:
        found = self.ends.postgresql()
        return found if port is None else {**found, "config": {**found["config"], "port": port}}

    def rows(self, table: str, *more: str) -> list[Row]:
        try:
            return sorted(self._ask(f"SELECT {', '.join(COLUMNS + more)} FROM public.{table}"))
        except psycopg.errors.UndefinedTable:
            return []

    def committed(self, table: str, load_id: str) -> bool:
        try:
            found = self._ask(f"SELECT count(*) FROM public._kaireon_loads WHERE load_id = '{load_id}'")
        except psycopg.errors.UndefinedTable:
            return False
        assert found[0][0] < 2, "the ledger has a load twice"
        return bool(found[0][0])

    def left(self) -> Sequence[str]:
        return [name for (name,) in self._ask(LEFT_IN_POSTGRES)]

    def _ask(self, sql: str) -> list[Row]:
        dsn = self.ends.postgres.dsn(self.ends.database)
        with psycopg.connect(dsn, autocommit=True, application_name=ONLOOKER) as connection:
            return connection.execute(sql.encode()).fetchall()


@dataclass
class InWarehouse:
    """The built-in warehouse: a DuckDB file."""

    ends: Ends
    type: str = "duckdb"
    has_backend: bool = False

    @property
    def folder(self) -> Path:
        found = self.ends.folder / "warehouse"
        found.mkdir(exist_ok=True)
        return found

    def connector(self, port: int | None = None) -> dict[str, Any]:
        return connector("duckdb", {"path": str(self.folder / "w.duckdb")})

    def rows(self, table: str, *more: str) -> list[Row]:
        return sorted(self._ask(f"SELECT {', '.join(COLUMNS + more)} FROM public.{table}"))

    def committed(self, table: str, load_id: str) -> bool:
        found = self._ask(f"SELECT count(*) FROM public._kaireon_loads WHERE load_id = '{load_id}'")
        assert not found or found[0][0] < 2, "the ledger has a load twice"
        return bool(found and found[0][0])

    def left(self) -> Sequence[str]:
        return sorted({path.name for path in self.folder.iterdir()} - {"w.duckdb", "w.duckdb.lock"})

    def _ask(self, sql: str) -> list[Row]:
        file = self.folder / "w.duckdb"
        deadline = time.monotonic() + BUSY_SECONDS
        while file.exists():
            try:
                with duckdb.connect(str(file), read_only=True) as connection:
                    return connection.execute(sql).fetchall()
            except duckdb.CatalogException:
                return []
            except duckdb.IOException:  # a writer has it open
                assert time.monotonic() < deadline, "the file stays locked"
                time.sleep(0.01)
        return []


@dataclass
class InDeltaLake:
    """A folder of Delta tables."""

    ends: Ends
    type: str = "delta_lake"
    has_backend: bool = False

    @property
    def folder(self) -> Path:
        return self.ends.folder / "lake"

    def connector(self, port: int | None = None) -> dict[str, Any]:
        return connector("delta_lake", {"uri": str(self.folder)})

    def rows(self, table: str, *more: str) -> list[Row]:
        found = self._table(table)
        if found is None:
            return []
        columns = pa.table(found.to_pyarrow_table()).select([*COLUMNS, *more]).columns
        return sorted(zip(*(column.to_pylist() for column in columns), strict=True))

    def committed(self, table: str, load_id: str) -> bool:
        found = self._table(table)
        return found is not None and found.transaction_version(f"kaireon:{load_id}") is not None

    def left(self) -> Sequence[str]:
        """Files that no version of a table names, notes and locks."""
        if not self.folder.exists():
            return []
        return [name for folder in self.folder.iterdir() for name in self._left_in(folder)]

    def _left_in(self, folder: Path) -> list[str]:
        table = self._table(folder.name)
        if table is None:
            return [folder.name]
        log = list((folder / "_delta_log").iterdir())
        commits = [
            json.loads(line)
            for path in log
            if path.suffix == ".json"
            for line in path.read_text().splitlines()
        ]
        known = {"_delta_log"} | {commit["add"]["path"] for commit in commits if "add" in commit}
        strange = [path.name for path in log if path.suffix != ".json" and "checkpoint" not in path.name]
        return sorted({path.name for path in folder.iterdir()} - known) + strange

    def _table(self, table: str) -> DeltaTable | None:
        folder = self.folder / table
        return DeltaTable(str(folder)) if (folder / "_delta_log").is_dir() else None
