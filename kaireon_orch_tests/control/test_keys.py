"""API keys: shown once, known by a keyed hash, ended at once."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from kaireon_orch.control import audit, keys
from kaireon_orch.control.registry import Registry
from kaireon_orch.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from kaireon_orch.settings import load
from kaireon_orch.store.tables import ApiKey

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch.control.caller import Caller


def test_a_key_opens_its_tenant_with_its_role(registry: Registry, admin: Caller) -> None:
    view, secret = keys.create(registry, admin, {"name": "ci", "role": "editor"})
    assert re.fullmatch(r"krn_[0-9A-Za-z]{49}", secret)
    assert secret.startswith(view.prefix)
    caller = keys.authenticate(registry, secret, request_id="req-9")
    assert (caller.tenant, caller.role, caller.key_id, caller.key_name, caller.request_id) == (
        admin.tenant,
        "editor",
        view.id,
        "ci",
        "req-9",
    )


def test_only_a_keyed_hash_is_kept(registry: Registry, admin: Caller) -> None:
    view, secret = keys.create(registry, admin, {"role": "viewer"})
    with registry.database.read() as session:
        row = session.get_one(ApiKey, view.id)
        kept = [getattr(row, column.name) for column in ApiKey.__table__.columns]
    assert row.digest == keys.digest(registry, secret)
    assert secret not in str(kept)
    assert secret[len(view.prefix) :] not in str(kept)


@pytest.mark.parametrize(
    "spoil", [lambda key: key[:-1], lambda key: key + "A", lambda key: key.upper(), lambda _: ""]
)
def test_a_key_that_is_not_quite_one_is_unknown(registry: Registry, admin: Caller, spoil: Any) -> None:
    _view, secret = keys.create(registry, admin, {"role": "viewer"})
    with pytest.raises(Unauthenticated):
        keys.authenticate(registry, spoil(secret))


def test_the_check_digits_tell_a_typing_mistake() -> None:
    assert not keys.well_formed("krn_" + "A" * 49)


def test_a_well_formed_key_of_nobody_is_unknown(registry: Registry, admin: Caller, tmp_path: Path) -> None:
    elsewhere = Registry.open(load(tmp_path / "elsewhere"))
    _view, secret = keys.create(elsewhere, admin, {"role": "admin"})
    elsewhere.close()
    with pytest.raises(Unauthenticated):
        keys.authenticate(registry, secret)


def test_a_revoked_key_ends_at_once_and_its_use_is_recorded(registry: Registry, admin: Caller) -> None:
    view, secret = keys.create(registry, admin, {"name": "ci", "role": "editor"})
    keys.authenticate(registry, secret)
    keys.revoke(registry, admin, view.id)
    with pytest.raises(Unauthenticated):
        keys.authenticate(registry, secret)
    newest = audit.list_page(registry, admin, limit=1).data[0]
    assert (newest.outcome, newest.actor["keyId"]) == ("refused", view.id)
    assert [each.id for each in keys.list_page(registry, admin).data].count(view.id) == 0
    with pytest.raises(NotFound):
        keys.revoke(registry, admin, view.id)


def test_an_expired_key_is_refused(registry: Registry, admin: Caller) -> None:
    view, secret = keys.create(registry, admin, {"role": "viewer", "expiresAt": "12h"})
    with registry.database.write() as session:
        session.execute(update(ApiKey).where(ApiKey.id == view.id).values(expires_at=1))
    with pytest.raises(Unauthenticated):
        keys.authenticate(registry, secret)


@pytest.mark.parametrize(
    "expires", ["30d", "12h", "2099-01-01", "2099-01-01T00:00:00Z", "2099-01-01T00:00:00+02:00"]
)
def test_expiries_that_can_be_given(registry: Registry, admin: Caller, expires: str) -> None:
    view, _secret = keys.create(registry, admin, {"role": "viewer", "expiresAt": expires})
    assert view.expires_at is not None
    assert view.expires_at > view.created_at


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "role"),
        ({"role": "owner"}, "role"),
        ({"role": "viewer", "expiresAt": "2001-01-01"}, "expiresAt"),
        ({"role": "viewer", "expiresAt": "soon"}, "expiresAt"),
        ({"role": "viewer", "expiresAt": 5}, "expiresAt"),
        ({"role": "viewer", "nmae": "x"}, "nmae"),
        ({"role": "viewer", "name": ""}, "name"),
    ],
)
def test_bodies_that_cannot_stand(
    registry: Registry, admin: Caller, body: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        keys.create(registry, admin, body)
    assert [each.field for each in caught.value.details] == [field]


def test_only_administrators_handle_keys(
    registry: Registry, admin: Caller, editor: Caller, stranger: Caller
) -> None:
    view, _secret = keys.create(registry, admin, {"role": "viewer"})
    for act in (
        lambda: keys.create(registry, editor, {"role": "admin"}),
        lambda: keys.list_page(registry, editor),
        lambda: keys.revoke(registry, editor, view.id),
    ):
        with pytest.raises(Forbidden):
            act()
    with pytest.raises(NotFound):
        keys.revoke(registry, stranger, view.id)


def test_last_use_is_stamped_at_most_once_a_minute(registry: Registry, admin: Caller) -> None:
    view, secret = keys.create(registry, admin, {"role": "viewer"})
    keys.authenticate(registry, secret)
    with registry.database.write() as session:
        first = session.execute(select(ApiKey.last_used_at).where(ApiKey.id == view.id)).scalar_one()
        assert first is not None
        session.execute(update(ApiKey).where(ApiKey.id == view.id).values(last_used_at=first - 59_000))
    keys.authenticate(registry, secret)
    with registry.database.read() as session:
        assert session.get_one(ApiKey, view.id).last_used_at == first - 59_000


def test_the_first_start_leaves_one_key_in_the_home(tmp_path: Path) -> None:
    registry = Registry.open(load(tmp_path / "home"))
    path = keys.create_admin_key_file(registry)
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    caller = keys.authenticate(registry, path.read_text().strip())
    assert (caller.tenant, caller.role) == ("default", "admin")
    assert keys.create_admin_key_file(registry) is None
    assert keys.list_page(registry, caller).total == 1
    registry.close()
