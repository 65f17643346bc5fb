"""Names of tables: one to three parts, quotes and dots, nothing else."""

from __future__ import annotations

import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.sql.identifiers import literal, parse_name, quote


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("t", ("t",)),
        ("s.t", ("s", "t")),
        ("d.s.t", ("d", "s", "t")),
        ("Case.Kept", ("Case", "Kept")),
        ('"a.b".c', ("a.b", "c")),
        ('"a""b"', ('a"b',)),
        (' s . "t" ', ("s", "t")),
        ("two words", ("two words",)),
        ("naïve.Ünï", ("naïve", "Ünï")),
    ],
)
def test_names(text: str, names: tuple[str, ...]) -> None:
    assert parse_name(text) == names


@pytest.mark.parametrize(
    "text", ["", " ", ".", "a.", ".a", "a..b", "a.b.c.d", '"a', 'a"b', '""', '"a"b', "a\x00", "x" * 256]
)
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(Fault) as caught:
        parse_name(text)
    assert caught.value.fault is FaultCode.OBJECT_MISSING


def test_quoting() -> None:
    assert quote("s", 't"; DROP TABLE x; --') == '"s"."t""; DROP TABLE x; --"'
    assert literal("it's") == "'it''s'"
