"""Pipelines as files: `kaireon pipelines apply` and `export`. Pipelines name their connectors by name.

A record is whole: a field that it leaves out has its default. Pipelines that no file names are left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kaireon_orch.control import audit, pipeline_drafts, pipeline_rows, tenants
from kaireon_orch.control.caller import require
from kaireon_orch.control.drafts import REFUSED
from kaireon_orch.control.files import reading
from kaireon_orch.control.files.plans import (
    ACTION,
    STALE,
    Plan,
    Prepared,
    Shown,
    Step,
    differences,
    leaves,
    ordered,
    text,
)
from kaireon_orch.control.files.writing import Export
from kaireon_orch.control.pipeline_checks import settle
from kaireon_orch.control.pipeline_drafts import PipelineDraft
from kaireon_orch.control.pipelines import ENTITY
from kaireon_orch.control.shapes import merge_patch, names, nearest
from kaireon_orch.errors import FieldError, InvalidInput, Stale
from kaireon_orch.store import scoped
from kaireon_orch.store.tables import Connector, Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.files.reading import Record
    from kaireon_orch.control.pipeline_checks import Settled
    from kaireon_orch.control.registry import Registry

BY_NAME = {"connector": "connectorId", "targetConnector": "targetConnectorId"}
BY_ID = {theirs: ours for ours, theirs in BY_NAME.items()}
FIELDS = [BY_ID.get(name, name) for name in names(PipelineDraft)]


def plan(registry: Registry, caller: Caller, records: Sequence[Record]) -> Plan:
    """What applying the records would do. Raises `InvalidInput` naming every fault, `Forbidden`."""
    require(caller, "admin")
    found = read(records)
    with registry.database.read() as session:
        return ordered(_prepare(registry, caller, session, found))


def apply(registry: Registry, caller: Caller, records: Sequence[Record], expected: Plan) -> None:
    """Do what `expected` says, all of it or nothing. Raises what `plan` does, and `Stale` where the plan is old."""
    with audit.refusals(registry, caller, ACTION, ENTITY):
        require(caller, "admin")
        found = read(records)
        with registry.database.write() as session:
            tenants.ensure(registry, session, caller.tenant)
            scoped.lock_tenant(session, caller.tenant)
            prepared = _prepare(registry, caller, session, found)
            if ordered(prepared) != expected:
                raise Stale(STALE)
            for each in prepared:
                each.do(session)


def read(records: Sequence[Record]) -> list[Record]:
    """The pipelines among the records, judged by themselves; `InvalidInput` naming every fault."""
    found = [record for record in records if record.kind == "pipeline"]
    reading.demand_distinct(found)
    _demand_none([record.at(fault) for record in found for fault in _faults(record)])
    return found


def export(registry: Registry, caller: Caller) -> Export:
    """Every pipeline of the tenant, by name, with the fields that are not at their defaults. Raises `Forbidden`."""
    require(caller, "admin")
    exported = Export("pipelines")
    with registry.database.read() as session:
        known = {row.id: row.name for row in session.scalars(scoped.rows(Connector, caller.tenant))}
        rows = session.scalars(scoped.rows(Pipeline, caller.tenant))
        for row in sorted(rows, key=lambda each: each.name):
            exported.add(row.name, _document(row.definition, known))
    return exported


def _document(definition: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    defaults = PipelineDraft.model_validate({"name": "x", "connectorId": "x"}).document()
    told = {
        name: value
        for name, value in definition.items()
        if name in {"name", "connectorId"} or value != defaults.get(name)
    }
    named = {
        BY_ID.get(name, name): known.get(value, value) if name in BY_ID else _sorted(value)
        for name, value in told.items()
    }
    return {name: named[name] for name in FIELDS if name in named}


def _sorted(value: Any) -> Any:  # noqa: ANN401  any JSON value
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(part) for part in value] if isinstance(value, list) else value


def _faults(record: Record) -> Iterator[FieldError]:
    for name in record.value:
        if name not in FIELDS:
            near = nearest(name, FIELDS)
            yield FieldError(name, f"is not a field; the nearest is {near}" if near else "is not a field")
    for ours in BY_NAME:
        if not isinstance(record.value.get(ours), str | None):
            yield FieldError(ours, "takes the name of a connector")
    if not isinstance(record.value.get("connector"), str):
        yield FieldError("connector", "is required")
        return
    _draft, wrong = pipeline_drafts.read(_by_id(record, {}))
    yield from wrong


def _by_id(record: Record, known: Mapping[str, str]) -> dict[str, Any]:
    """The record as callers of the API write it; a connector that is not known keeps its name."""
    named = {
        BY_NAME.get(name, name): known.get(value, value) if name in BY_NAME else value
        for name, value in record.value.items()
        if name in FIELDS
    }
    return merge_patch({}, named)


def _prepare(
    registry: Registry, caller: Caller, session: Session, records: Sequence[Record]
) -> list[Prepared]:
    known = {row.name: row.id for row in session.scalars(scoped.rows(Connector, caller.tenant))}
    rows = {row.name: row for row in session.scalars(scoped.rows(Pipeline, caller.tenant))}
    _demand_none([record.at(fault) for record in records for fault in _strangers(record, known)])
    settled = [_settled(registry, caller, session, record, known) for record in records]
    _demand_none([fault for each in settled if isinstance(each, list) for fault in each])
    names_of = {number: name for name, number in known.items()}
    return [
        _prepared(caller, record, rows.get(record.name), each, names_of)
        for record, each in zip(records, settled, strict=True)
        if not isinstance(each, list)
    ]


def _strangers(record: Record, known: Mapping[str, str]) -> Iterator[FieldError]:
    for ours in BY_NAME:
        name = record.value.get(ours)
        if name is not None and name not in known:
            near = nearest(name, known)
            hint = f"; the nearest is {near!r}" if near else "; apply the connectors first"
            yield FieldError(ours, f"there is no connector named {name!r}{hint}")


def _settled(
    registry: Registry, caller: Caller, session: Session, record: Record, known: Mapping[str, str]
) -> Settled | list[FieldError]:
    try:
        return settle(session, registry.settings, caller.tenant, _by_id(record, known))
    except InvalidInput as error:
        return [
            record.at(FieldError(BY_ID.get(fault.field, fault.field), fault.message))
            for fault in error.details
        ]


def _prepared(
    caller: Caller, record: Record, row: Pipeline | None, settled: Settled, known: Mapping[str, str]
) -> Prepared:
    after = _shown(settled.definition, known)
    if row is None:
        step = Step("create", record.name, record.place, differences(None, after))
        return Prepared(step, lambda session: _create(session, caller, settled))
    changes = differences(_shown(row.definition, known), after)
    if settled.definition == row.definition:
        return Prepared(Step("unchanged", record.name, record.place), lambda _session: None)
    step = Step("change", record.name, record.place, changes)
    return Prepared(step, lambda session: _change(session, caller, row, settled))


def _create(session: Session, caller: Caller, settled: Settled) -> None:
    row = pipeline_rows.new_row(session, caller.tenant, settled)
    pipeline_rows.append_version(session, row, settled)
    session.add(row)
    audit.record(session, caller, ACTION, ENTITY, row.id, row.name, after=row.definition)
    session.flush()


def _change(session: Session, caller: Caller, row: Pipeline, settled: Settled) -> None:
    before = row.definition
    pipeline_rows.put(row, settled)
    pipeline_rows.append_version(session, row, settled)
    audit.record(session, caller, ACTION, ENTITY, row.id, row.name, before=before, after=row.definition)
    session.flush()


def _shown(definition: Mapping[str, Any], known: Mapping[str, str]) -> Shown:
    values = {
        BY_ID.get(path, path): known.get(value, value) if path in BY_ID else value
        for path, _pointer, value in leaves(dict(definition))
        if value not in (None, {}, []) and path != "name"
    }
    return Shown(values, {path: text(value) for path, value in values.items()})


def _demand_none(faults: Sequence[FieldError]) -> None:
    if faults:
        raise InvalidInput(REFUSED, faults)
