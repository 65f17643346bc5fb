"""Pipelines in code as Dagster assets: one a table, all of one op, each materialised the moment it is durable."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from dagster import (
    AssetCheckResult,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    BackfillPolicy,
    ConfigurableResource,
    Failure,
    MaterializeResult,
    multi_asset,
)
from pydantic import Field, PrivateAttr

from kaireon_orch import settings
from kaireon_orch.control.pinned import PinnedPipeline
from kaireon_orch.orchestration import checks, checks_code
from kaireon_orch.orchestration.code_running import run_table
from kaireon_orch.orchestration.code_tables import CodePipeline, Partition, Table, code_pipelines
from kaireon_orch.orchestration.config import RunConfig
from kaireon_orch.orchestration.metadata import metadata_of, observations_of
from kaireon_orch.orchestration.names import pool_name
from kaireon_orch.orchestration.partitions import ONE_LOAD, partitions_of
from kaireon_orch.orchestration.translator import PipelineTranslator

Materialized = MaterializeResult[None]
Told = Materialized | AssetCheckResult
Bound = tuple[AssetKey, CodePipeline]
Execute = Callable[[AssetExecutionContext, "Kaireon", RunConfig], Iterator[Materialized]]


class Kaireon(ConfigurableResource[Any]):
    """Runs the tables of `pipeline_assets` from within the function that it decorates."""

    stop_at_failure: bool = Field(
        default=False, description="Leave out the tables after one that fails, instead of loading them."
    )

    def run(self, context: AssetExecutionContext, config: RunConfig | None = None) -> Iterator[Materialized]:
        """Load each selected table, one after another; yields as each is durable.

        A table that fails does not keep its neighbours from loading; the step fails at the end and names it.
        """
        del context, config
        raise Failure("kaireon.run(context) belongs into a function under @ko.pipeline_assets.")


class _Tables(Kaireon):
    """The resource as one decorated function gets it: it knows that function's tables."""

    _tables: tuple[Bound, ...] = PrivateAttr(default=())

    def run(self, context: AssetExecutionContext, config: RunConfig | None = None) -> Iterator[Materialized]:
        return run_tables(context, self._tables, config, stop_at_failure=self.stop_at_failure)

    @classmethod
    def of(cls, plain: Kaireon, tables: Sequence[Bound]) -> "_Tables":
        known = cls(stop_at_failure=plain.stop_at_failure)
        known._tables = tuple(tables)
        return known


def run_tables(
    context: AssetExecutionContext,
    tables: Sequence[Bound],
    config: RunConfig | None,
    *,
    stop_at_failure: bool = False,
) -> Iterator[Materialized]:
    """What `Kaireon.run` promises, for these tables."""
    failed: dict[str, Failure] = {}
    for key, pipeline in tables:
        if key not in context.selected_asset_keys or (failed and stop_at_failure):
            continue
        name, names = pipeline.table.asset_name, checks.chosen(context, key)
        last = checks.before_load(context.instance, key, names)
        try:
            tally = checks.PRIMARY_KEY in names
            outcome, pinned, windowed = run_table(context, pipeline, config or RunConfig(), tally=tally)
        except Failure as failure:
            context.log.error("%s: %s", name, failure.description)  # noqa: TRY400  its words say it all
            failed[name] = failure
        else:
            for observation in observations_of(outcome, pinned):
                context.log_event(observation)
            judged = checks.after_load(outcome, pinned, key, names, last, windowed=windowed)
            metadata = metadata_of(outcome, pinned, windowed=windowed)
            yield Materialized(asset_key=key, metadata=metadata, check_results=judged)
    if failed:
        raise _end_of(failed)


