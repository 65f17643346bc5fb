"""The class of each type, held against the catalogue."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import pytest

import kaireon_orch as ko
from kaireon_orch import catalogue
from kaireon_orch.contract.source_models import TableOrQuerySource
from kaireon_orch.contract.spec import Status
from kaireon_orch.orchestration.typed import CLASSES, class_of

if TYPE_CHECKING:
    from kaireon_orch_tests.orchestration.conftest import Desk

READY = [name for name in catalogue.types() if catalogue.spec(name).status is Status.READY]


def test_each_type_that_is_ready_has_its_class_and_each_class_its_type() -> None:
    assert sorted(CLASSES) == READY


@pytest.mark.parametrize("slug", READY)
def test_a_docstring_shows_sources_that_the_type_takes(slug: str) -> None:
    shown = re.findall(r"`(\{.*?\})`", inspect.getdoc(CLASSES[slug]) or "", re.DOTALL)
    assert shown
    for source in shown:
        catalogue.spec(slug).source.model_validate_json(source)


def test_what_takes_a_select_has_the_method_for_it() -> None:
    takes = {slug for slug in READY if issubclass(catalogue.spec(slug).source, TableOrQuerySource)}
    assert takes == {slug for slug, each in CLASSES.items() if issubclass(each, ko.SqlConnector)}


def test_a_type_without_a_class_is_a_connector() -> None:
    assert class_of("someone_elses") is ko.Connector


def test_the_registry_gives_each_connector_in_its_class(desk: Desk) -> None:
    desk.connector(
        "lake", "snowflake", {"account": "a-b", "warehouse": "w", "database": "d", "sourceTable": "t"}
    )
    desk.connector("bus", "kafka", {"bootstrapServers": "broker.example.com:9092"})
    desk.connector("later", "slack", {})
    found = ko.resources()
    assert {name: type(each) for name, each in found.items()} == {
        "lake": ko.Snowflake,
        "bus": ko.Kafka,
        "later": ko.Connector,
    }
