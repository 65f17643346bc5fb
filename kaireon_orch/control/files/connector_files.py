"""Connectors as files: `kaireon connectors apply` and `export`. A record's name says which connector it is.

A record is whole: what it leaves out is removed or has its default, and only credentials (`authConfig`) and the
`resourceKey` stay as they are stored where a record has none. Connectors that no file names are left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from kaireon_orch.control import (
    acceptance,
    audit,
    connector_rows,
    connectors,
    contents,
    drafts,
    patching,
    tenants,
)
from kaireon_orch.control.caller import require
from kaireon_orch.control.connector_rows import ENTITY
from kaireon_orch.control.contents import DEFAULT_METHOD
from kaireon_orch.control.drafts import ConnectorDraft, Description, Document, Name, Word
from kaireon_orch.control.files import connector_content, reading
from kaireon_orch.control.files.plans import (
    ACTION,
    STALE,
    Action,
    Plan,
    Prepared,
    Shown,
    Step,
    differences,
    ordered,
    text,
)
from kaireon_orch.control.files.writing import Export
from kaireon_orch.control.shapes import Shape
from kaireon_orch.errors import FieldError, InvalidInput, SecretUnreadable, Stale
from kaireon_orch.store import revision, scoped
from kaireon_orch.store.tables import Connector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.contents import Content
    from kaireon_orch.control.files.reading import Record
    from kaireon_orch.control.registry import Registry

DISABLED = "disabled"


class ConnectorRecord(Shape):
    """A connector as a file writes it."""

    name: Name
    type: Word
    description: Description | None = None
    config: Document = Field(default_factory=dict)
    auth_method: Word = DEFAULT_METHOD
    auth_config: Document | None = None
    resource_key: str | None = None
    status: Literal["disabled"] | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A record that was read and judged by itself."""

    record: Record
    draft: ConnectorRecord
    content: Content


def plan(registry: Registry, caller: Caller, records: Sequence[Record]) -> Plan:
    """What applying the records would do. Raises `InvalidInput` naming every fault, `SecretUnreadable`, `Forbidden`."""
    require(caller, "admin")
    wanted = read(records)
    with registry.database.read() as session:
        return ordered(_prepare(registry, caller, session, wanted))


def apply(registry: Registry, caller: Caller, records: Sequence[Record], expected: Plan) -> None:
    """Do what `expected` says, all of it or nothing. Raises what `plan` does, `NameTaken`, and `Stale` where the plan is old."""
    with audit.refusals(registry, caller, ACTION, ENTITY):
        require(caller, "admin")
        wanted = read(records)
        with registry.database.write() as session:
            tenants.ensure(registry, session, caller.tenant)
            scoped.lock_tenant(session, caller.tenant)
            prepared = _prepare(registry, caller, session, wanted)
            if ordered(prepared) != expected:
                raise Stale(STALE)
            for each in prepared:
                each.do(session)


def read(records: Sequence[Record]) -> list[Wanted]:
    """The records judged by themselves; `InvalidInput` naming file, line and field of every fault."""
    found = [record for record in records if record.kind == "connector"]
    reading.demand_distinct(found)
    faults = [record.at(fault) for record in found for fault in _faults(record)]
    if faults:
        raise InvalidInput(f"The files cannot be applied: {len(faults)} field(s) at fault.", faults)
    return [_wanted(record) for record in found]


def export(registry: Registry, caller: Caller) -> Export:
    """Every connector of the tenant, by name; secrets are references. Raises `SecretUnreadable`, `Forbidden`."""
    require(caller, "admin")
    exported = Export("connectors")
    with registry.database.read() as session:
        rows = session.scalars(scoped.rows(Connector, caller.tenant))
        for row in sorted(rows, key=lambda each: each.name):
            written = connector_content.write(_opened(registry, row), row.resource_key)
            exported.add(row.name, _document(row, written), written.notes)
    return exported


def _document(row: Connector, written: connector_content.Written) -> dict[str, Any]:
    document = {
        "name": row.name,
        "type": row.type,
        "description": row.description,
        "resourceKey": row.resource_key,
        "status": DISABLED if row.status == DISABLED else None,
        "config": written.config or None,
        "authMethod": row.auth_method,
        "authConfig": written.auth or None,
    }
    return {name: value for name, value in document.items() if value is not None}


def _faults(record: Record) -> list[FieldError]:
    if found := drafts.faults(ConnectorRecord, record.value):
        return found
    wanted = _wanted(record)
    found = acceptance.faults(wanted.content, strict=True)
    if wanted.draft.resource_key is not None:
        found += _key_faults(wanted.draft.resource_key)
    return found


def _key_faults(key: str) -> Sequence[FieldError]:
    try:
        connectors.checked_key(key)
    except InvalidInput as error:
        return error.details
    return ()


def _wanted(record: Record) -> Wanted:
    draft = ConnectorRecord.model_validate(record.value)
    content = connector_content.read(draft.config, draft.auth_config or {}, draft.type, draft.auth_method)
    return Wanted(record, draft, content)


