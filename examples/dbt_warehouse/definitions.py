"""dbt below the demo's tables: one code location with the registry's pipelines and the models that read their tables.

With the demo loaded:

    export KAIREON_HOME=$PWD/.kaireon
    export PATH=$PWD/.venv/bin:$PATH
    .venv/bin/dagster asset materialize -f examples/dbt_warehouse/definitions.py --select '*carriers'
"""
# ruff: noqa: INP001  a file for Dagster's -f

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

import kaireon_orch as ko

project = DbtProject(project_dir=Path(__file__).parent, profiles_dir=Path(__file__).parent)
if not project.manifest_path.exists():
    project.preparer.prepare(project)


@dbt_assets(manifest=project.manifest_path, project=project, dagster_dbt_translator=ko.dbt_translator())
def models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    """Build the models and run their tests; in a run that loads as well, after the loads."""
    yield from dbt.cli(["build"], context=context).stream()


defs = dg.Definitions.merge(
    ko.definitions(), dg.Definitions(assets=[models], resources={"dbt": DbtCliResource(project_dir=project)})
)
