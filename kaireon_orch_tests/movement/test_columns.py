"""`columns`: chosen, renamed, cast, hashed and masked on the way."""

from __future__ import annotations

import base64
import hashlib
import hmac
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.movement import columns

if TYPE_CHECKING:
    from kaireon_orch_tests.movement.ends import Ends

KEY = b"k" * 32
BATCH = pa.RecordBatch.from_pydict(
    {
        "id": pa.array([1, 2, None], pa.int64()),
        "mail": ["a@x.org", "b@x.org", None],
        "price": [1.25, 2.5, None],
        "card": ["4111111111111111", "é2", ""],
    }
)


def made(wanted: dict[str, Any]) -> dict[str, list[Any]]:
    plan = columns.plan(wanted, BATCH.schema, KEY)
    return dict(plan.apply(BATCH, 0).to_pydict())


def digest(text: str) -> str:
    return hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()


def test_include_keeps_its_order_and_exclude_goes_last() -> None:
    assert list(made({"include": ["price", "id"]})) == ["price", "id"]
    assert list(made({"include": ["price", "id"], "exclude": ["id"]})) == ["price"]
    assert list(made({"exclude": ["mail", "card"]})) == ["id", "price"]


def test_rename_and_cast_speak_of_source_names() -> None:
    out = made(
        {"include": ["id", "price"], "rename": {"price": "cost"}, "cast": {"price": "decimal128(12,2)"}}
    )
    assert out == {"id": [1, 2, None], "cost": [Decimal("1.25"), Decimal("2.50"), None]}


def test_a_cast_that_loses_names_the_value_unless_allowed() -> None:
    with pytest.raises(Fault, match=r"Column 'price', row 1: '1\.25'") as caught:
        made({"cast": {"price": "decimal128(12,1)"}})
    assert caught.value.fault is FaultCode.TYPE_LOSSY
    with pytest.raises(Fault, match="row 1"):
        made({"cast": {"price": "int64"}})
    assert made({"cast": {"price": {"type": "int64", "allowLoss": True}}})["price"] == [1, 2, None]


def test_hash_is_an_hmac_in_hex() -> None:
    out = made({"hash": ["mail", "id"]})
    assert out["mail"] == [digest("a@x.org"), digest("b@x.org"), None]
    assert out["id"] == [digest("1"), digest("2"), None]


def test_hash_without_a_key_is_refused() -> None:
    with pytest.raises(Fault) as caught:
        columns.plan({"hash": ["mail"]}, BATCH.schema, None)
    assert caught.value.fault is FaultCode.SECRET_UNREADABLE


def test_mask_keeps_the_last_characters_of_longer_texts() -> None:
    assert made({"mask": {"card": {"keepLast": 4}}})["card"] == ["************1111", "**", ""]
    assert made({"mask": {"card": {}}})["card"] == ["*" * 16, "**", ""]
    assert made({"mask": {"id": {}}})["id"] == ["*", "*", None]


@pytest.mark.parametrize(
    "wanted",
    [
        {"include": ["idd"]},
        {"exclude": ["idd"]},
        {"rename": {"idd": "x"}},
        {"cast": {"idd": "int64"}},
        {"hash": ["idd"]},
        {"mask": {"idd": {}}},
    ],
)
def test_an_unknown_column_names_the_nearest(wanted: dict[str, Any]) -> None:
    with pytest.raises(Fault, match=r"'idd'.*did you mean 'id'") as caught:
        made(wanted)
    assert caught.value.fault is FaultCode.OBJECT_MISSING


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(Fault, match="two columns named 'id'"):
        made({"rename": {"mail": "id"}})
    with pytest.raises(Fault, match=r"'int46'.*did you mean 'int64'"):
        made({"cast": {"id": "int46"}})


def test_a_run_with_columns(ends: Ends) -> None:
    ends.run(
        ends.csv("id,mail,note\n1,a@x.org,n\n"),
        ends.duckdb(),
        hash_key=base64.b64encode(KEY).decode(),
        columns={
            "exclude": ["note"],
            "hash": ["mail"],
            "rename": {"mail": "mail_hash"},
            "cast": {"id": "int32"},
        },
    )
    assert ends.in_duckdb("SELECT id, mail_hash FROM public.t") == [(1, digest("a@x.org"))]
