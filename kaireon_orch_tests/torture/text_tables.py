"""The torture tables of what has few types of its own: delimited text, JSON as lines and as a document, and workbooks."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kaireon_orch_tests.families.files.xlsx import book, error, number, text, truth
from kaireon_orch_tests.movement.ends import connector
from kaireon_orch_tests.torture.cases import ID, Cell, case, off
from kaireon_orch_tests.torture.pg_table import DIGITS_38, DIGITS_76, TIMES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kaireon_orch_tests.torture.arena import Arena
    from kaireon_orch_tests.torture.cases import Case

PG = off("postgresql")
MY = off("mariadb")
FIELD_TEXT = "é e\u0301 😀 \uffff a\r\nb\nc\rd\te \\ ' \" , ; | \x7f"


def spaced(value: str) -> str:
    """A text whose blanks at its ends Excel keeps."""
    return text(value).replace("<t>", '<t xml:space="preserve">')


def numbers(kind: type, *values: str) -> tuple[Cell, ...]:
    return tuple(Cell(value, kind(value)) for value in values)


CSV: tuple[Case, ...] = (
    case("int", None, "int", *numbers(int, "-9223372036854775808", "9223372036854775807", "0")),
    case("float", None, "float", *numbers(float, "0.1", "1e-05", "39.02", "1.7976931348623157e+308")),
    case("even", None, "decimal", *numbers(Decimal, "1.10", "-0.05", "9999999999.99")),
    case("long_decimal", None, "decimal", *numbers(Decimal, f"{DIGITS_38[:28]}.{DIGITS_38[28:]}")),
    case("too_long", None, "text", Cell(DIGITS_76 + ".5")),
    case("big", None, "text", Cell("18446744073709551616"), Cell("1")),
    case("zeros", None, "text", Cell("007"), Cell("42")),
    case("plus", None, "text", Cell("+1"), Cell("2")),
    case("minus_zero", None, "float", Cell("-0", -0.0, MY), Cell("0", 0.0)),
    case("minus_zero_float", None, "text", Cell("-0.00"), Cell("0.00")),
    case("exponent", None, "text", Cell("1e400"), Cell("2")),
    case("bool", None, "bool", Cell("true", True), Cell("false", False)),
    case("bits", None, "int", Cell("1", 1), Cell("0", 0)),
    case("date", None, "date", Cell("0001-01-01"), Cell("9999-12-31"), Cell("2024-02-29")),
    case("no_date", None, "text", Cell("2023-02-29"), Cell("2024-02-29")),
    case("other_date", None, "text", Cell("31/12/2024"), Cell("01/02/2024")),
    case("moment", None, "timestamp", Cell("2024-02-29 12:00:00.000001", "2024-02-29T12:00:00.000001"), Cell("1999-12-31T23:59", "1999-12-31T23:59:00")),
    case("zoned", None, "timestamptz", Cell("2024-03-31T02:30:00+02:00", "2024-03-31T00:30:00Z"), Cell("2024-10-27 02:30:00.5Z", "2024-10-27T02:30:00.5Z")),
    case("nanos", None, "text", Cell("2024-02-29 12:00:00.000000001")),
    case("half_zoned", None, "text", Cell("2024-03-31T02:30:00+02:00"), Cell("2024-03-31T02:30:00")),
    case("text", None, "text", Cell(FIELD_TEXT), Cell('"'), Cell(" a "), Cell("NULL"), Cell("\\N"), Cell("")),
    case("nul", None, "text", Cell("x"), Cell("a\x00b", "a\x00b", PG)),
    case("nan", None, "text", Cell("NaN"), Cell("1.5"), Cell("inf")),
    case("hex", None, "text", Cell("0x10"), Cell("1_000"), Cell("1,5")),
)  # fmt: skip
JSON: tuple[Case, ...] = (
    case("int", None, "int", *numbers(int, "-9223372036854775808", "9223372036854775807")),
    case("whole", None, "decimal", *numbers(Decimal, "18446744073709551616", "1")),
    case("whole_60", None, "decimal", *numbers(Decimal, DIGITS_76[:60])),
    case("float", None, "float", *numbers(float, "0.1", "1e-05", "39.02")),
    case("even", None, "decimal", *numbers(Decimal, "1.10", "12.25")),
    case("long_decimal", None, "decimal", *numbers(Decimal, f"{DIGITS_38[:28]}.{DIGITS_38[28:]}")),
    case("exponent", None, "decimal", Cell("1e400", Decimal("1e400"))),
    case("bool", None, "bool", Cell("true", True), Cell("false", False)),
    case("text", None, "text", *(Cell(json.dumps(value), value) for value in ("", "NULL", FIELD_TEXT, " a ", "007", "2020-01-01", "true"))),
    case("nul", None, "text", Cell('"x"', "x"), Cell('"\\u0000"', "\x00", PG)),
    case("object", None, "json", Cell('{"b": 1.10,  "a": 123456789012345678901234567890}'), Cell("{}"), Cell('{"a":1,"a":2}', '{"a":1,"a":2}', PG)),
    case("array", None, "json", Cell('[1.10, null, {"x": "é😀"}]'), Cell("[]")),
    case("mixed", None, "json", Cell("1"), Cell('"1"'), Cell("true"), Cell("[1]")),
    case("mixed_numbers", None, "json", Cell("1.50"), Cell('"x"')),
)  # fmt: skip
EXCEL: tuple[Case, ...] = (
    case("int", None, "int", Cell(number("-9007199254740991"), -(2**53) + 1), Cell(number("9007199254740992"), 2**53)),
    case("float", None, "float", Cell(number("0.1"), 0.1), Cell(number("1.7976931348623157E+308"), 1.7976931348623157e308), Cell(number("3"), 3.0)),
    case("bool", None, "bool", Cell(truth(1), True), Cell(truth(0), False)),
    case("date", None, "date", Cell(number("45000", "date"), "2023-03-15"), Cell(number("2958465", "date"), "9999-12-31"), Cell(number("61", "date"), "1900-03-01")),
    case("moment", None, "timestamp", Cell(number("45000.5", "moment"), "2023-03-15T12:00:00")),
    case("mixed_days", None, "timestamp", Cell(number("45000", "date"), "2023-03-15T00:00:00"), Cell(number("45000.25", "moment"), "2023-03-15T06:00:00")),
    case("time", None, "time", Cell(number("0.5", "time"), "12:00:00"), not_in=TIMES),
    case("span", None, "text", Cell(number("1.25", "span"), "30:00:00")),
    case("text", None, "text", Cell(text("007"), "007"), Cell(spaced(" a\nb 😀 "), " a\nb 😀 "), Cell(text("&<>"), "&<>")),
    case("mixed", None, "text", Cell(text("n/a"), "n/a"), Cell(number("2"), "2"), Cell(number("2.5"), "2.5"), Cell(truth(1), "true"), Cell(number("45000", "date"), "2023-03-15")),
    case("error", None, "int", Cell(error("#N/A"), None), Cell(number("1"), 1)),
)  # fmt: skip


def _height(columns: Mapping[str, tuple[Case, Sequence[Cell]]]) -> int:
    return max(len(cells) for _, cells in columns.values()) + 1


def csv_made(
    arena: Arena, columns: Mapping[str, tuple[Case, Sequence[Cell]]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Delimited text; a NULL is an empty field, everything else is quoted where it has to be, `""` included."""

    def field(cells: Sequence[Cell], at: int) -> str:
        if at >= len(cells):
            return ""
        value = str(cells[at].given)
        special = not value or any(mark in value for mark in '",\r\n') or value != value.strip()
        return '"' + value.replace('"', '""') + '"' if special else value

    lines = [",".join([ID, *columns])]
    lines += [
        ",".join([str(at), *(field(cells, at) for _, cells in columns.values())])
        for at in range(_height(columns))
    ]
    return arena.csv("\n".join(lines) + "\n"), {}


