"""What the registry was at one revision: pipelines as they are run, and who the connectors are. No secret is opened.

Versions of pipelines are append-only under a rising revision, so a revision that was read once says the same for
ever: a run loads exactly what it was launched with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, func, or_, select

from kaireon_orch.control.naming import snake
from kaireon_orch.errors import NotFound
from kaireon_orch.store import revision as revisions
from kaireon_orch.store.tables import Connector, Pipeline, PipelineVersion

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Row, Select
    from sqlalchemy.orm import Session

    from kaireon_orch.control.registry import Registry


class Upstream(NamedTuple):
    """A pipeline whose table another one reads: the key of its asset, and whether it has partitions."""

    asset_key: tuple[str, str]
    partitioned: bool


@dataclass(frozen=True, slots=True)
class PinnedPipeline:
    """A pipeline at a revision. `pipeline` is its object as the API shows it, without what moves by itself.

    `source` and `target` say which connectors: `{id, name, resourceKey, type}`; a target of None is the built-in
    warehouse. `reads` are the pipelines whose table it reads, once `lineage.joined` has looked for them.
    """

    id: str
    tenant: str
    revision: int
    pipeline: Mapping[str, Any]
    source: Mapping[str, Any]
    target: Mapping[str, Any] | None
    reads: tuple[Upstream, ...] = ()

    @property
    def name(self) -> str:
        return str(self.pipeline["name"])

    @property
    def asset_key(self) -> tuple[str, str]:
        """`(tenant, name in snake case)`: the key of its asset."""
        tenant, name = self.pipeline["assetKey"]
        return tenant, name

    @property
    def asset_name(self) -> str:
        return self.asset_key[1]

    @property
    def enabled(self) -> bool:
        return bool(self.pipeline["enabled"])

    @property
    def tags(self) -> Sequence[str]:
        return tuple(self.pipeline["tags"])

    @property
    def load_mode(self) -> str:
        return str(self.pipeline["loadMode"])

    @property
    def schedule(self) -> Mapping[str, Any] | None:
        return self.pipeline["schedule"]  # type: ignore[no-any-return]

    @property
    def retries(self) -> Mapping[str, Any]:
        """`{maxAttempts, delaySeconds, backoff}`."""
        return self.pipeline["retries"]  # type: ignore[no-any-return]

    @property
    def table(self) -> str:
        """The target table, `schema.table`."""
        target = self.pipeline["target"]
        return f"{target['schema']}.{target['table']}"


@dataclass(frozen=True, slots=True)
class ConnectorIdentity:
    """Who a connector is: nothing of how it connects."""

    tenant: str
    id: str
    name: str
    resource_key: str
    type: str
    status: str


def revision(registry: Registry) -> int:
    """The newest committed revision."""
    with registry.database.read() as session:
        return revisions.current(session)


def load(
    registry: Registry, revision: int, asset_keys: Collection[Sequence[str]] | None = None
) -> list[PinnedPipeline]:
    """The pipelines that there were at `revision`, by tenant and asset name; only those of `asset_keys` if given."""
    with registry.database.read() as session:
        if asset_keys is None:
            return _sorted(_versions(session, _newest(revision)))
        wanted = {(key[0], key[1]) for key in asset_keys if len(key) == 2}  # noqa: PLR2004  tenant, name
        found = _of_keys(session, revision, wanted)
        if {each.asset_key for each in found} == wanted:
            return _sorted(found)
        # Its pipeline is gone or was made anew since: only the versions still know the key.
        return _sorted(each for each in _versions(session, _newest(revision)) if each.asset_key in wanted)


def one(registry: Registry, tenant: str, pipeline_id: str) -> PinnedPipeline:
    """A tenant's pipeline as it is now. Raises `NotFound`."""
    with registry.database.read() as session:
        statement = _newest(None).where(
            PipelineVersion.pipeline_id == pipeline_id, PipelineVersion.tenant == tenant
        )
        for found in _versions(session, statement):
            return found
    raise NotFound(f"There is no pipeline {pipeline_id}.")


def at(registry: Registry, pipeline: PinnedPipeline, revision: int) -> PinnedPipeline:
    """The pipeline as it was at `revision`; itself where there was none of it then."""
    statement = _newest(revision).where(PipelineVersion.pipeline_id == pipeline.id)
    with registry.database.read() as session:
        return next(iter(_versions(session, statement)), pipeline)


def by_name(registry: Registry, tenant: str, name: str) -> PinnedPipeline:
    """A tenant's pipeline by its name or by the last part of its asset key, as it is now. Raises `NotFound`."""
    named = or_(Pipeline.name == name, Pipeline.asset_name == name)
    with registry.database.read() as session:
        statement = select(Pipeline.id, Pipeline.name).where(Pipeline.tenant == tenant, named)
        found = {row.name: row.id for row in session.execute(statement)}
    if not found:
        raise NotFound(f"There is no pipeline named {name!r} in the tenant {tenant}.")
    return one(registry, tenant, found.get(name) or next(iter(found.values())))


def connectors(registry: Registry, tenant: str | None = None) -> list[ConnectorIdentity]:
    """Every connector there is now, or a tenant's, by tenant and resource key."""
    columns = (
        Connector.tenant,
        Connector.id,
        Connector.name,
        Connector.resource_key,
        Connector.type,
        Connector.status,
    )
    statement = select(*columns).order_by(Connector.tenant, Connector.resource_key)
    if tenant is not None:
        statement = statement.where(Connector.tenant == tenant)
    with registry.database.read() as session:
        return [ConnectorIdentity(*row) for row in session.execute(statement)]


def slug(name: str) -> str:
    """A pipeline's name in snake case, as its asset key has it."""
    return snake(name)


def _newest(revision: int | None) -> Select[Any]:
    """The newest version of each pipeline up to `revision`, deletions left out."""
    statement = select(PipelineVersion.pipeline_id, func.max(PipelineVersion.revision).label("revision"))
    if revision is not None:
        statement = statement.where(PipelineVersion.revision <= revision)
    newest = statement.group_by(PipelineVersion.pipeline_id).subquery()
    same = and_(
        PipelineVersion.pipeline_id == newest.c.pipeline_id, PipelineVersion.revision == newest.c.revision
    )
    return (
        select(
            PipelineVersion.pipeline_id,
            PipelineVersion.tenant,
            PipelineVersion.revision,
            PipelineVersion.document,
        )
        .join(newest, same)
        .where(PipelineVersion.deleted.is_(False))
    )


def _versions(session: Session, statement: Select[Any]) -> list[PinnedPipeline]:
    return [_pinned(row) for row in session.execute(statement)]


def _pinned(row: Row[Any]) -> PinnedPipeline:
    ends = row.document
    return PinnedPipeline(
        row.pipeline_id, row.tenant, row.revision, ends["pipeline"], ends["source"], ends["target"]
    )


def _of_keys(session: Session, revision: int, wanted: set[tuple[str, str]]) -> list[PinnedPipeline]:
    matches = [and_(Pipeline.tenant == tenant, Pipeline.asset_name == name) for tenant, name in wanted]
    found = session.scalars(select(Pipeline.id).where(or_(*matches))) if matches else ()
    if not (ids := list(found)):
        return []
    return _versions(session, _newest(revision).where(PipelineVersion.pipeline_id.in_(ids)))


def _sorted(pipelines: Any) -> list[PinnedPipeline]:  # noqa: ANN401  any iterable of them
    return sorted(pipelines, key=lambda each: each.asset_key)
