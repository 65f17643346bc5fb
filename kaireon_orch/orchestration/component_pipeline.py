"""Pipelines in YAML: tables of one source into one target, as `ko.build_pipeline_assets` has them in code."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import dagster as dg
from dagster.components.resolved.model import Resolver
from dagster.components.utils.translation import TranslationFn, TranslationFnResolver
from pydantic import BaseModel

from kaireon_orch.control.naming import snake
from kaireon_orch.control.pinned import PinnedPipeline
from kaireon_orch.orchestration.code_assets import Kaireon, executed_assets
from kaireon_orch.orchestration.code_tables import Table, code_pipelines
from kaireon_orch.orchestration.component_scaffolds import PipelineScaffolder
from kaireon_orch.orchestration.component_schedules import (
    ComponentSchedule,
    WrittenSchedule,
    resolve_schedule,
)
from kaireon_orch.orchestration.component_schema import attributes_of
from kaireon_orch.orchestration.component_tables import WrittenTables, resolve_tables
from kaireon_orch.orchestration.config import RunConfig
from kaireon_orch.orchestration.translator import PipelineTranslator


@dg.scaffold_with(PipelineScaffolder)
@dataclass
class PipelineComponent(dg.Component, dg.Resolvable):
    """Loads tables of one connector into another, each an asset of its own.

    A connector is named by its resource key; nothing else of it is in YAML. What every table takes is in the schema:
    a mode (append, truncate, blue_green, upsert, incremental_watermark, scd2) with its key, a cursor, columns,
    partition, freshness and the other fields of a pipeline. Override `get_asset_spec` or `execute` to change what
    assets look like, or what happens around a load.
    """

    source: Annotated[
        str,
        Resolver.default(description="The connector to read from, by its resource key.", examples=["shop"]),
    ]
    tables: Annotated[
        Sequence[Table | str],
        Resolver(
            resolve_tables,
            model_field_type=WrittenTables,
            description="What to load: names of tables, or their fields.",
            examples=[["customers", {"name": "orders", "mode": "upsert", "key": "id"}]],
        ),
    ]
    target: Annotated[
        str | None,
        Resolver.default(
            description="The connector to load into; left out: the built-in warehouse.", examples=["lake"]
        ),
    ] = None
    name: Annotated[
        str | None,
        Resolver.default(description="What the op is called; left out: as the component's folder."),
    ] = None
    schedule: Annotated[
        ComponentSchedule | None,
        Resolver(
            resolve_schedule,
            model_field_type=WrittenSchedule | None,
            description="When all tables are loaded: a cron expression, or {cron, timezone, running}.",
            examples=["0 6 * * *"],
        ),
    ] = None
    translation: Annotated[
        TranslationFn[PinnedPipeline] | None,
        TranslationFnResolver(template_vars_for_translation_fn=lambda pipeline: {"pipeline": pipeline}),
    ] = None

    @classmethod
    def model(cls) -> type[BaseModel]:
        """The model of its attributes."""
        return attributes_of(cls)

    @classmethod
    def get_spec(cls) -> dg.ComponentTypeSpec:
        """What it is for, to Dagster's tools."""
        return dg.ComponentTypeSpec(
            description="Loads tables of one connector into another.", produces=["asset", "schedule"]
        )

    def get_asset_spec(self, pipeline: PinnedPipeline) -> dg.AssetSpec:
        """The asset of one table; override it to change key, group, owners, tags or kinds."""
        spec = PipelineTranslator().get_asset_spec(pipeline)
        return spec if self.translation is None else self.translation(spec, pipeline)

    def execute(
        self, context: dg.AssetExecutionContext, kaireon: Kaireon, config: RunConfig
    ) -> Iterator[dg.MaterializeResult[Any]]:
        """Load the run's tables; override it to do something before, between or after: yield what this yields."""
        yield from kaireon.run(context, config)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Assets, and the schedule where there is one. Raises InvalidInput, naming the field, for what cannot be."""
        assets = self._assets(self.name or _name_in(context))
        schedules = [] if self.schedule is None else [self.schedule.of(assets)]
        return dg.Definitions(assets=[assets], schedules=schedules)

    def _assets(self, name: str) -> dg.AssetsDefinition:
        pipelines = code_pipelines(self.source, self.target, self.tables)
        return executed_assets(self.execute, name, pipelines, _Translator(self))


class _Translator(PipelineTranslator):
    """Asks the component, whose method may be the user's own."""

    def __init__(self, component: PipelineComponent) -> None:
        self._component = component

    def get_asset_spec(self, pipeline: PinnedPipeline) -> dg.AssetSpec:
        return self._component.get_asset_spec(pipeline)


def _name_in(context: dg.ComponentLoadContext) -> str:
    """As the component's folder is called; a second one in the same file is numbered."""
    number = getattr(context.component_loc, "instance_key", None)
    name = snake(context.path.name)
    return f"{name}_{number}" if number else name
