"""The audit log: one hash chain per tenant, written in the transaction of what it tells.

An entry's `integrityHash` is SHA-256 over its canonical JSON (sorted keys, no spaces), which holds the hash of the
entry before. `audit_heads` keeps each chain's length and last hash, so that a tail that was cut off is noticed.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import select

from kaireon_orch.control import ids, pages
from kaireon_orch.control.caller import require
from kaireon_orch.control.clock import iso, now_ms
from kaireon_orch.control.views import AuditView
from kaireon_orch.errors import (
    AlreadyEnded,
    Forbidden,
    InUse,
    NameTaken,
    NotFound,
    NotRunnable,
    SecretsRequired,
    SecretUnreadable,
    Stale,
)
from kaireon_orch.store import scoped
from kaireon_orch.store.tables import AuditEntry, AuditHead, Tenant

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from sqlalchemy.orm import Session

    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.pages import Page
    from kaireon_orch.control.registry import Registry

Outcome = Literal["done", "refused"]

GENESIS = "0" * 64
BATCH = 500
LONGEST_ID, LONGEST_NAME, LONGEST_REASON = 255, 200, 2000
REFUSALS = (
    AlreadyEnded,
    Forbidden,
    InUse,
    NameTaken,
    NotFound,
    NotRunnable,
    SecretsRequired,
    SecretUnreadable,
    Stale,
)


def record(  # noqa: PLR0913  an entry is what it is
    session: Session,
    caller: Caller,
    action: str,
    entity_type: str,
    entity_id: str | None,
    entity_name: str | None,
    *,
    outcome: Outcome = "done",
    reason: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Append one entry within the caller's write transaction. `before` and `after` must hold no secret."""
    scoped.lock_tenant(session, caller.tenant)
    head = _head(session, caller.tenant)
    entry = AuditEntry(
        id=ids.new_id("aud"),
        tenant=caller.tenant,
        seq=head.length + 1,
        at=now_ms(),
        action=action,
        entity_type=entity_type,
        entity_id=entity_id,
        entity_name=entity_name,
        actor={"keyId": caller.key_id, "keyName": caller.key_name, "role": caller.role},
        outcome=outcome,
        reason=reason,
        before=None if before is None else dict(before),
        after=None if after is None else dict(after),
        request_id=caller.request_id,
        prev_hash=head.head_hash,
    )
    entry.integrity_hash = _digest(entry)
    session.add(entry)
    head.length, head.head_hash = entry.seq, entry.integrity_hash
    session.flush()


def record_refusal(
    registry: Registry,
    caller: Caller,
    action: str,
    entity_type: str,
    entity_id: str | None,
    entity_name: str | None,
    reason: str,
) -> None:
    """Append a refused attempt in a transaction of its own; a tenant that is not there has no log."""
    with registry.change(caller.tenant) as session:
        if session.get(Tenant, caller.tenant) is None:
            return
        record(session, caller, action, entity_type, entity_id, entity_name, outcome="refused", reason=reason)


@contextmanager
def refusals(
    registry: Registry,
    caller: Caller,
    action: str,
    entity_type: str,
    entity_id: str | None = None,
    entity_name: str | None = None,
) -> Generator[None]:
    """Record every refusal that the block raises, whatever tenant the record belongs to, and raise it on.

    A 404 is recorded whether or not the record exists elsewhere: the log must not tell.
    """
    try:
        yield
    except REFUSALS as error:
        reason = _kept(f"{error.code}: {error.message}", LONGEST_REASON) or error.code
        named = _kept(entity_name, LONGEST_NAME)
        record_refusal(registry, caller, action, entity_type, _kept(entity_id, LONGEST_ID), named, reason)
        raise


def list_page(
    registry: Registry, caller: Caller, *, limit: int | str | None = None, cursor: str | None = None
) -> Page[AuditView]:
    """The tenant's entries, newest first; admins only."""
    require(caller, "admin")
    statement = scoped.rows(AuditEntry, caller.tenant)
    with registry.database.read() as session:
        page = pages.fetch(
            session,
            statement,
            (AuditEntry.seq, AuditEntry.id),
            limit=limit,
            cursor=cursor,
            time_of=lambda entry_id: _seq(session, caller.tenant, entry_id),
        )
    return page.shown(view)


