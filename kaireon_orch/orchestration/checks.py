"""Asset checks of pipelines: which there are, and what a load, or a question to the target now, says about them.

Three at the most for an asset: each costs its share of the definitions and two events of every run. Freshness is no
check but the asset's policy, which needs no run to be seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagster import AssetCheckSpec

from kaireon_orch.orchestration import checks_after, checks_now, last_load

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from dagster import AssetCheckResult, AssetExecutionContext, AssetKey, DagsterInstance

    from kaireon_orch.control.pinned import PinnedPipeline
    from kaireon_orch.control.run_requests import RunOutcome
    from kaireon_orch.orchestration.last_load import LastLoad
    from kaireon_orch.orchestration.verdicts import Verdict

ROW_COUNT: Final = "row_count"
SCHEMA: Final = "schema"
PRIMARY_KEY: Final = "primary_key"

_WORDS: Final[Mapping[str, str]] = {
    ROW_COUNT: "Every row that was read is loaded, rejected or left out by the load mode, and the table holds them.",
    SCHEMA: "The columns are those of the last load.",
    PRIMARY_KEY: "No row of the table lacks its primary key or shares it with another.",
}


def specs_of(pipeline: PinnedPipeline, key: AssetKey) -> list[AssetCheckSpec]:
    """The checks of a pipeline's asset; those that block stop what is downstream in the same run."""
    frozen = pipeline.pipeline.get("schemaPolicy") == "freeze"
    blocking = {ROW_COUNT: True, SCHEMA: frozen, PRIMARY_KEY: True}
    names = [ROW_COUNT, SCHEMA, *([PRIMARY_KEY] if pipeline.pipeline.get("primaryKey") else [])]
    return [
        AssetCheckSpec(name, asset=key, description=_WORDS[name], blocking=blocking[name]) for name in names
    ]


def chosen(context: AssetExecutionContext, key: AssetKey) -> frozenset[str]:
    """The checks of the asset that this run was asked for, by name."""
    return frozenset(each.name for each in context.selected_asset_check_keys if each.asset_key == key)


def before_load(instance: DagsterInstance, key: AssetKey, names: Collection[str]) -> LastLoad | None:
    """What is to be known of the last load before a new one is recorded."""
    return last_load.of(instance, key) if SCHEMA in names else None


def after_load(
    outcome: RunOutcome,
    pipeline: PinnedPipeline,
    key: AssetKey,
    names: Collection[str],
    last: LastLoad | None,
    *,
    windowed: bool = False,
) -> list[AssetCheckResult]:
    """What the load says to each check of `names`; `windowed`: it was of a partition alone."""
    judged: dict[str, Callable[[], Verdict]] = {
        ROW_COUNT: lambda: checks_after.row_count(outcome, pipeline, windowed=windowed),
        SCHEMA: lambda: checks_after.schema(outcome, pipeline, last),
        PRIMARY_KEY: lambda: checks_after.primary_key(outcome.tally, pipeline),
    }
    return [judged[name]().result(key, name) for name in judged if name in names]


def refused(code: str, words: str, key: AssetKey, names: Collection[str]) -> Iterator[AssetCheckResult]:
    """What a load that was refused for its columns says; nothing for other errors."""
    if SCHEMA in names and code in checks_after.SCHEMA_CODES:
        yield checks_after.refusal(words).result(key, SCHEMA)


def now(
    context: AssetExecutionContext, pipeline: PinnedPipeline, key: AssetKey, names: Collection[str]
) -> Iterator[AssetCheckResult]:
    """The checks alone, without a load: what the target holds now, against the last load that Dagster knows of."""
    tally = checks_now.tally(pipeline)
    last = last_load.of(context.instance, key)
    judged: dict[str, Callable[[], Verdict]] = {
        ROW_COUNT: lambda: checks_now.row_count(tally, pipeline, last),
        SCHEMA: lambda: checks_now.schema(tally, pipeline, last),
        PRIMARY_KEY: lambda: checks_now.primary_key(tally, pipeline),
    }
    for name, judge in judged.items():
        if name in names:
            yield judge().result(key, name)
