"""Which pipelines a tick concerns, as the registry has them now: asked of the database, so that no other's document is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, select

from kaireon_orch.control.automation import NEW_FILES
from kaireon_orch.launch import job_of
from kaireon_orch.store.tables import Connector, Pipeline

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Row

    from kaireon_orch.control.registry import Registry

_DOCUMENT = Pipeline.definition
_NEEDED = (
    Pipeline.id,
    Pipeline.tenant,
    Pipeline.asset_name,
    _DOCUMENT["partition"].label("partition"),
    _DOCUMENT["retries"]["maxAttempts"].as_integer().label("max_attempts"),
)


class Triggered(NamedTuple):
    """An enabled pipeline that a tick may start; `job` is Dagster's that holds its asset."""

    id: str
    tenant: str
    asset_name: str
    job: str
    max_attempts: int


class Watched(NamedTuple):
    """A pipeline that files start, and what it reads."""

    trigger: Triggered
    connector_id: str
    source: dict[str, Any]


def by_cron(registry: Registry, expression: str, timezone: str) -> list[Triggered]:
    """The pipelines of that cron schedule, by tenant and asset name."""
    schedule = _DOCUMENT["schedule"]
    same = and_(
        schedule["kind"].as_string() == "cron",
        schedule["expression"].as_string() == expression,
        schedule["timezone"].as_string() == timezone,
    )
    return _triggered(registry, same)


def by_interval(registry: Registry, minutes: int) -> list[Triggered]:
    """The pipelines of that interval, by tenant and asset name."""
    schedule = _DOCUMENT["schedule"]
    same = and_(schedule["kind"].as_string() == "interval", schedule["minutes"].as_integer() == minutes)
    return _triggered(registry, same)


def by_files(registry: Registry) -> list[Watched]:
    """The pipelines that new files start, by id."""
    columns = (*_NEEDED, Pipeline.connector_id, _DOCUMENT["source"].label("source"))
    wanted = _DOCUMENT["automation"]["kind"].as_string() == NEW_FILES
    statement = select(*columns).where(Pipeline.enabled, wanted).order_by(Pipeline.id)
    with registry.database.read() as session:
        return [Watched(_of(row), row.connector_id, row.source or {}) for row in session.execute(statement)]


def run_limits(registry: Registry) -> list[tuple[str, str, int]]:
    """Tenant, resource key and `maxConcurrentRuns` of each connector whose config has one."""
    limit = Connector.config["maxConcurrentRuns"].as_integer()
    statement = select(Connector.tenant, Connector.resource_key, limit).where(limit.is_not(None))
    with registry.database.read() as session:
        return [(str(row[0]), str(row[1]), int(row[2])) for row in session.execute(statement)]


def _triggered(registry: Registry, wanted: ColumnElement[bool]) -> list[Triggered]:
    order = (Pipeline.tenant, Pipeline.asset_name)
    statement = select(*_NEEDED).where(Pipeline.enabled, wanted).order_by(*order)
    with registry.database.read() as session:
        return [_of(row) for row in session.execute(statement)]


def _of(row: Row[Any]) -> Triggered:
    return Triggered(row.id, row.tenant, row.asset_name, job_of(row.partition), row.max_attempts)
