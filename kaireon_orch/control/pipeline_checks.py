"""A pipeline's document judged as a whole, against the tenant's connectors: every fault at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kaireon_orch import catalogue
from kaireon_orch.control import pipeline_drafts, pipeline_rules, warehouse
from kaireon_orch.control.naming import snake
from kaireon_orch.control.pipeline_rules import End
from kaireon_orch.errors import InvalidInput, NotFound
from kaireon_orch.store import scoped
from kaireon_orch.store.tables import Connector

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from kaireon_orch.control.pipeline_drafts import PipelineDraft
    from kaireon_orch.errors import FieldError
    from kaireon_orch.settings import Settings

LONGEST_DEFAULT_TABLE = 54  # `<table>__rejects` still fits into PostgreSQL's 63


@dataclass(frozen=True, slots=True)
class Settled:
    """A document that passed: with its defaults, and the connectors at its ends (no target: the warehouse)."""

    definition: dict[str, Any]
    source: Connector
    target: Connector | None


def settle(
    session: Session,
    settings: Settings,
    tenant: str,
    document: Mapping[str, Any],
    also: Sequence[FieldError] = (),
) -> Settled:
    """Judge `document`, the pipeline as it is to be.

    Raises:
        InvalidInput: naming every field at fault, `also` among them.
        NotFound: `connectorId` or `targetConnectorId` is none of the tenant's.
    """
    draft, wrong = pipeline_drafts.read(document)
    source = _connector(session, tenant, document.get("connectorId"))
    target = _connector(session, tenant, document.get("targetConnectorId"))
    faults = _distinct(
        [
            *also,
            *wrong,
            *pipeline_rules.mode_faults(document),
            *_end_faults(settings, tenant, document, source, target),
        ]
    )
    if draft is None or faults:
        raise InvalidInput(f"The pipeline cannot be stored: {len(faults)} field(s) at fault.", faults)
    if source is None:
        raise NotFound(f"There is no connector {draft.connector_id}.")
    if target is None and draft.target_connector_id is not None:
        raise NotFound(f"There is no connector {draft.target_connector_id}.")
    return Settled(_with_target(draft, tenant, target), source, target)


def _connector(session: Session, tenant: str, record: object) -> Connector | None:
    if not isinstance(record, str):
        return None
    return session.scalars(scoped.row(Connector, tenant, record)).one_or_none()


def _end_faults(
    settings: Settings,
    tenant: str,
    document: Mapping[str, Any],
    source: Connector | None,
    target: Connector | None,
) -> list[FieldError]:
    faults = [] if source is None else pipeline_rules.source_faults(document, _end(source))
    if target is not None:
        return faults + pipeline_rules.target_faults(document, tenant, _end(target))
    if document.get("targetConnectorId") is None:
        built_in = End(catalogue.spec(warehouse.type_of(settings)), {}, warehouse=True)
        return faults + pipeline_rules.target_faults(document, tenant, built_in)
    return faults


def _end(connector: Connector) -> End:
    return End(catalogue.spec(connector.type), connector.config)


def _distinct(faults: Sequence[FieldError]) -> list[FieldError]:
    """One complaint a field: the first says what to mend first."""
    return list({fault.field: fault for fault in reversed(faults)}.values())[::-1]


def _with_target(draft: PipelineDraft, tenant: str, target: Connector | None) -> dict[str, Any]:
    schema = draft.target.schema_name or _default_schema(tenant, target)
    return draft.document() | {
        "target": {"schema": schema, "table": draft.target.table or default_table(draft.name)}
    }


def _default_schema(tenant: str, target: Connector | None) -> str:
    if target is None:
        return warehouse.default_schema(tenant)
    return warehouse.own_schema(target.type, target.config)


def default_table(name: str) -> str:
    """The table of a pipeline that names none: its name in snake case."""
    return snake(name)[:LONGEST_DEFAULT_TABLE].rstrip("_") or "data"
