"""Key rotation: every secret sealed afresh with the first key. Safe to repeat and to interrupt: each record is its own step."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from kaireon_orch.control import audit, contents, tenants
from kaireon_orch.control.caller import Caller, require
from kaireon_orch.control.drafts import RotationDraft, checked
from kaireon_orch.errors import SecretUnreadable
from kaireon_orch.store.tables import Connector, Tenant
from kaireon_orch.vault import key_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Select

    from kaireon_orch.control.registry import Registry

ENTITY = "encryption"
_PLACES = (
    ("connector", Connector, Connector.id, contents.FIELD),
    ("tenant", Tenant, Tenant.name, tenants.SECRETS),
)


def rotate(registry: Registry, caller: Caller, body: Mapping[str, Any]) -> dict[str, Any]:
    """Seal the tenant's secrets with the first key: `{dryRun, total, rotated, current, notRotated}`.

    `notRotated` are `{entityType, entityId, reason}` of what no key opens; it stays as it was. Under `dryRun` nothing
    is written and `rotated` counts what would be. Raises `InvalidInput`, `Forbidden`.
    """
    with audit.refusals(registry, caller, "rotate", ENTITY):
        require(caller, "admin")
    dry = checked(RotationDraft, body).dry_run
    outcomes = [
        (kind, record, _step(registry, caller.tenant, kind, record, dry=dry))
        for kind, record in _all(registry, caller.tenant)
    ]
    counts = Counter(outcome for _kind, _record, outcome in outcomes)
    told = {"dryRun": dry, "total": len(outcomes), "rotated": counts["rotated"], "current": counts["current"]}
    stuck = [
        {"entityType": kind, "entityId": record, "reason": "no key of KAIREON_ENCRYPTION_KEYS opens it"}
        for kind, record, outcome in outcomes
        if outcome == "unreadable"
    ]
    if not dry:
        with registry.change(caller.tenant) as session:
            after = told | {"notRotated": len(stuck)}
            audit.record(session, caller, "rotate", ENTITY, None, None, after=after)
    return told | {"notRotated": stuck}


def rotate_all(registry: Registry, *, dry_run: bool = False) -> dict[str, dict[str, Any]]:
    """Every tenant's rotation, by tenant: what the operator's command does."""
    with registry.database.read() as session:
        names = list(session.scalars(select(Tenant.name).order_by(Tenant.name)))
    return {name: rotate(registry, Caller.operator(name), {"dryRun": dry_run}) for name in names}


def _all(registry: Registry, tenant: str) -> Iterator[tuple[str, str]]:
    with registry.database.read() as session:
        for kind, _table, record, _field in _PLACES:
            found = session.scalars(_sealed(kind, tenant).with_only_columns(record).order_by(record))
            yield from [(kind, each) for each in found]


def _sealed(kind: str, tenant: str) -> Select[Any]:
    if kind == "tenant":
        return select(Tenant).where(Tenant.name == tenant, Tenant.secrets.is_not(None))
    return select(Connector).where(Connector.tenant == tenant, Connector.secrets.is_not(None))


def _step(registry: Registry, tenant: str, kind: str, record: str, *, dry: bool) -> str:
    """One record in one transaction: `rotated`, `current`, `unreadable`, or `gone` where it was deleted meanwhile."""
    _kind, table, column, field = next(place for place in _PLACES if place[0] == kind)
    with registry.change(tenant) as session:
        blob = session.scalar(select(table.secrets).where(column == record))
        if blob is None:
            return "gone"
        try:
            opened = registry.vault.open(tenant, record, field, blob)
        except SecretUnreadable:
            return "unreadable"
        if key_id(blob) == registry.vault.sealing_key:
            return "current"
        if not dry:
            afresh = registry.vault.seal(tenant, record, field, opened)
            session.execute(update(table).where(column == record).values(secrets=afresh))
        return "rotated"
