"""Starting a run."""

from pydantic import Field

from api.schemas.envelopes import Envelope


class RunRequest(Envelope):
    row_limit: int | None = Field(default=None, ge=0, description="At most so many rows; 0 is no cap.")
    full_refresh: bool = Field(default=False, description="Forget the watermark and read everything.")


class RunStarted(Envelope):
    run_id: str
    status: str
    url: str | None = Field(description="The run in Dagster's UI.")
