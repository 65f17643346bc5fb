"""A pipeline's row, its versions, and what callers see of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import or_

from kaireon_orch.control import last_runs, naming
from kaireon_orch.control.clock import iso, now_ms
from kaireon_orch.control.ids import new_id, time_of
from kaireon_orch.control.pipeline_views import PipelineView
from kaireon_orch.errors import FieldError, NameTaken, NotFound
from kaireon_orch.store import revision as revisions
from kaireon_orch.store import scoped
from kaireon_orch.store.tables import Pipeline, PipelineVersion

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from kaireon_orch.control.last_runs import LastRun
    from kaireon_orch.control.pipeline_checks import Settled
    from kaireon_orch.store.tables import Connector

NAMED = frozenset({"name", "resource_key", "type"})  # what a version says of the connectors at its ends


def find(session: Session, tenant: str, pipeline_id: str) -> Pipeline:
    """A tenant's pipeline. Raises `NotFound`."""
    row = session.scalars(scoped.row(Pipeline, tenant, pipeline_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no pipeline {pipeline_id}.")
    return row


def shown(session: Session, row: Pipeline) -> PipelineView:
    """The pipeline object, with its last run looked up."""
    return view(row, last_runs.of_pipelines(session, row.tenant, [row.id]).get(row.id))


def view(row: Pipeline, run: LastRun | None) -> PipelineView:
    """The pipeline object of a row and its last run."""
    moving = {
        "id": row.id,
        "assetKey": [row.tenant, row.asset_name],
        "lastRunId": run.id if run else None,
        "lastRunStatus": run.status if run else None,
        "lastRunAt": run.at if run else None,
        "createdAt": iso(row.created_at),
        "updatedAt": iso(row.updated_at),
        "version": row.version,
    }
    return PipelineView.model_validate(row.definition | moving)


def demand_free(session: Session, tenant: str, name: str) -> None:
    """Raise `NameTaken` where another pipeline has the name."""
    statement = scoped.rows(Pipeline, tenant).where(Pipeline.name == name)
    if session.scalars(statement).first() is not None:
        raise NameTaken(f"There is a pipeline named {name!r} already.", [FieldError("name", "is taken")])


def new_row(session: Session, tenant: str, settled: Settled) -> Pipeline:
    """A pipeline that the caller adds to this session, counted already: it has its id and its asset name for good."""
    row = Pipeline(id=new_id("pipe"), tenant=tenant, created_at=now_ms(), version=0)
    row.asset_name = _free_asset_name(session, row, settled.definition["name"])
    put(row, settled)
    scoped.tally(session, Pipeline, tenant, 1)
    row.created_at = row.updated_at = time_of(row.id)  # the page's cursor finds its place by the id alone
    return row


def put(row: Pipeline, settled: Settled) -> None:
    """The settled state as the row's next version."""
    row.name = settled.definition["name"]
    row.connector_id = settled.source.id
    row.target_connector_id = settled.target.id if settled.target else None
    row.enabled = settled.definition["enabled"]
    row.definition = settled.definition
    row.version += 1
    row.updated_at = now_ms()


def append_version(session: Session, row: Pipeline, settled: Settled) -> None:
    """What the pipeline is from a new revision on."""
    document = {
        "pipeline": {"id": row.id, "assetKey": [row.tenant, row.asset_name], **settled.definition},
        "source": _identity(settled.source),
        "target": _identity(settled.target) if settled.target else None,
    }
    row.revision = revisions.bump(session)
    session.add(_version(row, row.revision, document=document))


def follow(session: Session, connector: Connector) -> None:
    """A new version of each pipeline at whose ends a connector stands that has another name, key or type now.

    Under one new revision: what was pinned before says what it said.
    """
    uses = or_(Pipeline.connector_id == connector.id, Pipeline.target_connector_id == connector.id)
    users = list(session.scalars(scoped.rows(Pipeline, connector.tenant).where(uses)))
    if not users:
        return
    number = revisions.bump(session)
    for row in users:
        newest = session.get_one(PipelineVersion, (row.id, row.revision)).document
        ends = {
            end: _identity(connector) if newest[end] and newest[end]["id"] == connector.id else newest[end]
            for end in ("source", "target")
        }
        session.add(_version(row, number, document=newest | ends))
        row.revision = number


def append_deletion(session: Session, row: Pipeline) -> None:
    """The end of its versions: from here on there is no such pipeline."""
    session.add(_version(row, revisions.bump(session), document={}, deleted=True))


def _version(
    row: Pipeline, revision: int, *, document: dict[str, Any], deleted: bool = False
) -> PipelineVersion:
    return PipelineVersion(
        pipeline_id=row.id,
        revision=revision,
        tenant=row.tenant,
        document=document,
        deleted=deleted,
        created_at=now_ms(),
    )


def _free_asset_name(session: Session, row: Pipeline, name: str) -> str:
    wanted = naming.identifier(name, row.id)
    statement = scoped.rows(Pipeline, row.tenant).where(Pipeline.asset_name == wanted)
    taken = {wanted} if session.scalars(statement).first() is not None else ()
    return naming.identifier(name, row.id, taken)


def _identity(connector: Connector) -> dict[str, str]:
    return {
        "id": connector.id,
        "name": connector.name,
        "resourceKey": connector.resource_key,
        "type": connector.type,
    }
