"""Changes: merge patches, masks, secrets that stay where they were aimed, versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.control import connectors, probing
from kaireon_orch.control.opened import open_connector
from kaireon_orch.errors import InvalidInput, NameTaken, SecretsRequired, SecretUnreadable, Stale
from kaireon_orch.store import revision
from kaireon_orch.store.tables import Connector
from kaireon_orch.vault import MASK

if TYPE_CHECKING:
    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.opened import OpenedConnector
    from kaireon_orch.control.registry import Registry
    from kaireon_orch.control.views import ConnectorView

PG: dict[str, Any] = {
    "name": "Orders PG",
    "type": "postgresql",
    "config": {"host": "db.example.com", "port": 5432, "database": "shop", "sslMode": "require"},
    "authMethod": "password",
    "authConfig": {"username": "loader", "password": "canary-password"},
}


@pytest.fixture
def made(registry: Registry, admin: Caller) -> ConnectorView:
    return connectors.create(registry, admin, PG)


def auth(registry: Registry, connector: ConnectorView) -> dict[str, Any] | None:
    return opened(registry, connector).auth


def opened(registry: Registry, connector: ConnectorView) -> OpenedConnector:
    with registry.database.read() as session:
        tenant = session.get_one(Connector, connector.id).tenant
    return open_connector(registry, tenant, connector.id)


def test_only_what_is_given_changes(registry: Registry, editor: Caller, made: ConnectorView) -> None:
    body = {"description": "d", "config": {"database": "crm", "sslMode": None}}
    changed = connectors.change(registry, editor, made.id, body)
    assert changed.config == {"host": "db.example.com", "port": 5432, "database": "crm"}
    assert (changed.name, changed.resource_key, changed.description) == ("Orders PG", "orders_pg", "d")
    assert changed.version == made.version + 1
    assert changed.updated_at > made.updated_at
    assert auth(registry, made) == {"username": "loader", "password": "canary-password"}


def test_credentials_are_patched_too(registry: Registry, editor: Caller, made: ConnectorView) -> None:
    connectors.change(registry, editor, made.id, {"authConfig": {"password": "new", "caCertificate": "PEM"}})
    assert auth(registry, made) == {"username": "loader", "password": "new", "caCertificate": "PEM"}
    connectors.change(registry, editor, made.id, {"authConfig": {"password": None, "caCertificate": None}})
    assert auth(registry, made) == {"username": "loader"}


def test_another_spelling_replaces_the_first(registry: Registry, editor: Caller, made: ConnectorView) -> None:
    connectors.change(registry, editor, made.id, {"authConfig": {"user": "other"}})
    assert auth(registry, made) == {"username": "other", "password": "canary-password"}


def test_a_fetched_object_can_be_sent_back(registry: Registry, editor: Caller, made: ConnectorView) -> None:
    assert connectors.change(registry, editor, made.id, made.to_json()) == made


def test_a_stale_objects_own_fields_are_refused(
    registry: Registry, editor: Caller, made: ConnectorView
) -> None:
    connectors.change(registry, editor, made.id, {"description": "d"})
    with pytest.raises(InvalidInput) as caught:
        connectors.change(registry, editor, made.id, made.to_json())
    assert [each.field for each in caught.value.details] == ["updatedAt"]


def test_masks_that_come_back_overwrite_nothing(registry: Registry, admin: Caller, editor: Caller) -> None:
    secret = {
        "url": "https://ann:canary-pw@h.example.com/v1?api_key=canary-key&page=2",
        "headers": {"X-Token": "Bearer canary", "Accept": "x"},
        "extra": [{"token": "canary-list"}],
    }
    body = {"name": "r", "type": "rest_api", "config": secret, "authMethod": "bearer_token"}
    made = connectors.create(registry, admin, body | {"authConfig": {"token": "canary-token"}})
    assert made.config["url"] == f"https://{MASK}:ca{MASK}pw@h.example.com/v1?api_key=ca{MASK}ey&page=2"
    sent = {"config": made.config, "authConfig": {"token": f"ca{MASK}en"}}
    connectors.change(registry, editor, made.id, sent | {"description": "d"})
    found = opened(registry, made)
    assert found.config_complete == secret
    assert found.auth == {"token": "canary-token"}


def test_a_masked_part_of_an_edited_url_is_put_back(registry: Registry, admin: Caller) -> None:
    body = {"name": "r", "type": "rest_api", "config": {"url": "https://annabel:canary-pw@h.example.com/v1"}}
    made = connectors.create(registry, admin, body)
    edited = made.config["url"].replace("/v1", "/v2")
    connectors.change(registry, admin, made.id, {"config": {"url": edited}})
    found = opened(registry, made)
    assert found.config_complete["url"] == "https://annabel:canary-pw@h.example.com/v2"


def test_a_mask_of_nothing_is_no_secret(registry: Registry, admin: Caller, made: ConnectorView) -> None:
    with pytest.raises(InvalidInput, match="cannot be accepted") as caught:
        connectors.change(registry, admin, made.id, {"authConfig": {"password": f"xx{MASK}yy"}})
    assert [each.field for each in caught.value.details] == ["authConfig.password"]


@pytest.mark.parametrize(
    "body",
    [
        {"config": {"host": "evil.example.com"}},
        {"config": {"port": 5433}},
        {"connectionConfig": {"host": "evil.example.com"}},
        {"config": {"host": None}},
        {"config": {"host": "evil.example.com"}, "authConfig": {"username": "x"}},
        {"config": {"host": "evil.example.com"}, "authConfig": {"password": f"ca{MASK}rd"}},
        {"type": "rest_api", "config": {"url": "https://evil.example.com"}, "authMethod": "password"},
    ],
)
def test_an_editor_cannot_aim_stored_secrets_elsewhere(
    registry: Registry, editor: Caller, made: ConnectorView, body: dict[str, Any]
) -> None:
    with pytest.raises(SecretsRequired):
        connectors.change(registry, editor, made.id, body)
    assert connectors.get(registry, editor, made.id) == made


@pytest.mark.parametrize("password", ["new-password", "canary-password", None])
def test_an_editor_who_sends_the_credentials_again_may(
    registry: Registry, editor: Caller, made: ConnectorView, password: str | None
) -> None:
    body = {"config": {"host": "new.example.com"}, "authConfig": {"password": password}}
    assert connectors.change(registry, editor, made.id, body).config["host"] == "new.example.com"


def test_a_secret_inside_config_is_protected_as_well(
    registry: Registry, admin: Caller, editor: Caller
) -> None:
    config = {"url": "https://a.example.com", "headers": {"X-Token": "canary-token"}}
    made = connectors.create(registry, admin, {"name": "r", "type": "rest_api", "config": config})
    with pytest.raises(SecretsRequired):
        connectors.change(registry, editor, made.id, {"config": {"url": "https://evil.example.com"}})
    body = {"config": {"url": "https://b.example.com", "headers": {"X-Token": None}}}
    assert connectors.change(registry, editor, made.id, body).config["url"] == "https://b.example.com"


def test_a_field_planted_under_another_type_does_not_steer_secrets(
    registry: Registry, admin: Caller, editor: Caller
) -> None:
    body = PG | {"name": "b", "config": PG["config"] | {"url": "https://evil.example.com"}}
    made = connectors.create(registry, admin, body)
    with pytest.raises(SecretsRequired):
        connectors.change(registry, editor, made.id, {"type": "rest_api", "authMethod": "password"})


def test_without_stored_secrets_there_is_nothing_to_protect(
    registry: Registry, admin: Caller, editor: Caller
) -> None:
    made = connectors.create(registry, admin, PG | {"authConfig": {"username": "loader"}})
    body = {"config": {"host": "new.example.com"}}
    assert connectors.change(registry, editor, made.id, body).config["host"] == "new.example.com"


def test_an_admin_may_move_the_secrets(registry: Registry, admin: Caller, made: ConnectorView) -> None:
    connectors.change(registry, admin, made.id, {"config": {"host": "new.example.com"}})
    assert auth(registry, made) == {"username": "loader", "password": "canary-password"}


def test_another_type_keeps_what_it_knows(registry: Registry, editor: Caller, made: ConnectorView) -> None:
    connectors.change(registry, editor, made.id, {"config": {"odd": 1}})
    changed = connectors.change(registry, editor, made.id, {"type": "mysql"})
    assert changed.config == {name: PG["config"][name] for name in ("host", "port", "database", "sslMode")}
    assert auth(registry, made) == {"username": "loader", "password": "canary-password"}


def test_another_type_that_is_steered_elsewhere_gets_no_secrets(
    registry: Registry, admin: Caller, made: ConnectorView
) -> None:
    body = {"type": "rest_api", "authMethod": "password", "config": {"url": "https://a.example.com"}}
    connectors.change(registry, admin, made.id, body)
    assert auth(registry, made) == {"username": "loader"}


def test_a_patch_is_judged_as_a_whole(registry: Registry, editor: Caller, made: ConnectorView) -> None:
    with pytest.raises(InvalidInput) as caught:
        connectors.change(registry, editor, made.id, {"config": {"database": 5, "sslMode": "odd"}})
    assert {each.field for each in caught.value.details} == {"config.database", "config.sslMode"}
    assert connectors.get(registry, editor, made.id) == made


@pytest.mark.parametrize(
    "body",
    [{"name": None}, {"config": None}, {"status": "broken"}, {"resourceKey": "a b"}, {"resourceKey": "if"}],
)
def test_values_that_cannot_stand(
    registry: Registry, editor: Caller, made: ConnectorView, body: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput) as caught:
        connectors.change(registry, editor, made.id, body)
    assert [each.field for each in caught.value.details] == list(body)


def test_name_and_resource_key_stay_unique(registry: Registry, admin: Caller, made: ConnectorView) -> None:
    other = connectors.create(registry, admin, PG | {"name": "Other"})
    with pytest.raises(NameTaken):
        connectors.change(registry, admin, other.id, {"name": made.name})
    with pytest.raises(NameTaken):
        connectors.change(registry, admin, other.id, {"resourceKey": made.resource_key})
    renamed = connectors.change(registry, admin, other.id, {"name": "Third", "resourceKey": "third_one"})
    assert (renamed.name, renamed.resource_key) == ("Third", "third_one")


def test_a_change_of_identity_moves_the_revision(
    registry: Registry, admin: Caller, made: ConnectorView
) -> None:
    def moved(body: dict[str, Any]) -> int:
        with registry.database.read() as session:
            before = revision.current(session)
        connectors.change(registry, admin, made.id, body)
        with registry.database.read() as session:
            return revision.current(session) - before

    identity = ({"name": "n"}, {"resourceKey": "k"}, {"status": "disabled"}, {"type": "mysql"})
    assert [moved(body) for body in identity] == [1, 1, 1, 1]
    assert [moved({"description": "d"}), moved({"config": {"database": "x"}})] == [0, 0]


@pytest.mark.parametrize("tag", ['"9"', 'W/"1"', "1", '"x", "y"'])
def test_a_change_made_up_from_an_older_state_is_refused(
    registry: Registry, editor: Caller, made: ConnectorView, tag: str
) -> None:
    with pytest.raises(Stale):
        connectors.change(registry, editor, made.id, {"name": "x"}, if_match=tag)
    assert connectors.change(registry, editor, made.id, {"name": "x"}, if_match=made.etag).name == "x"


def test_a_secret_that_cannot_be_decrypted_is_shown_but_not_used(
    registry: Registry, admin: Caller, made: ConnectorView
) -> None:
    other = connectors.create(registry, admin, PG | {"name": "b"})
    with registry.database.write() as session:
        stolen = session.get_one(Connector, other.id).secrets
        session.get_one(Connector, made.id).secrets = stolen
    assert connectors.get(registry, admin, made.id) == made
    assert connectors.list_page(registry, admin).total == 2
    assert connectors.change(registry, admin, made.id, {"description": "d"}).description == "d"
    with pytest.raises(SecretUnreadable):
        opened(registry, made)
    with pytest.raises(SecretUnreadable):
        probing.test_connector(registry, admin, {"id": made.id})


def test_references_come_from_the_operators_files_only(
    registry: Registry, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "from-the-environment")
    text = {"username": "loader", "password": "${env:SHOP_PASSWORD}"}
    by_file = connectors.create(registry, admin, PG | {"name": "f", "authConfig": text}, refers=True)
    by_rest = connectors.create(registry, admin, PG | {"name": "r", "authConfig": text})
    assert auth(registry, by_file) == {"username": "loader", "password": "from-the-environment"}
    assert auth(registry, by_rest) == text
    connectors.change(registry, admin, by_file.id, {"config": {"database": "crm"}})
    assert auth(registry, by_file) == {"username": "loader", "password": "from-the-environment"}
    connectors.change(registry, admin, by_file.id, {"authConfig": {"password": "${env:HOME}"}})
    assert auth(registry, by_file) == {"username": "loader", "password": "${env:HOME}"}


def test_a_reference_that_is_not_set_is_unreadable(registry: Registry, admin: Caller) -> None:
    body = PG | {"authConfig": {"password": "${env:SURELY_NOT_SET}"}}
    made = connectors.create(registry, admin, body, refers=True)
    with pytest.raises(SecretUnreadable, match="SURELY_NOT_SET"):
        opened(registry, made)


@pytest.mark.parametrize("reference", ["${env:KAIREON_ENCRYPTION_KEYS}", "${file:etc/passwd}", "${env:A B}"])
def test_references_that_must_not_be_are_refused(registry: Registry, admin: Caller, reference: str) -> None:
    with pytest.raises(InvalidInput):
        connectors.create(registry, admin, PG | {"authConfig": {"password": reference}}, refers=True)
