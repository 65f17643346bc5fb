"""CSV files: types that change no value, dialects, packing, and errors that say where."""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import io
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.errors import Fault, FaultCode

if TYPE_CHECKING:
    from kaireon_orch_tests.movement.ends import Ends

UTC = dt.UTC


def column(ends: Ends, texts: list[str], **options: Any) -> tuple[str, list[Any]]:
    """The found type and the values of a column written with these cells."""
    table = ends.table(ends.csv("\n".join(["c,x", *(f"{text},1" for text in texts)]) + "\n", **options))
    return str(table.schema.field("c").type), table.column("c").to_pylist()


@pytest.mark.parametrize(
    ("texts", "type_", "values"),
    [
        (["1", "-2", ""], "int64", [1, -2, None]),
        (["007", "1"], "string", ["007", "1"]),
        (["+1", "2"], "string", ["+1", "2"]),
        (["12345678901234567890"], "string", ["12345678901234567890"]),
        (["9223372036854775807"], "int64", [2**63 - 1]),
        (["0.1", "39.02", "1"], "double", [0.1, 39.02, 1.0]),
        (["1e-05", "1.0"], "double", [1e-05, 1.0]),
        (["12.50", "3.99"], "decimal128(15, 2)", [Decimal("12.50"), Decimal("3.99")]),
        (
            ["0.1", "0.12345678901234567890"],
            "decimal128(38, 20)",
            [Decimal("0.1"), Decimal("0.12345678901234567890")],
        ),
        (["1_000"], "string", ["1_000"]),
        ([" 1"], "string", [" 1"]),
        (["0x1F"], "string", ["0x1F"]),
        (["nan", "1.5"], "string", ["nan", "1.5"]),
        (["1e400"], "string", ["1e400"]),
        (["true", "False", ""], "bool", [True, False, None]),
        (["0", "1"], "int64", [0, 1]),
        (["yes", "no"], "string", ["yes", "no"]),
        (["2013-01-31"], "date32[day]", [dt.date(2013, 1, 31)]),
        (["2013-02-30"], "string", ["2013-02-30"]),
        (["31.01.2013"], "string", ["31.01.2013"]),
        (["2013-01-01T10:00:00Z"], "timestamp[us, tz=UTC]", [dt.datetime(2013, 1, 1, 10, tzinfo=UTC)]),
        (["2013-01-01 10:00:00.123456"], "timestamp[us]", [dt.datetime(2013, 1, 1, 10, 0, 0, 123456)]),  # noqa: DTZ001
        (["2013-01-01 10:00:00.1234567"], "string", ["2013-01-01 10:00:00.1234567"]),
        (
            ["2013-01-01 10:00:00", "2013-01-01T10:00:00Z"],
            "string",
            ["2013-01-01 10:00:00", "2013-01-01T10:00:00Z"],
        ),
        (['""', "1"], "string", ["", "1"]),
        (["", ""], "null", [None, None]),
        (["é😀", "a"], "string", ["é😀", "a"]),
        (["1"] * 100 + ["N/A"], "string", ["1"] * 100 + ["N/A"]),
    ],
)
def test_found_types_change_no_value(ends: Ends, texts: list[str], type_: str, values: list[Any]) -> None:
    assert column(ends, texts) == (type_, values)


def test_a_quoted_empty_string_is_a_string_and_an_empty_field_is_null(ends: Ends) -> None:
    assert ends.rows(ends.csv('a,b\n"",1\n,2\n')) == [{"a": "", "b": 1}, {"a": None, "b": 2}]


def test_a_type_late_in_the_file_counts(ends: Ends) -> None:
    text = "c\n" + "1\n" * 3_000_000 + "x1\n"
    table = ends.table(ends.csv(text))
    assert str(table.schema.field("c").type) == "string"
    assert table.column("c")[-1].as_py() == "x1"


def test_a_column_that_is_all_null_has_its_rows(ends: Ends) -> None:
    assert ends.rows(ends.csv("c\n\n\n")) == [{"c": None}, {"c": None}]


def test_declared_types_go_before_found_ones(ends: Ends) -> None:
    types = {"a": "string", "b": "decimal128(12,2)", "c": "timestamp[us, UTC]", "d": "uuid", "e": "bool"}
    text = "a,b,c,d,e\n1,2,2020-01-01T00:00:00+02:00,12345678-1234-5678-1234-567812345678,1\n"
    row = ends.rows(ends.csv(text, types=types))[0]
    assert (row["a"], row["b"], row["e"]) == ("1", Decimal("2.00"), True)
    assert row["c"] == dt.datetime(2019, 12, 31, 22, tzinfo=UTC)
    assert str(row["d"]) == "12345678-1234-5678-1234-567812345678"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("a;b\n1;x,y\n", {}),
        ("a\tb\n1\tx,y\n", {}),
        ("a|b\n1|x,y\n", {}),
        ("a,b\n1,'x,y'\n", {"quoteChar": "'", "delimiter": ","}),
        ('a,b\n1,"x,y"\n', {}),
        ('\ufeffa,b\n1,"x,y"\n', {}),
        ("junk\nmore junk\na;b\n1;x,y\n", {"skipRows": 2}),
    ],
)
def test_dialects(ends: Ends, text: str, options: dict[str, Any]) -> None:
    assert ends.rows(ends.csv(text, **options)) == [{"a": 1, "b": "x,y"}]