def get(registry: Registry, caller: Caller, entry_id: str) -> AuditView:
    """One of the tenant's entries; admins only. Raises `NotFound`."""
    require(caller, "admin")
    with registry.database.read() as session:
        entry = session.scalar(scoped.row(AuditEntry, caller.tenant, entry_id))
    if entry is None:
        raise NotFound("There is no such entry.")
    return view(entry)


def verify(registry: Registry, caller: Caller) -> dict[str, Any]:
    """Walk the tenant's chain: `{intact, verified, total, brokenAtId, brokenReason}`; admins only."""
    require(caller, "admin")
    with registry.database.read() as session:
        head = session.get(AuditHead, caller.tenant)
        total, last = (head.length, head.head_hash) if head else (0, GENESIS)
        verified, end, broken = _walk(session, caller.tenant)
    if broken is None and (verified, end) != (total, last):
        broken = (None, f"the chain ends after {verified} entries, {total} were written")
    at, reason = broken or (None, None)
    return {
        "intact": broken is None,
        "verified": verified,
        "total": total,
        "brokenAtId": at,
        "brokenReason": reason,
    }


def view(entry: AuditEntry) -> AuditView:
    """An entry as the API shows it."""
    return AuditView(
        id=entry.id,
        at=iso(entry.at),
        action=entry.action,
        entity_type=entry.entity_type,
        entity_id=entry.entity_id,
        entity_name=entry.entity_name,
        actor=entry.actor,
        outcome=entry.outcome,
        reason=entry.reason,
        before=entry.before,
        after=entry.after,
        request_id=entry.request_id,
        integrity_hash=entry.integrity_hash,
        prev_hash=entry.prev_hash,
    )


def _walk(session: Session, tenant: str) -> tuple[int, str, tuple[str | None, str] | None]:
    """Entries that hold together from the first on, the last of their hashes, and where and why it ends."""
    verified, previous = 0, GENESIS
    while batch := _after(session, tenant, verified):
        for entry in batch:
            reason = _break(entry, verified + 1, previous)
            if reason is not None:
                return verified, previous, (entry.id, reason)
            verified, previous = entry.seq, entry.integrity_hash
        session.expunge_all()
    return verified, previous, None


def _after(session: Session, tenant: str, seq: int) -> list[AuditEntry]:
    statement = scoped.rows(AuditEntry, tenant).where(AuditEntry.seq > seq)
    return list(session.scalars(statement.order_by(AuditEntry.seq).limit(BATCH)))


def _break(entry: AuditEntry, seq: int, previous: str) -> str | None:
    if entry.seq != seq:
        return "an entry before this one is missing"
    if entry.prev_hash != previous:
        return "it does not follow the entry before"
    if entry.integrity_hash != _digest(entry):
        return "it was altered"
    return None


def _digest(entry: AuditEntry) -> str:
    told = {
        column.name: getattr(entry, column.name)
        for column in AuditEntry.__table__.columns
        if column.name != "integrity_hash"
    }
    canonical = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _head(session: Session, tenant: str) -> AuditHead:
    head = session.get(AuditHead, tenant, with_for_update=True)
    if head is None:
        head = AuditHead(tenant=tenant, length=0, head_hash=GENESIS)
        session.add(head)
    return head


def _seq(session: Session, tenant: str, entry_id: str) -> int:
    found = session.scalar(
        select(AuditEntry.seq).where(AuditEntry.tenant == tenant, AuditEntry.id == entry_id)
    )
    if found is None:
        raise pages.bad_cursor()
    return found


def _kept(text: str | None, longest: int) -> str | None:
    """What a client sent may be any text; the log keeps what the registry can."""
    if text is None:
        return None
    return text[:longest].replace("\x00", "\ufffd").encode(errors="replace").decode()
