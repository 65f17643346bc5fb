"""`/docs`, `/metrics` and the OpenAPI document; they are there when the settings say so.

The page is ours and whole: it fetches nothing, so it works without the internet.
"""

from html import escape
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from api.routes import PREFIX

OPENAPI_PATH = f"{PREFIX}/openapi.json"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:64rem;padding:0 1rem;color:#1d2733}
h2{margin-top:2.2rem;text-transform:capitalize}
details{border:1px solid #d5dce4;border-radius:6px;margin:.4rem 0;padding:.4rem .8rem}
summary{cursor:pointer}code,pre{font:13px/1.45 ui-monospace,monospace}
b{display:inline-block;min-width:4.5rem;font:600 13px ui-monospace,monospace}
.get{color:#0b6}.post{color:#06c}.put{color:#b60}.delete{color:#c22}
table{border-collapse:collapse;margin:.5rem 0}td{padding:.15rem 1rem .15rem 0;vertical-align:top}
pre{background:#f4f6f8;padding:.8rem;overflow:auto}
@media(prefers-color-scheme:dark){body{background:#12171d;color:#d8e0e8}pre{background:#1b232c}details{border-color:#2d3945}}
"""

router = APIRouter(include_in_schema=False)


@router.get(OPENAPI_PATH)
async def openapi(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


@router.get("/metrics")
def metric_text(request: Request) -> Response:
    text, media_type = request.app.state.meter.text(request.headers.get("accept", ""))
    return Response(text, headers={"Content-Type": media_type})


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    return HTMLResponse(page(request.app.openapi()), headers={"Content-Security-Policy": _POLICY})


def page(document: dict[str, Any]) -> str:
    """The document as one HTML page: operations by tag, each with parameters, body and answers."""
    info = document["info"]
    groups = "".join(_group(tag, rows, document) for tag, rows in _by_tag(document).items())
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(info["title"])}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info.get('description', ''))}</p>"
        f'<p>For tools and client generators: <a href="{OPENAPI_PATH}">{OPENAPI_PATH}</a></p>{groups}</html>'
    )


def _by_tag(document: dict[str, Any]) -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    groups: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            groups.setdefault(operation.get("tags", ["other"])[0], []).append((verb, path, operation))
    return groups


def _group(tag: str, rows: list[tuple[str, str, dict[str, Any]]], document: dict[str, Any]) -> str:
    body = "".join(_operation(verb, path, operation, document) for verb, path, operation in rows)
    return f"<h2>{escape(tag)}</h2>{body}"


def _operation(verb: str, path: str, operation: dict[str, Any], document: dict[str, Any]) -> str:
    head = f'<b class="{verb}">{verb.upper()}</b><code>{escape(path)}</code> {escape(operation.get("summary", ""))}'
    text = f"<p>{escape(operation.get('description', ''))}</p>"
    parts = (text, _parameters(operation), _body(operation, document), _answers(operation))
    return f"<details><summary>{head}</summary>{''.join(parts)}</details>"


def _parameters(operation: dict[str, Any]) -> str:
    rows = [
        f"<tr><td><code>{escape(item['name'])}</code><td>{escape(item['in'])}<td>{escape(item.get('description', ''))}"
        for item in operation.get("parameters", [])
    ]
    return f"<table>{''.join(rows)}</table>" if rows else ""


def _body(operation: dict[str, Any], document: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return ""
    shapes = _shapes(document, content["schema"])
    return "".join(_table(name, schema.get("properties", {})) for name, schema in shapes.items())


def _shapes(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The objects that a schema stands for: the one it names, or those that it lets choose from."""
    if "$ref" not in schema:
        return {}
    name = schema["$ref"].rpartition("/")[2]
    named = document["components"]["schemas"][name]
    choices = {
        key: value for part in named.get("anyOf", []) for key, value in _shapes(document, part).items()
    }
    return choices or {name: named}


def _table(name: str, properties: dict[str, Any]) -> str:
    rows = [_field(field, schema) for field, schema in properties.items()]
    return f"<p>Body: {escape(name)}</p><table>{''.join(rows)}</table>"


def _field(name: str, schema: dict[str, Any]) -> str:
    kinds = [
        part.get("type") or part.get("$ref", "any").rpartition("/")[2]
        for part in schema.get("anyOf", [schema])
    ]
    words = schema.get("description", "")
    return f"<tr><td><code>{escape(name)}</code><td>{escape(' or '.join(map(str, kinds)))}<td>{escape(words)}"


def _answers(operation: dict[str, Any]) -> str:
    return f"<p>Answers: {escape(', '.join(operation['responses']))}</p>"
