"""What callers send: the bodies of connectors, tests and keys, checked with every field at fault named."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, ValidationError

from kaireon_orch.control.caller import Role
from kaireon_orch.control.shapes import Shape, complaints, names
from kaireon_orch.errors import FieldError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

MAX_DEPTH = 20
REFUSED = "Some fields cannot be accepted."


def _clean_name(name: str) -> str:
    trimmed = name.strip()
    if not 1 <= len(trimmed) <= 200:  # noqa: PLR2004  the contract's bound
        raise ValueError("must have 1 to 200 characters")
    if any(unicodedata.category(character) == "Cc" for character in trimmed):
        raise ValueError("must not hold control characters")
    return trimmed


Name = Annotated[str, AfterValidator(_clean_name)]
Description = Annotated[str, Field(max_length=2000)]
Word = Annotated[str, Field(min_length=1, max_length=60)]
Document = dict[str, Any]


class ConnectorDraft(Shape):
    """The body of a creation."""

    name: Name
    type: Word
    description: Description | None = None
    config: Document = Field(default_factory=dict)
    connection_config: Document = Field(default_factory=dict)
    auth_method: Word = "access_key"
    auth_config: Document = Field(default_factory=dict)


class ConnectorPatch(Shape):
    """The body of a change; `model_fields_set` tells what was given."""

    name: Name = ""
    type: Word = ""
    resource_key: str = ""
    description: Description | None = None
    config: Document = Field(default_factory=dict)
    connection_config: Document = Field(default_factory=dict)
    auth_method: Word = ""
    auth_config: Document = Field(default_factory=dict)
    status: str = ""


class TestDraft(Shape):
    """A connector that is tested and not stored."""

    __test__ = False

    type: Word
    config: Document = Field(default_factory=dict)
    connection_config: Document = Field(default_factory=dict)
    auth_method: Word = "access_key"
    auth_config: Document = Field(default_factory=dict)


class TestOfStored(Shape):
    """The test of a stored connector."""

    __test__ = False

    id: str


class KeyDraft(Shape):
    """The body of a new API key; `expiresAt` is ISO 8601 or a span such as `30d`."""

    name: Name | None = None
    role: Role
    expires_at: str | None = None


class RotationDraft(Shape):
    """The body of a key rotation."""

    dry_run: bool = False


Body = TypeVar("Body", bound=Shape)


def checked(model: type[Body], body: Mapping[str, Any], also_known: Collection[str] = ()) -> Body:
    """The body as `model`; `InvalidInput` naming every field at fault, unknown ones with the nearest known.

    `also_known` are names that the caller has taken out of the body already.
    """
    found = faults(model, body, also_known)
    if found:
        raise InvalidInput(REFUSED, found)
    return model.model_validate(body)


def faults(model: type[Body], body: Mapping[str, Any], also_known: Collection[str] = ()) -> list[FieldError]:
    """Every field of the body that `model` does not accept; `InvalidInput` for what no registry can keep."""
    if not isinstance(body, dict):
        raise InvalidInput("The body must be a JSON object.")
    unfit = [FieldError(path, why) for path, why in _unfit(body, "", 0)]
    if unfit:
        raise InvalidInput(REFUSED, unfit)
    try:
        model.model_validate(body)
    except ValidationError as error:
        return complaints(error, body, [*names(model), *also_known])
    return []


def _unfit(value: object, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """What JSON can carry and a registry cannot keep: NUL, lone surrogates, NaN, bottomless nesting."""
    if depth > MAX_DEPTH:
        yield path, f"is nested deeper than {MAX_DEPTH} levels"
        return
    match value:
        case str() if not _storable(value):
            yield path, "must not hold NUL or lone surrogates"
        case float() if not math.isfinite(value):
            yield path, "must be a finite number"
        case dict():
            yield from _unfit_object(value, path, depth)
        case list():
            for index, part in enumerate(value):
                yield from _unfit(part, f"{path}.{index}", depth + 1)


def _unfit_object(value: dict[str, object], path: str, depth: int) -> Iterator[tuple[str, str]]:
    for name, part in value.items():
        if not _storable(name):
            yield path or "body", "has a key with NUL or lone surrogates"
            continue
        inner = f"{path}.{name}" if path else name
        yield from _unfit(part, inner, depth + 1)


def _storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
