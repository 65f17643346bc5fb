"""The checks of pipelines in code: the same as those of the registry's, alone and with a load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kaireon_orch import settings
from kaireon_orch.errors import KaireonError
from kaireon_orch.orchestration import checks, overriding
from kaireon_orch.orchestration.failures import end_of
from kaireon_orch.orchestration.opening import open_registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagster import AssetCheckResult, AssetCheckSpec, AssetExecutionContext, AssetKey

    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.orchestration.code_tables import CodePipeline

    Bound = tuple[AssetKey, CodePipeline]


def specs_of(tables: Sequence[Bound]) -> list[AssetCheckSpec]:
    """The checks of the tables, as far as they are known without a registry."""
    tenant = settings.tenant()
    return [spec for key, pipeline in tables for spec in checks.specs_of(pipeline.sketch(tenant), key)]


def alone(context: AssetExecutionContext, tables: Sequence[Bound]) -> Iterator[AssetCheckResult]:
    """The checks that were chosen of tables that this run does not load; none of a fake, which nobody else fills."""
    for key, pipeline in tables:
        names = checks.chosen(context, key)
        if not names or key in context.selected_asset_keys:
            continue
        if not overriding.concerns(pipeline.source, pipeline.target):
            yield from checks.now(context, _pinned(pipeline), key, names)


def _pinned(pipeline: CodePipeline) -> PinnedPipeline:
    try:
        with open_registry() as registry:
            return pipeline.pin(registry, settings.tenant())
    except KaireonError as error:
        failure = end_of(error)
    raise failure from None
