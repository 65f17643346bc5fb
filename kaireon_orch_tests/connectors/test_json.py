"""JSON documents and lines: numbers keep every digit, nested values their text, and errors say where."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import uuid
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch_tests.movement.ends import connector
from kaireon_orch_tests.movement.memory import ALLOWED_MORE, peak

if TYPE_CHECKING:
    from kaireon_orch_tests.movement.ends import Ends


def given(ends: Ends, text: str | bytes, **config: Any) -> dict[str, Any]:
    path = ends.folder / f"{uuid.uuid4().hex}.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return connector("json", {"path": str(path), **config})


def lines(*values: str) -> str:
    return "".join(f'{{"c":{value}}}\n' for value in values)


@pytest.mark.parametrize(
    ("values", "type_", "found"),
    [
        (["1", "-2", "null"], "int64", [1, -2, None]),
        (["9223372036854775807"], "int64", [2**63 - 1]),
        (["9223372036854775808", "1"], "decimal128(38, 0)", [Decimal(2**63), Decimal(1)]),
        (["0.1", "39.02", "1"], "double", [0.1, 39.02, 1.0]),
        (["1.10", "12.25"], "decimal128(15, 2)", [Decimal("1.10"), Decimal("12.25")]),
        (["0.1234567890123456789"], "decimal128(38, 19)", [Decimal("0.1234567890123456789")]),
        (["12345678901234567890.5"], "decimal128(38, 1)", [Decimal("12345678901234567890.5")]),
        (["9" * 60], "string", ["9" * 60]),
        (["1e400"], "string", ["1e400"]),
        (["1e3", "2.5"], "double", [1000.0, 2.5]),
        (['"007"', '"x"', '""'], "string", ["007", "x", ""]),
        (['"2020-01-01"'], "string", ["2020-01-01"]),
        (["true", "false", "null"], "bool", [True, False, None]),
        (['{"x": 1.10, "x":[2]}', "null"], "extension<arrow.json>", ['{"x": 1.10, "x":[2]}', None]),
        (["[1, 2]", '"a"', "1.50", "true"], "extension<arrow.json>", ["[1, 2]", '"a"', "1.50", "true"]),
        (["1", '"1"'], "extension<arrow.json>", ["1", '"1"']),
        (["null", "null"], "null", [None, None]),
        (['"\\u00e9\\ud83d\\ude00\\u0000"'], "string", ["é😀\0"]),
        (['"\u2028"'], "string", ["\u2028"]),
    ],
)
def test_types_change_no_value(ends: Ends, values: list[str], type_: str, found: list[Any]) -> None:
    table = ends.table(given(ends, lines(*values)))
    assert (str(table.schema.field("c").type), table.column("c").to_pylist()) == (type_, found)


@pytest.mark.parametrize(
    ("text", "config", "rows"),
    [
        ('[{"a":1},\n {"a":2}]', {}, [{"a": 1}, {"a": 2}]),
        ('{"a":1}', {}, [{"a": 1}]),
        ('{\n "a": 1\n}\n', {}, [{"a": 1}]),
        ('\ufeff {"a":1}\n\n{"b":2}\r\n', {}, [{"a": 1, "b": None}, {"a": None, "b": 2}]),
        (
            '{"x":[1,{"items":0}],"data":{"z":"]","items":[{"a":1}],"more":1}}',
            {"recordsPath": "data.items"},
            [{"a": 1}],
        ),
        ('{"data":{"a":1}}', {"recordsPath": "data"}, [{"a": 1}]),
        ("[]", {}, []),
        ("", {}, []),
        ('{"a":1}\n', {"layout": "document"}, [{"a": 1}]),
        ('[{"a":1}]'.encode("utf-16"), {"encoding": "utf-16"}, [{"a": 1}]),
        (gzip.compress(b'{"a":1}\n{"a":2}\n', mtime=0), {}, [{"a": 1}, {"a": 2}]),
    ],
)
def test_layouts(ends: Ends, text: str | bytes, config: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    assert ends.rows(given(ends, text, **config)) == rows


@pytest.mark.parametrize(
    ("text", "config", "words"),
    [
        ('{"a":1}\n{"a":}\n', {}, "line 2 is no JSON"),
        ('{"a":1}\n{"a":1} x\n', {}, "line 2 holds more than one value"),
        ('{"a":1}\n7\n', {}, "line 2 is no record"),
        ('[{"a":1},{"a":NaN}]', {}, "record 2 is no JSON"),
        ('[{"a":1},{"b":1,"b":2}]', {}, "record 2: it names a member twice"),
        ("[1]", {}, "record 1: it is no object"),
        ('[{"a":1}', {}, "cut off"),
        ('[{"a":1},]', {}, "cut off"),
        ('[{"a":1}] x', {}, "goes on"),
        ("nope", {}, "no JSON"),
        ('{"a":"\\ud800"}', {}, "Column 'a', row 1"),
        (b'{"a":"\xff"}', {}, "no utf-8 text"),
        ('{"a":"x"}', {"types": {"a": "int64"}}, "Column 'a', row 1: 'x' is no int64"),
        ('{"a":"x"}', {"types": {"b": "int64"}}, "did you mean 'a'"),
        ('{"a":"x"}', {"types": {"a": "int46"}}, "did you mean 'int64'"),
        ('{"a":{}}', {"recordsPath": "a.b"}, "no 'b'"),
        (gzip.compress(b'{"a":1}\n' * 9_000, mtime=0)[:-30], {}, "damaged"),
    ],
)
def test_errors_say_where(ends: Ends, text: str | bytes, config: dict[str, Any], words: str) -> None:
    with pytest.raises(Fault) as caught:
        ends.rows(given(ends, text, **config))
    assert words in caught.value.message
    assert caught.value.fault in {FaultCode.BAD_DATA, FaultCode.OBJECT_MISSING}


def test_declared_types_go_before_found_ones(ends: Ends) -> None:
    types = {"a": "date32", "b": "decimal128(5,2)", "c": "string", "d": "json"}
    row = ends.rows(given(ends, '{"a":"2020-01-01","b":"1.5","c":{"k": 1},"d":"x"}', types=types))[0]
    assert row == {"a": dt.date(2020, 1, 1), "b": Decimal("1.50"), "c": '{"k": 1}', "d": '"x"'}


def test_a_row_limit_stops_the_reader(ends: Ends) -> None:
    assert len(ends.rows(given(ends, '{"a":1}\n' * 50_000 + "broken"), row_limit=7)) == 7
    document = "[" + '{"a":1},' * 500_000 + "broken"
    assert len(ends.rows(given(ends, document), row_limit=7)) == 7


def test_a_type_late_in_the_file_counts(ends: Ends) -> None:
    rows = ends.rows(given(ends, '{"a":1}\n' * 60_000 + '{"a":0.5,"b":"x"}\n'))
    assert rows[-1] == {"a": 0.5, "b": "x"}
    assert rows[0] == {"a": 1.0, "b": None}


def test_globs_members_and_the_probe(ends: Ends) -> None:
    folder = ends.folder / "many"
    folder.mkdir()
    (folder / "1.json").write_text('[{"a":1}]')
    (folder / "2.json").write_text('{"b":"x"}\n{"a":2}\n')
    of = connector("json", {"path": f"{folder}/*.json"})
    assert ends.rows(of) == [{"a": 1, "b": None}, {"a": None, "b": "x"}, {"a": 2, "b": None}]
    assert ends.checks(of)[-1].figures == {"rows": 3}
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr("x.json", '[{"a":1}]')
        file.writestr("y.json", '[{"a":2}]')
    assert ends.rows(given(ends, held.getvalue(), member="y.json")) == [{"a": 2}]


def test_three_hundred_columns_and_a_long_value(ends: Ends) -> None:
    record = {f"c{at}": at for at in range(300)} | {"long": "x" * 3_000_000}
    assert ends.rows(given(ends, json.dumps([record], indent=1))) == [record]


def test_values_reach_both_databases_as_they_are(ends: Ends) -> None:
    text = (
        '{"id":1,"big":12345678901234567890,"money":1.10,"f":0.1,"s":"é😀","ok":true,"n":{"x": [1.10]}}\n'
        '{"id":2,"big":-1,"money":99.99,"f":1e-7,"s":"","ok":null,"n":null}\n'
    )
    of = given(ends, text)
    assert ends.run_child(of, ends.duckdb(), schema="main")["rowsLoaded"] == 2
    assert ends.run(of, ends.postgresql())["rowsLoaded"] == 2
    wanted = [
        (1, Decimal(12345678901234567890), Decimal("1.10"), 0.1, "é😀", True, "[1.10]"),
        (2, Decimal(-1), Decimal("99.99"), 1e-7, "", None, None),
    ]
    assert ends.in_duckdb("SELECT id, big, money, f, s, ok, n FROM t ORDER BY id")[1] == (
        *wanted[1][:-1],
        None,
    )
    assert ends.in_postgres("SELECT id, big, money, f, s, ok, (n->'x')::text FROM t ORDER BY id") == wanted


def test_a_long_document_takes_no_more_memory(ends: Ends) -> None:
    """The larger file is 60 MB; its reader holds a window of it."""
    peaks = []
    for rows in (30_000, 300_000):
        path = ends.folder / f"{rows}.json"
        with path.open("w") as file:
            file.write("[")
            for at in range(rows):
                file.write(("," if at else "") + json.dumps({"id": at, "text": "y" * 180}))
            file.write("]")
        peaks.append(peak(ends, connector("json", {"path": str(path)}), ends.duckdb(), rows, schema="main"))
    assert peaks[1] - peaks[0] < ALLOWED_MORE, peaks
