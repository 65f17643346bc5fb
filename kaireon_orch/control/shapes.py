"""The form of JSON that callers send: strict models, and their complaints in the paths that the caller wrote."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from kaireon_orch.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

NEAR = 0.6


class Shape(BaseModel):
    """Strict, frozen, camelCase, and nothing beside its fields."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        strict=True,
        hide_input_in_errors=True,
    )


@cache
def names(model: type[BaseModel]) -> tuple[str, ...]:
    """The names of a model's fields as callers write them."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` is most like, None where none is like it."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=NEAR)
    return found[0] if found else None


def merge_patch(document: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """JSON Merge Patch (RFC 7396): a key given is set, null removes it, objects are merged."""
    merged = dict(document)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            held = merged.get(key)
            merged[key] = merge_patch(held if isinstance(held, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged


def complaints(
    error: ValidationError, body: Mapping[str, Any], known: Iterable[str], under: str = ""
) -> list[FieldError]:
    """Every problem of a validation by the path in `body`; unknown keys name the nearest of `known`."""
    names_known = list(known)
    return [_complaint(problem, body, names_known, under) for problem in error.errors(include_url=False)]


def _complaint(problem: ErrorDetails, body: Mapping[str, Any], known: list[str], under: str) -> FieldError:
    path = ".".join([*([under] if under else []), *_path(problem["loc"], body)])
    match problem["type"]:
        case "missing":
            return FieldError(path, "is required")
        case "extra_forbidden":
            return FieldError(path, _unknown(str(problem["loc"][-1]), known))
    return FieldError(path, problem["msg"].removeprefix("Value error, "))


def _unknown(name: str, known: list[str]) -> str:
    near = nearest(name, known)
    return f"is not a field; the nearest is {near}" if near else "is not a field"


def _path(location: tuple[int | str, ...], body: Mapping[str, Any]) -> Iterator[str]:
    """The parts of a location that the caller wrote: tags of unions are pydantic's own and left out."""
    here: Any = body
    last = len(location) - 1
    for index, part in enumerate(location):
        if isinstance(here, Mapping) and (part in here or index == last):
            here = here.get(part)
        elif isinstance(here, list) and isinstance(part, int):
            here = here[part] if part < len(here) else None
        else:
            continue
        yield str(part)
