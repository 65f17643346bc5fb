"""Connectors: list, look at, create, change, delete. Credentials go in and never come out."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from kaireon_orch import catalogue
from kaireon_orch.control import audit, breaker, contents, drafts, ids, naming, pages, tenants
from kaireon_orch.control.caller import require
from kaireon_orch.control.clock import iso, iso_or_none, now_ms
from kaireon_orch.control.etags import demand_match
from kaireon_orch.control.views import ConnectorView, UnknownField
from kaireon_orch.errors import FieldError, InUse, InvalidInput, NameTaken, NotFound, SecretsRequired, Stale
from kaireon_orch.store import revision, scoped
from kaireon_orch.store.tables import Connector, Pipeline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from kaireon_orch.control.caller import Caller, Role
    from kaireon_orch.control.contents import Content, Patched
    from kaireon_orch.control.drafts import ConnectorPatch
    from kaireon_orch.control.pages import Page
    from kaireon_orch.control.registry import Registry

ENTITY = "connector"
WRITERS: tuple[Role, ...] = ("admin", "editor")
STATUSES = ("active", "inactive", "error", "disabled")
OWNED = (
    "id",
    "lastTestedAt",
    "lastError",
    "lastSyncRowCount",
    "lastSyncAt",
    "missingFields",
    "unknownFields",
    "createdAt",
    "updatedAt",
)
CONTENT = {"type", "config", "connection_config", "auth_method", "auth_config"}
IDENTITY = {"name", "resource_key", "type", "status"}  # what definitions are made of
LONGEST_KEY = 240


def list_page(
    registry: Registry,
    caller: Caller,
    *,
    limit: int | str | None = None,
    cursor: str | None = None,
    type: str | None = None,  # noqa: A002  the contract's name
    status: str | None = None,
    q: str | None = None,
) -> Page[ConnectorView]:
    """The tenant's connectors, newest first; `q` searches name and description, its wildcards literal.

    Raises `InvalidInput` for a bad limit, cursor or status.
    """
    statement = scoped.rows(Connector, caller.tenant)
    if type is not None:
        statement = statement.where(Connector.type == type)
    if status is not None:
        statement = statement.where(Connector.status == _status(status))
    if q:
        found = (func.lower(column).contains(q.lower(), autoescape=True) for column in _SEARCHED)
        statement = statement.where(or_(*found))
    with registry.database.read() as session:
        page = pages.fetch(
            session, statement, (Connector.created_at, Connector.id), limit=limit, cursor=cursor
        )
    return page.shown(view)


def get(registry: Registry, caller: Caller, connector_id: str) -> ConnectorView:
    """One connector; `NotFound`, also for another tenant's."""
    with registry.database.read() as session:
        return view(row(session, caller.tenant, connector_id))


def by_name(registry: Registry, tenant: str, name: str) -> ConnectorView:
    """A tenant's connector by its name or its resource key, the name first; `NotFound`."""
    wanted = or_(Connector.name == name, Connector.resource_key == name)
    with registry.database.read() as session:
        found = list(session.scalars(scoped.rows(Connector, tenant).where(wanted)))
    if not found:
        raise NotFound(f"There is no connector named {name!r}.")
    return view(min(found, key=lambda each: each.name != name))


def create(
    registry: Registry, caller: Caller, body: Mapping[str, Any], *, strict: bool = False, refers: bool = False
) -> ConnectorView:
    """Store a new connector; missing required fields do not stop it, they come back as `missing_fields`.

    `strict` refuses unknown fields of `config` and `authConfig`. `refers`: the body comes from a file that the operator
    applies, so `${env:…}` in it is a reference. Raises `InvalidInput`, `NameTaken`, `Forbidden`.
    """
    named = body.get("name") if isinstance(body, dict) else None
    with audit.refusals(registry, caller, "create", ENTITY, None, named if isinstance(named, str) else None):
        require(caller, *WRITERS)
        found = drafts.faults(drafts.ConnectorDraft, body)
        content = contents.of_body(body, refers=refers)
        _demand_none([*found, *contents.faults(content, strict=strict)])
        draft = drafts.ConnectorDraft.model_validate(body)
        with registry.database.write() as session:
            if caller.key_id is None:
                tenants.ensure(registry, session, caller.tenant)
            scoped.lock_tenant(session, caller.tenant)
            _demand_free(session, caller.tenant, "name", draft.name)
            made = _new_row(registry, session, caller.tenant, draft, content)
            session.add(made)
            session.flush()
            revision.bump(session)
            audit.record(session, caller, "create", ENTITY, made.id, made.name, after=_told(made))
            return view(made)


