"""Questions to MySQL's catalogue: the types of a table or a query, keys, what can be read, the shape of a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pymysql.constants import FIELD_TYPE, FLAG

from kaireon_orch.contract.load import TableShape, TargetColumn
from kaireon_orch.contract.source import Column, Stream
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql import cursors, mysql_errors, mysql_types
from kaireon_orch.families.sql.mysql_types import MyType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kaireon_orch.families.sql.mysql_session import Session

_COLUMNS: Final = (
    "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, CHARACTER_OCTET_LENGTH, IS_NULLABLE, COLUMN_DEFAULT, EXTRA, "
    "CHARACTER_MAXIMUM_LENGTH, CHARACTER_SET_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s"
)
_IN_ORDER: Final = " ORDER BY TABLE_NAME, ORDINAL_POSITION"
_KEYS: Final = (
    "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = %s AND INDEX_NAME = 'PRIMARY' "
    "ORDER BY TABLE_NAME, SEQ_IN_INDEX"
)
_TABLES: Final = (
    "SELECT TABLE_NAME, TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s "
    "AND TABLE_TYPE IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED') ORDER BY TABLE_NAME"
)
_JSON_CHECKS: Final = (
    "SELECT TABLE_NAME, CONSTRAINT_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS "
    "WHERE CONSTRAINT_SCHEMA = %s AND LEVEL = 'Column'"
)

_INDEXES: Final = (
    "SELECT INDEX_NAME, COLUMN_NAME, SUB_PART FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s "
    "ORDER BY INDEX_NAME, SEQ_IN_INDEX"
)
_LEADING: Final = (
    "SELECT t.TABLE_TYPE, s.COLUMN_NAME FROM information_schema.TABLES t LEFT JOIN information_schema.STATISTICS s "
    "ON s.TABLE_SCHEMA = t.TABLE_SCHEMA AND s.TABLE_NAME = t.TABLE_NAME AND s.SEQ_IN_INDEX = 1 AND s.SUB_PART IS NULL "
    "WHERE t.TABLE_SCHEMA = %s AND t.TABLE_NAME = %s"
)
_BY_CODE: Final[Mapping[int, str]] = {
    FIELD_TYPE.TINY: "tinyint",
    FIELD_TYPE.SHORT: "smallint",
    FIELD_TYPE.INT24: "mediumint",
    FIELD_TYPE.LONG: "int",
    FIELD_TYPE.LONGLONG: "bigint",
    FIELD_TYPE.FLOAT: "float",
    FIELD_TYPE.DOUBLE: "double",
    FIELD_TYPE.DECIMAL: "decimal",
    FIELD_TYPE.NEWDECIMAL: "decimal",
    FIELD_TYPE.YEAR: "year",
    FIELD_TYPE.BIT: "bit",
    FIELD_TYPE.DATE: "date",
    FIELD_TYPE.NEWDATE: "date",
    FIELD_TYPE.TIME: "time",
    FIELD_TYPE.DATETIME: "datetime",
    FIELD_TYPE.TIMESTAMP: "timestamp",
    FIELD_TYPE.JSON: "json",
    FIELD_TYPE.GEOMETRY: "geometry",
}
_BINARY_CHARSET: Final = 63


@dataclass(frozen=True, slots=True)
class MyColumn:
    """A column of a table, as the catalogue has it.

    `max_length` is in characters. `foreign` is a regular expression that finds what `charset` has not. `last_second`
    counts from 1970: where a TIMESTAMP ends on this server.
    """

    name: str
    type: MyType
    nullable: bool
    default: str | None
    extra: str
    max_length: int | None
    charset: str | None = None
    foreign: str | None = None
    last_second: int = 2**31 - 1


@dataclass(frozen=True, slots=True)
class MyTable:
    """A table's columns, and its primary key."""

    columns: tuple[MyColumn, ...]
    key: tuple[str, ...]

    def types(self) -> list[tuple[str, MyType]]:
        return [(column.name, column.type) for column in self.columns]

    def column(self, name: str) -> MyColumn | None:
        return next((column for column in self.columns if column.name == name), None)

    def range_key(self) -> str | None:
        """The one whole-numbered column of the primary key, by which the table can be read in ranges."""
        if len(self.key) != 1:
            return None
        found = self.column(self.key[0])
        whole = found is not None and found.type.name in {"tinyint", "smallint", "mediumint", "int", "bigint"}
        return self.key[0] if whole else None


def indexed(session: Session, database: str, name: str) -> frozenset[str] | None:
    """The columns that an index of the table begins with; None for a view."""
    rows = session.execute(_LEADING, (database, name))
    if not rows or "VIEW" in str(rows[0][0]):
        return None
    return frozenset(str(column) for _, column in rows if column is not None)