def test_quotes_line_breaks_and_escapes_inside_a_field(ends: Ends) -> None:
    assert ends.rows(ends.csv('a,b\n"x ""y""\nz",2\n')) == [{"a": 'x "y"\nz', "b": 2}]
    escaped = ends.csv('a,b\n"x \\"y\\"",2\n', escapeChar="\\", delimiter=",")
    assert ends.rows(escaped) == [{"a": 'x "y"', "b": 2}]


def test_encodings(ends: Ends) -> None:
    assert ends.rows(ends.csv("a,b\né,1\n".encode("windows-1252"), encoding="windows-1252")) == [
        {"a": "é", "b": 1}
    ]
    assert ends.rows(ends.csv("a,b\né,1\n".encode("utf-16"), encoding="utf-16")) == [{"a": "é", "b": 1}]


def test_without_a_header_columns_are_numbered(ends: Ends) -> None:
    assert ends.rows(ends.csv("1,x\n2,y\n", header=False)) == [
        {"column_1": 1, "column_2": "x"},
        {"column_1": 2, "column_2": "y"},
    ]


def test_null_values_are_the_given_ones(ends: Ends) -> None:
    text = 'a,b\nNA,1\n"NA",2\n,3\n'
    assert [row["a"] for row in ends.rows(ends.csv(text, nullValues=["NA"]))] == [None, "NA", ""]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_packed_files_are_told_by_their_bytes(ends: Ends, pack: Any) -> None:
    assert ends.rows(ends.csv(pack(b"a,b\n1,2\n"))) == [{"a": 1, "b": 2}]


