"""Connectors: list, look at, create, change, delete. Credentials go in and never come out."""

from __future__ import annotations

import difflib
import keyword
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_

from kaireon_orch.control import (
    acceptance,
    audit,
    breaker,
    connector_rows,
    contents,
    drafts,
    naming,
    pages,
    patching,
    tenants,
)
from kaireon_orch.control.caller import require
from kaireon_orch.control.connector_rows import ENTITY
from kaireon_orch.control.etags import demand_match
from kaireon_orch.errors import FieldError, InvalidInput, NotFound, SecretsRequired
from kaireon_orch.store import revision, scoped
from kaireon_orch.store.tables import Connector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from kaireon_orch.control.caller import Caller, Role
    from kaireon_orch.control.contents import Content
    from kaireon_orch.control.drafts import ConnectorPatch
    from kaireon_orch.control.pages import Page
    from kaireon_orch.control.patching import Patched
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.control.views import ConnectorView

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
    statement = scoped.plain_rows(Connector, caller.tenant)
    if type is not None:
        statement = statement.where(Connector.type == type)
    if status is not None:
        statement = statement.where(Connector.status == _status(status))
    if q:
        found = (func.lower(column).contains(q.lower(), autoescape=True) for column in _SEARCHED)
        statement = statement.where(or_(*found))
    whole = type is None and status is None and not q
    kept = scoped.total(Connector, caller.tenant) if whole else None
    with registry.database.look() as connection:
        page = pages.fetch_plain(
            connection, statement, _KEY, limit=limit, cursor=cursor, time_of=_TIME_OF, kept=kept
        )
    return page.shown(connector_rows.view)


def get(registry: Registry, caller: Caller, connector_id: str) -> ConnectorView:
    """One connector; `NotFound`, also for another tenant's."""
    with audit.refusals(registry, caller, "read", ENTITY, connector_id):
        return connector_rows.view(connector_rows.plain(registry, caller.tenant, connector_id))


def by_name(registry: Registry, tenant: str, name: str) -> ConnectorView:
    """A tenant's connector by its name or its resource key, the name first; `NotFound`."""
    wanted = or_(Connector.name == name, Connector.resource_key == name)
    with registry.database.read() as session:
        found = list(session.scalars(scoped.rows(Connector, tenant).where(wanted)))
    if not found:
        raise NotFound(_unknown(registry, tenant, name))
    return connector_rows.view(min(found, key=lambda each: each.name != name))


def _unknown(registry: Registry, tenant: str, name: str) -> str:
    """What to look at: a name that is spelt alike, or the registry."""
    with registry.database.read() as session:
        keys = [each.resource_key for each in session.scalars(scoped.rows(Connector, tenant))]
    near = difflib.get_close_matches(name.lower(), keys, n=2)
    if near:
        return f"There is no connector named {name!r}; did you mean {' or '.join(near)}?"
    where = (
        "it has none at all: is it the right KAIREON_HOME?" if not keys else "see `kaireon connectors list`."
    )
    return f"There is no connector named {name!r} in the tenant {tenant}; {where}"


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
        _demand_none([*found, *acceptance.faults(content, strict=strict)])
        draft = drafts.ConnectorDraft.model_validate(body)
        with registry.database.write() as session:
            if caller.key_id is None:
                tenants.ensure(registry, session, caller.tenant)
            scoped.lock_tenant(session, caller.tenant)
            connector_rows.demand_free(session, caller.tenant, "name", draft.name)
            made = connector_rows.new_row(registry, session, caller.tenant, draft, content)
            session.add(made)
            session.flush()
            revision.bump(session)
            audit.record(
                session, caller, "create", ENTITY, made.id, made.name, after=connector_rows.told(made)
            )
            return connector_rows.view(made)


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
            stored = connector_rows.row(session, caller.tenant, connector_id)
            demand_match(if_match, connector_rows.view(stored).etag)
            patch = _checked_patch(body, connector_rows.view(stored))
            steered: list[str] = []
            values = _plain_changes(session, stored, patch)
            if patch.model_fields_set & CONTENT:
                content, steered = _changed_content(
                    registry, caller, stored, patch, strict=strict, refers=refers
                )
                values |= content
            values = {name: value for name, value in values.items() if value != getattr(stored, name)}
            if values:
                connector_rows.store(registry, session, caller, stored, values, steered)
            return connector_rows.view(stored)


def delete(registry: Registry, caller: Caller, connector_id: str, *, if_match: str | None = None) -> None:
    """Delete a connector that no pipeline uses. Raises `NotFound`, `InUse`, `Stale`, `Forbidden`."""
    with audit.refusals(registry, caller, "delete", ENTITY, connector_id):
        require(caller, *WRITERS)
        with registry.change(caller.tenant) as session:
            stored = connector_rows.row(session, caller.tenant, connector_id)
            demand_match(if_match, connector_rows.view(stored).etag)
            connector_rows.demand_unused(session, stored)
            told = connector_rows.told(stored)
            revision.bump(session)
            breaker.reset(registry, session, stored.id)
            audit.record(session, caller, "delete", ENTITY, stored.id, stored.name, before=told)
            removing = scoped.removing(Connector, caller.tenant, stored.id).where(
                Connector.version == stored.version
            )
            session.execute(removing)
            scoped.tally(session, Connector, caller.tenant, -1)


_SEARCHED = (Connector.name, Connector.description)
_KEY = (Connector.created_at, Connector.id)
_TIME_OF = pages.time_in("conn")


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
        connector_rows.demand_free(session, stored.tenant, "name", patch.name)
    if "status" in given:
        values["status"] = _status(patch.status)
    if "resource_key" in given and patch.resource_key != stored.resource_key:
        values["resource_key"] = checked_key(patch.resource_key)
        connector_rows.demand_free(session, stored.tenant, "resource_key", patch.resource_key)
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
    patched = patching.patched(
        before,
        type_=patch.type if "type" in given else None,
        auth_method=patch.auth_method if "auth_method" in given else None,
        config=contents.merged(patch.connection_config, patch.config),
        auth=patch.auth_config,
        refers=refers,
    )
    _demand_none(acceptance.faults(patched.content, strict=strict))
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
    steered = patching.steered(before, patched.content)
    if not steered or not patched.kept_secrets:
        return patched.content, steered
    if caller.role != "admin":
        details = [
            FieldError(f"config.{name}", "decides where the stored credentials go") for name in steered
        ]
        raise SecretsRequired("Send the credentials again together with a change of where they go.", details)
    if patched.content.type != before.type:
        return patching.without(patched.content, patched.kept_secrets), steered
    return patched.content, steered


def _demand_none(found: list[FieldError]) -> None:
    if found:
        raise InvalidInput(drafts.REFUSED, found)


def checked_key(text: str) -> str:
    """A resource key that callers set themselves. Raises `InvalidInput`."""
    fits = text.isascii() and text.isidentifier() and len(text) <= LONGEST_KEY
    if fits and not keyword.iskeyword(text) and text not in naming.TAKEN_BY_DAGSTER:
        return text
    rule = "must be a Python identifier in ASCII, no keyword, at most 240 characters"
    raise InvalidInput(drafts.REFUSED, [FieldError("resourceKey", rule)])


def _status(text: str) -> str:
    if text in STATUSES:
        return text
    raise InvalidInput(drafts.REFUSED, [FieldError("status", f"must be one of {', '.join(STATUSES)}")])
