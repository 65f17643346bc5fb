"""Answers of reads, written as JSON once, by the thread that made them.

A view is what it says it is, so FastAPI's check of a returned model against itself is left out, and with it a third
thread for every request. Routes that answer so name the model as `response_model`, for the OpenAPI document.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from fastapi import Response
from pydantic import BaseModel, TypeAdapter


def written(view: BaseModel, headers: Mapping[str, str] | None = None) -> Response:
    """200 with the view as it stands in the API."""
    return Response(_writer(type(view)).dump_json(view, by_alias=True), 200, headers, "application/json")


@cache
def _writer(model: type[BaseModel]) -> TypeAdapter[Any]:
    return TypeAdapter(model)
