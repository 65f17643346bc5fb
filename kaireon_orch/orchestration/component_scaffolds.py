"""What `dg scaffold defs` writes: YAML that loads as it is, with what a newcomer asks next in its comments."""

from __future__ import annotations

from typing import Any

from dagster import Scaffolder, ScaffoldRequest
from dagster.components.component_scaffolding import scaffold_component
from pydantic import BaseModel, Field


class PipelineParams(BaseModel):
    """What may be told on the command line."""

    source: str | None = Field(default=None, description="The connector to read from, by its resource key.")
    target: str | None = Field(default=None, description="The connector to load into; none: the warehouse.")
    tables: str | None = Field(default=None, description="Tables to load, separated by commas.")


class RegistryParams(BaseModel):
    """What may be told on the command line."""

    tags: str | None = Field(default=None, description="Tags of the pipelines to show, separated by commas.")


class PipelineScaffolder(Scaffolder[PipelineParams]):
    """Writes a `PipelineComponent`."""

    @classmethod
    def get_scaffold_params(cls) -> type[PipelineParams]:
        return PipelineParams

    def scaffold(self, request: ScaffoldRequest[PipelineParams]) -> None:
        given = request.params
        name = request.target_path.name
        source = given.source or "my_source"
        tables = "\n".join(f"    - name: {table}" for table in _listed(given.tables) or [name])
        target = (
            f"target: {given.target}"
            if given.target
            else "# target: my_lake    # left out: the built-in warehouse"
        )
        _write(request, _PIPELINE.format(type=request.type_name, source=source, target=target, tables=tables))


class RegistryScaffolder(Scaffolder[RegistryParams]):
    """Writes a `RegistryComponent`."""

    @classmethod
    def get_scaffold_params(cls) -> type[RegistryParams]:
        return RegistryParams

    def scaffold(self, request: ScaffoldRequest[RegistryParams]) -> None:
        tags = _listed(request.params.tags)
        told = (
            f"tags: [{', '.join(tags)}]"
            if tags
            else "# tags: [sales]    # left out: all of the tenant's pipelines"
        )
        _write(request, _REGISTRY.format(type=request.type_name, tags=told))


def _listed(text: str | None) -> list[str]:
    return [each.strip() for each in (text or "").split(",") if each.strip()]


def _write(request: ScaffoldRequest[Any], text: str) -> None:
    """Python has no such comments: what Dagster writes by itself does."""
    if request.scaffold_format == "python":
        scaffold_component(request)
    elif request.append:
        with request.target_path.open("a") as file:
            file.write(f"---\n{text}")
    else:
        (request.target_path / "defs.yaml").write_text(text)


_PIPELINE = """\
# Loads tables of one connector into another; each is an asset. `kaireon connectors list` shows the connectors.
type: {type}

attributes:
  source: {source}
  {target}
  tables:
{tables}
      mode: append    # or truncate, blue_green, upsert, incremental_watermark, scd2
      # key: id                               # upsert and scd2 need one
      # cursor: updated_at                    # incremental_watermark needs one
      # columns: {{exclude: [notes], mask: {{email: {{keep_last: 4}}}}}}
      # partition: {{column: created_at, kind: daily, start: "2026-01-01"}}
      # freshness: {{fail_after_minutes: 1440}}
  # schedule: {{cron: "0 6 * * *", timezone: Europe/Berlin}}
  # translation: {{group_name: sales, owners: ["team:sales"]}}
"""

_REGISTRY = """\
# The registry's pipelines as assets, with their schedules, and its connectors as resources.
type: {type}

attributes:
  {tags}
  # connectors: false    # left out: connectors are resources under their keys
  # translation: {{group_name: "{{{{ pipeline.source.resourceKey }}}}"}}
"""
