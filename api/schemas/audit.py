"""The state of a tenant's audit chain."""

from pydantic import Field

from api.schemas.envelopes import Envelope


class ChainState(Envelope):
    intact: bool
    verified: int = Field(description="Entries whose hash and place are right.")
    total: int
    broken_at_id: str | None
    broken_reason: str | None
