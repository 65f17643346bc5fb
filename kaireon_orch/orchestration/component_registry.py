"""The registry in a user's own project: its pipelines, schedules, sensors and checks, its connectors as resources.

What is pinned is the revision alone. Where YAML says nothing of it, that is done as `ko.definitions()` does it: each
load takes the newest revision and every run carries the one that it was launched with, so that there is no state to
refresh, to ship or to forget. With `defs_state` Dagster keeps the revision: who deploys decides when it moves.
"""

import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self
from weakref import WeakKeyDictionary

import dagster as dg
from dagster.components.component.state_backed_component import StateBackedComponent
from dagster.components.core.component_tree_state import ComponentTreeStateTracker
from dagster.components.core.defs_module import ComponentLoc
from dagster.components.resolved.model import Resolver
from dagster.components.utils.defs_state import DefsStateConfig, DefsStateConfigArgs
from dagster.components.utils.translation import TranslationFn, TranslationFnResolver
from pydantic import BaseModel

from kaireon_orch import settings
from kaireon_orch.control import pinned
from kaireon_orch.control.pinned import PinnedPipeline
from kaireon_orch.errors import InvalidInput
from kaireon_orch.orchestration import internals, scope
from kaireon_orch.orchestration.building import Builder
from kaireon_orch.orchestration.component_scaffolds import RegistryScaffolder
from kaireon_orch.orchestration.component_schema import attributes_of
from kaireon_orch.orchestration.names import asset_key
from kaireon_orch.orchestration.opening import open_registry
from kaireon_orch.orchestration.translator import PipelineTranslator

logger = logging.getLogger(__name__)

_BY_ITSELF = DefsStateConfigArgs.legacy_code_server_snapshots()
"""The one of Dagster's ways that asks nobody to refresh anything."""

_places: WeakKeyDictionary[ComponentTreeStateTracker, ComponentLoc] = WeakKeyDictionary()
"""Where each project has its component."""


@dg.scaffold_with(RegistryScaffolder)
@dataclass
class RegistryComponent(StateBackedComponent, dg.Resolvable):
    """Shows the registry's pipelines as assets, with their schedules, sensors and checks, and its connectors as resources.

    They are those of the tenant `KAIREON_TENANT` in the registry that this process's settings name (`KAIREON_HOME` or
    `KAIREON_DATABASE_URL`). Override `get_asset_spec` to change what assets look like.
    """

    tags: Annotated[
        list[str] | None,
        Resolver.default(
            description="Pipelines with one of these tags; left out: all of the tenant's.",
            examples=[["sales"]],
        ),
    ] = None
    connectors: Annotated[
        bool, Resolver.default(description="Whether connectors are shown as resources.")
    ] = True
    translation: Annotated[
        TranslationFn[PinnedPipeline] | None,
        TranslationFnResolver(template_vars_for_translation_fn=lambda pipeline: {"pipeline": pipeline}),
    ] = None
    defs_state: Annotated[
        DefsStateConfigArgs | None,
        Resolver.default(
            description="Where Dagster keeps the revision; left out: each load takes the newest."
        ),
    ] = None

    @classmethod
    def model(cls) -> type[BaseModel]:
        """The model of its attributes."""
        return attributes_of(cls)

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """The component; raises InvalidInput for a second one, whose jobs and resources would be the first one's."""
        first = _places.setdefault(context.component_tree.state_tracker, context.component_loc)
        if first != context.component_loc:
            raise InvalidInput(
                "A project has one RegistryComponent: name all tags in the one, or subclass it."
            )
        return super().load(attributes, context)

    @classmethod
    def get_spec(cls) -> dg.ComponentTypeSpec:
        """What it is for, to Dagster's tools."""
        return dg.ComponentTypeSpec(
            description="Shows the registry's pipelines as assets and its connectors as resources.",
            produces=["asset", "asset_check", "schedule", "sensor", "job", "resource"],
        )

    @property
    def defs_state_config(self) -> DefsStateConfig:
        """Its state is the revision; left to itself, it has the key of `ko.definitions()`, by which a change reloads both."""
        if self.defs_state is None:
            return DefsStateConfig.from_args(_BY_ITSELF, default_key=internals.STATE_KEY)
        return DefsStateConfig.from_args(self.defs_state, default_key=f"{internals.STATE_KEY}_registry")

    def get_asset_spec(self, pipeline: PinnedPipeline) -> dg.AssetSpec:
        """The asset of `pipeline`; override it to change group, owners, tags, kinds or words: its key must stay."""
        spec = PipelineTranslator().get_asset_spec(pipeline)
        return spec if self.translation is None else self.translation(spec, pipeline)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """What the registry holds at the load's revision; raises Unavailable where a run cannot learn it."""
        return self._definitions() if self.defs_state is None else super().build_defs(context)

    def build_defs_from_state(
        self,
        context: dg.ComponentLoadContext,  # noqa: ARG002  Dagster's signature
        state_path: Path | None,
    ) -> dg.Definitions:
        """What the registry held at the revision in the file; nothing where there is none yet."""
        if state_path is None:
            logger.warning("No revision is kept yet: `dg utils refresh-defs-state` keeps the newest.")
            return dg.Definitions()
        return self._definitions(int(state_path.read_text()))

    def write_state_to_path(self, state_path: Path) -> None:
        """Write the newest revision. Raises Unavailable."""
        with open_registry() as registry:
            state_path.write_text(str(pinned.revision(registry)))

    def _definitions(self, revision: int | None = None) -> dg.Definitions:
        """Without what a whole location has: the project has its own executor and tree."""
        with scope.whole():
            built = self._builder.build(revision)
        return dg.Definitions(
            assets=built.assets,
            asset_checks=built.asset_checks,
            jobs=built.jobs,
            schedules=built.schedules,
            sensors=built.sensors,
            resources=built.resources if self.connectors else None,
        )

    @cached_property
    def _builder(self) -> Builder:
        """Kept, so that a reload builds anew only what changed."""
        return Builder(_Translator(self), self.tags, settings.tenant())


class _Translator(PipelineTranslator):
    """Asks the component, whose method may be the user's own."""

    def __init__(self, component: RegistryComponent) -> None:
        self._component = component

    def get_asset_spec(self, pipeline: PinnedPipeline) -> dg.AssetSpec:
        spec = self._component.get_asset_spec(pipeline)
        if spec.key != asset_key(*pipeline.asset_key):
            own = "/".join(pipeline.asset_key)
            raise InvalidInput(f"The key of {own} must stay: schedules and the API start the pipeline by it.")
        return spec
