"""The OpenAPI document: FastAPI's, made true to what the API really reads and answers."""

from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.routing import compile_path

from api.identity import SCHEMES, TENANT_HEADER
from api.routes import PREFIX
from api.schemas.bodies import REFERENCE
from api.schemas.envelopes import Problem

Document = dict[str, Any]
_VERBS = ("get", "post", "put", "delete")
_REQUEST_ID = {
    "description": "Of this exchange; name it when you report something.",
    "schema": {"type": "string"},
}


def document(app: FastAPI) -> Document:
    """The document of all routes: one `Problem` for errors, bodies under components, no 422 (a bad request is 400)."""
    made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    components = made.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        components.pop(name, None)
    components.update(_parts(Problem.model_json_schema(by_alias=True, ref_template=REFERENCE)))
    made["components"]["securitySchemes"] = SCHEMES
    for path in made["paths"]:
        if path.startswith(f"{PREFIX}/"):
            _identify(made["paths"][path])
    for operation in _operations(made):
        _settle(operation, components)
    return made


def _identify(verbs: Document) -> None:
    """Every operation of the API takes a key, and may name the key's tenant."""
    for operation in verbs.values():
        operation["security"] = [{name: []} for name in SCHEMES]
        operation.setdefault("parameters", []).append(TENANT_HEADER)


def _operations(made: Document) -> list[Document]:
    return [path[verb] for path in made["paths"].values() for verb in _VERBS if verb in path]


def _settle(operation: Document, components: Document) -> None:
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = {
        "description": "An error.",
        "content": {"application/json": {"schema": {"$ref": REFERENCE.format(model="Problem")}}},
    }
    for response in operation["responses"].values():
        response.setdefault("headers", {})["X-Request-Id"] = _REQUEST_ID
    for content in operation.get("requestBody", {}).get("content", {}).values():
        parts = _parts(content["schema"])
        components.update(parts)
        content["schema"] = {"$ref": REFERENCE.format(model=content["schema"]["title"])}


def _parts(schema: Document) -> Document:
    """A model's schema and those that it refers to, by name."""
    found: Document = {}
    for nested in schema.get("$defs", {}).values():
        found |= _parts(nested)
    return found | {schema["title"]: {key: value for key, value in schema.items() if key != "$defs"}}


def methods_by_path(app: FastAPI) -> list[tuple[Any, tuple[str, ...]]]:
    """`(compiled path, methods)` of every documented path, for the Allow header of a 405."""
    paths = app.openapi()["paths"]
    return [
        (compile_path(path)[0], tuple(verb.upper() for verb in _VERBS if verb in operations))
        for path, operations in paths.items()
    ]


class Allowed:
    """The methods of a path: the union over all its routes, where the router would name one route's alone."""

    def __init__(self, app: FastAPI) -> None:
        self._table = cache(lambda: methods_by_path(app))

    def __call__(self, path: str) -> list[str]:
        found = (methods for pattern, methods in self._table() if pattern.match(path))
        return sorted({method for methods in found for method in methods})
