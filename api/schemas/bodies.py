"""How a request body stands in the OpenAPI document: bodies are read by `api.bodies`, so FastAPI knows none.

The shapes are the use cases' own models, so that what is described is what is checked.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

REFERENCE = "#/components/schemas/{model}"
_NO_WORDS: Mapping[str, str] = {}


def request_body(
    model: type[BaseModel], words: Mapping[str, str] = _NO_WORDS, *, required: bool = True
) -> dict[str, Any]:
    """`openapi_extra` of a route whose body has the shape of `model`; `api.openapi` moves its parts to components.

    `words` are descriptions by field, for fields that have none in the model.
    """
    return _extra(_described(model, words), required=required)


def patch_body(model: type[BaseModel], title: str, words: Mapping[str, str] = _NO_WORDS) -> dict[str, Any]:
    """Like `request_body` for a change of such a record: every field may be left out, and read-only ones sent back."""
    schema = _described(model, words)
    for name in ("required", "additionalProperties", "description"):
        schema.pop(name, None)
    for field in schema["properties"].values():
        field.pop("default", None)
    identity = {"type": "string", "description": "Required where the path has none."}
    return _extra(schema | {"title": title, "properties": {"id": identity, **schema["properties"]}})


def either_body(title: str, *models: type[BaseModel], words: Mapping[str, str] = _NO_WORDS) -> dict[str, Any]:
    """Like `request_body` where the body has the shape of one of `models`."""
    parts = {part["title"]: part for part in (_described(model, words) for model in models)}
    choices = [{"$ref": REFERENCE.format(model=name)} for name in parts]
    return _extra({"title": title, "anyOf": choices, "$defs": parts})


def _described(model: type[BaseModel], words: Mapping[str, str]) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True, ref_template=REFERENCE)
    for name, field in schema["properties"].items():
        if name in words:
            field.setdefault("description", words[name])
    return schema


def _extra(schema: dict[str, Any], *, required: bool = True) -> dict[str, Any]:
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}
