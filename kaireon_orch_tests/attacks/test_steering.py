"""A stored secret cannot be aimed elsewhere by an editor: every steering field of every type, by every way of saying it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr, ValidationError

from kaireon_orch import catalogue
from kaireon_orch.control import connectors, keys
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.opened import open_connector
from kaireon_orch.control.registry import Registry
from kaireon_orch.errors import InvalidInput, SecretsRequired
from kaireon_orch.settings import load
from kaireon_orch.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch.contract.spec import AuthMethod, ConnectorSpec
    from kaireon_orch_tests.attacks.conftest import Tally

TENANT = "attacked"
ADMIN = Caller(TENANT, "admin", "key_a", "ann")
EDITOR = Caller(TENANT, "editor", "key_e", "ed")
CANARY = "planted-canary-1"
STEERED = [type_ for type_ in catalogue.types() if catalogue.spec(type_).steers]
EVIL = (
    *(
        "https://evil.example.com/x",
        "evil.example.com",
        "evil.example.com:9092",
        "pulsar://evil.example.com:1",
    ),
    *("bolt://evil.example.com", "s3://evil/x", "nats://evil.example.com:1", "evilaccount", "evil-1", "us4"),
    *("mongodb://evil.example.com/x", "https://acme2.my.salesforce.com", 4711),
)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    settings = load(tmp_path_factory.mktemp("home"))
    migrating = Database(settings.registry_url)
    migrating.migrate()
    migrating.close()
    opened = Registry.open(settings)
    keys.create(opened, Caller.operator(TENANT), {"name": "first", "role": "admin"})
    yield opened
    opened.close()


def secrets_of(method: AuthMethod) -> dict[str, str]:
    fields = method.model.model_fields
    return {
        field.alias or name: CANARY
        for name, field in fields.items()
        if SecretStr.__name__ in str(field.annotation)
    }


def with_secrets(spec: ConnectorSpec) -> AuthMethod | None:
    return next((method for method in spec.auth if secrets_of(method)), None)


def another(spec: ConnectorSpec, name: str, config: dict[str, Any]) -> Any:
    """Another value that the type takes for a field."""
    schema = spec.config.model_json_schema()["properties"][name]
    listed = [value for part in (schema, *schema.get("anyOf", ())) for value in part.get("enum", ())]
    for value in (*listed, *EVIL):
        try:
            spec.config.model_validate(config | {name: value})
        except ValidationError:
            continue
        if value != config.get(name):
            return value
    return pytest.fail(f"nothing else fits {spec.type}.{name}", pytrace=False)


def stored(registry: Registry, type_: str, number: int = 0) -> str:
    spec = catalogue.spec(type_)
    method = with_secrets(spec)
    assert method is not None, type_
    body = {
        "name": f"{type_} {number}",
        "type": type_,
        "config": spec.example,
        "authMethod": method.name,
        "authConfig": secrets_of(method),
    }
    return connectors.create(registry, ADMIN, body).id


def child_of(registry: Registry, connector: str) -> dict[str, Any]:
    return open_connector(registry, TENANT, connector).for_child()


def refused(registry: Registry, connector: str, *bodies: dict[str, Any]) -> None:
    """Each change is refused for the secrets' sake, and all together change nothing."""
    before, seen = connectors.get(registry, ADMIN, connector), child_of(registry, connector)
    for body in bodies:
        with pytest.raises(SecretsRequired) as caught:
            connectors.change(registry, EDITOR, connector, body)
        assert CANARY not in str(caught.value.details)
    assert connectors.get(registry, ADMIN, connector) == before, bodies
    assert child_of(registry, connector) == seen, bodies


@pytest.mark.parametrize("type_", STEERED)
def test_no_field_of_no_type_moves_stored_secrets(registry: Registry, type_: str, tally: Tally) -> None:
    spec = catalogue.spec(type_)
    connector = stored(registry, type_)
    shown = connectors.get(registry, ADMIN, connector)
    masks = dict.fromkeys(secrets_of_type(spec), f"{CANARY[:2]}{'*' * 12}{CANARY[-2:]}")
    bodies: list[dict[str, Any]] = []
    for name in spec.steers:
        value = another(spec, name, spec.example)
        bodies.append({"config": shown.config | {name: value}, "authConfig": {"unknown": "x"}})
        bodies.append({"connectionConfig": {name: value}, "authConfig": masks})
        bodies += [{"config": {name: None}}] if name in spec.example else []
    refused(registry, connector, *bodies)
    tally(len(bodies))


def secrets_of_type(spec: ConnectorSpec) -> dict[str, str]:
    method = with_secrets(spec)
    return {} if method is None else secrets_of(method)


@pytest.mark.parametrize("type_", STEERED)
def test_other_letters_and_unknown_fields_steer_nothing(registry: Registry, type_: str, tally: Tally) -> None:
    spec = catalogue.spec(type_)
    connector = stored(registry, type_, 1)
    before = child_of(registry, connector)
    names = [
        name for steer in spec.steers for name in (steer.upper(), f"{steer} ", f"_{steer}", f"{steer}\u200b")
    ]
    names = [
        name for name in names if name not in {field.alias for field in spec.config.model_fields.values()}
    ]
    connectors.change(
        registry, EDITOR, connector, {"config": dict.fromkeys(names, "https://evil.example.com")}
    )
    assert child_of(registry, connector) == before
    tally(len(names))


