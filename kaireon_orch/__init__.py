"""Kaireon Orch: connectors whose credentials stay out of your Dagster code, and loads you can trust.

`import kaireon_orch as ko` costs next to nothing: each name below is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kaireon_orch.orchestration.building import definitions as definitions
    from kaireon_orch.orchestration.code_assets import Kaireon as Kaireon
    from kaireon_orch.orchestration.code_assets import build_pipeline_assets as build_pipeline_assets
    from kaireon_orch.orchestration.code_assets import pipeline_assets as pipeline_assets
    from kaireon_orch.orchestration.code_tables import Cursor as Cursor
    from kaireon_orch.orchestration.code_tables import Partition as Partition
    from kaireon_orch.orchestration.code_tables import Table as Table
    from kaireon_orch.orchestration.component_pipeline import PipelineComponent as PipelineComponent
    from kaireon_orch.orchestration.component_registry import RegistryComponent as RegistryComponent
    from kaireon_orch.orchestration.config import RunConfig as RunConfig
    from kaireon_orch.orchestration.connector import Connector as Connector
    from kaireon_orch.orchestration.dbt import dbt_translator as dbt_translator
    from kaireon_orch.orchestration.fakes import FakeConnector as FakeConnector
    from kaireon_orch.orchestration.fakes import MemoryTarget as MemoryTarget
    from kaireon_orch.orchestration.load_modes import Append as Append
    from kaireon_orch.orchestration.load_modes import BlueGreen as BlueGreen
    from kaireon_orch.orchestration.load_modes import Incremental as Incremental
    from kaireon_orch.orchestration.load_modes import Scd2 as Scd2
    from kaireon_orch.orchestration.load_modes import Truncate as Truncate
    from kaireon_orch.orchestration.load_modes import Upsert as Upsert
    from kaireon_orch.orchestration.ops import pipeline_op as pipeline_op
    from kaireon_orch.orchestration.ops import run_pipeline as run_pipeline
    from kaireon_orch.orchestration.overriding import override as override
    from kaireon_orch.orchestration.resources import resources as resources
    from kaireon_orch.orchestration.sql_connector import SqlConnector as SqlConnector
    from kaireon_orch.orchestration.translator import PipelineTranslator as PipelineTranslator
    from kaireon_orch.orchestration.typed import *  # noqa: F403  a class for each type

_ROOMS = {
    "Append": "load_modes",
    "BlueGreen": "load_modes",
    "Connector": "connector",
    "Cursor": "code_tables",
    "FakeConnector": "fakes",
    "Incremental": "load_modes",
    "Kaireon": "code_assets",
    "MemoryTarget": "fakes",
    "Partition": "code_tables",
    "PipelineComponent": "component_pipeline",
    "PipelineTranslator": "translator",
    "RegistryComponent": "component_registry",
    "RunConfig": "config",
    "Scd2": "load_modes",
    "SqlConnector": "sql_connector",
    "Table": "code_tables",
    "Truncate": "load_modes",
    "Upsert": "load_modes",
    "build_pipeline_assets": "code_assets",
    "dbt_translator": "dbt",
    "definitions": "building",
    "override": "overriding",
    "pipeline_assets": "code_assets",
    "pipeline_op": "ops",
    "resources": "resources",
    "run_pipeline": "ops",
}

if not TYPE_CHECKING:  # or type checkers would take every misspelt name for one of these

    def __getattr__(name: str) -> object:
        if name == "__all__":
            return [*_ROOMS, *_typed()]
        # Modules are looked up here first, and no class has a small letter: asking for one costs no import of Dagster.
        if name not in _ROOMS and not (name[:1].isupper() and name in _typed()):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"kaireon_orch.orchestration.{_ROOMS.get(name, 'typed')}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS, *_typed()})


def _typed() -> list[str]:
    """The classes of the types; asking for them imports Dagster."""
    return sorted(import_module("kaireon_orch.orchestration.typed").NAMES)
