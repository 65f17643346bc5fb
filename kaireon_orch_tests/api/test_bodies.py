"""The strict reader of request bodies, without a server."""

import pytest

from api.bodies import MAX_DEPTH, parse
from kaireon_orch.errors import InvalidInput


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 1} {}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 1, "a": 2}',
        b'{"b": {"a": 1, "a": 1}}',
        b'{"a": "\\u0000"}',
        b'{"\\u0000": 1}',
        b'{"a": "\\ud800"}',
        b'{"a": ["x", "\\udfff"]}',
        b'{"a": "\xff"}',
        b"\xef\xbb\xbf{}",
        '{"a": 1}'.encode("utf-16"),
        nested(MAX_DEPTH + 1),
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_a_lenient_reader_would_let_through_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"{}", {}),
        (b' {"a": [1, 2.5, true, null]} \n', {"a": [1, 2.5, True, None]}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        ('{"ключ": "价值"}'.encode(), {"ключ": "价值"}),
        (b'{"a": 9007199254740993}', {"a": 9007199254740993}),
    ],
)
def test_json_objects_are_read_as_they_stand(raw: bytes, value: object) -> None:
    assert parse(raw) == value


def test_the_deepest_nesting_is_read() -> None:
    assert parse(nested(MAX_DEPTH))


def test_a_refusal_names_the_field_and_not_its_value() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(b'{"authConfig": {"password": "hunter2\\u0000"}}')
    assert caught.value.details[0].field == "authConfig.password"
    assert "hunter2" not in f"{caught.value} {caught.value.details}"
