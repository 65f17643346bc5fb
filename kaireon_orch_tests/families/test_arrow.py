"""Type words both ways, and the value that does not fit."""

from __future__ import annotations

import pyarrow as pa
import pytest

from kaireon_orch.families import arrow


@pytest.mark.parametrize(
    ("words", "type_"),
    [
        ("int64", pa.int64()),
        ("decimal128(12,2)", pa.decimal128(12, 2)),
        ("decimal(40, 5)", pa.decimal256(40, 5)),
        ("timestamp[us, UTC]", pa.timestamp("us", "UTC")),
        ("timestamp[us, tz=UTC]", pa.timestamp("us", "UTC")),
        ("timestamp[ns]", pa.timestamp("ns")),
        ("date32", pa.date32()),
        ("time64[us]", pa.time64("us")),
        ("list<string>", pa.list_(pa.string())),
        ("json", pa.json_()),
        ("uuid", pa.uuid()),
    ],
)
def test_words(words: str, type_: pa.DataType) -> None:
    assert arrow.parse_type(words) == type_
    assert arrow.parse_type(arrow.type_words(type_)) == type_


@pytest.mark.parametrize(
    "words", ["", "int46", "decimal128(80,2)", "decimal128(2,5)", "time32[us]", "list<nope>"]
)
def test_what_is_no_type(words: str) -> None:
    assert arrow.parse_type(words) is None


def test_the_first_misfit_is_found() -> None:
    texts = pa.array([*map(str, range(1000)), "x", "y"])
    assert arrow.first_misfit(texts, pa.int64()) == 1000
    assert arrow.first_misfit(texts.slice(0, 1000), pa.int64()) is None


def test_uuids_both_ways() -> None:
    texts = pa.array(["12345678-1234-5678-1234-567812345678", None])
    values = arrow.cast(texts, pa.uuid())
    assert arrow.cast(values, pa.string()) == texts
    with pytest.raises(pa.ArrowInvalid):
        arrow.cast(pa.array(["nope"]), pa.uuid())
