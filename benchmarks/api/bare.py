"""The API with bare routes beside: the same key look-up and SQL on the same engine, and nothing else."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import uvicorn
from sqlalchemy import text
from starlette.responses import Response
from starlette.routing import Route

from api.app import create_app
from kaireon_orch import settings
from kaireon_orch.control.registry import Registry

if TYPE_CHECKING:
    from sqlalchemy import RowMapping
    from starlette.requests import Request

KEY = text(
    "SELECT id, tenant, name, prefix, digest, role, expires_at, last_used_at, revoked_at, created_at "
    "FROM api_keys WHERE digest = :digest"
)
COLUMNS = (
    "id, tenant, name, resource_key, type, description, config, auth_method, auth_fields, secrets, status, last_tested_at, "
    "last_error, last_sync_row_count, last_sync_at, version, created_at, updated_at"
)
ONE = text(f"SELECT {COLUMNS} FROM connectors WHERE tenant = :tenant AND id = :id")
TOTAL = text("SELECT connectors FROM tenants WHERE name = :tenant")
PAGE = text(
    f"SELECT {COLUMNS} FROM connectors WHERE tenant = :tenant ORDER BY created_at DESC, id DESC LIMIT :limit"
)


class Bare:
    """Two routes over an open registry; each answer is the rows as they are, in JSON."""

    def __init__(self, registry: Registry) -> None:
        self._engine = registry.database._reader  # noqa: SLF001  the very engine that is compared
        self._pepper = registry.settings.pepper.get_secret_value().encode()

    def one(self, request: Request) -> Response:
        tenant = self._tenant(request)
        with self._engine.connect() as connection:
            found = (
                connection.execute(ONE, {"tenant": tenant, "id": request.path_params["id"]}).mappings().one()
            )
        return _answer(_plain(found))

    def page(self, request: Request) -> Response:
        tenant, limit = self._tenant(request), int(request.query_params["limit"])
        with self._engine.connect() as connection:
            total: int = connection.execute(TOTAL, {"tenant": tenant}).scalar_one()
            rows = connection.execute(PAGE, {"tenant": tenant, "limit": limit + 1}).mappings().all()
        return _answer({"data": [_plain(row) for row in rows[:limit]], "total": total})

    def _tenant(self, request: Request) -> str:
        key = request.headers["x-api-key"]
        digest = hmac.new(self._pepper, key.encode(), hashlib.sha256).hexdigest()
        with self._engine.connect() as connection:
            return str(connection.execute(KEY, {"digest": digest}).one().tenant)


def _plain(row: RowMapping) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "secrets"}


def _answer(value: dict[str, Any]) -> Response:
    return Response(json.dumps(value), media_type="application/json")


def main() -> None:
    chosen = settings.load()
    registry = Registry.open(chosen)
    app = create_app(registry, closes=True)
    bare = Bare(registry)
    app.router.routes.insert(0, Route("/bare/connectors", bare.page))
    app.router.routes.insert(0, Route("/bare/connectors/{id}", bare.one))
    uvicorn.run(app, host=chosen.api_host, port=chosen.api_port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
