"""API keys: made, listed and revoked by administrators; the key itself is shown once."""

from typing import Annotated

from fastapi import APIRouter

from api.bodies import Body
from api.conditions import PathId, QueryId
from api.identity import Opened, changes, reads
from api.paging import Paging
from api.routes import PREFIX
from api.schemas.bodies import request_body
from api.schemas.envelopes import ListOf, listed
from api.schemas.keys import CreatedKey
from kaireon_orch.control import keys
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.drafts import KeyDraft
from kaireon_orch.control.views import KeyView

router = APIRouter(prefix=f"{PREFIX}/api-keys", tags=["api keys"])

Admin = Annotated[Caller, reads("api_key", "admin")]
Creator = Annotated[Caller, changes("key_create", "api_key", "admin")]
Revoker = Annotated[Caller, changes("key_revoke", "api_key", "admin")]

_WORDS = {
    "name": "`key-<timestamp>` where it is left out.",
    "role": "admin, editor or viewer.",
    "expiresAt": "ISO 8601, or a span such as `30d`; null: never.",
}


@router.get("", operation_id="listApiKeys", summary="Keys, newest first, without the keys themselves")
def list_keys(registry: Opened, caller: Admin, page: Paging) -> ListOf[KeyView]:
    return listed(keys.list_page(registry, caller, limit=page.limit, cursor=page.cursor))


@router.post(
    "",
    status_code=201,
    operation_id="createApiKey",
    summary="Make a key; `key` is in this answer alone",
    openapi_extra=request_body(KeyDraft, _WORDS),
)
def create_key(registry: Opened, caller: Creator, body: Body) -> CreatedKey:
    made, secret = keys.create(registry, caller, body)
    return CreatedKey(**made.model_dump(), key=secret)


@router.delete(
    "", status_code=204, operation_id="revokeApiKey", summary="Revoke a key, from the next request on"
)
def revoke_key(
    registry: Opened,
    caller: Revoker,
    record: QueryId,
) -> None:
    keys.revoke(registry, caller, record)


@router.delete(
    "/{key_id}",
    status_code=204,
    operation_id="revokeApiKeyById",
    summary="Revoke a key, from the next request on",
)
def revoke_key_by_id(registry: Opened, caller: Revoker, key_id: str, _only: PathId) -> None:
    keys.revoke(registry, caller, key_id)
