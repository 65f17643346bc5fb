"""A type's forms as JSON Schema 2020-12, and a type as `GET /connector-types` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

if TYPE_CHECKING:
    from pydantic_core import core_schema

    from kaireon_orch.contract.spec import AuthMethod, ConnectorSpec, SpecModel

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class FormSchema(GenerateJsonSchema):
    """Pydantic's schema without what a form has no use for: `null` alternatives, null defaults, titles made of names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002  pydantic's signature
        """Only titles that a person wrote."""
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """The schema of the value itself: leaving a field out is how it is left empty."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """No `"default": null`."""
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


_EVERYWHERE = ("maxConcurrentRuns", "rowLimit")


def config_schema(spec: ConnectorSpec) -> dict[str, Any]:
    """The schema of `config`, what a test asks for first and what every type has last.

    It is open, since unknown keys are kept; `requiredFields` stands beside it.
    """
    schema = _schema(spec.config, title=spec.label)
    schema["properties"] = _ordered(schema["properties"], spec.required)
    return schema


def auth_schema(method: AuthMethod) -> dict[str, Any]:
    """The schema of one method's `authConfig`; secrets are `writeOnly`."""
    return _schema(method.model, title=method.label)


def source_schema(spec: ConnectorSpec) -> dict[str, Any]:
    """The schema of a pipeline's `source` for connectors of this type; closed."""
    return _schema(spec.source, title=f"What to read from {spec.label}", closed=True)


def describe(spec: ConnectorSpec) -> dict[str, Any]:
    """The type as an object of `GET /connector-types`."""
    return {
        "type": spec.type,
        "label": spec.label,
        "category": spec.category.value,
        "status": spec.status.value,
        "proof": spec.proof.value,
        "description": spec.description,
        "configSchema": config_schema(spec),
        "authMethods": [
            {"name": method.name, "label": method.label, "authSchema": auth_schema(method)}
            for method in spec.auth
        ],
        "requiredFields": list(spec.required),
        "steers": list(spec.steers),
        "capabilities": _capabilities(spec),
        "docsUrl": f"docs/connectors/{spec.type}.md",
    }


def _capabilities(spec: ConnectorSpec) -> dict[str, Any]:
    able = spec.capabilities
    return {
        "streams": able.streams,
        "rowLimit": able.row_limit,
        "incremental": able.incremental,
        "discover": able.discover,
        "preview": able.preview,
        "target": able.target,
        "formats": list(able.formats),
    }


def _ordered(properties: dict[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    first = [name for entry in required for name in entry.split("|")]
    rest = [name for name in properties if name not in (*first, *_EVERYWHERE)]
    return {name: properties[name] for name in (*first, *rest, *_EVERYWHERE)}


def _schema(model: type[SpecModel], *, title: str, closed: bool = False) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True, schema_generator=FormSchema)
    schema.setdefault("properties", {})
    if not closed:
        _open(schema)
    return {"$schema": DIALECT, **schema, "title": title}


def _open(schema: dict[str, Any]) -> None:
    """Models refuse unknown fields, the API keeps them aside: what it publishes must not claim that they are errors."""
    for part in (schema, *schema.get("$defs", {}).values()):
        if part.get("additionalProperties") is False:
            del part["additionalProperties"]