def _prepare(
    registry: Registry, caller: Caller, session: Session, wanted: Sequence[Wanted]
) -> list[Prepared]:
    rows = {row.name: row for row in session.scalars(scoped.rows(Connector, caller.tenant))}
    keys = {row.resource_key: row.name for row in rows.values()}
    faults = [
        each.record.at(FieldError("resourceKey", f"is that of the connector {keys[key]!r}"))
        for each in wanted
        if (key := each.draft.resource_key) and keys.setdefault(key, each.draft.name) != each.draft.name
    ]
    if faults:
        raise InvalidInput("The files cannot be applied.", faults)
    return [
        _created(registry, caller, each)
        if each.draft.name not in rows
        else _changed(registry, caller, each, rows[each.draft.name])
        for each in wanted
    ]


def _created(registry: Registry, caller: Caller, wanted: Wanted) -> Prepared:
    draft, content = wanted.draft, wanted.content

    def do(session: Session) -> None:
        body = ConnectorDraft(name=draft.name, type=draft.type, description=draft.description)
        row = connector_rows.new_row(registry, session, caller.tenant, body, content)
        if draft.resource_key and draft.resource_key != row.resource_key:
            connector_rows.demand_free(session, caller.tenant, "resource_key", draft.resource_key)
            row.resource_key = draft.resource_key
        row.status = draft.status or row.status
        session.add(row)
        session.flush()
        revision.bump(session)
        after = connector_rows.told(row)
        audit.record(session, caller, ACTION, ENTITY, row.id, row.name, after=after)

    changes = differences(None, _shown(content, draft.description, draft.resource_key, draft.status))
    return Prepared(Step("create", draft.name, wanted.record.place, changes, _notes(content, ())), do)


def _changed(registry: Registry, caller: Caller, wanted: Wanted, row: Connector) -> Prepared:
    before, draft = _opened(registry, row), wanted.draft
    _demand_credentials(wanted, before)
    given = draft.auth_config is not None
    taken = connector_content.over(before, wanted.content, row.resource_key, auth_given=given)
    values = _values(registry, row, wanted, None if taken.content == before else taken.content)

    def do(session: Session) -> None:
        if values:
            steered = patching.steered(before, taken.content) if "type" in values and row.secrets else []
            connector_rows.store(registry, session, caller, row, values, steered, action=ACTION)

    key = draft.resource_key or row.resource_key
    changes = differences(
        _shown(before, row.description, row.resource_key, _told_status(row.status)),
        _shown(taken.content, draft.description, key, draft.status),
    )
    notes = _notes(wanted.content, taken.kept)
    action: Action = "change" if values else "unchanged"
    return Prepared(Step(action, draft.name, wanted.record.place, changes, notes), do)


def _demand_credentials(wanted: Wanted, before: Content) -> None:
    """Credentials do not go along to another type unseen: the file must name them again."""
    if wanted.draft.auth_config is None and before.auth and wanted.content.type != before.type:
        words = "is needed where the type changes: the stored credentials are the other type's"
        raise InvalidInput(
            "The files cannot be applied.", [wanted.record.at(FieldError("authConfig", words))]
        )


def _values(registry: Registry, row: Connector, wanted: Wanted, content: Content | None) -> dict[str, Any]:
    """The columns that change; `content` is None where the content stays."""
    draft = wanted.draft
    enabled = "inactive" if row.status == DISABLED else row.status
    asked: dict[str, Any] = {
        "description": draft.description,
        "resource_key": draft.resource_key or row.resource_key,
        "status": draft.status or enabled,
    }
    values = {name: value for name, value in asked.items() if value != getattr(row, name)}
    return values if content is None else values | _columns(registry, row, content)


def _columns(registry: Registry, row: Connector, content: Content) -> dict[str, Any]:
    kept = contents.sealed(registry.vault, row.tenant, row.id, content)
    return {
        "type": content.type,
        "auth_method": content.auth_method,
        "config": kept.config,
        "auth_fields": kept.auth_fields,
        "secrets": kept.secrets,
    }


def _shown(content: Content, description: str | None, key: str | None, status: str | None) -> Shown:
    shown = connector_content.shown(content)
    own = {"description": description, "resourceKey": key, "status": status}
    given = {name: value for name, value in own.items() if value is not None}
    return Shown(
        dict(shown.values) | given, dict(shown.texts) | {name: text(value) for name, value in given.items()}
    )


def _notes(content: Content, kept: Sequence[str]) -> tuple[str, ...]:
    stays = [f"{field}: the stored secret stays, since its variable is not set here" for field in kept]
    literal = [
        f"{field}: a secret in a file; write a reference instead"
        for field in connector_content.literals(content)
    ]
    return (*stays, *literal)


def _told_status(status: str) -> str | None:
    return DISABLED if status == DISABLED else None


def _opened(registry: Registry, row: Connector) -> Content:
    try:
        return contents.opened(registry.vault, row)
    except SecretUnreadable as error:
        raise SecretUnreadable(f"The connector {row.name!r}: {error.message}") from None
