"""Whether the process lives and whether it can serve; neither needs a key."""

from fastapi import APIRouter

from api.identity import Opened
from api.schemas.envelopes import Envelope
from kaireon_orch.errors import Unavailable

router = APIRouter(tags=["health"])


class Health(Envelope):
    status: str


@router.get("/healthz", operation_id="health", summary="The process answers")
async def health() -> Health:
    return Health(status="ok")


@router.get("/readyz", operation_id="readiness", summary="The registry is reachable, its schema is at head")
def readiness(registry: Opened) -> Health:
    """503 says which of the two it is."""
    registry.database.ping()
    state = registry.database.schema_state()
    if state != "current":
        raise Unavailable(
            f"the registry's schema is {state}; run `kaireon migrate` with this version of the code"
        )
    return Health(status="ready")
