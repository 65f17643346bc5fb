"""Dagster's definitions out of one revision of the registry."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from dagster import AssetSelection, Definitions, define_asset_job, in_process_executor

from kaireon_orch import settings
from kaireon_orch.control import lineage, pinned, warehouse
from kaireon_orch.errors import Unavailable
from kaireon_orch.launch import TAG_REVISION, job_of
from kaireon_orch.orchestration import checks_source, internals, last_known, scope
from kaireon_orch.orchestration.assets import pipeline_asset
from kaireon_orch.orchestration.conditions import automation_sensors
from kaireon_orch.orchestration.kinds import kind
from kaireon_orch.orchestration.new_files import new_files_sensors
from kaireon_orch.orchestration.opening import open_registry
from kaireon_orch.orchestration.ops import run_pipeline_job
from kaireon_orch.orchestration.pools import pools_sensor
from kaireon_orch.orchestration.resources import resources_of
from kaireon_orch.orchestration.run_ends import RUN_END_SENSORS
from kaireon_orch.orchestration.schedules import schedules_of
from kaireon_orch.orchestration.translator import PipelineTranslator, upstream

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from dagster import AssetChecksDefinition, AssetsDefinition, AssetSpec
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

    from kaireon_orch.control.pinned import ConnectorIdentity, PinnedPipeline

logger = logging.getLogger(__name__)


class Shown(NamedTuple):
    """What definitions hold: a revision, of it all pipelines or those that are wanted."""

    revision: int
    wanted: scope.AssetPaths | None


class Builder:
    """Builds definitions again and again, and only anew what changed: assets are kept by pipeline and revision."""

    def __init__(
        self, translator: PipelineTranslator, tags: Collection[str] | None = None, tenant: str | None = None
    ) -> None:
        self._translator = translator
        self._tags = None if tags is None else frozenset(tags)
        self._tenant = tenant
        self._built: dict[str, tuple[PinnedPipeline, AssetsDefinition]] = {}
        self._latest: tuple[Shown, Definitions] | None = None
        self._serves = False
        self._tests = checks_source.SourceTests()

    def build(self, revision: int | None = None) -> Definitions:
        """The definitions of `revision`, or of the pinned one, or of the newest, which it then pins.

        A registry that is out of reach raises where a run or a reload asks (the last good definitions then
        stay); at the start of a code server, which loads twice, it gives the last known ones with a word about it,
        until the reloader finds the registry again.
        """
        self._serves = self._serves or not internals.reconstructing()
        try:
            return self.rebuild(revision)
        except Unavailable as error:
            if not self._serves:
                raise
            return self._last_known(error)

    def rebuild(self, revision: int | None = None) -> Definitions:
        """`build`, which raises Unavailable in every case."""
        with open_registry() as registry:
            revision = revision or internals.pinned_revision() or pinned.revision(registry)
            internals.pin_revision(revision)
            shown = Shown(revision, scope.wanted())
            if self._latest is not None and self._latest[0] == shown:
                return self._latest[1]
            found = pinned.load(registry, revision, scope.wanted())
            loaded = lineage.joined(registry, found, whole=scope.wanted() is None)
            connectors = [] if scope.wanted() else pinned.connectors(registry)
        built = self._definitions(self._wanted(loaded), connectors, revision)
        self._keep(shown, loaded, connectors)
        self._latest = shown, built  # who starts, a code server or a run, loads twice
        return built

    def _keep(
        self, shown: Shown, pipelines: Sequence[PinnedPipeline], connectors: Sequence[ConnectorIdentity]
    ) -> None:
        """For an outage; a run's process has no part in it."""
        newer = self._latest is None or shown.revision > self._latest[0].revision
        if self._serves and newer and shown.wanted is None:
            last_known.keep(settings.load().home, shown.revision, pipelines, connectors)

    def _last_known(self, error: Unavailable) -> Definitions:
        known = last_known.found(settings.load().home)
        words = "Revision %d, the last one known, is shown until the registry is back: %s"
        logger.warning(words, known.revision, error.message)
        if known.revision:
            internals.pin_revision(known.revision)
        pipelines = self._wanted(known.pipelines)
        return self._definitions(pipelines, known.connectors, known.revision, [last_known.notice(known)])

    def _wanted(self, pipelines: Iterable[PinnedPipeline]) -> list[PinnedPipeline]:
        mine = [each for each in pipelines if self._tenant in (None, each.tenant)]
        return [each for each in mine if self._tags is None or self._tags.intersection(each.tags)]

    def _definitions(
        self,
        pipelines: Sequence[PinnedPipeline],
        connectors: Sequence[ConnectorIdentity],
        revision: int,
        notices: Sequence[AssetSpec] = (),
    ) -> Definitions:
        configured = settings.load()
        assets = self._assets(pipelines, warehouse.type_of(configured))
        jobs = _jobs(pipelines, assets, revision)
        tests = self._tests.of(pipelines)
        return Definitions(
            assets=[*assets, *upstream_assets(pipelines), *notices],
            asset_checks=tests,
            jobs=[run_pipeline_job, *jobs, *_tests_job(tests, revision)],
            schedules=schedules_of(pipelines),
            sensors=[
                *RUN_END_SENSORS,
                pools_sensor,
                *automation_sensors(assets),
                *new_files_sensors(pipelines, jobs),
            ],
            resources=resources_of(connectors, configured.tenant),
            executor=in_process_executor,
            component_tree=internals.RegistryTree.of(self.rebuild),
        )

    def _assets(self, pipelines: Sequence[PinnedPipeline], warehouse_kind: str) -> list[AssetsDefinition]:
        self._built = {
            each.id: self._kept(each) or (each, self._asset(each, warehouse_kind)) for each in pipelines
        }
        return [asset for _, asset in self._built.values()]

    def _kept(self, pipeline: PinnedPipeline) -> tuple[PinnedPipeline, AssetsDefinition] | None:
        kept = self._built.get(pipeline.id)
        return kept if kept is not None and kept[0] == pipeline else None

    def _asset(self, pipeline: PinnedPipeline, warehouse_kind: str) -> AssetsDefinition:
        """The kind of the built-in target is the operator's setting, which no pipeline knows."""
        spec = self._translator.get_asset_spec(pipeline)
        if pipeline.target is None:
            spec = spec.replace_attributes(kinds={*spec.kinds, kind(warehouse_kind)})
        return pipeline_asset(pipeline, spec)


