"""The registry's rows of connectors: made, found, shown, and changed under their version."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from kaireon_orch import catalogue
from kaireon_orch.control import acceptance, audit, breaker, contents, ids, naming, pipeline_rows
from kaireon_orch.control.clock import iso, iso_or_none, now_ms
from kaireon_orch.control.views import ConnectorView, UnknownField
from kaireon_orch.errors import FieldError, InUse, NameTaken, NotFound, Stale
from kaireon_orch.store import revision, scoped
from kaireon_orch.store.tables import Connector, Pipeline

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from kaireon_orch.contract.spec import ConnectorSpec
    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.contents import Content
    from kaireon_orch.control.drafts import ConnectorDraft
    from kaireon_orch.control.registry import Registry

ENTITY = "connector"
_NONE = "There is no such connector."
IDENTITY = {"name", "resource_key", "type", "status"}  # what definitions are made of


def row(session: Session, tenant: str, connector_id: str) -> Connector:
    """The stored row; `NotFound`, also for another tenant's."""
    found = session.scalar(scoped.row(Connector, tenant, connector_id))
    if found is None:
        raise NotFound(_NONE)
    return found


def plain(registry: Registry, tenant: str, connector_id: str) -> Row[Any]:
    """The stored row to look at only; `NotFound`, also for another tenant's."""
    with registry.database.look() as connection:
        asked = {"tenant": tenant, "id": connector_id}
        found = connection.execute(scoped.plain_row(Connector), asked).one_or_none()
    if found is None:
        raise NotFound(_NONE)
    return found


def view(stored: Connector | Row[Any]) -> ConnectorView:
    """A connector as callers see it. Nothing is decrypted for it."""
    spec = _spec(stored.type)
    unknown = (
        acceptance.unknown_fields(spec, stored.auth_method, stored.config, stored.auth_fields) if spec else []
    )
    return ConnectorView(
        id=stored.id,
        name=stored.name,
        resource_key=stored.resource_key,
        type=stored.type,
        description=stored.description,
        config=stored.config,
        auth_method=stored.auth_method,
        status=stored.status,
        last_tested_at=iso_or_none(stored.last_tested_at),
        last_error=stored.last_error,
        last_sync_row_count=stored.last_sync_row_count,
        last_sync_at=iso_or_none(stored.last_sync_at),
        missing_fields=spec.missing_fields(stored.config) if spec else [],
        unknown_fields=[UnknownField(field=name, nearest=near) for name, near in unknown],
        created_at=iso(stored.created_at),
        updated_at=iso(stored.updated_at),
        version=stored.version,
    )


@cache
def _spec(type_: str) -> ConnectorSpec | None:
    return catalogue.spec(type_) if type_ in catalogue.types() else None


def new_row(
    registry: Registry, session: Session, tenant: str, draft: ConnectorDraft, content: Content
) -> Connector:
    """A connector that the caller adds to this session, under the tenant's lock; it is counted already."""
    connector_id = ids.new_id("conn")
    created = ids.time_of(connector_id)
    kept = contents.sealed(registry.vault, tenant, connector_id, content)
    scoped.tally(session, Connector, tenant, 1)
    return Connector(
        id=connector_id,
        tenant=tenant,
        name=draft.name,
        resource_key=_resource_key(session, tenant, draft.name, connector_id),
        type=content.type,
        description=draft.description,
        config=kept.config,
        auth_method=content.auth_method,
        auth_fields=kept.auth_fields,
        secrets=kept.secrets,
        status="inactive",
        version=1,
        created_at=created,
        updated_at=created,
    )


def _resource_key(session: Session, tenant: str, name: str, connector_id: str) -> str:
    wanted = naming.identifier(name, connector_id)
    taken = session.scalar(scoped.rows(Connector, tenant).where(Connector.resource_key == wanted))
    return naming.identifier(name, connector_id, () if taken is None else (wanted,))


def store(
    registry: Registry,
    session: Session,
    caller: Caller,
    stored: Connector,
    values: dict[str, Any],
    steered: list[str],
    *,
    action: str = "update",
) -> None:
    """Write the changed columns under the next version, and all that follows from them. Raises `Stale`."""
    before, version = told(stored), stored.version
    values |= {"version": version + 1, "updated_at": max(now_ms(), stored.updated_at + 1)}
    changing = scoped.changing(Connector, stored.tenant, stored.id).where(Connector.version == version)
    if session.execute(changing.values(values).returning(Connector.id)).one_or_none() is None:
        raise Stale("The connector was changed meanwhile; read it again and send its ETag.")
    session.refresh(stored)
    if values.keys() & {"config", "secrets", "type", "auth_method"}:
        breaker.reset(registry, session, stored.id)
    if values.keys() & IDENTITY:
        revision.bump(session)
    if values.keys() & pipeline_rows.NAMED:
        pipeline_rows.follow(session, stored)
    changes = _changes(before, told(stored), secrets_changed="secrets" in values, steered=steered)
    audit.record(session, caller, action, ENTITY, stored.id, stored.name, before=changes[0], after=changes[1])


def _changes(
    before: dict[str, Any], after: dict[str, Any], *, secrets_changed: bool, steered: list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs, and of the secrets only that they changed."""
    differing = [name for name in after if before[name] != after[name]]
    told = {name: after[name] for name in differing}
    if secrets_changed:
        told["secretsChanged"] = True
    if steered:
        told["steered"] = steered
    return {name: before[name] for name in differing}, told


def told(stored: Connector) -> dict[str, Any]:
    """What the audit log keeps of a connector; secrets in `config` are masks there too."""
    return {
        "name": stored.name,
        "resourceKey": stored.resource_key,
        "type": stored.type,
        "description": stored.description,
        "config": stored.config,
        "authMethod": stored.auth_method,
        "status": stored.status,
    }


def demand_free(session: Session, tenant: str, column: str, value: str) -> None:
    taken = scoped.rows(Connector, tenant).where(getattr(Connector, column) == value)
    if session.scalar(taken) is not None:
        shown = "name" if column == "name" else "resourceKey"
        raise NameTaken(f"There is a connector with this {shown} already.", [FieldError(shown, "is taken")])


def demand_unused(session: Session, stored: Connector) -> None:
    uses = or_(Pipeline.connector_id == stored.id, Pipeline.target_connector_id == stored.id)
    statement = select(Pipeline.id, Pipeline.name).where(Pipeline.tenant == stored.tenant, uses)
    users = session.execute(statement.order_by(Pipeline.id)).all()
    if users:
        listed = ", ".join(f"{user.id} ({user.name})" for user in users)
        details = [FieldError(user.id, user.name) for user in users]
        raise InUse(f"The connector is used by {listed}; delete or change these pipelines first.", details)
