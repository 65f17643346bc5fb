"""Pipelines: create, look at, change, delete. Each change is one version under one new revision, and audited."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_

from kaireon_orch.control import audit, last_runs, pages, pipeline_rows, shapes
from kaireon_orch.control.caller import require
from kaireon_orch.control.etags import demand_match
from kaireon_orch.control.pipeline_checks import settle
from kaireon_orch.errors import FieldError, InvalidInput, NotFound
from kaireon_orch.store import scoped
from kaireon_orch.store.tables import Pipeline

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from kaireon_orch.control.caller import Caller, Role
    from kaireon_orch.control.pages import Page
    from kaireon_orch.control.pipeline_views import PipelineView
    from kaireon_orch.control.registry import Registry

ENTITY = "pipeline"
WRITERS: tuple[Role, ...] = ("admin", "editor")
KINDED = ("schedule", "automation", "partition")
OWNED = ("id", "assetKey", "lastRunId", "lastRunStatus", "lastRunAt", "createdAt", "updatedAt")


def list_page(
    registry: Registry,
    caller: Caller,
    *,
    limit: int | str | None = None,
    cursor: str | None = None,
    connector_id: str | None = None,
    enabled: bool | None = None,
    q: str | None = None,
) -> Page[PipelineView]:
    """The tenant's pipelines, newest first. Raises `InvalidInput` for a bad limit or cursor."""
    statement = scoped.rows(Pipeline, caller.tenant)
    if connector_id is not None:
        statement = statement.where(Pipeline.connector_id == connector_id)
    if enabled is not None:
        statement = statement.where(Pipeline.enabled == enabled)
    if q:
        statement = statement.where(_searched(q))
    whole = connector_id is None and enabled is None and not q
    kept = scoped.total(Pipeline, caller.tenant) if whole else None
    with registry.database.read() as session:
        key, time_of = (Pipeline.created_at, Pipeline.id), pages.time_in("pipe")
        page = pages.fetch(session, statement, key, limit=limit, cursor=cursor, time_of=time_of, kept=kept)
        runs = last_runs.of_pipelines(session, caller.tenant, [row.id for row in page.data])
        return page.shown(lambda row: pipeline_rows.view(row, runs.get(row.id)))


def get(registry: Registry, caller: Caller, pipeline_id: str) -> PipelineView:
    """One pipeline. Raises `NotFound`, also for another tenant's."""
    with audit.refusals(registry, caller, "read", ENTITY, pipeline_id), registry.database.read() as session:
        return pipeline_rows.shown(session, pipeline_rows.find(session, caller.tenant, pipeline_id))


def by_name(registry: Registry, tenant: str, name: str) -> PipelineView:
    """A tenant's pipeline by its name or the last part of its asset key. Raises `NotFound`."""
    statement = scoped.rows(Pipeline, tenant).where(or_(Pipeline.name == name, Pipeline.asset_name == name))
    with registry.database.read() as session:
        found = sorted(session.scalars(statement), key=lambda row: row.name != name)
        if not found:
            raise NotFound(f"There is no pipeline named {name!r}.")
        return pipeline_rows.shown(session, found[0])


def create(registry: Registry, caller: Caller, body: Mapping[str, Any]) -> PipelineView:
    """Store a new pipeline.

    Raises:
        InvalidInput: naming every field at fault.
        NotFound: a connector that is not there.
        NameTaken: another pipeline has the name.
    """
    _demand_object(body)
    owned = [FieldError(name, "is set by the server") for name in OWNED if name in body]
    document = shapes.merge_patch({}, {name: value for name, value in body.items() if name not in OWNED})
    named = _text(document.get("name"))
    with (
        audit.refusals(registry, caller, "create", ENTITY, None, named),
        _changing(registry, caller) as session,
    ):
        settled = settle(session, registry.settings, caller.tenant, document, owned)
        pipeline_rows.demand_free(session, caller.tenant, settled.definition["name"])
        row = pipeline_rows.new_row(session, caller.tenant, settled)
        pipeline_rows.append_version(session, row, settled)
        session.add(row)
        audit.record(session, caller, "create", ENTITY, row.id, row.name, after=row.definition)
        session.flush()
        return pipeline_rows.view(row, None)


def change(
    registry: Registry,
    caller: Caller,
    pipeline_id: str,
    body: Mapping[str, Any],
    *,
    if_match: str | None = None,
) -> PipelineView:
    """Apply `body` as a JSON Merge Patch (RFC 7396); what the server owns is let through where it is as stored.

    Raises:
        InvalidInput, NotFound, NameTaken: as `create` does.
        Stale: `if_match` names another state.
    """
    _demand_object(body)
    with (
        audit.refusals(registry, caller, "update", ENTITY, pipeline_id),
        _changing(registry, caller) as session,
    ):
        row = pipeline_rows.find(session, caller.tenant, pipeline_id)
        shown = pipeline_rows.shown(session, row)
        demand_match(if_match, shown.etag)
        document = _patched(row.definition, body)
        settled = settle(session, registry.settings, caller.tenant, document, _altered(body, shown))
        if settled.definition["name"] != row.name:
            pipeline_rows.demand_free(session, caller.tenant, settled.definition["name"])
        if settled.definition == row.definition:
            return shown
        before = row.definition
        pipeline_rows.put(row, settled)
        pipeline_rows.append_version(session, row, settled)
        audit.record(session, caller, "update", ENTITY, row.id, row.name, before=before, after=row.definition)
        session.flush()
        return pipeline_rows.shown(session, row)


def delete(registry: Registry, caller: Caller, pipeline_id: str, *, if_match: str | None = None) -> None:
    """Delete a pipeline; the target's table and the records of its runs stay. Raises `NotFound`, `Stale`."""
    with (
        audit.refusals(registry, caller, "delete", ENTITY, pipeline_id),
        _changing(registry, caller) as session,
    ):
        row = pipeline_rows.find(session, caller.tenant, pipeline_id)
        demand_match(if_match, pipeline_rows.view(row, None).etag)
        pipeline_rows.append_deletion(session, row)
        audit.record(session, caller, "delete", ENTITY, row.id, row.name, before=row.definition)
        session.execute(scoped.removing(Pipeline, caller.tenant, row.id))
        scoped.tally(session, Pipeline, caller.tenant, -1)


@contextmanager
def _changing(registry: Registry, caller: Caller) -> Generator[Session]:
    """A change by somebody who may make one."""
    require(caller, *WRITERS)
    with registry.change(caller.tenant) as session:
        yield session


def _demand_object(body: object) -> None:
    if not isinstance(body, dict):
        raise InvalidInput("The body must be a JSON object.")


def _searched(text: str) -> ColumnElement[bool]:
    description = Pipeline.definition["description"].as_string()
    return or_(
        func.lower(Pipeline.name).contains(text.lower(), autoescape=True),
        func.lower(description).contains(text.lower(), autoescape=True),
    )


def _patched(definition: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """The document after a change: nulls are what is not given, and an object of another kind replaces the whole."""
    stored = shapes.merge_patch({}, definition)
    patch = {name: value for name, value in body.items() if name not in OWNED}
    for name in KINDED:
        if _kind(patch.get(name)) not in {None, _kind(stored.get(name))}:
            stored.pop(name, None)
    return shapes.merge_patch(stored, patch)


def _kind(value: object) -> object:
    return value.get("kind") if isinstance(value, dict) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _altered(body: Mapping[str, Any], shown: PipelineView) -> list[FieldError]:
    stored = shown.to_json()
    return [
        FieldError(name, "is set by the server and differs from the stored value")
        for name in OWNED
        if name in body and body[name] != stored[name]
    ]
