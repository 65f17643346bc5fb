"""The public list, and what its import costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import kaireon_orch as ko
from kaireon_orch.orchestration import typed

NAMES = {
    "Append",
    "BlueGreen",
    "Connector",
    "Cursor",
    "FakeConnector",
    "Incremental",
    "Kaireon",
    "MemoryTarget",
    "Partition",
    "PipelineComponent",
    "PipelineTranslator",
    "RegistryComponent",
    "RunConfig",
    "Scd2",
    "SqlConnector",
    "Table",
    "Truncate",
    "Upsert",
    "build_pipeline_assets",
    "dbt_translator",
    "definitions",
    "override",
    "pipeline_assets",
    "pipeline_op",
    "resources",
    "run_pipeline",
}


def test_the_public_list_is_this_one_and_each_name_is_there() -> None:
    names: list[str] = getattr(ko, "__all__")  # noqa: B009  made when it is asked for, so not declared
    assert set(names) == NAMES | {each.__name__ for each in typed.CLASSES.values()}
    assert all(callable(getattr(ko, name)) for name in names)


def test_a_misspelt_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="PostgresSQL"):
        getattr(ko, "PostgresSQL")  # noqa: B009  the name is no name


def test_definitions_can_be_called_after_the_code_location_was_imported() -> None:
    code = "import kaireon_orch.definitions, kaireon_orch as ko; assert callable(ko.definitions)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_import_loads_nothing_but_itself() -> None:
    code = (
        "import sys; known = set(sys.modules); import kaireon_orch; print(*sorted(set(sys.modules) - known))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()} - set(sys.stdlib_module_names)
    assert loaded == {"kaireon_orch"}
