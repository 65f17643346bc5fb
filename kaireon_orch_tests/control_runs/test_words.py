"""Names, type words and schedules: what the registry accepts must be what others can use."""

from __future__ import annotations

import random

import pytest
from dagster._utils.schedules import is_valid_cron_string

from kaireon_orch.control.naming import identifier, snake
from kaireon_orch.control.schedules import coming_cron, known_timezone
from kaireon_orch.control.type_words import PLAIN, fault_of
from kaireon_orch.families.arrow import parse_type


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Orders (EU)", "orders_eu"),
        ("OrderItems", "order_items"),
        ("HTTPServer logs", "http_server_logs"),
        ("Übergröße", "ubergroe"),
        ("日本", ""),
        ("a--b__c", "a_b_c"),
        ("x" * 300, "x" * 200),
    ],
)
def test_snake_case(name: str, expected: str) -> None:
    assert snake(name) == expected


@pytest.mark.parametrize(
    ("name", "taken", "expected"),
    [
        ("Orders", (), "orders"),
        ("2013 flights", (), "_2013_flights"),
        ("class", (), "class_abc123"),
        ("context", (), "context_abc123"),
        ("Orders", ("orders",), "orders_abc123"),
        ("日本", (), "pipe_abc123"),
    ],
)
def test_identifiers_are_python_names_and_free(name: str, taken: tuple[str, ...], expected: str) -> None:
    found = identifier(name, "pipe_01k0000000abc123", taken)
    assert found == expected
    assert found.isidentifier()


@pytest.mark.parametrize(
    "word",
    [
        "int64",
        "bool",
        "string",
        "decimal128(12,2)",
        "decimal256(76, 10)",
        "timestamp[us]",
        "timestamp[us, UTC]",
        "timestamp[ms, tz=Europe/Berlin]",
        "timestamp[us, +02:00]",
        "time64[us]",
        "date32",
        "list<item: int64>",
        "list<decimal128(5,2)>",
    ],
)
def test_words_of_arrow(word: str) -> None:
    assert fault_of(word) is None
    assert parse_type(word) is not None


@pytest.mark.parametrize("word", sorted(PLAIN))
def test_plain_words_are_read_by_the_loader(word: str) -> None:
    assert parse_type(word) is not None


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("int65", "nearest: int64"),
        ("decimal128(39,2)", "precision of 1 to 38"),
        ("decimal128(4,5)", "scale"),
        ("timestamp[us, Mars/Phobos]", "not a time zone"),
        ("time64[us, UTC]", "no time zone"),
        ("time32[us]", "units"),
        ("", "nearest"),
    ],
)
def test_words_that_arrow_does_not_know(word: str, why: str) -> None:
    assert why in (fault_of(word) or "")


@pytest.mark.parametrize(
    "expression", ["*/5 * * * *", "0 6 * * MON-FRI", "0 0 L * *", "0 0 29 2 *", "0 0 13 * 5"]
)
def test_crons(expression: str) -> None:
    assert coming_cron(f"  {expression} ") == expression


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "* * * *",
        "* * * * * *",
        "61 * * * *",
        "0 0 31 2 *",
        "0 0 30 FEB 1",
        "0 0 LW * *",
        "0 0 * * 5L",
        "@daily",
    ],
)
def test_crons_that_are_none_or_never_come(expression: str) -> None:
    with pytest.raises(ValueError, match=r"fields|never|Bad|takes no"):
        coming_cron(expression)


def test_dagster_takes_every_cron_that_we_take() -> None:
    chance = random.Random(20131)  # noqa: S311  a fuzz
    kinds = ("*", "{a}", "{a}-{b}", "*/{b}", "{a},{b}", "{a}-{b}/2", "L", "{a}/{b}", "MON", "FEB", "2#3")
    tops = (59, 23, 31, 12, 7)
    accepted = 0
    for _ in range(4000):
        fields = [
            chance.choice(kinds).format(a=chance.randint(0, top), b=chance.randint(1, top)) for top in tops
        ]
        expression = " ".join(fields)
        try:
            coming_cron(expression)
        except ValueError:
            continue
        accepted += 1
        assert is_valid_cron_string(expression), expression
    assert accepted > 100


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/New_York"])
def test_time_zones(name: str) -> None:
    assert known_timezone(name) == name


@pytest.mark.parametrize("name", ["Mars", "America", "../etc/passwd", "", "europe/atlantis"])
def test_time_zones_that_are_none(name: str) -> None:
    with pytest.raises(ValueError, match="not a time zone"):
        known_timezone(name)
