"""How pipelines, sources and runs are called in Dagster."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dagster import AssetKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OP_JOB = "run_pipeline"
OP = "pipeline"
"""The op of that job: Dagster wants names of jobs and ops apart."""

STREAM_FIELDS = ("table", "collection", "topic", "stream", "pattern", "member", "path")
"""Fields of a pipeline's `source` that name what is read, the most telling first."""


def asset_key(tenant: str, asset_name: str) -> AssetKey:
    """Key of a pipeline's asset, as the API shows it in `assetKey`."""
    return AssetKey([tenant, asset_name])


def pool_name(tenant: str, resource_key: str) -> str:
    """The pool that bounds how many runs touch one system; the default tenant's goes by the key alone."""
    return f"connector:{resource_key}" if tenant == "default" else f"connector:{tenant}:{resource_key}"


def source_key(tenant: str, resource_key: str, source: Mapping[str, Any]) -> AssetKey:
    """Key of the external asset that stands for what a pipeline reads.

    At least three parts, so it never meets a pipeline's. A query has no name: it stands for itself. A connector that
    is read as a whole gives its own name, which is what the graph shows.
    """
    return AssetKey([tenant, resource_key, *_stream_parts(resource_key, source)])


def _stream_parts(resource_key: str, source: Mapping[str, Any]) -> list[str]:
    name = next((str(source[field]) for field in STREAM_FIELDS if source.get(field)), None)
    if name is None:
        return ["query" if source.get("query") else resource_key]
    return [re.sub(r"[^A-Za-z0-9_]+", "_", part) for part in _name_parts(name)]


def _name_parts(name: str) -> Iterator[str]:
    """Dot-separated parts; double quotes hold a part with dots, quotes doubled."""
    for quoted, plain in re.findall(r'"((?:[^"]|"")*)"|([^."]+)', name):
        yield quoted or plain
