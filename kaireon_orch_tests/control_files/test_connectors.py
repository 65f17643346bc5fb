"""Connectors as files: plan, all or nothing, references, and an export that says the same again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kaireon_orch.control import audit, connectors
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.files import connector_files, reading
from kaireon_orch.control.files.plans import SECRET
from kaireon_orch.control.opened import open_connector
from kaireon_orch.errors import Forbidden, InvalidInput, NameTaken, Stale

if TYPE_CHECKING:
    from kaireon_orch_tests.control_files.conftest import Files

CANARY = "Canary-Linnet-33"
SHOP = """
connectors:
- name: Shop
  type: postgresql
  description: The shop's database.
  config: {host: db.example.com, port: 5432, database: shop}
  authMethod: password
  authConfig: {username: loader, password: "${env:SHOP_PASSWORD}"}
- name: Rows
  type: csv
  config:
    path: rows.csv
"""


def told(files: Files, name: str) -> dict[str, tuple[str | None, str | None]]:
    return {each.field: (each.before, each.after) for each in files.plan()[name].changes}


def auth(files: Files, name: str = "Shop") -> dict[str, Any] | None:
    found = connectors.by_name(files.registry, files.caller.tenant, name)
    return open_connector(files.registry, files.caller.tenant, found.id).auth


def made(files: Files, **body: Any) -> str:
    given = {"name": "Shop", "type": "postgresql", "authMethod": "password"} | body
    return connectors.create(files.registry, files.caller, given).id


def test_a_plan_changes_nothing_and_applying_it_does(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", CANARY)
    files.write(SHOP)
    assert {name: step.action for name, step in files.plan().items()} == {"Rows": "create", "Shop": "create"}
    assert connectors.list_page(files.registry, files.caller).total == 0
    assert files.apply() == {"Rows": "create", "Shop": "create"}
    assert auth(files) == {"username": "loader", "password": CANARY}
    assert files.apply() == {"Rows": "unchanged", "Shop": "unchanged"}
    entries = audit.list_page(files.registry, files.caller).data
    assert [each.action for each in entries] == ["apply", "apply"]
    assert audit.verify(files.registry, files.caller)["intact"]


def test_a_plan_tells_field_by_field(files: Files) -> None:
    files.write(SHOP)
    files.apply()
    files.write(
        SHOP.replace("port: 5432, database: shop", "port: 5433, sslMode: require")
        .replace("  description: The shop's database.\n", "")
        .replace("SHOP_PASSWORD", "OTHER")
    )
    assert told(files, "Shop") == {
        "config.port": ("5432", "5433"),
        "config.database": ('"shop"', None),
        "config.sslMode": (None, '"require"'),
        "description": ('"The shop\'s database."', None),
        "authConfig.password": ('"${env:SHOP_PASSWORD}"', '"${env:OTHER}"'),
    }
    assert files.apply() == {"Rows": "unchanged", "Shop": "change"}
    shown = connectors.by_name(files.registry, files.caller.tenant, "Shop")
    assert shown.config == {"host": "db.example.com", "port": 5433, "sslMode": "require"}
    assert shown.description is None


def test_secrets_are_not_in_a_plan(files: Files) -> None:
    made(files, authConfig={"username": "u", "password": CANARY})
    files.write(
        "name: Shop\ntype: postgresql\nauthMethod: password\nauthConfig: {username: u, password: Other-Secret-5}\n"
    )
    step = files.plan()["Shop"]
    assert [(each.field, each.before, each.after) for each in step.changes] == [
        ("authConfig.password", SECRET, SECRET)
    ]
    assert "write a reference instead" in step.notes[0]
    assert CANARY not in repr(step)
    assert "Other-Secret-5" not in repr(step)


def test_credentials_that_no_file_names_stay(files: Files) -> None:
    made(files, authConfig={"username": "u", "password": CANARY})
    files.write("name: Shop\ntype: postgresql\nauthMethod: password\nconfig: {host: a.example.com}\n")
    assert files.apply() == {"Shop": "change"}
    assert auth(files) == {"username": "u", "password": CANARY}
    files.write("name: Shop\ntype: mysql\nauthMethod: password\n")
    with pytest.raises(InvalidInput) as caught:
        files.plan()
    assert caught.value.details[0].field == "shop.yaml:1 authConfig"


def test_disabled_by_file(files: Files) -> None:
    files.write("name: Rows\ntype: csv\nstatus: disabled\n")
    files.apply()
    assert connectors.by_name(files.registry, files.caller.tenant, "Rows").status == "disabled"
    assert files.apply() == {"Rows": "unchanged"}
    files.write("name: Rows\ntype: csv\nresourceKey: the_rows\n")
    assert set(told(files, "Rows")) == {"status", "resourceKey"}
    files.apply()
    assert connectors.by_name(files.registry, files.caller.tenant, "the_rows").status == "inactive"


def test_every_fault_is_told_with_its_place(files: Files) -> None:
    files.write(
        "connectors:\n"
        "- name: A\n"
        "  type: postgresql\n"
        "  config:\n"
        "    prot: 5432\n"
        '    port: "5432"\n'
        "- name: B\n"
        "  type: postgrsql\n"
        "- name: C\n"
        "  type: csv\n"
        "  conifg: {}\n"
        "- name: D\n"
        "  type: postgresql\n"
        "  authConfig:\n"
        "    password: ${env:KAIREON_ENCRYPTION_KEYS}\n"
        "- name: E\n"
        "  type: csv\n"
        "  resourceKey: not a key\n"
        "  status: active\n"
    )
    with pytest.raises(InvalidInput) as caught:
        files.plan()
    found = {each.field: each.message for each in caught.value.details}
    assert set(found) == {
        "shop.yaml:5 config.prot",
        "shop.yaml:6 config.port",
        "shop.yaml:8 type",
        "shop.yaml:11 conifg",
        "shop.yaml:15 authConfig.password",
        "shop.yaml:19 status",
    }
    assert "port" in found["shop.yaml:5 config.prot"]
    assert "postgresql" in found["shop.yaml:8 type"]
    assert "config" in found["shop.yaml:11 conifg"]
    assert connectors.list_page(files.registry, files.caller).total == 0


def test_a_name_stands_once(files: Files) -> None:
    files.write("name: A\ntype: csv\n", "a.yaml")
    files.write("name: A\ntype: csv\n", "b.yaml")
    with pytest.raises(InvalidInput) as caught:
        files.plan()
    assert [(each.field, each.message) for each in caught.value.details] == [
        ("b.yaml:1 name", "'A' stands at a.yaml:1 already")
    ]


def test_all_or_nothing(files: Files) -> None:
    """The key that D gets from its name is the one that E asks for, which shows only when both are made."""
    files.write("connectors:\n- {name: D, type: csv}\n- {name: E, type: csv, resourceKey: d}\n")
    assert files.plan().keys() == {"D", "E"}
    with pytest.raises(NameTaken):
        files.apply()
    assert connectors.list_page(files.registry, files.caller).total == 0


def test_a_key_belongs_to_one(files: Files) -> None:
    files.write("{name: B, type: csv, resourceKey: c}")
    files.apply()
    files.write(
        "connectors:\n- {name: D, type: csv, resourceKey: c}\n"
        "- {name: E, type: csv, resourceKey: x}\n- {name: F, type: csv, resourceKey: x}\n"
    )
    with pytest.raises(InvalidInput) as caught:
        files.plan()
    assert [(each.field, each.message) for each in caught.value.details] == [
        ("shop.yaml:2 resourceKey", "is that of the connector 'B'"),
        ("shop.yaml:4 resourceKey", "is that of the connector 'E'"),
    ]


def test_a_plan_that_is_old_is_not_done(files: Files) -> None:
    files.write(SHOP)
    records = reading.read(files.folder)
    plan = connector_files.plan(files.registry, files.caller, records)
    made(files, name="Rows", type="csv", authMethod="access_key")
    with pytest.raises(Stale):
        connector_files.apply(files.registry, files.caller, records, plan)
    assert connectors.list_page(files.registry, files.caller).total == 1


def test_only_an_administrator_applies(files: Files) -> None:
    files.write(SHOP)
    records = reading.read(files.folder)
    plan = connector_files.plan(files.registry, files.caller, records)
    editor = Caller(files.caller.tenant, "editor", "key_e", "ed")
    with pytest.raises(Forbidden):
        connector_files.apply(files.registry, editor, records, plan)
    entry = audit.list_page(files.registry, files.caller, limit=1).data[0]
    assert (entry.action, entry.outcome) == ("apply", "refused")


def test_an_export_says_the_same_again(files: Files) -> None:
    files.write(SHOP)
    files.apply()
    text = files.export()
    assert "password: ${env:SHOP_PASSWORD}" in text
    assert files.apply() == {"Rows": "unchanged", "Shop": "unchanged"}
    assert files.export() == text


def test_an_export_holds_no_secret_and_its_placeholders_change_nothing(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(files, authConfig={"username": "u", "password": CANARY})
    url = f"https://u:{CANARY}@example.com/rows.csv"
    made(files, name="Rows", type="csv", authMethod="none", config={"url": url})
    exported = connector_files.export(files.registry, files.caller)
    assert CANARY not in exported.text()
    assert exported.notes == [
        "Rows: config.url is a secret: the file refers to ROWS_URL instead",
        "Shop: authConfig.password is a secret: the file refers to SHOP_PASSWORD instead",
    ]
    text = files.export()
    assert files.apply() == {"Rows": "unchanged", "Shop": "unchanged"}
    assert "stored secret stays" in files.plan()["Shop"].notes[0]
    assert auth(files) == {"username": "u", "password": CANARY}
    monkeypatch.setenv("SHOP_PASSWORD", "now-set")
    assert files.apply() == {"Rows": "unchanged", "Shop": "change"}
    assert auth(files) == {"username": "u", "password": "now-set"}
    assert files.export() == text


def test_what_looks_like_a_reference_over_rest_stays_a_literal(files: Files) -> None:
    """Else whoever may write a connector reads the operator's environment after the next export and apply."""
    made(files, name="Rows", type="csv", authMethod="none", config={"path": "${env:HOME}/$${x}"})
    made(files, authConfig={"username": "${env:HOME}", "password": "${env:HOME}"})
    files.export()
    files.write((files.folder / "connectors.yaml").read_text(), "connectors.yaml")
    assert files.apply() == {"Rows": "unchanged", "Shop": "unchanged"}
    for name in ("Rows", "Shop"):
        found = connectors.by_name(files.registry, files.caller.tenant, name)
        connectors.delete(files.registry, files.caller, found.id)
    files.apply()
    found = connectors.by_name(files.registry, files.caller.tenant, "Rows")
    opened = open_connector(files.registry, files.caller.tenant, found.id)
    assert opened.config_complete["path"] == "${env:HOME}/$${x}"


def test_fields_that_the_type_does_not_know_are_left_alone(files: Files) -> None:
    found = made(files, config={"host": "a", "colour": "red"}, authConfig={"password": CANARY, "pin": CANARY})
    exported = connector_files.export(files.registry, files.caller)
    assert "colour" not in exported.text()
    assert "Shop: config.colour is not a field of this type and is left out" in exported.notes
    files.export()
    assert files.apply() == {"Shop": "unchanged"}
    assert connectors.get(files.registry, files.caller, found).config["colour"] == "red"


def test_names_of_placeholders_are_never_settings_of_ours(files: Files) -> None:
    made(files, name="Kaireon", authConfig={"password": CANARY})
    assert "${env:CONNECTOR_KAIREON_PASSWORD}" in files.export()
    assert files.apply() == {"Kaireon": "unchanged"}
