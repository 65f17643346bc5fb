"""Settle a load's spooled rows with those of the table, by key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from kaireon_orch.families.sql.merge import LATEST

if TYPE_CHECKING:
    import duckdb

    from kaireon_orch.contract.load import WritePlan
    from kaireon_orch.families.sql.merge import Merge

_UNIQUE: Final = """
    SELECT 1 FROM duckdb_constraints() WHERE database_name = current_database() AND schema_name = ? AND table_name = ?
      AND constraint_type IN ('PRIMARY KEY', 'UNIQUE') AND list_sort(constraint_column_names) = list_sort(?)
"""


@dataclass(frozen=True, slots=True)
class Settling:
    """One load's rows on their way from the spool; DuckDB's errors pass through."""

    connection: duckdb.DuckDBPyConnection
    merge: Merge
    plan: WritePlan
    named: tuple[str, str]

    def settle(self) -> int:
        """Rows that were put or changed; of versions, those that were opened."""
        kept = self._run(self.merge.keep_latest())
        done = self._versions() if self.plan.versions else kept
        if self.plan.merges:
            self._merge()
        self.connection.execute(f"DROP TABLE {LATEST}")
        return done

    def _merge(self) -> None:
        if self.connection.execute(_UNIQUE, (*self.named, list(self.plan.key))).fetchone():
            self._run(self.merge.put(self.merge.all_latest()))
            return
        self._run(self.merge.change())
        self._run(self.merge.add())

    def _versions(self) -> int:
        at = self._moment()
        self._run(self.merge.close_changed(at))
        if not self.plan.keep_vanished:
            self._run(self.merge.close_vanished(at))
        return self._run(self.merge.open_versions(at))

    def _moment(self) -> datetime:
        """When the new versions begin: at the run's snapshot, and after every one that is there."""
        at = self.plan.at or datetime.now(UTC)
        row = self.connection.execute(self.merge.last_moment()).fetchone()
        last: datetime | None = row[0] if row else None
        return at if last is None else max(at, last + timedelta(microseconds=1))

    def _run(self, statement: str | None) -> int:
        """The rows that a statement came to: its one answer."""
        row = None if statement is None else self.connection.execute(statement).fetchone()
        return 0 if row is None else int(row[0])
