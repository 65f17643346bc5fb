"""A component as a user derives one of ours: with a field of its own, and both of what may be overridden."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg

import kaireon_orch as ko
from kaireon_orch.control.pinned import PinnedPipeline


@dataclass
class ChattyComponent(ko.PipelineComponent):
    """Greets in a tag of each asset and in the metadata of each load."""

    greeting: str = "hi"

    def get_asset_spec(self, pipeline: PinnedPipeline) -> dg.AssetSpec:
        return super().get_asset_spec(pipeline).merge_attributes(tags={"greeting": self.greeting})

    def execute(
        self, context: dg.AssetExecutionContext, kaireon: ko.Kaireon, config: ko.RunConfig
    ) -> Iterator[dg.MaterializeResult[Any]]:
        for result in super().execute(context, kaireon, config):
            yield result._replace(metadata={**(result.metadata or {}), "greeting": self.greeting})
