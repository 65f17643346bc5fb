"""How a request body stands in the OpenAPI document: bodies are read by `api.bodies`, so FastAPI knows none."""

from typing import Any

from pydantic import BaseModel

REFERENCE = "#/components/schemas/{model}"


def request_body(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """`openapi_extra` of a route whose body has the shape of `model`; `api.openapi` moves its parts to components."""
    schema = model.model_json_schema(by_alias=True, ref_template=REFERENCE)
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": required, "content": content}}


def patch_body(model: type[BaseModel], title: str) -> dict[str, Any]:
    """Like `request_body` for a change of such a record: every field may be left out, and read-only ones sent back."""
    extra = request_body(model)
    schema = extra["requestBody"]["content"]["application/json"]["schema"]
    schema.pop("required", None)
    schema.pop("additionalProperties", None)
    for field in schema["properties"].values():
        field.pop("default", None)
    identity = {"type": "string", "description": "Required where the path has none."}
    schema["properties"] = {"id": identity, **schema["properties"]}
    schema["title"] = title
    return extra


def either_body(title: str, *models: type[BaseModel]) -> dict[str, Any]:
    """Like `request_body` where the body has the shape of one of `models`."""
    schemas = [model.model_json_schema(by_alias=True, ref_template=REFERENCE) for model in models]
    parts = {part["title"]: part for part in schemas}
    schema = {
        "title": title,
        "anyOf": [{"$ref": REFERENCE.format(model=name)} for name in parts],
        "$defs": parts,
    }
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
