"""Sealing every secret afresh with the first encryption key; safe to repeat and to interrupt."""

from typing import Annotated

from fastapi import APIRouter

from api.bodies import OptionalBody
from api.identity import Opened, changes
from api.routes import PREFIX
from api.schemas.bodies import request_body
from api.schemas.encryption import Rotation
from api.slow import Slow
from kaireon_orch.control import rotation
from kaireon_orch.control.caller import Caller
from kaireon_orch.control.drafts import RotationDraft

router = APIRouter(prefix=f"{PREFIX}/encryption", tags=["encryption"])

Rotator = Annotated[Caller, changes("rotate", "encryption", "admin")]


@router.post(
    "/rotate",
    operation_id="rotateEncryption",
    summary="Seal the tenant's secrets with the first key",
    openapi_extra=request_body(RotationDraft, required=False),
)
async def rotate(registry: Opened, caller: Rotator, body: OptionalBody, slow: Slow) -> Rotation:
    return Rotation.model_validate(await slow.run(rotation.rotate, registry, caller, body))
