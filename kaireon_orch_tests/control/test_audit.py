"""The audit log: what is in it, and that nobody edits, deletes, reorders or cuts it unnoticed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, update

from kaireon_orch.control import audit, connectors, keys
from kaireon_orch.errors import Forbidden, InvalidInput, KaireonError, NotFound
from kaireon_orch.store import scoped
from kaireon_orch.store.tables import AuditEntry, AuditHead

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.control.views import AuditView

BODY: dict[str, Any] = {
    "name": "a",
    "type": "rest_api",
    "config": {
        "url": "https://canary-user:canary-pw@h.example.com/",
        "headers": {"X-Token": "canary-header"},
    },
    "authMethod": "bearer_token",
    "authConfig": {"token": "canary-token"},
}


def entries(registry: Registry, caller: Caller) -> list[AuditView]:
    return audit.list_page(registry, caller, limit=100).data


def test_changes_are_told_with_before_and_after_but_no_secret(registry: Registry, admin: Caller) -> None:
    made = connectors.create(registry, admin, BODY)
    connectors.change(registry, admin, made.id, {"name": "b", "authConfig": {"token": "canary-2"}})
    connectors.delete(registry, admin, made.id)
    gone, changed, created, *_ = entries(registry, admin)
    assert (created.action, changed.action, gone.action) == ("create", "update", "delete")
    assert (changed.before, changed.after) == ({"name": "a"}, {"name": "b", "secretsChanged": True})
    assert changed.actor == {"keyId": "key_a", "keyName": "ann", "role": "admin"}
    assert (changed.entity_id, changed.entity_name, changed.request_id) == (made.id, "b", "req-1")
    told = str([each.to_json() for each in entries(registry, admin)])
    for secret in ("canary-user", "canary-pw", "canary-header", "canary-token", "canary-2"):
        assert secret not in told


def test_refusals_are_told_with_their_reason(
    registry: Registry, admin: Caller, editor: Caller, viewer: Caller, stranger: Caller
) -> None:
    made = connectors.create(registry, admin, BODY)

    def refused(act: Callable[[], object], caller: Caller) -> tuple[str, str | None]:
        with pytest.raises(KaireonError):
            act()
        newest = entries(registry, caller if caller.role == "admin" else admin)[0]
        assert newest.outcome == "refused"
        return newest.action, (newest.reason or "").partition(":")[0]

    moved = {"config": {"url": "https://evil.example.com"}}
    assert refused(lambda: connectors.create(registry, admin, BODY), admin) == ("create", "NAME_TAKEN")
    assert refused(lambda: connectors.create(registry, viewer, BODY), viewer) == ("create", "FORBIDDEN")
    assert refused(lambda: connectors.change(registry, editor, made.id, moved), editor) == (
        "update",
        "SECRETS_REQUIRED",
    )
    assert refused(lambda: connectors.delete(registry, admin, made.id, if_match='"0"'), admin) == (
        "delete",
        "STALE",
    )
    assert refused(lambda: connectors.delete(registry, stranger, made.id), stranger) == (
        "delete",
        "NOT_FOUND",
    )
    assert refused(lambda: keys.revoke(registry, editor, "key_x"), editor) == ("key_revoke", "FORBIDDEN")


def test_whatever_a_client_sends_can_be_recorded(registry: Registry, viewer: Caller, admin: Caller) -> None:
    for name in ("x" * 5000, "a\x00b", "\ud800"):
        with pytest.raises(Forbidden):
            connectors.create(registry, viewer, BODY | {"name": name})
        with pytest.raises(NotFound):
            connectors.delete(registry, admin, name)
    assert audit.verify(registry, admin)["intact"]


def test_a_tenant_sees_its_own_chain_only(
    registry: Registry, admin: Caller, editor: Caller, stranger: Caller
) -> None:
    connectors.create(registry, admin, BODY)
    assert [each.action for each in entries(registry, stranger)] == ["key_create"]
    for look in (audit.list_page, audit.verify):
        with pytest.raises(Forbidden):
            look(registry, editor)


def test_pages(registry: Registry, admin: Caller, stranger: Caller) -> None:
    for name in "abcd":
        connectors.create(registry, admin, BODY | {"name": name})
    first = audit.list_page(registry, admin, limit=3)
    rest = audit.list_page(registry, admin, limit=3, cursor=first.cursor)
    assert [each.entity_name for each in first.data + rest.data] == ["d", "c", "b", "a", "first"]
    with pytest.raises(InvalidInput):
        audit.list_page(registry, stranger, cursor=first.cursor)


def test_an_untouched_chain_is_intact(registry: Registry, admin: Caller) -> None:
    for name in "abc":
        connectors.create(registry, admin, BODY | {"name": name})
    assert audit.verify(registry, admin) == {
        "intact": True,
        "verified": 4,
        "total": 4,
        "brokenAtId": None,
        "brokenReason": None,
    }


def _edit(session: Session, ids: list[str]) -> None:
    session.execute(update(AuditEntry).where(AuditEntry.id == ids[1]).values(entity_name="someone else"))


def _drop(session: Session, ids: list[str]) -> None:
    session.execute(delete(AuditEntry).where(AuditEntry.id == ids[1]))


def _swap(session: Session, ids: list[str]) -> None:
    for number, record in ((99, ids[1]), (2, ids[2]), (3, ids[1])):
        session.execute(update(AuditEntry).where(AuditEntry.id == record).values(seq=number))


def _cut(session: Session, ids: list[str]) -> None:
    session.execute(delete(AuditEntry).where(AuditEntry.id.in_(ids[2:])))


def _behead(session: Session, ids: list[str]) -> None:
    tenant = session.get_one(AuditEntry, ids[0]).tenant
    session.execute(delete(AuditEntry).where(AuditEntry.tenant == tenant))
    session.execute(update(AuditHead).where(AuditHead.tenant == tenant).values(length=0))


@pytest.mark.parametrize(
    ("harm", "verified", "where"),
    [(_edit, 1, 1), (_drop, 1, 2), (_swap, 1, 2), (_cut, 2, None), (_behead, 0, None)],
)
def test_harm_is_noticed(
    registry: Registry,
    admin: Caller,
    harm: Callable[[Session, list[str]], None],
    verified: int,
    where: int | None,
) -> None:
    for name in "abc":
        connectors.create(registry, admin, BODY | {"name": name})
    with registry.database.write() as session:
        rows = session.scalars(scoped.rows(AuditEntry, admin.tenant).order_by(AuditEntry.seq))
        ids = [row.id for row in rows]
        session.expunge_all()
        harm(session, ids)
    found = audit.verify(registry, admin)
    assert found["intact"] is False
    assert found["verified"] == verified
    assert found["brokenAtId"] == (None if where is None else ids[where])
    assert found["brokenReason"]
