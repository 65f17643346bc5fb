"""What a rotation of the encryption keys did."""

from pydantic import Field

from api.schemas.envelopes import Envelope


class NotRotated(Envelope):
    entity_type: str
    entity_id: str
    reason: str


class Rotation(Envelope):
    dry_run: bool
    total: int = Field(description="Sealed records of the tenant.")
    rotated: int = Field(description="Sealed afresh with the first key; under `dryRun` those that would be.")
    current: int = Field(description="Sealed with the first key already.")
    not_rotated: list[NotRotated] = Field(description="What no key opens; it stays as it was.")
