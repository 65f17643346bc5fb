"""The checks of a spec: the form is complete, true to itself, and safe by construction."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import SecretStr, ValidationError

from kaireon_orch import catalogue
from kaireon_orch.contract import forms
from kaireon_orch.contract.credentials import METHOD_SPELLINGS
from kaireon_orch.contract.spec import Category, Proof, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kaireon_orch.contract.spec import ConnectorSpec, SpecModel
    from kaireon_orch_tests.conformance.case import Case

    Check = Callable[[ConnectorSpec, Case], None]

SLUG = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
CREDENTIAL = re.compile(
    r"password|passphrase|secret|token(?!Url|Id)|credential|private_?key|api_?key|access_?key(?!_?id)|account_?key"
    r"|service_?account_?json|webhook_?url",
    re.IGNORECASE,
)
STEERING = re.compile(
    r"host|port|uri|url|endpoint|servers|account|connectionString|storageAccount|contactPoints|subdomain|shop"
    r"|namespace|restHost|\w+(Url|Servers)|(data|service)Region"
)
WRONG: dict[str, tuple[object, ...]] = {
    "string": (5432, True, ["x"]),
    "integer": ("5432", True, 1.5),
    "number": ("15", True),
    "boolean": ("true", 1),
    "array": ("x", {}),
    "object": ("x", []),
}


def is_named_like_its_room(spec: ConnectorSpec, case: Case) -> None:
    assert spec.type == case.type
    assert SLUG.fullmatch(spec.type)


def introduces_itself(spec: ConnectorSpec, case: Case) -> None:
    assert 0 < len(spec.label) <= 60
    assert spec.label == spec.label.strip()
    assert 15 <= len(spec.description) <= 200
    assert spec.description.endswith(".")


def has_a_page(spec: ConnectorSpec, case: Case) -> None:
    lines = [line for line in catalogue.notes(spec.type).splitlines() if line.strip()]
    assert 5 <= len(lines) <= 40
    assert not any(line.startswith("# ") for line in lines), "the page's title is generated"


def is_built_as_far_as_it_says(spec: ConnectorSpec, case: Case) -> None:
    if spec.status is Status.COMING_SOON:
        assert spec.proof is Proof.NONE
        assert spec.probes or not catalogue.built(spec.type)
    else:
        assert catalogue.built(spec.type) is (spec.proof is not Proof.NONE)


def publishes_valid_schemas(spec: ConnectorSpec, case: Case) -> None:
    for schema in _schemas(spec):
        Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == forms.DIALECT
    json.dumps(forms.describe(spec), allow_nan=False)


def explains_every_field(spec: ConnectorSpec, case: Case) -> None:
    for schema in _schemas(spec):
        for name, field in _fields(schema):
            assert field.get("title"), f"{name} has no title"
            assert str(field.get("description", "")).endswith("."), f"{name} is not described by a sentence"


def bounds_every_text(spec: ConnectorSpec, case: Case) -> None:
    for schema in _schemas(spec):
        for name, field in _fields(schema):
            bounded = {"maxLength", "enum", "pattern", "const"} & field.keys()
            assert field.get("type") != "string" or bounded, f"{name} takes text of any length"
            assert field.get("type") != "array" or "maxItems" in field, f"{name} takes lists of any length"


def has_no_null_noise(spec: ConnectorSpec, case: Case) -> None:
    for schema in _schemas(spec):
        text = json.dumps(schema)
        assert '"anyOf"' not in text
        assert '"type": "null"' not in text
        assert '"default": null' not in text


def marks_secrets(spec: ConnectorSpec, case: Case) -> None:
    for schema in _schemas(spec):
        for name, field in _fields(schema):
            looks = bool(CREDENTIAL.search(name)) and field.get("type") == "string"
            assert field.get("writeOnly", False) is looks, f"{name}: secret {looks} by its name"


def knows_the_credentials_in_its_config(spec: ConnectorSpec, case: Case) -> None:
    properties = forms.config_schema(spec)["properties"]
    assert {name for name, field in properties.items() if field.get("writeOnly")} == set(
        spec.credentials_in_config
    )


def names_existing_fields(spec: ConnectorSpec, case: Case) -> None:
    config, source = _aliases(spec.config), _aliases(spec.source)
    assert _names(spec.required) <= config
    assert set(spec.steers) <= config
    assert set(spec.folders_in_config) <= config
    assert _names(spec.source_required) <= source
    assert set(spec.source_from_config) <= config
    assert set(spec.source_from_config.values()) <= source
    for method in spec.auth:
        assert _names(method.required) <= _aliases(method.model)


def assumes_nothing_required(spec: ConnectorSpec, case: Case) -> None:
    """What the page calls required is missing when it is not given, so it has no default."""
    empty = spec.config.model_validate({}).model_dump(by_alias=True, exclude_none=True)
    assert not _names(spec.required) & empty.keys()
    assert spec.missing_fields({}) == list(spec.required)


def guards_what_steers(spec: ConnectorSpec, case: Case) -> None:
    steering = {name for name in _aliases(spec.config) if STEERING.fullmatch(name)}
    assert steering <= set(spec.steers)
    assert spec.steers or {method.name for method in spec.auth} == {"none"}


def encrypts_database_connections(spec: ConnectorSpec, case: Case) -> None:
    fields = _aliases(spec.config)
    if spec.category is Category.DATABASES and fields & {"host", "contactPoints"}:
        assert "sslMode" in fields


def accepts_its_example(spec: ConnectorSpec, case: Case) -> None:
    spec.config.model_validate(spec.example)
    Draft202012Validator(forms.config_schema(spec)).validate(spec.example)
    assert spec.missing_fields(spec.example) == []
    assert set(spec.example) <= _aliases(spec.config)
    spec.source.model_validate(spec.default_source(spec.example))


def refuses_unknown_fields(spec: ConnectorSpec, case: Case) -> None:
    for model in _models(spec):
        with pytest.raises(ValidationError) as refusal:
            model.model_validate({"noSuchField": 1})
        assert _places(refusal.value) == {"noSuchField"}


def refuses_wrong_types(spec: ConnectorSpec, case: Case) -> None:
    for model, schema in zip(_models(spec), _schemas(spec), strict=True):
        for name, field in schema["properties"].items():
            for value in _wrong(field):
                with pytest.raises(ValidationError) as refusal:
                    model.model_validate({name: value})
                assert _places(refusal.value) == {name}


def refuses_what_its_case_says(spec: ConnectorSpec, case: Case) -> None:
    for config in case.refused:
        with pytest.raises(ValidationError) as refusal:
            spec.config.model_validate(config)
        assert _places(refusal.value) == set(config)


def takes_a_row_limit(spec: ConnectorSpec, case: Case) -> None:
    assert spec.config.model_validate({"rowLimit": 0}).row_limit == 0
    with pytest.raises(ValidationError):
        spec.config.model_validate({"rowLimit": -1})


def resolves_auth_methods(spec: ConnectorSpec, case: Case) -> None:
    own = {method.name: method for method in spec.auth}
    assert len(own) == len(spec.auth)
    assert spec.auth_method("access_key") is own.get("access_key", spec.auth[0])
    assert spec.auth_method("no_such_method") is None
    for spelling, name in METHOD_SPELLINGS.items():
        assert spec.auth_method(spelling) is own.get(spelling, own.get(name))


def has_credentials_for_every_method(spec: ConnectorSpec, case: Case) -> None:
    assert set(case.credentials) == {method.name for method in spec.auth}
    for method in spec.auth:
        given = case.credentials[method.name]
        assert method.missing(given) == []
        method.model.model_validate(given)


def hides_secrets(spec: ConnectorSpec, case: Case) -> None:
    for method in spec.auth:
        filled = method.model.model_validate(case.credentials.get(method.name, {}))
        shown = f"{filled!r} {filled} {filled.model_dump()}"
        for value in filled.__dict__.values():
            assert not isinstance(value, SecretStr) or value.get_secret_value() not in shown


def cannot_be_changed(spec: ConnectorSpec, case: Case) -> None:
    config = spec.config.model_validate({})
    with pytest.raises(ValidationError):
        config.row_limit = 1  # type: ignore[misc]  # that it is refused is the point
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.label = "another"  # type: ignore[misc]  # the same


def is_a_target_where_it_can_be_loaded(spec: ConnectorSpec, case: Case) -> None:
    assert spec.capabilities.target is bool(spec.load_modes)
    assert spec.capabilities.target or not (spec.quarantines or spec.partitions)


CHECKS: tuple[Check, ...] = (
    is_named_like_its_room,
    introduces_itself,
    has_a_page,
    is_built_as_far_as_it_says,
    publishes_valid_schemas,
    explains_every_field,
    bounds_every_text,
    has_no_null_noise,
    marks_secrets,
    knows_the_credentials_in_its_config,
    names_existing_fields,
    assumes_nothing_required,
    guards_what_steers,
    encrypts_database_connections,
    accepts_its_example,
    refuses_unknown_fields,
    refuses_wrong_types,
    refuses_what_its_case_says,
    takes_a_row_limit,
    resolves_auth_methods,
    has_credentials_for_every_method,
    hides_secrets,
    cannot_be_changed,
    is_a_target_where_it_can_be_loaded,
)


def _models(spec: ConnectorSpec) -> list[type[SpecModel]]:
    return [spec.config, spec.source, *(method.model for method in spec.auth)]


def _schemas(spec: ConnectorSpec) -> list[dict[str, Any]]:
    return [forms.config_schema(spec), forms.source_schema(spec), *map(forms.auth_schema, spec.auth)]


def _fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for part in (schema, *schema.get("$defs", {}).values()):
        yield from part.get("properties", {}).items()


def _aliases(model: type[SpecModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def _names(required: tuple[str, ...]) -> set[str]:
    return {name for entry in required for name in entry.split("|")}


def _places(error: ValidationError) -> set[str]:
    return {str(fault["loc"][0]) for fault in error.errors()}


def _wrong(field: dict[str, Any]) -> tuple[object, ...]:
    if "enum" in field:
        return ("no such choice", True)
    return WRONG[field.get("type", "object")]
