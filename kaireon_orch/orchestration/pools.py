"""The sensor that tells Dagster how many runs may touch a connector at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dagster import DefaultSensorStatus, SensorEvaluationContext, SensorResult, SkipReason, sensor

from kaireon_orch.control import triggers
from kaireon_orch.orchestration import internals
from kaireon_orch.orchestration.names import pool_name
from kaireon_orch.orchestration.opening import open_registry, or_skip

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dagster import DagsterInstance

LOOK_SECONDS = 30


@sensor(
    name="kaireon_pools",
    minimum_interval_seconds=LOOK_SECONDS,
    default_status=DefaultSensorStatus.RUNNING,
    description="Sets the limit of each connector's pool to the maxConcurrentRuns of its config.",
)
@or_skip
def pools_sensor(context: SensorEvaluationContext) -> SensorResult:
    """The cursor remembers which limits are ours: those that an operator sets for other pools stay."""
    with open_registry() as registry:
        found = triggers.run_limits(registry)
    wanted = {pool_name(tenant, key): limit for tenant, key, limit in found}
    changed = apply(context.instance, wanted, json.loads(context.cursor or "[]"))
    words = f"Changed: {', '.join(changed)}." if changed else f"{len(wanted)} limits are as they should be."
    return SensorResult(skip_reason=SkipReason(words), cursor=json.dumps(sorted(wanted)))


def apply(instance: DagsterInstance, wanted: Mapping[str, int], ours: Collection[str]) -> list[str]:
    """Set what differs, and drop those of `ours` that nobody wants any more; the pools that were changed."""
    there = internals.pool_limits(instance)
    differing = [pool for pool, limit in sorted(wanted.items()) if there.get(pool) != limit]
    dropped = sorted(set(ours) & there.keys() - wanted.keys())
    for pool in differing:
        internals.set_pool_limit(instance, pool, wanted[pool])
    for pool in dropped:
        internals.set_pool_limit(instance, pool, None)
    return [*differing, *dropped]
