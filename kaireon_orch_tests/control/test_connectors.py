"""Connectors created, looked at and deleted: what is accepted, what comes back, what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.control import connectors
from kaireon_orch.errors import Forbidden, InUse, InvalidInput, NameTaken, NotFound, Stale
from kaireon_orch.store import revision
from kaireon_orch.store.tables import Connector, Pipeline

if TYPE_CHECKING:
    from kaireon_orch.control.caller import Caller
    from kaireon_orch.control.registry import Registry

PG: dict[str, Any] = {
    "name": "Orders PG",
    "type": "postgresql",
    "config": {"host": "db.example.com", "port": 5432, "database": "shop"},
    "authMethod": "password",
    "authConfig": {"username": "loader", "password": "canary-password"},
}


def faults(caught: pytest.ExceptionInfo[InvalidInput]) -> dict[str, str]:
    return {detail.field: detail.message for detail in caught.value.details}


def test_a_created_connector_shows_everything_but_its_credentials(registry: Registry, admin: Caller) -> None:
    made = connectors.create(registry, admin, PG).to_json()
    assert made["id"].startswith("conn_")
    assert made["resourceKey"] == "orders_pg"
    assert made["status"] == "inactive"
    assert made["config"] == PG["config"]
    assert made["missingFields"] == made["unknownFields"] == []
    assert made["createdAt"] == made["updatedAt"]
    assert made["createdAt"].endswith("Z")
    assert "authConfig" not in made
    assert made == connectors.get(registry, admin, made["id"]).to_json()


def test_no_secret_is_in_the_registry_in_the_clear(registry: Registry, admin: Caller) -> None:
    body = PG | {
        "config": {
            "url": "https://ann:canary-userinfo@h/?api_key=canary-parameter",
            "password": "canary-config",
        }
    }
    made = connectors.create(registry, admin, body)
    with registry.database.read() as session:
        stored = session.get(Connector, made.id)
        assert stored is not None
        kept = f"{stored.config}{stored.auth_fields}{stored.secrets!r}{made.to_json()}"
    assert "canary" not in kept.replace("ca************", "")


def test_the_alias_is_merged_deeply_and_config_wins(registry: Registry, admin: Caller) -> None:
    made = connectors.create(
        registry,
        admin,
        {
            "name": "a",
            "type": "rest_api",
            "connectionConfig": {"url": "https://old.example.com", "headers": {"A": "1", "B": "2"}},
            "config": {"url": "https://new.example.com", "headers": {"B": "3"}},
        },
    )
    assert made.config == {"url": "https://new.example.com", "headers": {"A": "1", "B": "3"}}


def test_missing_fields_do_not_stop_the_creation(registry: Registry, admin: Caller) -> None:
    made = connectors.create(registry, admin, {"name": "a", "type": "postgresql", "config": {"host": " "}})
    assert made.missing_fields == ["host", "port", "database"]
    assert connectors.create(registry, admin, {"name": "b", "type": "csv"}).missing_fields == ["path|url"]


def test_the_pages_default_method_is_accepted_everywhere(registry: Registry, admin: Caller) -> None:
    made = connectors.create(registry, admin, {"name": "a", "type": "csv"})
    assert made.auth_method == "access_key"


def test_unknown_fields_are_kept_and_reported_with_the_nearest(registry: Registry, admin: Caller) -> None:
    body = PG | {"config": {"hots": "x"}, "authConfig": {"pasword": "canary-password", "user": "u"}}
    made = connectors.create(registry, admin, body)
    assert made.config == {"hots": "x"}
    assert [(each.field, each.nearest) for each in made.unknown_fields] == [
        ("config.hots", "host"),
        ("authConfig.pasword", "password"),
    ]
    with pytest.raises(InvalidInput) as caught:
        connectors.create(registry, admin, body | {"name": "b"}, strict=True)
    assert set(faults(caught)) == {"config.hots", "authConfig.pasword"}


def test_every_field_at_fault_is_named(registry: Registry, admin: Caller) -> None:
    body = {
        "name": " ",
        "type": "postgresql",
        "descripton": "x",
        "config": {"port": "5432", "sslMode": "maybe", "host": 5},
        "authConfig": {"user": 7},
    }
    with pytest.raises(InvalidInput) as caught:
        connectors.create(registry, admin, body)
    found = faults(caught)
    assert set(found) == {
        "name",
        "descripton",
        "config.port",
        "config.sslMode",
        "config.host",
        "authConfig.user",
        "authMethod",
    } - {"authMethod"}
    assert "description" in found["descripton"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "postgres"}, "type"),
        ({"type": ""}, "type"),
        ({"authMethod": "kerberos"}, "authMethod"),
        ({"config": None}, "config"),
        ({"config": []}, "config"),
        ({"authConfig": "x"}, "authConfig"),
        ({"status": "active"}, "status"),
        ({"id": "conn_1"}, "id"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"description": "x" * 2001}, "description"),
        ({"description": "a\x00b"}, "description"),
        ({"description": "\ud800"}, "description"),
        ({"config": {"rowLimit": float("nan")}}, "config.rowLimit"),
        ({"config": {"port": 70000}}, "config.port"),
        ({"config": {"port": True}}, "config.port"),
    ],
)
def test_a_body_that_cannot_stand_is_refused(
    registry: Registry, admin: Caller, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        connectors.create(registry, admin, PG | change)
    assert field in faults(caught)
    assert connectors.list_page(registry, admin).total == 0


def test_an_unknown_type_names_the_nearest(registry: Registry, admin: Caller) -> None:
    with pytest.raises(InvalidInput) as caught:
        connectors.create(registry, admin, PG | {"type": "postgres"})
    assert "postgresql" in faults(caught)["type"]


def test_an_unknown_method_names_those_of_the_type(registry: Registry, admin: Caller) -> None:
    with pytest.raises(InvalidInput) as caught:
        connectors.create(registry, admin, PG | {"authMethod": "kerberos"})
    assert "client_certificate" in faults(caught)["authMethod"]


def test_nesting_without_end_is_refused(registry: Registry, admin: Caller) -> None:
    deep: dict[str, Any] = {}
    for _ in range(30):
        deep = {"a": deep}
    with pytest.raises(InvalidInput, match="cannot be accepted"):
        connectors.create(registry, admin, PG | {"config": deep})


def test_names_are_trimmed_and_unique_within_a_tenant(
    registry: Registry, admin: Caller, stranger: Caller
) -> None:
    assert connectors.create(registry, admin, PG | {"name": "  Orders PG "}).name == "Orders PG"
    with pytest.raises(NameTaken):
        connectors.create(registry, admin, PG)
    assert connectors.create(registry, admin, PG | {"name": "orders pg"}).name == "orders pg"
    assert connectors.create(registry, stranger, PG).name == "Orders PG"


@pytest.mark.parametrize("name", ["Orders PG", "class", "注文", "42"])
def test_resource_keys_are_identifiers_and_differ(registry: Registry, admin: Caller, name: str) -> None:
    one = connectors.create(registry, admin, PG | {"name": name})
    other = connectors.create(registry, admin, PG | {"name": f"{name}!"})
    assert one.resource_key.isidentifier()
    assert one.resource_key != other.resource_key


def test_another_tenants_connector_is_not_there(registry: Registry, admin: Caller, stranger: Caller) -> None:
    made = connectors.create(registry, admin, PG)
    for act in (
        lambda: connectors.get(registry, stranger, made.id),
        lambda: connectors.change(registry, stranger, made.id, {"name": "x"}),
        lambda: connectors.delete(registry, stranger, made.id),
    ):
        with pytest.raises(NotFound):
            act()
    assert connectors.list_page(registry, stranger).total == 0


def test_viewers_look_and_change_nothing(registry: Registry, admin: Caller, viewer: Caller) -> None:
    made = connectors.create(registry, admin, PG)
    assert connectors.get(registry, viewer, made.id) == made
    for act in (
        lambda: connectors.create(registry, viewer, PG | {"name": "b"}),
        lambda: connectors.change(registry, viewer, made.id, {"name": "x"}),
        lambda: connectors.delete(registry, viewer, made.id),
    ):
        with pytest.raises(Forbidden):
            act()


def test_found_by_name_and_by_resource_key(registry: Registry, admin: Caller, stranger: Caller) -> None:
    made = connectors.create(registry, admin, PG)
    assert connectors.by_name(registry, admin.tenant, "Orders PG") == made
    assert connectors.by_name(registry, admin.tenant, "orders_pg") == made
    with pytest.raises(NotFound):
        connectors.by_name(registry, stranger.tenant, "orders_pg")


def test_deleting_is_final_and_moves_the_revision(registry: Registry, admin: Caller) -> None:
    made = connectors.create(registry, admin, PG)
    with registry.database.read() as session:
        before = revision.current(session)
    with pytest.raises(Stale):
        connectors.delete(registry, admin, made.id, if_match='"7"')
    connectors.delete(registry, admin, made.id, if_match=made.etag)
    with pytest.raises(NotFound):
        connectors.delete(registry, admin, made.id)
    with registry.database.read() as session:
        assert revision.current(session) == before + 1


def test_a_connector_in_use_stays(registry: Registry, admin: Caller) -> None:
    made = connectors.create(registry, admin, PG)
    with registry.database.write() as session:
        session.add(_pipeline(admin.tenant, made.id))
    with pytest.raises(InUse) as caught:
        connectors.delete(registry, admin, made.id)
    assert [(each.field, each.message) for each in caught.value.details] == [
        (f"pipe_{admin.tenant}", "Nightly")
    ]
    assert connectors.get(registry, admin, made.id) == made


def _pipeline(tenant: str, connector_id: str) -> Pipeline:
    return Pipeline(
        id=f"pipe_{tenant}",
        tenant=tenant,
        name="Nightly",
        asset_name="nightly",
        connector_id=connector_id,
        enabled=True,
        definition={},
        revision=2,
        version=1,
        created_at=1,
        updated_at=1,
    )
