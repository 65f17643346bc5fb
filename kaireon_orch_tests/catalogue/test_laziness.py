"""The catalogue costs little: forms load without drivers, and one form without the others."""

import json
import subprocess
import sys

import pytest

MEASURE = """
import json, sys, time
from kaireon_orch import catalogue
from kaireon_orch.contract import forms
started = time.process_time()
for type_ in {types}:
    forms.describe(catalogue.spec(type_))
spent = time.process_time() - started
print(json.dumps({{"seconds": spent, "modules": sorted(sys.modules)}}))
"""
FORMS_NEED = {
    "kaireon_orch",
    "annotated_types",
    "pydantic",
    "pydantic_core",
    "typing_extensions",
    "typing_inspection",
}


def measured(types: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE.format(types=types)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return dict(json.loads(done.stdout))


def packages(modules: list[str]) -> set[str]:
    names = {name.partition(".")[0] for name in modules}
    return {name for name in names if name not in sys.stdlib_module_names and not name.startswith("_")}


@pytest.fixture(scope="module")
def bare() -> set[str]:
    """What an interpreter of this environment has loaded before anything is imported."""
    done = subprocess.run(
        [sys.executable, "-c", "import json, sys; print(json.dumps(sorted(sys.modules)))"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return packages(json.loads(done.stdout))


def test_all_forms_load_without_a_driver_and_within_a_second(bare: set[str]) -> None:
    cost = measured("catalogue.types()")
    modules = cost["modules"]
    assert isinstance(modules, list)
    assert packages(modules) - bare <= FORMS_NEED
    assert not [
        name for name in modules if name.startswith(("kaireon_orch.families", "kaireon_orch.network"))
    ]
    assert not [name for name in modules if name.endswith((".source", ".target")) and ".connectors." in name]
    assert isinstance(cost["seconds"], float)
    assert cost["seconds"] < 1.0


def test_one_form_loads_alone() -> None:
    modules = measured("['postgresql']")["modules"]
    assert isinstance(modules, list)
    rooms = {name for name in modules if name.startswith("kaireon_orch.connectors.")}
    assert rooms == {"kaireon_orch.connectors.postgresql", "kaireon_orch.connectors.postgresql.spec"}
