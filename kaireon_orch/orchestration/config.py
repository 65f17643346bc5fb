"""What a run may be told: the launchpad, the API and code fill in the same fields."""

from __future__ import annotations

from dagster import Config
from pydantic import Field


class RunConfig(Config):
    """One run's own wishes; what is left out comes from the pipeline."""

    row_limit: int | None = Field(
        default=None,
        ge=0,
        description="At most so many rows; 0: no cap. Left out: the pipeline's own limit.",
    )
    full_refresh: bool = Field(default=False, description="Forget the watermark and read everything again.")
    verify: bool = Field(default=False, description="Compare source and target after the load.")


class PipelineRunConfig(RunConfig):
    """Config of the op `run_pipeline`, which runs any pipeline of the tenant."""

    pipeline: str = Field(description="The pipeline's name or the last part of its asset key.")