def change(
    registry: Registry,
    caller: Caller,
    connector_id: str,
    body: Mapping[str, Any],
    *,
    if_match: str | None = None,
    strict: bool = False,
    refers: bool = False,
) -> ConnectorView:
    """Change the fields given; `config` and `authConfig` are merge patches (RFC 7396).

    Raises `InvalidInput`, `SecretsRequired` (an editor who changes where stored credentials go must send them again),
    `NotFound`, `NameTaken`, `Stale`, `SecretUnreadable`, `Forbidden`.
    """
    with audit.refusals(registry, caller, "update", ENTITY, connector_id):
        require(caller, *WRITERS)
        with registry.change(caller.tenant) as session:
            stored = row(session, caller.tenant, connector_id)
            demand_match(if_match, view(stored).etag)
            patch = _checked_patch(body, view(stored))
            steered: list[str] = []
            values = _plain_changes(session, stored, patch)
            if patch.model_fields_set & CONTENT:
                content, steered = _changed_content(
                    registry, caller, stored, patch, strict=strict, refers=refers
                )
                values |= content
            values = {name: value for name, value in values.items() if value != getattr(stored, name)}
            if values:
                _store(session, caller, stored, values, steered)
            return view(stored)


def delete(registry: Registry, caller: Caller, connector_id: str, *, if_match: str | None = None) -> None:
    """Delete a connector that no pipeline uses. Raises `NotFound`, `InUse`, `Stale`, `Forbidden`."""
    with audit.refusals(registry, caller, "delete", ENTITY, connector_id):
        require(caller, *WRITERS)
        with registry.change(caller.tenant) as session:
            stored = row(session, caller.tenant, connector_id)
            demand_match(if_match, view(stored).etag)
            _demand_unused(session, stored)
            told = _told(stored)
            revision.bump(session)
            audit.record(session, caller, "delete", ENTITY, stored.id, stored.name, before=told)
            removing = scoped.removing(Connector, caller.tenant, stored.id).where(
                Connector.version == stored.version
            )
            session.execute(removing)


def row(session: Session, tenant: str, connector_id: str) -> Connector:
    """The stored row; `NotFound`, also for another tenant's."""
    found = session.scalar(scoped.row(Connector, tenant, connector_id))
    if found is None:
        raise NotFound("There is no such connector.")
    return found


