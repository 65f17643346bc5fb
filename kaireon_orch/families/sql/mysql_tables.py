"""What a load does to the making of tables in MySQL, where DDL commits by itself.

So a new table is there, empty, before its rows are. It carries a mark until they are committed, by which a load that
fails removes it, and the next one does where this one was killed. Columns that a table got or got wider are taken back
by a load that fails; where it was killed they stay, the rows being what they were.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import mysql_types
from kaireon_orch.families.sql.mysql_query import literal, quote, quote_all

if TYPE_CHECKING:
    from kaireon_orch.contract.load import TableName, WritePlan
    from kaireon_orch.families.sql.mysql_catalog import MyTable
    from kaireon_orch.families.sql.mysql_session import Session

MARK: Final = "kaireon-orch: being loaded for the first time"
_OURS: Final = "ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
_KEY_CHARACTERS: Final = 700
_KEY_BYTES: Final = 2800
"""What all texts and bytes of a key may have together: InnoDB's index takes 3072 bytes, 4 of them for a character."""

_EXACT: Final = ("utf8mb4_nopad_bin", "utf8mb4_0900_bin", "utf8mb4_bin")
"""Collations that tell all texts apart, MariaDB's and MySQL's; the last one, of old servers, but for spaces at the end."""

_COLLATIONS: Final = (
    "SELECT COLLATION_NAME FROM information_schema.COLLATIONS WHERE COLLATION_NAME IN (%s, %s, %s)"
)
_MOMENT: Final = "TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)"
_VERSIONS: Final = (
    f"`valid_from` {_MOMENT}, `valid_to` TIMESTAMP(6) NULL DEFAULT NULL, `is_current` BIT(1) NOT NULL"
)


def quoted(table: TableName) -> str:
    return quote(str(table.schema), table.name)


def about(session: Session, table: TableName) -> tuple[str, str, int] | None:
    """Engine, comment and estimated rows of a table; None where there is none."""
    rows = session.execute(
        "SELECT ENGINE, TABLE_COMMENT, TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
        (table.schema, table.name),
    )
    return (rows[0][0] or "", rows[0][1] or "", int(rows[0][2] or 0)) if rows else None


def demand_transactional(session: Session, table: TableName) -> None:
    """Raise `Fault` TARGET_REFUSED for a table that would keep rows which are rolled back."""
    found = about(session, table)
    if found is not None and found[0].lower() != "innodb":
        raise Fault(
            FaultCode.TARGET_REFUSED,
            f"The table {table} is kept by {found[0] or 'no engine'}, which has no transactions: alter it to InnoDB.",
        )


def remove_unfilled(session: Session, table: TableName) -> None:
    """Drop a table that a killed load had made and not filled; take the mark off one that it had."""
    found = about(session, table)
    if found is None or found[1] != MARK:
        return
    if session.execute(f"SELECT 1 FROM {quoted(table)} LIMIT 1"):  # noqa: S608  quoted
        unmark(session, table)
    else:
        session.execute(f"DROP TABLE {quoted(table)}")


def create(session: Session, table: TableName, columns: str) -> None:
    """Make a table that carries the mark."""
    session.execute(f"CREATE TABLE {quoted(table)} ({columns}) {_OURS} COMMENT = {literal(MARK)}")


def unmark(session: Session, table: TableName) -> None:
    """Say that the table's first load was committed."""
    session.execute(f"ALTER TABLE {quoted(table)} COMMENT = ''")


