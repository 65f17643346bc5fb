"""The one builder of statements over tenants' rows: no query of a tenant's table is made without its tenant."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import bindparam, delete, select, update

from kaireon_orch.store.tables import ApiKey, AuditEntry, Connector, Pipeline, Run, Tenant

if TYPE_CHECKING:
    from sqlalchemy import Delete, Select, Update
    from sqlalchemy.orm import Session

Scoped = TypeVar("Scoped", ApiKey, AuditEntry, Connector, Pipeline, Run)

_TALLIES = {Connector: Tenant.connectors, Pipeline: Tenant.pipelines}


def rows(table: type[Scoped], tenant: str) -> Select[Scoped]:
    """Select the rows of `table` that belong to `tenant`."""
    return select(table).where(table.tenant == tenant)


def row(table: type[Scoped], tenant: str, record: str) -> Select[Scoped]:
    """Select one row by id; another tenant's row is not there."""
    return rows(table, tenant).where(table.id == record)


def plain_rows(table: type[Scoped], tenant: str) -> Select[Any]:
    """Like `rows`, as they are stored: read by name as objects are, and no objects are made."""
    columns = table.__table__.columns
    return select(*columns).where(columns.tenant == tenant)


@cache
def plain_row(table: type[Scoped]) -> Select[Any]:
    """Like `row`, as it is stored, of the parameters `tenant` and `id`; a statement that is made once."""
    columns = table.__table__.columns
    return select(*columns).where(columns.tenant == bindparam("tenant"), columns.id == bindparam("id"))


def changing(table: type[Scoped], tenant: str, record: str) -> Update:
    """UPDATE of one row; the caller adds values and further conditions."""
    return update(table).where(table.tenant == tenant, table.id == record)


def removing(table: type[Scoped], tenant: str, record: str) -> Delete:
    """DELETE of one row; the caller adds further conditions."""
    return delete(table).where(table.tenant == tenant, table.id == record)


def tally(session: Session, table: type[Connector | Pipeline], tenant: str, by: int) -> None:
    """Say that the tenant has so many rows of `table` more; in the transaction that makes or removes them."""
    kept = _TALLIES[table]
    session.execute(update(Tenant).where(Tenant.name == tenant).values({kept: kept + by}))


def total(table: type[Connector | Pipeline], tenant: str) -> Select[int]:
    """Select how many rows of `table` the tenant has, without counting them."""
    return select(_TALLIES[table]).where(Tenant.name == tenant)


def lock_tenant(session: Session, tenant: str) -> None:
    """Make this transaction the tenant's only writer until it ends, so that what it checks stays true.

    SQLite has one writer by itself; PostgreSQL locks the tenant's row.
    """
    session.execute(select(Tenant.name).where(Tenant.name == tenant).with_for_update(key_share=True))
