"""Starting a run."""

from pydantic import Field

from api.schemas.envelopes import Envelope


class RunStarted(Envelope):
    run_id: str
    status: str
    url: str | None = Field(description="The run in Dagster's UI.")