@dataclass(slots=True)
class Making:
    """What one load does to its table before its transaction, and how that is taken back."""

    session: Session
    table: TableName
    _undo: list[str] = field(default_factory=list)

    def apply(self, plan: WritePlan, known: MyTable | None) -> dict[str, str]:
        """Create or alter the table; the type words of the columns that are new or wider."""
        made = self._words(plan)
        if plan.create:
            create(self.session, self.table, self._definition(plan, made))
            self._undo.append(f"DROP TABLE {self._name}")
        for name in plan.add:
            self.session.execute(f"ALTER TABLE {self._name} ADD COLUMN {quote(name)} {made[name]}")
            self._undo.append(f"ALTER TABLE {self._name} DROP COLUMN {quote(name)}")
        for name in plan.widen:
            self._widen(name, made[name], known)
        return made

    def keep(self) -> None:
        """What was done is no longer to be taken back."""
        self._undo.clear()

    def undo(self) -> None:
        """Take back what was done; what the server does not let go stays, and is no row."""
        while self._undo:
            with contextlib.suppress(Fault):
                self.session.execute(self._undo.pop())

    def _words(self, plan: WritePlan) -> dict[str, str]:
        names = plan.schema.names if plan.create else (*plan.add, *plan.widen)
        words = {name: mysql_types.native(plan.schema.field(name)) for name in names}
        if plan.create and (plan.merges or plan.versions):
            words |= self._key_words(plan)
        return words

    def _key_words(self, plan: WritePlan) -> dict[str, str]:
        """Types of key columns: bounded, so that an index takes them, and never NULL."""
        fields = [plan.schema.field(name) for name in plan.key]
        long = [field for field in fields if _is_unbounded(field.type)]
        if any(isinstance(field.type, pa.JsonType) for field in fields):
            raise Fault(
                FaultCode.TARGET_REFUSED, "MySQL finds no rows by a JSON column: take another primaryKey."
            )
        words = {field.name: mysql_types.native(field).removesuffix(" NULL DEFAULT NULL") for field in fields}
        words |= {field.name: self._bounded(field.type, len(long)) for field in long}
        filled = {
            name: " DEFAULT CURRENT_TIMESTAMP(6)" if each.startswith("TIMESTAMP") else ""
            for name, each in words.items()
        }
        return {name: f"{each} NOT NULL{filled[name]}" for name, each in words.items()}

    def _bounded(self, type_: pa.DataType, many: int) -> str:
        if not pa.types.is_string(type_):
            return f"VARBINARY({_KEY_BYTES // many})"
        known = {name for (name,) in self.session.execute(_COLLATIONS, _EXACT)}
        exact = next(name for name in _EXACT if name in known)
        return f"VARCHAR({_KEY_CHARACTERS // many}) CHARACTER SET utf8mb4 COLLATE {exact}"

    def _definition(self, plan: WritePlan, words: dict[str, str]) -> str:
        """Rows that are found by a key get an index on it."""
        parts = [f"{quote(name)} {words[name]}" for name in plan.schema.names]
        if plan.versions:
            parts += [_VERSIONS, f"KEY ({quote_all(plan.key)})"]
        if plan.merges:
            parts.append(f"PRIMARY KEY ({quote_all(plan.key)})")
        return ", ".join(parts)

    def _widen(self, name: str, words: str, known: MyTable | None) -> None:
        """Change a column's type alone: MySQL forgets all of a column that the statement does not repeat."""
        column = known.column(name) if known is not None else None
        begin = "" if column is None else f"{quote(name)} {column.type.words}"
        before = next((line for line in self._lines() if begin and line.startswith(f"{begin} ")), None)
        if before is None:
            raise Fault(FaultCode.TARGET_REFUSED, f"Column {name!r} must be wider: alter it by hand.")
        after = f"{quote(name)} {words}{before[len(begin) :]}"
        self.session.execute(f"ALTER TABLE {self._name} MODIFY COLUMN {after}")
        self._undo.append(f"ALTER TABLE {self._name} MODIFY COLUMN {before}")

    def _lines(self) -> list[str]:
        """The table's definition as the server writes it, a column or index a line."""
        ((_, statement),) = self.session.execute(f"SHOW CREATE TABLE {self._name}")
        return [line.strip().removesuffix(",") for line in str(statement).splitlines()]

    @property
    def _name(self) -> str:
        return quoted(self.table)


def _is_unbounded(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_binary(type_))