def view(stored: Connector) -> ConnectorView:
    """A connector as callers see it. Nothing is decrypted for it."""
    spec = catalogue.spec(stored.type) if stored.type in catalogue.types() else None
    unknown = (
        contents.unknown_fields(spec, stored.auth_method, stored.config, stored.auth_fields) if spec else []
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


_SEARCHED = (Connector.name, Connector.description)


def _new_row(
    registry: Registry, session: Session, tenant: str, draft: drafts.ConnectorDraft, content: Content
) -> Connector:
    connector_id = ids.new_id("conn")
    created = ids.time_of(connector_id)
    kept = contents.sealed(registry.vault, tenant, connector_id, content)
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


def _checked_patch(body: Mapping[str, Any], shown: ConnectorView) -> ConnectorPatch:
    """The patch without what the server owns, which must be as it is stored."""
    if not isinstance(body, dict):
        raise InvalidInput("The body must be a JSON object.")
    stored = shown.to_json()
    owned = [name for name in OWNED if name in body and body[name] != stored[name]]
    if owned:
        details = [
            FieldError(name, "is set by the server and differs from the stored value") for name in owned
        ]
        raise InvalidInput(drafts.REFUSED, details)
    rest = {name: value for name, value in body.items() if name not in OWNED}
    return drafts.checked(drafts.ConnectorPatch, rest, OWNED)


def _plain_changes(session: Session, stored: Connector, patch: ConnectorPatch) -> dict[str, Any]:
    given = patch.model_fields_set
    values: dict[str, Any] = {name: getattr(patch, name) for name in ("name", "description") if name in given}
    if "name" in given and patch.name != stored.name:
        _demand_free(session, stored.tenant, "name", patch.name)
    if "status" in given:
        values["status"] = _status(patch.status)
    if "resource_key" in given and patch.resource_key != stored.resource_key:
        values["resource_key"] = _checked_key(patch.resource_key)
        _demand_free(session, stored.tenant, "resource_key", patch.resource_key)
    return values


def _changed_content(
    registry: Registry,
    caller: Caller,
    stored: Connector,
    patch: ConnectorPatch,
    *,
    strict: bool,
    refers: bool,
) -> tuple[dict[str, Any], list[str]]:
    """The columns of the changed content, and the fields by which it leads credentials elsewhere."""
    before = contents.opened(registry.vault, stored)
    given = patch.model_fields_set
    patched = contents.patched(
        before,
        type_=patch.type if "type" in given else None,
        auth_method=patch.auth_method if "auth_method" in given else None,
        config=contents.merged(patch.connection_config, patch.config),
        auth=patch.auth_config,
        refers=refers,
    )
    _demand_none(contents.faults(patched.content, strict=strict))
    content, steered = _steered(caller, before, patched)
    if content == before and not patch.auth_config:
        return {}, []
    kept = contents.sealed(registry.vault, stored.tenant, stored.id, content)
    values = {
        "type": content.type,
        "auth_method": content.auth_method,
        "config": kept.config,
        "auth_fields": kept.auth_fields,
        "secrets": kept.secrets,
    }
    return values, steered


def _steered(caller: Caller, before: Content, patched: Patched) -> tuple[Content, list[str]]:
    """Nobody but an admin aims stored secrets at another system; with another type they do not go along."""
    steered = contents.steered(before, patched.content)
    if not steered or not patched.kept_secrets:
        return patched.content, steered
    if caller.role != "admin":
        details = [
            FieldError(f"config.{name}", "decides where the stored credentials go") for name in steered
        ]
        raise SecretsRequired("Send the credentials again together with a change of where they go.", details)
    if patched.content.type != before.type:
        return contents.without(patched.content, patched.kept_secrets), steered
    return patched.content, steered


def _store(
    session: Session, caller: Caller, stored: Connector, values: dict[str, Any], steered: list[str]
) -> None:
    before, version = _told(stored), stored.version
    values |= {"version": version + 1, "updated_at": max(now_ms(), stored.updated_at + 1)}
    changing = scoped.changing(Connector, stored.tenant, stored.id).where(Connector.version == version)
    if session.execute(changing.values(values).returning(Connector.id)).one_or_none() is None:
        raise Stale("The connector was changed meanwhile; read it again and send its ETag.")
    session.refresh(stored)
    if values.keys() & {"config", "secrets", "type", "auth_method"}:
        breaker.reset(session, stored.id)
    if values.keys() & IDENTITY:
        revision.bump(session)
    changes = _changes(before, _told(stored), secrets_changed="secrets" in values, steered=steered)
    audit.record(
        session, caller, "update", ENTITY, stored.id, stored.name, before=changes[0], after=changes[1]
    )


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


def _told(stored: Connector) -> dict[str, Any]:
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


def _demand_none(found: list[FieldError]) -> None:
    if found:
        raise InvalidInput(drafts.REFUSED, found)


def _demand_free(session: Session, tenant: str, column: str, value: str) -> None:
    taken = scoped.rows(Connector, tenant).where(getattr(Connector, column) == value)
    if session.scalar(taken) is not None:
        shown = "name" if column == "name" else "resourceKey"
        raise NameTaken(f"There is a connector with this {shown} already.", [FieldError(shown, "is taken")])


def _demand_unused(session: Session, stored: Connector) -> None:
    uses = or_(Pipeline.connector_id == stored.id, Pipeline.target_connector_id == stored.id)
    statement = select(Pipeline.id, Pipeline.name).where(Pipeline.tenant == stored.tenant, uses)
    users = session.execute(statement.order_by(Pipeline.id)).all()
    if users:
        listed = ", ".join(f"{user.id} ({user.name})" for user in users)
        details = [FieldError(user.id, user.name) for user in users]
        raise InUse(f"The connector is used by {listed}; delete or change these pipelines first.", details)


def _checked_key(text: str) -> str:
    fits = text.isascii() and text.isidentifier() and len(text) <= LONGEST_KEY
    if fits and not keyword.iskeyword(text) and text not in naming.TAKEN_BY_DAGSTER:
        return text
    rule = "must be a Python identifier in ASCII, no keyword, at most 240 characters"
    raise InvalidInput(drafts.REFUSED, [FieldError("resourceKey", rule)])


def _status(text: str) -> str:
    if text in STATUSES:
        return text
    raise InvalidInput(drafts.REFUSED, [FieldError("status", f"must be one of {', '.join(STATUSES)}")])