def _records(columns: Mapping[str, tuple[Case, Sequence[Cell]]]) -> list[str]:
    rows = []
    for at in range(_height(columns)):
        members = [f'"{ID}":{at}']
        members += [
            f"{json.dumps(name)}:{cells[at].given if at < len(cells) else 'null'}"
            for name, (_, cells) in columns.items()
        ]
        rows.append("{" + ",".join(members) + "}")
    return rows


def lines_made(
    arena: Arena, columns: Mapping[str, tuple[Case, Sequence[Cell]]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A record a line."""
    path = arena.folder / f"{arena.name()}.jsonl"
    path.write_text("\n".join(_records(columns)) + "\n")
    return connector("json", {"path": str(path)}), {}


def document_made(
    arena: Arena, columns: Mapping[str, tuple[Case, Sequence[Cell]]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Records in one document."""
    path = arena.folder / f"{arena.name()}.json"
    path.write_text('{"data": [' + ",\n".join(_records(columns)) + "]}")
    return connector("json", {"path": str(path), "recordsPath": "data"}), {}


def book_made(
    arena: Arena, columns: Mapping[str, tuple[Case, Sequence[Cell]]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A sheet."""
    rows: list[list[str | None]] = [[text(ID), *(text(name) for name in columns)]]
    for at in range(_height(columns)):
        cells = (cells[at].given if at < len(cells) else None for _, cells in columns.values())
        rows.append([number(str(at)), *cells])
    path = arena.folder / f"{arena.name()}.xlsx"
    path.write_bytes(book({"S": rows}))
    return connector("excel", {"path": str(path)}), {}