def pipeline_assets(
    *,
    source: str,
    tables: Sequence[Table | str],
    target: str | None = None,
    partition: Partition | None = None,
    name: str | None = None,
    translator: PipelineTranslator | None = None,
) -> Callable[[Callable[..., Iterator[Materialized]]], AssetsDefinition]:
    """One asset for each of `tables`, read from the connector `source` and loaded into the connector `target`.

    The decorated function takes `context` and `kaireon: ko.Kaireon`, and does `yield from kaireon.run(context)`.
    `target` None is the built-in warehouse. `partition` is that of all tables that have none of their own. Keys are `[source, table]`, unless a `translator` says otherwise; what its
    `get_asset_spec` gives is the asset. Raises InvalidInput, naming the field, for a table that cannot be.
    """
    pipelines = code_pipelines(source, target, tables, partition)
    specs, bound = _described(pipelines, translator or PipelineTranslator())

    def decorate(function: Callable[..., Iterator[Materialized]]) -> AssetsDefinition:
        return multi_asset(
            name=name or function.__name__,
            specs=specs,
            check_specs=checks_code.specs_of(bound),
            can_subset=True,
            backfill_policy=_backfills(specs),
            pool=pool_name(settings.tenant(), source),
        )(_with_tables(function, bound))

    return decorate


def build_pipeline_assets(
    *,
    source: str,
    tables: Sequence[Table | str],
    target: str | None = None,
    partition: Partition | None = None,
    name: str | None = None,
    translator: PipelineTranslator | None = None,
) -> AssetsDefinition:
    """`pipeline_assets` over the plainest function: it takes `ko.RunConfig` and needs no resource."""

    def plainly(
        context: AssetExecutionContext, kaireon: Kaireon, config: RunConfig
    ) -> Iterator[Materialized]:
        return kaireon.run(context, config)

    called = name or f"{source}_tables"
    return executed_assets(plainly, called, code_pipelines(source, target, tables, partition), translator)


def executed_assets(
    execute: Execute,
    name: str,
    pipelines: Sequence[CodePipeline],
    translator: PipelineTranslator | None = None,
) -> AssetsDefinition:
    """The assets of `pipelines`, all of one source, whose runs are what `execute` yields."""
    specs, bound = _described(pipelines, translator or PipelineTranslator())

    @multi_asset(
        name=name,
        specs=specs,
        check_specs=checks_code.specs_of(bound),
        can_subset=True,
        backfill_policy=_backfills(specs),
        pool=pool_name(settings.tenant(), pipelines[0].source),
    )
    def run(context: AssetExecutionContext, config: RunConfig) -> Iterator[Told]:
        yield from checks_code.alone(context, bound)
        if context.selected_asset_keys:
            yield from execute(context, _Tables.of(Kaireon(), bound), config)

    return run


def _described(
    pipelines: Sequence[CodePipeline], translator: PipelineTranslator
) -> tuple[list[AssetSpec], list[Bound]]:
    """The assets of the tables, each of which a run may leave out, and the tables by their keys."""
    tenant = settings.tenant()
    specs = [_spec(pipeline.sketch(tenant), translator) for pipeline in pipelines]
    return specs, [(spec.key, pipeline) for spec, pipeline in zip(specs, pipelines, strict=True)]


def _spec(pipeline: PinnedPipeline, translator: PipelineTranslator) -> AssetSpec:
    partitions = partitions_of(pipeline.pipeline.get("partition"))
    return translator.get_asset_spec(pipeline)._replace(skippable=True, partitions_def=partitions)


def _backfills(specs: Sequence[AssetSpec]) -> BackfillPolicy | None:
    return ONE_LOAD if any(spec.partitions_def is not None for spec in specs) else None


def _with_tables(
    function: Callable[..., Iterator[Materialized]], tables: Sequence[Bound]
) -> Callable[..., Iterator[Told]]:
    """The function, whose `Kaireon` resources know its tables; checks that were chosen alone do without it."""

    def bound(value: Any) -> Any:  # noqa: ANN401  any argument of the author's own
        return _Tables.of(value, tables) if isinstance(value, Kaireon) else value

    @functools.wraps(function)
    def compute(*given: Any, **named: Any) -> Iterator[Told]:  # noqa: ANN401  as above
        values = {name: bound(value) for name, value in named.items()}
        context = AssetExecutionContext.get()
        yield from checks_code.alone(context, tables)
        if context.selected_asset_keys:
            yield from function(*map(bound, given), **values)

    return compute


def _end_of(failed: Mapping[str, Failure]) -> Failure:
    words = "; ".join(f"{name}: {failure.description}" for name, failure in failed.items())
    return Failure(f"{len(failed)} table(s) were not loaded. {words}", allow_retries=False)