@pytest.mark.parametrize("type_", STEERED)
def test_another_method_first_does_not_free_the_secrets(registry: Registry, type_: str, tally: Tally) -> None:
    spec = catalogue.spec(type_)
    connector = stored(registry, type_, 2)
    steer = spec.steers[0]
    value = another(spec, steer, spec.example)
    others = [method.name for method in spec.auth if method is not with_secrets(spec)]
    for name in others:
        connectors.change(registry, EDITOR, connector, {"authMethod": name})
        refused(registry, connector, {"config": {steer: value}})
    tally(len(others))


@pytest.mark.parametrize("type_", STEERED)
def test_another_type_takes_no_secrets_elsewhere(registry: Registry, type_: str, tally: Tally) -> None:
    """What an editor may do by a change of type leaves the secrets where they were aimed, or behind."""
    connector = stored(registry, type_, 3)
    others = [other for other in ("rest_api", "postgresql", "s3_compatible") if other != type_]
    for other in others:
        target = catalogue.spec(other)
        method = with_secrets(target)
        assert method is not None
        config = {target.steers[0]: another(target, target.steers[0], {})}
        body = {"type": other, "authMethod": method.name, "config": config}
        try:
            connectors.change(registry, EDITOR, connector, body)
        except (SecretsRequired, InvalidInput):
            continue
        assert CANARY not in str(child_of(registry, connector)["auth"]), other
    tally(len(others))


def test_a_name_that_is_a_secret_somewhere_is_one_everywhere() -> None:
    """Else a change of method or type would make a stored secret one that is not protected."""
    kinds: dict[str, set[bool]] = {}
    for type_ in catalogue.types():
        for method in catalogue.spec(type_).auth:
            for name, field in method.model.model_fields.items():
                kinds.setdefault(field.alias or name, set()).add(SecretStr.__name__ in str(field.annotation))
    assert [name for name, kind in kinds.items() if len(kind) > 1] == []


URL = "https://ann:planted-canary-1@a.example.com/v1?api_key=planted-canary-1"


@pytest.mark.parametrize(
    "url",
    [
        "https://{user}:{password}@evil.example.com/v1",
        "https://evil.example.com/v1?api_key={key}",
        "https://evil.example.com/?x=https://{user}:{password}@a.example.com/v1",
        "http://{user}:{password}@a.example.com/v1?api_key={key}",
        "https://{user}:{password}@a.example.com:8443/v1?api_key={key}",
        "https://{user}:{password}@a.example.com.evil.example/v1?api_key={key}",
        "https://{user}:{password}@evil.example#@a.example.com/v1?api_key={key}",
        "https://{user}:new-password@evil.example.com/?api_key={key}",
        "https://evil.example.com/?sig=1&api_key={key}",
    ],
)
@pytest.mark.parametrize("type_", ["rest_api", "csv"])
def test_masks_in_a_url_do_not_move(registry: Registry, type_: str, url: str) -> None:
    body = {"name": f"{type_} {url}"[:200], "type": type_, "config": {"url": URL}, "authMethod": "none"}
    made = connectors.create(registry, ADMIN, body)
    mask = f"pl{'*' * 12}-1"
    sent = url.format(user="*" * 12, password=mask, key=mask)
    refused(registry, made.id, {"config": {"url": sent}})


@pytest.mark.parametrize(
    "text",
    [
        "mongodb://{user}:{password}@evil.example.com/shop",
        "mongodb://{user}:{password}@a.example.com,evil.example.com/shop",
        "mongodb+srv://{user}:{password}@evil.example.com/shop",
        "mongodb://{user}:{password}@a.example.com/shop?authMechanism=MONGODB-AWS",
    ],
)
def test_masks_in_a_connection_string_do_not_move(registry: Registry, text: str) -> None:
    whole = "mongodb://ann:planted-canary-1@a.example.com/shop"
    body = {"name": text[:200], "type": "mongodb", "config": {"connectionString": whole}}
    made = connectors.create(registry, ADMIN, body | {"authMethod": catalogue.spec("mongodb").auth[0].name})
    sent = text.format(user="*" * 12, password=f"pl{'*' * 12}-1")
    bodies = ({"connectionString": sent}, {"host": "evil.example.com"})
    refused(registry, made.id, *({"config": body} for body in bodies))


def test_secret_headers_stay_with_their_url(registry: Registry, tally: Tally) -> None:
    config = {"url": "https://a.example.com", "headers": {"X-Token": CANARY, "Accept": "x"}}
    body = {"name": "headers", "type": "rest_api", "config": config, "authMethod": "none"}
    made = connectors.create(registry, ADMIN, body)
    patches: tuple[dict[str, Any], ...] = (
        {"headers": {"Accept": "y"}},
        {"headers": {"x-token": "new"}},
        {"headers": {"X-Token": f"pl{'*' * 12}-1"}},
        {"headers": {}},
        {},
    )
    evil = {"url": "https://evil.example.com"}
    refused(registry, made.id, *({"config": evil | patch} for patch in patches))
    tally(len(patches))