def upstream_assets(pipelines: Iterable[PinnedPipeline]) -> list[AssetSpec]:
    """What the pipelines read of outside, each once."""
    specs = (upstream(each) for each in pipelines)
    return list({spec.key: spec for spec in specs if spec is not None}.values())


def _jobs(
    pipelines: Sequence[PinnedPipeline], assets: Sequence[AssetsDefinition], revision: int
) -> list[UnresolvedAssetJobDefinition]:
    """A job for the pipelines of each partition scheme, and one for those without: Dagster mixes no two of them.

    None without a pipeline, since Dagster refuses an empty one.
    """
    held: dict[str, list[AssetsDefinition]] = defaultdict(list)
    for pipeline, asset in zip(pipelines, assets, strict=True):
        held[job_of(pipeline.pipeline.get("partition"))].append(asset)
    tags = {TAG_REVISION: str(revision)}
    return [
        define_asset_job(
            name, selection=AssetSelection.assets(*those), tags=tags, description="Runs pipelines."
        )
        for name, those in sorted(held.items())
    ]


def _tests_job(tests: Sequence[AssetChecksDefinition], revision: int) -> list[UnresolvedAssetJobDefinition]:
    """A job for all tests of connectors; a run of pipelines has no need to know it."""
    if not tests or scope.wanted():
        return []
    tags = {TAG_REVISION: str(revision)}
    words = "Tests connectors, and what pipelines read of them."
    selection = AssetSelection.checks(*tests)
    return [define_asset_job(checks_source.JOB, selection=selection, tags=tags, description=words)]


def definitions(
    *, tags: Collection[str] | None = None, translator: PipelineTranslator | None = None
) -> Definitions:
    """The registry's pipelines (those with one of `tags`, where given), schedules, jobs and connectors."""
    return Builder(translator or PipelineTranslator(), tags).build()
