"""What components say of a YAML that is not theirs: which field is at fault, where it stands, and which was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster import Model
from dagster.components.resolved.base import derive_model_type
from dagster.components.resolved.errors import ResolutionException
from pydantic import BaseModel, create_model, model_validator

from kaireon_orch.control.naming import snake
from kaireon_orch.control.shapes import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dagster import ResolutionContext, Resolvable

    from kaireon_orch.errors import FieldError

Schema = dict[str, Any]

_SKIPPED: Schema = {"anyOf": [{"type": "null"}, {"type": "string", "pattern": r"\{\{"}]}
"""What is judged later: a field that is left empty, and a template that nobody has filled in yet."""


class _Attributes(Model):
    """A component's attributes; a field that is none is told the nearest that is."""

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: object) -> object:
        known = [field.alias or name for name, field in cls.model_fields.items()]
        if isinstance(given, dict) and (strange := [str(name) for name in given if name not in known]):
            raise ValueError("; ".join(f"{name} {unknown(name, known)}" for name in strange))
        return given

    @classmethod
    def model_json_schema(cls, *given: Any, **named: Any) -> Schema:  # noqa: ANN401  pydantic's signature
        """The schema that `dg check yaml` judges by: its complaints name the field and not the whole."""
        return exact(super().model_json_schema(*given, **named))


_models: dict[type[Resolvable], type[BaseModel]] = {}


def attributes_of(component: type[Resolvable]) -> type[BaseModel]:
    """The model of a component's attributes, made of its fields as Dagster makes it; the same each time."""
    if component not in _models:
        derived = derive_model_type(component)
        _models[component] = create_model(derived.__name__, __base__=(_Attributes, derived))
    return _models[component]


def unknown(name: str, known: Iterable[str]) -> str:
    """What is said of a field that is none."""
    names = list(known)
    near = nearest(name, names)
    return (
        f"is not a field; the nearest is {near}" if near else f"is not a field; there are {', '.join(names)}"
    )


def refusal(context: ResolutionContext, faults: Iterable[FieldError]) -> ResolutionException:
    """All faults, each with its place in the YAML; their fields are paths below the context's own."""
    return ResolutionException("\n".join(_told(context, fault) for fault in faults))


def _told(context: ResolutionContext, fault: FieldError) -> str:
    at = context
    for part in filter(None, fault.field.split(".")):
        at = at.at_path(int(part) if part.isdigit() else part)
    words = f"{'.'.join(map(str, at.path))} {fault.message}"
    if at.source_position_tree is None:
        return words
    source = at.source_position_tree.source_error(
        yaml_path=at.path, inline_error_message=fault.message, value_error=False
    )
    return f"{source.file_name}:{source.start_line_no} - {words}\n{source.snippet}"


def exact(schema: Mapping[str, Any]) -> Schema:
    """The schema with a choice by form instead of `anyOf`, which says no more than that nothing fits."""
    told = _named({name: _inner(name, value) for name, value in schema.items()})
    if "anyOf" not in told:
        return told
    forms = [form for form in told.pop("anyOf") if form.get("type") != "null"]
    words = [form for form in forms if form.get("type") == "string"]
    others = [form for form in forms if form.get("type") != "string"]
    if not others:
        return told | _unless_skipped(words[0] if len(words) == 1 else {"anyOf": words})
    rest = others[0] if len(others) == 1 else {"anyOf": others}
    if words:
        rest = {"if": {"type": "string"}, "then": words[0], "else": rest}
    return told | _unless_skipped(rest)


def _named(schema: Schema) -> Schema:
    """Fields in both spellings, and a complaint that lists them where one is none."""
    if schema.get("additionalProperties") is not False or "properties" not in schema:
        return schema
    fields = schema["properties"]
    both = fields | {snake(name): each for name, each in fields.items()}
    required = [name for name in schema.get("required", ()) if snake(name) == name]
    return schema | {"properties": both, "required": required, "propertyNames": {"enum": list(both)}}


def _inner(name: str, value: Any) -> Any:  # noqa: ANN401  a schema is JSON
    if name in {"properties", "$defs"}:
        return {key: exact(each) for key, each in value.items()}
    if name in {"items", "additionalProperties"} and isinstance(value, dict):
        return exact(value)
    if name in {"anyOf", "prefixItems"}:
        return [exact(each) for each in value]
    return value


def _unless_skipped(schema: Schema) -> Schema:
    return {"if": _SKIPPED, "then": {}, "else": schema}
