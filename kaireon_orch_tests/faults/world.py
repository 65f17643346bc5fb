"""A source that changes, a pipeline of one mode, and what Python says must be in the target after each load."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from kaireon_orch.errors import Fault
from kaireon_orch.network.child import run_job
from kaireon_orch_tests.faults import deadly, loader

if TYPE_CHECKING:
    import random

    from kaireon_orch_tests.movement.ends import Ends

Row = tuple[Any, ...]

MODES: dict[str, dict[str, Any]] = {
    "append": {},
    "truncate": {},
    "blue_green": {},
    "upsert": {"primaryKey": ["id"]},
    "incremental_watermark": {"cursorField": "seen"},
    "incremental_watermark by key": {"cursorField": "seen", "primaryKey": ["id"]},
    "scd2": {"primaryKey": ["id"]},
}
ROWS = 300
LEFT_IN_POSTGRES = r"""
    SELECT relname FROM pg_class WHERE relname LIKE '%kaireon%' AND relname NOT LIKE '\_kaireon\_loads%'
       OR relname LIKE '%\_\_next%'
"""
KNOWN_FILES = {"warehouse.duckdb", "warehouse.duckdb.lock", "payload.json", "policy.json"}


@dataclass
class World:
    """One pipeline's ends and the model of its target: rows, versions with `is_current`, and the watermark."""

    ends: Ends
    kind: str
    name: str
    chance: random.Random
    source: dict[int, Row] = field(default_factory=dict)
    held: list[Row] = field(default_factory=list)
    mark: int | None = None
    newest: int = 0
    runs: int = 0

    def __post_init__(self) -> None:
        self.origin_database = f"{self.ends.database}_source"
        self.ends.postgres.database(self.origin_database)
        self.in_source("CREATE TABLE s (id int PRIMARY KEY, seen int, note text)")

    def change(self) -> None:
        """Rows come, change and go; `seen` only grows."""
        for _ in range(self.chance.randrange(1, ROWS)):
            self.newest += self.chance.randrange(2)
            row_id = self.chance.randrange(2 * ROWS)
            if self.chance.random() < 0.2:
                self.source.pop(row_id, None)
            else:
                self.source[row_id] = (row_id, self.newest, f"note {self.chance.randrange(1000)}")
        self.source.setdefault(-1, (-1, self.newest, "always there"))
        with psycopg.connect(self.ends.postgres.dsn(self.origin_database)) as connection:
            connection.execute("TRUNCATE s")
            with connection.cursor().copy("COPY s FROM STDIN") as copy:
                for row in self.source.values():
                    copy.write_row(row)

    def expected(self) -> tuple[list[Row], int | None]:
        """Rows and watermark after a load of the source as it is."""
        rows = sorted(self.source.values(), key=lambda row: (row[1], row[0]))
        mark = rows[-1][1]
        match self.name:
            case "append":
                return self.held + rows, None
            case "truncate" | "blue_green":
                return rows, None
            case "upsert":
                return merged(self.held, rows), None
            case "incremental_watermark":
                return self.held + [
                    row for row in rows if self.mark is None or row[1] > self.mark
                ], self._mark(mark)
            case "incremental_watermark by key":
                new = [row for row in rows if self.mark is None or row[1] >= self.mark]
                return merged(self.held, new), self._mark(mark)
        return versions(self.held, self.source), None

    def _mark(self, newest: int) -> int:
        """Rows may have gone from the source, and the mark stays."""
        return newest if self.mark is None else max(self.mark, newest)

    def payload(self, run_id: str) -> dict[str, Any]:
        origin = self.ends.postgresql()
        origin["config"] = {**origin["config"], "database": self.origin_database}
        mode = self.name.split()[0]
        return self.ends.payload(
            origin, self.target, run_id=run_id, source={"table": "s"}, loadMode=mode, **MODES[self.name]
        )

    def load(self) -> dict[str, Any]:
        """One load that nobody kills."""
        self.runs += 1
        return self._again(f"run {self.runs}")

    def kill_and_recover(self, kill: dict[str, Any]) -> str:
        """A load with a death in it, and the next run: nothing lost, nothing doubled, nothing left.

        Says how it went: `committed`, `undone`, or `survived`.
        """
        self.change()
        self.runs += 1
        run_id = f"run {self.runs}"
        before = self.held
        after, _ = self.expected()
        survived = self._struck(run_id, kill)
        self._wait_for_sessions()
        committed = self._is_committed(run_id)
        assert self.rows() == sorted(map(key, after if committed else before)), (kill, committed)
        result = self._again(run_id)
        assert result["alreadyLoaded"] is committed, kill
        assert self.left() == [], kill
        if survived:
            return "survived"
        return "committed" if committed else "undone"

    def _again(self, run_id: str) -> dict[str, Any]:
        after, mark = self.expected()
        result = self.ends.work(self.payload(run_id))
        self.held, self.mark = after, mark
        assert self.rows() == sorted(map(key, after))
        return result

    def _struck(self, run_id: str, kill: dict[str, Any]) -> bool:
        """Whether the load came to its end all the same."""
        payload = self.payload(run_id) | {"kill": self._addressed(kill), "module": deadly.__name__}
        if kill["victim"] == "parent":
            return self._struck_with_parent(payload)
        try:
            run_job("run", payload, policy=self.ends.policy(), deadline=60.0, module=deadly.__name__)
        except Fault:
            return False
        return True

    def _struck_with_parent(self, payload: dict[str, Any]) -> bool:
        files = [self.ends.folder / "payload.json", self.ends.folder / "policy.json"]
        files[0].write_text(json.dumps(payload))
        files[1].write_text(json.dumps(self.ends.policy().to_wire()))
        command = [sys.executable, str(Path(loader.__file__)), *map(str, files)]
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0

    def _addressed(self, kill: dict[str, Any]) -> dict[str, Any]:
        """The kill with where its backends are; a DuckDB target has none, so its child dies instead."""
        victim = kill["victim"]
        if victim == "target" and self.kind == "duckdb":
            victim = "child"
        database = self.origin_database if victim == "source" else self.ends.database
        backends = victim in {"source", "target"}
        return {
            **kill,
            "victim": "backends" if backends else victim,
            "server": self.ends.postgres.dsn("postgres"),
            "database": database,
        }

    def _wait_for_sessions(self) -> None:
        deadline = time.monotonic() + 20
        ours = "SELECT count(*) FROM pg_stat_activity WHERE datname IN (%s, %s)"
        with psycopg.connect(self.ends.postgres.dsn("postgres"), autocommit=True) as connection:
            while connection.execute(ours, (self.ends.database, self.origin_database)).fetchall() != [(0,)]:
                assert time.monotonic() < deadline, "sessions of a dead load stay"
                time.sleep(0.02)

    def _is_committed(self, run_id: str) -> bool:
        if not self._exists("_kaireon_loads"):
            return False
        found = self.look(f"SELECT count(*) FROM public._kaireon_loads WHERE load_id = '{run_id}'")
        return found == [(1,)]

    def _exists(self, table: str) -> bool:
        if self.kind == "duckdb" and not (self.ends.folder / "warehouse.duckdb").exists():
            return False
        return bool(self.look(f"SELECT 1 FROM information_schema.tables WHERE table_name = '{table}'"))

    def rows(self) -> list[Row]:
        """What is in the target."""
        if not self._exists("t"):
            return []
        columns = "id, seen, note, is_current" if self.name == "scd2" else "id, seen, note"
        return sorted(map(key, self.look(f"SELECT {columns} FROM public.t")))

    def left(self) -> list[str]:
        """What should not be there any more."""
        if self.kind == "postgresql":
            return [name for (name,) in self.ends.in_postgres(LEFT_IN_POSTGRES)]
        files = (path.name for path in self.ends.folder.iterdir() if not path.name.startswith("job-"))
        return sorted(set(files) - KNOWN_FILES)

    @property
    def target(self) -> dict[str, Any]:
        return self.ends.duckdb() if self.kind == "duckdb" else self.ends.postgresql()

    def look(self, sql: str) -> list[Row]:
        return self.ends.in_duckdb(sql) if self.kind == "duckdb" else self.ends.in_postgres(sql)

    def in_source(self, sql: str) -> None:
        with psycopg.connect(self.ends.postgres.dsn(self.origin_database), autocommit=True) as connection:
            connection.execute(sql.encode())


def key(row: Row) -> Row:
    return tuple(row)


def merged(held: list[Row], rows: list[Row]) -> list[Row]:
    found = {row[0]: row for row in held} | {row[0]: row for row in rows}
    return list(found.values())


def versions(held: list[Row], source: dict[int, Row]) -> list[Row]:
    """Each held version goes on, or is closed; rows that are not open afterwards are opened."""
    kept = [row if row[3] and source.get(row[0]) == row[:3] else (*row[:3], False) for row in held]
    current = {row[0] for row in kept if row[3]}
    return kept + [(*row, True) for row in source.values() if row[0] not in current]
