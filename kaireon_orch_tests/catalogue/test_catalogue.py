"""The catalogue's own manners: names, faults, and the extras that it speaks of."""

import tomllib
from pathlib import Path

import pytest

from kaireon_orch import catalogue
from kaireon_orch.contract.spec import Status
from kaireon_orch.errors import Fault, FaultCode, NotFound

ROOT = Path(__file__).parents[2]
UNBUILT = [type_ for type_ in catalogue.types() if not catalogue.built(type_)]


@pytest.mark.parametrize(
    ("spelled", "meant"),
    [
        ("postgres", "postgresql"),
        ("Postgres SQL", "postgresql"),
        ("mongo", "mongodb"),
        ("s3", "aws_s3"),
        ("big-query", "bigquery"),
        ("snowflak", "snowflake"),
        ("sql_server", "sqlserver"),
        ("google_sheet", "google_sheets"),
    ],
)
def test_a_mistyped_name_is_answered_with_the_nearest(spelled: str, meant: str) -> None:
    assert catalogue.nearest(spelled)[0] == meant
    with pytest.raises(NotFound, match=meant):
        catalogue.spec(spelled)


@pytest.mark.parametrize("name", ["", "zzzzzzzz", "../csv", "csv.spec", "__init__"])
def test_what_is_no_type_is_not_found(name: str) -> None:
    for ask in (catalogue.spec, catalogue.built, catalogue.source, catalogue.target, catalogue.notes):
        with pytest.raises(NotFound):
            ask(name)


def test_an_unprintable_name_is_not_repeated() -> None:
    with pytest.raises(NotFound) as refusal:
        catalogue.spec("a\nb" * 100)
    assert "\n" not in refusal.value.message


def test_nearest_names_at_most_as_many_as_asked() -> None:
    assert len(catalogue.nearest("google", n=2)) == 2
    assert catalogue.nearest("qqqqqq") == []


def test_types_are_sorted_and_each_once() -> None:
    assert list(catalogue.types()) == sorted(set(catalogue.types()))


@pytest.mark.parametrize("type_", UNBUILT)
def test_a_type_without_a_reader_says_so(type_: str) -> None:
    with pytest.raises(Fault) as fault:
        catalogue.source(type_)
    assert fault.value.fault is FaultCode.NOT_BUILT
    assert catalogue.spec(type_).label in fault.value.message
    assert not fault.value.retryable


def test_a_type_that_is_no_target_says_so() -> None:
    with pytest.raises(Fault) as fault:
        catalogue.target("csv")
    assert fault.value.fault is FaultCode.NOT_BUILT


def test_a_built_type_names_an_extra_that_exists() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    built = [
        spec
        for type_ in catalogue.types()
        if catalogue.built(type_) and (spec := catalogue.spec(type_)).extra
    ]
    assert {spec.extra for spec in built} <= set(extras)


def test_a_type_that_is_coming_has_no_load_modes_and_at_most_a_probe() -> None:
    coming = [spec for t in catalogue.types() if (spec := catalogue.spec(t)).status is Status.COMING_SOON]
    assert [spec.type for spec in coming if spec.probes] == ["amazon_kinesis"]
    assert not [spec.type for spec in coming if spec.load_modes]