def archive(**members: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in members.items():
            file.writestr(f"{name}.csv", text)
    return held.getvalue()


def test_a_member_of_a_zip(ends: Ends) -> None:
    assert ends.rows(ends.csv(archive(one="a\n1\n"))) == [{"a": 1}]
    assert ends.rows(ends.csv(archive(one="a\n1\n", two="a\n2\n"), member="two.csv")) == [{"a": 2}]
    with pytest.raises(Fault, match=r"one\.csv, two\.csv") as caught:
        ends.rows(ends.csv(archive(one="a\n1\n", two="a\n2\n")))
    assert caught.value.fault is FaultCode.OBJECT_MISSING
    with pytest.raises(Fault, match=r"no member 'three\.csv'"):
        ends.rows(ends.csv(archive(one="a\n1\n"), member="three.csv"))


def test_a_damaged_archive_is_bad_data(ends: Ends) -> None:
    with pytest.raises(Fault, match="damaged") as caught:
        ends.rows(ends.csv(gzip.compress(b"a,b\n" + b"1,2\n" * 10_000)[:-40]))
    assert caught.value.fault is FaultCode.BAD_DATA


def test_a_row_limit_stops_the_reader(ends: Ends) -> None:
    text = "a,b\n" + "1,2\n" * 5_000_000 + "1,2,3,broken\n"
    assert len(ends.rows(ends.csv(text), row_limit=50)) == 50


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("a,b\n1,2\n3\n", {}, "Line 3 has 1 fields where 2 are expected"),
        ("a,b\n1,x\n2,y\n", {"types": {"b": "int64"}}, "Column 'b', row 1: 'x' is no int64"),
        ("a,b\n1,1\n2,2\n3,4.555\n", {"types": {"b": "decimal128(5,2)"}}, "Column 'b', row 3: '4.555'"),
        ("a,b\n1,2\n", {"types": {"c": "int64"}}, "'c' that the file has not; did you mean"),
        (
            "a,b\n1,2\n",
            {"types": {"b": "int46"}},
            "'int46' of column 'b' is no Arrow type; did you mean 'int64'",
        ),
        ("a,a\n1,2\n", {}, "names a column twice: a"),
        ("", {}, "does not parse as CSV"),
        ("a,b\n1,2\n", {"encoding": "klingon"}, "no character encoding 'klingon'"),
        ("a,b\n1,2\n", {"encoding": "klingon", "delimiter": ","}, "no character encoding 'klingon'"),
    ],
)
def test_errors_say_where(ends: Ends, text: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(Fault) as caught:
        ends.rows(ends.csv(text, **options))
    assert words in caught.value.message
    assert caught.value.fault is FaultCode.BAD_DATA


def test_bytes_that_are_not_in_the_encoding_name_their_row(ends: Ends) -> None:
    with pytest.raises(Fault, match="Column 'b', row 2"):
        ends.rows(ends.csv(b"a,b\n1,x\n2,\xff\xfe\n"))


@pytest.mark.parametrize("length", [1_000_000, 9_000_000])
def test_a_long_value(ends: Ends, length: int) -> None:
    rows = ends.rows(ends.csv(f"a,b\nfirst,0\n{'x' * length},1\n"))
    assert rows[1]["a"] == "x" * length


def test_three_hundred_columns(ends: Ends) -> None:
    names = [f"c{at}" for at in range(300)]
    rows = ends.rows(ends.csv(",".join(names) + "\n" + ",".join(map(str, range(300))) + "\n"))
    assert rows == [{name: at for at, name in enumerate(names)}]


@pytest.mark.parametrize("text", ["a,b\n", "a,b"])
def test_no_rows(ends: Ends, text: str) -> None:
    table = ends.table(ends.csv(text))
    assert (table.schema.names, table.num_rows) == (["a", "b"], 0)


@pytest.mark.parametrize("rest", ['2,"y', '2,"y\n3,z\n', '2,"', '2,"y""'])
@pytest.mark.parametrize("options", [{}, {"nullValues": ["NA"]}, {"types": {"a": "int64", "b": "string"}}])
def test_a_file_that_ends_inside_quotes_is_bad_data(ends: Ends, rest: str, options: dict[str, Any]) -> None:
    of = ends.csv("a,b\n" + "1,x\n" * 300_000 + rest, **options)
    with pytest.raises(Fault, match="ends inside a value") as caught:
        ends.rows(of)
    assert caught.value.fault is FaultCode.BAD_DATA
    assert ends.table(of, row_limit=300_000).num_rows == 300_000


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
@pytest.mark.parametrize(("row", "value"), [("NA,NA", None), ("1,x", "x"), ('1,"x"', "x"), ("1,", "")])
def test_the_last_row_is_read_however_it_ends(ends: Ends, row: str, value: str | None, end: str) -> None:
    rows = ends.rows(ends.csv(f"a,b\n7,y\n{row}{end}", nullValues=["NA"]))
    assert [each["b"] for each in rows] == ["y", value]


def test_the_probe_counts_the_rows(ends: Ends) -> None:
    checks = ends.checks(ends.csv("a,b\n1,2\n3,4\n"))
    assert [check.name for check in checks] == ["file", "parse"]
    assert checks[-1].figures == {"rows": 2}


def test_a_probe_of_a_file_that_does_not_parse_fails(ends: Ends) -> None:
    with pytest.raises(Fault) as caught:
        ends.checks(ends.csv("a,b\n1,2,3\n"))
    assert caught.value.fault is FaultCode.BAD_DATA


def test_a_file_outside_the_roots_is_not_opened(ends: Ends) -> None:
    of = ends.csv("a\n1\n")
    of["config"]["path"] = "/etc/passwd"
    with pytest.raises(Fault) as caught:
        ends.rows(of)
    assert caught.value.fault is FaultCode.FILE_NOT_ALLOWED


def test_the_stream_has_found_types(ends: Ends) -> None:
    streams = ends.streams(ends.csv("id,at\n1,2020-01-01\n"))
    columns = [(column.name, str(column.arrow_type)) for column in next(iter(streams.values())).columns]
    assert columns == [("id", "int64"), ("at", "date32[day]")]


def several(ends: Ends, *texts: str) -> dict[str, Any]:
    folder = ends.folder / "many"
    folder.mkdir()
    for at, text in enumerate(texts):
        (folder / f"part-{at}.csv").write_text(text)
    return {**ends.csv(""), "config": {"path": str(folder)}}


def test_files_of_a_pattern_are_read_as_one(ends: Ends) -> None:
    of = several(ends, "a,b\n1,x\n2,y\n", "b;a\nz;3.5\n", "a,b\n4,w\n")
    rows = ends.rows(of, pattern="part-*.csv")
    assert rows == [{"a": 1.0, "b": "x"}, {"a": 2.0, "b": "y"}, {"a": 3.5, "b": "z"}, {"a": 4.0, "b": "w"}]
    assert ends.rows(of, pattern="part-*.csv", row_limit=2) == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    of["config"]["path"] += "/*.csv"
    assert ends.checks(of)[-1].figures == {"rows": 4}


def test_files_of_different_columns_are_bad_data(ends: Ends) -> None:
    of = several(ends, "a,b\n1,x\n", "a,c\n1,x\n")
    with pytest.raises(Fault, match="differ in b, c") as caught:
        ends.rows(of, pattern="*.csv")
    assert caught.value.fault is FaultCode.BAD_DATA


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n2,y,z\n", "part-1: Line 2 has 3 fields"),
        ("a,b\n2,y\nq,z\n", "part-1: Column 'a', row 2: 'q' is no int64"),
        ("", "part-1: The file does not parse"),
    ],
)
def test_what_is_wrong_in_one_of_several_files_names_it(ends: Ends, text: str, words: str) -> None:
    of = several(ends, "a,b\n1,x\n2,x\n", text)
    of["config"]["types"] = {"a": "int64"}
    with pytest.raises(Fault, match=words):
        ends.rows(of, pattern="*.csv")


def test_a_pattern_that_matches_nothing(ends: Ends) -> None:
    with pytest.raises(Fault) as caught:
        ends.rows(several(ends), pattern="*.csv")
    assert caught.value.fault is FaultCode.OBJECT_MISSING
