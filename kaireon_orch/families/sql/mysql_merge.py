"""Rows that meet others of the same key in MySQL: `upsert` and `scd2` within one transaction.

A load's rows gather in a temporary table of the load's session. It has the key as its primary key, so that of several
rows of one key one is left: with the greatest cursor, else the last. That the session makes it before the transaction
and the server forgets it with the session is why nothing of it can stay. Joins name their order, since a temporary
table has no statistics to find a good one by. A statement can use a temporary table once only, so every step does.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from kaireon_orch.contract.load import IS_CURRENT, VALID_FROM, VALID_TO
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import mysql_catalog, mysql_tables
from kaireon_orch.families.sql.mysql_query import constant, quote, quote_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.contract.load import TableName, WritePlan
    from kaireon_orch.families.sql.mysql_catalog import MyColumn
    from kaireon_orch.families.sql.mysql_session import Session

_BY_BYTES: Final = frozenset(
    {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json"}
)
"""Types whose own equality may pass over letter case, accents and spaces."""

_UNINDEXED: Final = frozenset({"tinytext", "text", "mediumtext", "longtext", "json"}) | {
    "tinyblob",
    "blob",
    "mediumblob",
    "longblob",
}


@dataclass(frozen=True, slots=True)
class Merge:
    """One load's rows on their way from the stage into the table. `columns` are those of the plan."""

    session: Session
    table: TableName
    plan: WritePlan
    columns: Mapping[str, MyColumn]

    @property
    def stage(self) -> str:
        """The stage's name, quoted: it hides no table that there may be."""
        digest = hashlib.sha256(str(self.table).encode()).hexdigest()[:24]
        return quote(str(self.table.schema), f"kaireon stage {digest}")

    def begin(self) -> None:
        """Make the stage; before the transaction, since some servers refuse that within one."""
        for name in self.plan.key:
            if self.columns[name].type.name in _UNINDEXED:
                words = self.columns[name].type.words
                raise Fault(
                    FaultCode.TARGET_REFUSED,
                    f"Column {name!r} is of type {words}, which no index takes as a whole, so that rows are not found by it: "
                    "alter it to VARCHAR or VARBINARY.",
                )
        self.session.execute(f"DROP TEMPORARY TABLE IF EXISTS {self.stage}")
        self.session.execute(
            f"CREATE TEMPORARY TABLE {self.stage} (PRIMARY KEY ({quote_all(self.plan.key)})) ENGINE=InnoDB "  # noqa: S608  quoted
            f"SELECT {self._names()} FROM {self._name} WHERE FALSE"
        )

    def tail(self) -> bytes:
        """What an INSERT into the stage ends in: which of two rows of one key holds."""
        cursor = self.plan.cursor
        others = [name for name in self._others() if name != cursor]
        given = {name: f"VALUES({quote(name)})" for name in self.columns}
        if cursor is None or cursor in self.plan.key:
            sets = [f"{quote(name)} = {given[name]}" for name in self._others()]
        else:
            newer = f"({quote(cursor)} IS NULL OR {given[cursor]} >= {quote(cursor)})"
            sets = [
                f"{quote(name)} = IF({newer}, {given[name]}, {quote(name)})" for name in (*others, cursor)
            ]  # the cursor comes last: those before it are compared with its old value
        same = quote(self.plan.key[0])
        return f" ON DUPLICATE KEY UPDATE {', '.join(sets) or f'{same} = {same}'}".encode()

    def settle(self) -> int:
        """Rows that were put or changed; of versions, those that were opened."""
        if self.plan.versions:
            return self._versions()
        (kept,), *_ = self.session.execute(f"SELECT COUNT(*) FROM {self.stage}")  # noqa: S608  quoted
        if self._others():
            self._change(", ".join(f"held.{quote(name)} = given.{quote(name)}" for name in self._others()))
        self._forget_held()
        columns = self._names()
        self.session.execute(f"INSERT INTO {self._name} ({columns}) SELECT {columns} FROM {self.stage}")  # noqa: S608  quoted
        return int(kept)

    def _versions(self) -> int:
        at = constant(self._moment(), None)
        if self._others():
            self._change(self._closed(at), f" WHERE held.{IS_CURRENT} AND {self._differs()}")
        if not self.plan.keep_vanished:
            self._close_vanished(at)
        self._forget_held(f" AND held.{IS_CURRENT}")
        columns = self._names()
        return self.session.changed(
            f"INSERT INTO {self._name} ({columns}, {VALID_FROM}, {VALID_TO}, {IS_CURRENT}) "  # noqa: S608  quoted
            f"SELECT {columns}, {at}, NULL, TRUE FROM {self.stage}"
        )

    def _change(self, sets: str, where: str = "") -> None:
        """UPDATE the rows whose key came. Also the gaps between keys are locked by it: no other writer puts one there."""
        self.session.execute(f"UPDATE {self._joined()} SET {sets}{where}")  # noqa: S608  quoted

    def _close_vanished(self, at: str) -> None:
        first = quote(self.plan.key[0])
        self.session.execute(
            f"UPDATE {self._name} AS held LEFT JOIN {self.stage} AS given ON {self._same_key()} "  # noqa: S608  quoted
            f"SET {self._closed(at)} WHERE held.{IS_CURRENT} AND given.{first} IS NULL"
        )

    def _forget_held(self, more: str = "") -> None:
        """Of the stage, leave the rows that are to be added."""
        self.session.execute(f"DELETE given FROM {self._joined()}{more}")

    def _moment(self) -> datetime:
        """When the new versions begin: at the run's snapshot, and after every one that is there."""
        at = self.plan.at or datetime.now(UTC)
        ((last,),) = self.session.execute(f"SELECT MAX({VALID_FROM}) FROM {self._name}")  # noqa: S608  quoted
        if last is None:
            return at
        newest = datetime.fromisoformat(str(last)).replace(tzinfo=UTC)
        return max(at, newest + timedelta(microseconds=1))

    def _joined(self) -> str:
        """Both sides by key: from the stage into the table's index, or through the table where it has none."""
        held, given = f"{self._name} AS held", f"{self.stage} AS given"
        by_index = mysql_catalog.is_indexed(
            self.session, str(self.table.schema), self.table.name, self.plan.key
        )
        first, second = (given, held) if by_index else (held, given)
        return f"{first} STRAIGHT_JOIN {second} ON {self._same_key()}"

    def _closed(self, at: str) -> str:
        """What ends a version, and nothing else: a column that follows every change by itself is kept."""
        kept = [name for name, column in self.columns.items() if "on update" in column.extra]
        same = "".join(f", held.{quote(name)} = held.{quote(name)}" for name in kept)
        return f"held.{VALID_TO} = {at}, held.{IS_CURRENT} = FALSE{same}"

    def _differs(self) -> str:
        return f"({' OR '.join(self._differing(name) for name in self._others())})"

    def _differing(self, name: str) -> str:
        held, given = f"held.{quote(name)}", f"given.{quote(name)}"
        if self.columns[name].type.name in _BY_BYTES:
            held, given = f"CAST({held} AS BINARY)", f"CAST({given} AS BINARY)"
        return f"NOT ({held} <=> {given})"

    def _same_key(self) -> str:
        return " AND ".join(f"held.{quote(name)} = given.{quote(name)}" for name in self.plan.key)

    def _others(self) -> list[str]:
        return [name for name in self.columns if name not in self.plan.key]

    def _names(self) -> str:
        return quote_all(self.columns)

    @property
    def _name(self) -> str:
        return mysql_tables.quoted(self.table)
