"""The suite as pytest sees it: each check on each case."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

import pytest

from kaireon_orch import catalogue
from kaireon_orch_tests.conformance.case import Case
from kaireon_orch_tests.conformance.spec_checks import CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from kaireon_orch_tests.conformance.spec_checks import Check


def case(type_: str) -> Case:
    """The `CASE` of `kaireon_orch_tests/connectors/<type>.py`; an empty one, which fails, where there is none."""
    module = f"kaireon_orch_tests.connectors.{type_}"
    try:
        return cast("Case", importlib.import_module(module).CASE)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return Case(type_)


def cases() -> list[Case]:
    """A case for every type of the catalogue, so that a new room turns up by itself."""
    return [case(type_) for type_ in catalogue.types()]


def spec_suite(*of: Case) -> Callable[..., None]:
    """A test function that runs every check on every given case; bind it to a name that begins with `test_`."""

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    @pytest.mark.parametrize("case", of, ids=lambda case: case.type)
    def test_spec(case: Case, check: Check) -> None:
        check(catalogue.spec(case.type), case)

    return test_spec