def table(session: Session, database: str, name: str) -> MyTable | None:
    """The table or view; None where there is none that this user may see."""
    found = _tables(session, database, name)
    return found.get(name)


def _tables(session: Session, database: str, name: str | None = None) -> dict[str, MyTable]:
    only, parameters = ("", (database,)) if name is None else (" AND TABLE_NAME = %s", (database, name))
    rows = session.execute(_COLUMNS + only + _IN_ORDER, parameters)
    json_columns = _json_columns(session, database)
    keys = session.execute(_KEYS, (database,))
    by_table: dict[str, list[MyColumn]] = {}
    for row in rows:
        by_table.setdefault(row[0], []).append(_column(row, is_json=(row[0], row[1]) in json_columns))
    return {
        of: MyTable(tuple(columns), tuple(column for key_of, column in keys if key_of == of))
        for of, columns in by_table.items()
    }


def _column(row: Sequence[Any], *, is_json: bool) -> MyColumn:
    _, name, words, octets, nullable, default, extra, characters, charset = row
    type_ = MyType.parse(words, None if octets is None else int(octets))
    if is_json:
        type_ = MyType("json", "json", octets=type_.octets)
    bounded = type_.name in {"char", "varchar"} and characters is not None
    return MyColumn(
        name, type_, nullable == "YES", default, extra.lower(), int(characters) if bounded else None, charset
    )


def is_indexed(session: Session, database: str, name: str, key: Sequence[str]) -> bool:
    """Whether an index of the table begins with the columns of `key`, each of them whole."""
    by_index: dict[str, list[str | None]] = {}
    for index, column, part in session.execute(_INDEXES, (database, name)):
        by_index.setdefault(index, []).append(column if part is None else None)
    return any(set(columns[: len(key)]) == set(key) for columns in by_index.values())


def _json_columns(session: Session, database: str) -> set[tuple[str, str]]:
    """MariaDB's JSON columns: LONGTEXT with a check, named like the column, that it is JSON."""
    if not session.is_mariadb:
        return set()
    try:
        rows = session.execute(_JSON_CHECKS, (database,))
    except Fault as fault:
        if (
            fault.fault is not FaultCode.OBJECT_MISSING
        ):  # before 10.5 there is no such view, or no such column
            raise
        return set()
    return {(of, column) for of, column, clause in rows if clause == f"json_valid(`{column}`)"}


def query_types(session: Session, select: str) -> list[tuple[str, MyType]]:
    """Names and types of what a SELECT gives; runs it for no rows."""
    with mysql_errors.faults(), session.connection.cursor() as cursor:
        cursor.execute(select)
        fields = cursor._result.fields or ()  # noqa: SLF001  the description leaves out signs and character sets
        return [(_text(each.name), _described(each)) for each in fields]


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _described(each: Any) -> MyType:  # noqa: ANN401  the driver's packet
    unsigned = bool(each.flags & FLAG.UNSIGNED)
    name = _BY_CODE.get(each.type_code)
    if name == "decimal":
        digits = each.length - (1 if each.scale else 0) - (0 if unsigned else 1)
        return MyType(name, f"decimal({digits},{each.scale})", unsigned, digits, each.scale)
    if name in {"bit", "time", "datetime", "timestamp"}:
        size = each.length if name == "bit" else each.scale
        return MyType(name, f"{name}({size})", length=size)
    if name is not None:
        return MyType(name, f"{name} unsigned" if unsigned and name != "year" else name, unsigned)
    name = (
        "longblob" if each.charsetnr == _BINARY_CHARSET and each.type_code != FIELD_TYPE.NULL else "longtext"
    )
    return MyType(name, name, octets=each.length)


def streams(session: Session, database: str) -> Iterator[Stream]:
    """Tables and views that this user may read."""
    found = _tables(session, database)
    for name, rows in session.execute(_TABLES, (database,)):
        if name in found:
            yield _stream(name, database, found[name], rows)


def _stream(name: str, database: str, of: MyTable, rows: int | str | None) -> Stream:
    columns = tuple(
        Column(
            column.name,
            column.type.words,
            mysql_types.field(column.name, column.type).type,
            column.nullable,
            column.name in of.key,
        )
        for column in of.columns
    )
    return Stream(
        name, database, columns, of.key, None if rows is None else int(rows), cursors.candidates(columns)
    )


def shape(of: MyTable) -> TableShape:
    """The table's columns as a load sees them."""
    return TableShape(tuple(_target_column(column) for column in of.columns))


def _target_column(column: MyColumn) -> TargetColumn:
    computed = "generated" in column.extra and "default_generated" not in column.extra
    filled = column.default is not None or "auto_increment" in column.extra
    field = mysql_types.held(column.name, column.type).with_nullable(column.nullable or filled)
    return TargetColumn(field, column.type.words, column.nullable or filled, not computed, column.max_length)
