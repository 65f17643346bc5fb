"""Settle a load's staged rows with those of the table, by key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from psycopg import sql

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql.identifiers import quote
from kaireon_orch.families.sql.merge import LATEST, ORDINAL

if TYPE_CHECKING:
    from datetime import datetime

    from kaireon_orch.contract.load import WritePlan
    from kaireon_orch.families.sql.merge import Merge
    from kaireon_orch.families.sql.pg_catalog import Connection

_UNIQUE: Final = """
    SELECT 1 FROM pg_index i WHERE i.indrelid = to_regclass(%s) AND i.indisunique AND i.indimmediate AND i.indisvalid
      AND i.indpred IS NULL AND i.indexprs IS NULL
      AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text COLLATE "C")
           FROM generate_series(0, i.indnkeyatts - 1) AS at
           JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[at]) = %s::text[]
"""


def demand_keys(connection: Connection, staged: str, plan: WritePlan) -> None:
    """Raises `Fault` ROW_REFUSED naming the first row whose key is NULL; rows are found by it."""
    for name in plan.key:
        lacking = f"SELECT min({quote(ORDINAL)}) FROM {staged} WHERE {quote(name)} IS NULL"  # noqa: S608  quoted
        row = connection.execute(sql.SQL(lacking)).fetchone()
        if row is not None and row[0] is not None:
            raise Fault(
                FaultCode.ROW_REFUSED,
                f"Column {name!r}, row {row[0]}: NULL in the primary key; {plan.mode} finds rows by it.",
            )


@dataclass(frozen=True, slots=True)
class Settling:
    """One load's rows on their way from the staging table; psycopg's errors pass through."""

    connection: Connection
    merge: Merge
    plan: WritePlan
    at: datetime

    def settle(self) -> int:
        """Rows that were put or changed; of versions, those that were opened."""
        if self.plan.versions:
            return self._versions()
        if self._has_unique():
            return self._run(self.merge.put(self.merge.latest()))
        kept = self._keep_latest()
        self._run(self.merge.change())
        self._run(self.merge.add())
        return kept

    def _versions(self) -> int:
        self._keep_latest()
        at = self._moment()
        self._run(self.merge.close_changed(at))
        if not self.plan.keep_vanished:
            self._run(self.merge.close_vanished(at))
        return self._run(self.merge.open_versions(at))

    def _keep_latest(self) -> int:
        """The rows that hold, counted; no other writer may come between a look at the table and what follows."""
        self._run(f"LOCK TABLE {self.merge.table} IN SHARE ROW EXCLUSIVE MODE")
        kept = self._run(self.merge.keep_latest())
        self._run(f"ANALYZE {LATEST}")
        return kept

    def _moment(self) -> datetime:
        """When the new versions begin: at the run's snapshot, and after every one that is there."""
        row = self.connection.execute(sql.SQL(self.merge.last_moment())).fetchone()
        last: datetime | None = row[0] if row else None
        return self.at if last is None else max(self.at, last + timedelta(microseconds=1))

    def _has_unique(self) -> bool:
        key = sorted(self.plan.key, key=str.encode)
        return self.connection.execute(_UNIQUE, (self.merge.table, key)).fetchone() is not None

    def _run(self, statement: str | None) -> int:
        return 0 if statement is None else self.connection.execute(sql.SQL(statement)).rowcount
