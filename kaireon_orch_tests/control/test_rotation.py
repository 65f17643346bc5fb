"""Key rotation: everything to the first key, however often it is interrupted."""

from __future__ import annotations

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.control import audit, connectors, probing, rotation, tenants
from kaireon_orch.control.opened import open_connector
from kaireon_orch.errors import Forbidden, InvalidInput, SecretUnreadable
from kaireon_orch.store.tables import Connector
from kaireon_orch.vault import Vault, key_id

if TYPE_CHECKING:
    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.registry import Registry

PG: dict[str, Any] = {"type": "postgresql", "authMethod": "password", "authConfig": {"password": "canary"}}


@pytest.fixture
def ids(registry: Registry, admin: Caller) -> list[str]:
    made = [connectors.create(registry, admin, PG | {"name": name}) for name in "abc"]
    connectors.create(registry, admin, {"name": "open", "type": "csv"})
    return [each.id for each in made]


@pytest.fixture
def renewed(registry: Registry) -> Registry:
    """The same registry after the operator put a new key before the old ones."""
    keys = [("new", os.urandom(32)), *registry.settings.key_material()]
    return replace(registry, vault=Vault(keys))


def sealing_keys(registry: Registry, ids: list[str]) -> list[str]:
    with registry.database.read() as session:
        return [key_id(session.get_one(Connector, each).secrets or b"") for each in ids]


def test_everything_moves_to_the_first_key(renewed: Registry, admin: Caller, ids: list[str]) -> None:
    hash_key = tenants.hash_key(renewed, admin.tenant)
    told = rotation.rotate(renewed, admin, {})
    assert told == {"dryRun": False, "total": 4, "rotated": 4, "current": 0, "notRotated": []}
    assert sealing_keys(renewed, ids) == ["new"] * 3
    assert open_connector(renewed, admin.tenant, ids[0]).auth == {"password": "canary"}
    assert tenants.hash_key(renewed, admin.tenant) == hash_key
    assert rotation.rotate(renewed, admin, {})["current"] == 4
    assert audit.list_page(renewed, admin, limit=1).data[0].action == "rotate"


def test_a_dry_run_only_counts(renewed: Registry, admin: Caller, ids: list[str]) -> None:
    before = sealing_keys(renewed, ids)
    assert rotation.rotate(renewed, admin, {"dryRun": True})["rotated"] == 4
    assert sealing_keys(renewed, ids) == before


def test_what_no_key_opens_is_named_and_left(renewed: Registry, admin: Caller, ids: list[str]) -> None:
    with renewed.database.write() as session:
        session.get_one(Connector, ids[1]).secrets = b"\x01\x02k9" + bytes(40)
    told = rotation.rotate(renewed, admin, {})
    assert (told["rotated"], [each["entityId"] for each in told["notRotated"]]) == (3, [ids[1]])


def test_an_interrupted_rotation_goes_on(renewed: Registry, admin: Caller, ids: list[str]) -> None:
    assert rotation._step(renewed, admin.tenant, "connector", ids[0], dry=False) == "rotated"
    told = rotation.rotate(renewed, admin, {})
    assert (told["rotated"], told["current"]) == (3, 1)


def test_a_tenant_rotates_its_own_only(
    renewed: Registry, stranger: Caller, editor: Caller, ids: list[str]
) -> None:
    before = sealing_keys(renewed, ids)
    assert rotation.rotate(renewed, stranger, {})["total"] == 1
    assert sealing_keys(renewed, ids) == before
    with pytest.raises(Forbidden):
        rotation.rotate(renewed, editor, {})
    with pytest.raises(InvalidInput):
        rotation.rotate(renewed, stranger, {"dryRun": "yes"})


def test_a_tampered_record_is_noticed_alone(renewed: Registry, admin: Caller, ids: list[str]) -> None:
    with renewed.database.write() as session:
        row = session.get_one(Connector, ids[1])
        row.secrets = (row.secrets or b"")[:-1] + b"\x00\x01"
    told = rotation.rotate(renewed, admin, {})
    assert [each["entityId"] for each in told["notRotated"]] == [ids[1]]
    assert connectors.list_page(renewed, admin).total == 4
    with pytest.raises(SecretUnreadable):
        open_connector(renewed, admin.tenant, ids[1])
    assert open_connector(renewed, admin.tenant, ids[2]).auth == {"password": "canary"}
    again = connectors.change(renewed, admin, ids[2], {"authConfig": {"password": "next"}})
    assert open_connector(renewed, admin.tenant, again.id).auth == {"password": "next"}


def test_it_goes_on_beside_changes_and_no_change_is_lost(
    registry: Registry, admin: Caller, ids: list[str]
) -> None:
    """Two keys take turns as the first while secrets change; what was acknowledged is there, whoever sealed it last."""
    keys = [("new", os.urandom(32)), *registry.settings.key_material()]
    turns = itertools.cycle([replace(registry, vault=Vault(order)) for order in (keys, keys[::-1])])
    serving = next(turns)
    written: dict[str, str] = {}

    def change() -> None:
        for number in range(30):
            connector_id, secret = ids[number % len(ids)], f"secret-{number}"
            connectors.change(serving, admin, connector_id, {"authConfig": {"password": secret}})
            written[connector_id] = secret
            assert open_connector(serving, admin.tenant, connector_id).auth == {"password": secret}

    with ThreadPoolExecutor(1) as pool:
        changing, rotated = pool.submit(change), 0
        while not changing.done():
            rotated += rotation.rotate(next(turns), admin, {})["rotated"]
        changing.result()
    assert rotated > len(ids)
    for connector_id, secret in written.items():
        assert open_connector(serving, admin.tenant, connector_id).auth == {"password": secret}


def test_a_test_that_a_rotation_overtakes_is_stamped_all_the_same(
    renewed: Registry, admin: Caller, ids: list[str]
) -> None:
    """The same secrets sealed afresh are no change of what was tested."""
    with renewed.database.read() as session:
        tested = session.get_one(Connector, ids[0])
    rotation.rotate(renewed, admin, {})
    with renewed.database.read() as session:
        row = session.get_one(Connector, ids[0])
    assert row.secrets != tested.secrets
    assert probing._same(renewed, row, tested)
    connectors.change(renewed, admin, ids[0], {"authConfig": {"password": "another"}})
    with renewed.database.read() as session:
        assert not probing._same(renewed, session.get_one(Connector, ids[0]), tested)
