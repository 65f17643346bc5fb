"""Excel workbooks: cells become what they are, headers are headers, and errors say where."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch_tests.families.files.xlsx import book, error, number, text, truth
from kaireon_orch_tests.movement.ends import connector

if TYPE_CHECKING:
    from kaireon_orch_tests.movement.ends import Ends


def excel(ends: Ends, content: bytes, name: str = "book.xlsx", **config: Any) -> dict[str, Any]:
    path = ends.folder / name
    path.write_bytes(content)
    return connector("excel", {"path": str(path), **config})


def column(ends: Ends, cells: list[str | None]) -> tuple[str, list[Any]]:
    rows: list[list[str | None]] = [[text("c"), text("x")], *([cell, number("1")] for cell in cells)]
    table = ends.table(excel(ends, book({"S": rows})))
    return str(table.schema.field("c").type), table.column("c").to_pylist()


@pytest.mark.parametrize(
    ("cells", "type_", "values"),
    [
        ([number("1"), number("-2"), None], "int64", [1, -2, None]),
        ([number("9007199254740992")], "int64", [2**53]),
        ([number("12345678901234567890")], "double", [1.2345678901234567e19]),
        ([number("0.1"), number("3")], "double", [0.1, 3.0]),
        ([text("007"), text("x")], "string", ["007", "x"]),
        ([text("n/a"), number("2"), number("2.5")], "string", ["n/a", "2", "2.5"]),
        ([truth(1), truth(0), None], "bool", [True, False, None]),
        ([number("45000", "date"), None], "date32[day]", [dt.date(2023, 3, 15), None]),
        (
            [number("45000", "date"), number("45000.5", "moment")],
            "timestamp[us]",
            [dt.datetime(2023, 3, 15), dt.datetime(2023, 3, 15, 12)],  # noqa: DTZ001  Excel knows no zones
        ),
        ([number("0.5", "time")], "time64[us]", [dt.time(12)]),
        ([number("1.25", "span")], "string", ["30:00:00"]),
        ([error("#N/A"), number("1")], "int64", [None, 1]),
        ([None, None], "null", [None, None]),
    ],
)
def test_cells_become_what_they_are(
    ends: Ends, cells: list[str | None], type_: str, values: list[Any]
) -> None:
    assert column(ends, cells) == (type_, values)


SHEETS: dict[str, list[list[str | None]]] = {
    "Orders": [[text("id"), text("name")], [number("1"), text("a")], [number("2"), text("b")]],
    "Notes": [[text("junk")], [text("k"), text("v")], [text("x"), number("1")]],
}


def test_sheets_ranges_and_headers(ends: Ends) -> None:
    of = excel(ends, book(SHEETS))
    assert ends.rows(of) == [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]
    assert ends.rows(of, sheet="Notes", cellRange="A2:B3") == [{"k": "x", "v": 1}]
    assert ends.rows(of, cellRange="B:B", row_limit=1) == [{"name": "a"}]
    skipping = excel(ends, book(SHEETS), sheet="Notes", skipRows=1)
    assert ends.rows(skipping) == [{"k": "x", "v": 1}]
    bare = excel(ends, book(SHEETS), cellRange="A2:B3", header=False)
    assert ends.rows(bare)[0] == {"column_1": 1, "column_2": "a"}


def test_each_sheet_is_a_stream(ends: Ends) -> None:
    streams = ends.streams(excel(ends, book({**SHEETS, "Empty": []})))
    assert list(streams) == ["Orders", "Notes", "Empty"]
    assert [(each.name, str(each.arrow_type)) for each in streams["Orders"].columns] == [
        ("id", "int64"),
        ("name", "string"),
    ]


def test_declared_types_go_before_found_ones(ends: Ends) -> None:
    types = {"id": "string", "price": "decimal128(9,2)"}
    rows = [[text("id"), text("price")], [number("7"), number("12.5")]]
    assert ends.rows(excel(ends, book({"S": rows}), types=types)) == [{"id": "7", "price": Decimal("12.50")}]


@pytest.mark.parametrize(
    ("rows", "merged", "config", "words"),
    [
        ([[text("a"), None], [number("1")]], "A1:B1", {}, "merged"),
        ([[text("a"), None], [number("1"), number("2")]], None, {}, "column 2 of the header has no name"),
        ([[text("a"), text("a")], [number("1")]], None, {}, "twice: a"),
        ([[text("a")], [text("x")]], None, {"types": {"a": "int64"}}, "Column 'a', row 1: 'x' is no int64"),
        ([[text("a")], [text("x")]], None, {"types": {"b": "int64"}}, "did you mean 'a'"),
        ([[text("a")]], None, {"sheet": "T"}, "it has: S"),
        ([[text("a")]], None, {"cellRange": "C1:A1"}, "no range of cells"),
    ],
)
def test_errors_say_where(
    ends: Ends, rows: list[list[str | None]], merged: str | None, config: dict[str, Any], words: str
) -> None:
    with pytest.raises(Fault) as caught:
        ends.rows(excel(ends, book({"S": rows}, merged), **config))
    assert words in caught.value.message
    assert caught.value.fault in {FaultCode.BAD_DATA, FaultCode.OBJECT_MISSING}


def lying() -> bytes:
    """A workbook whose archive says that a sheet is smaller than it is."""
    content = bytearray(book(SHEETS))
    at = content.index(b"PK\x01\x02")
    content[at + 24 : at + 28] = (1).to_bytes(4, "little")
    return bytes(content)


@pytest.mark.parametrize("content", [b"", b"junk" * 100, b"PK\x03\x04broken", lying()])
def test_what_is_no_workbook_is_bad_data(ends: Ends, content: bytes) -> None:
    with pytest.raises(Fault) as caught:
        ends.checks(excel(ends, content))
    assert caught.value.fault is FaultCode.BAD_DATA


def test_the_probe_counts_the_rows_and_a_member_is_unpacked(ends: Ends) -> None:
    assert ends.checks(excel(ends, book(SHEETS)))[-1].figures == {"rows": 2}
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr("in.xlsx", book(SHEETS))
    assert len(ends.rows(excel(ends, held.getvalue(), "outer.zip"), member="in.xlsx")) == 2


def test_several_workbooks_are_one_table(ends: Ends) -> None:
    folder = ends.folder / "many"
    folder.mkdir()
    for at, cell in enumerate((number("1"), number("1.5"))):
        (folder / f"{at}.xlsx").write_bytes(book({"S": [[text("a")], [cell]]}))
    assert ends.rows(connector("excel", {"path": f"{folder}/*.xlsx"})) == [{"a": 1.0}, {"a": 1.5}]


def test_sheets_go_into_both_databases_value_by_value(ends: Ends) -> None:
    rows: list[list[str | None]] = [
        [text("n"), text("f"), text("s"), text("d"), text("t"), text("b")],
        [
            number("1"),
            number("0.1"),
            text("é😀"),
            number("45000", "date"),
            number("45000.25", "moment"),
            truth(1),
        ],
        [None, None, None, None, None, None],
        [number("2"), number("-1e300"), text(" x "), number("1", "date"), number("60.5", "moment"), truth(0)],
    ]
    of = excel(ends, book({"S": rows}))
    wanted = [tuple(row.values()) for row in ends.rows(of)]
    assert len(wanted) == 3
    assert ends.run_child(of, ends.duckdb(), schema="main")["rowsLoaded"] == 3
    assert ends.run(of, ends.postgresql())["rowsLoaded"] == 3
    assert ends.in_duckdb("SELECT * FROM t") == wanted
    assert ends.in_postgres("SELECT * FROM t") == wanted
