"""What a type accepts of a connector's content: every field at fault named, and the keys that it does not know."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from kaireon_orch.contract.credentials import canonical_field, canonical_fields
from kaireon_orch.control import references, secrets
from kaireon_orch.control.contents import at, config_model, known_only, whole
from kaireon_orch.control.shapes import names, nearest
from kaireon_orch.errors import FieldError, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    from kaireon_orch.contract.spec import ConnectorSpec
    from kaireon_orch.control.contents import Content

MASKED = re.compile(r"(.{2})?\*{12}(.{2})?", re.DOTALL)
SHAPE_FAULTS = ("_type", "_parsing")


def faults(content: Content, *, strict: bool = False) -> list[FieldError]:
    """Everything about the content that its type does not accept; unknown keys too where `strict`."""
    if not content.type:
        return []  # the body's own shape says that it is missing
    try:
        spec = content.spec
    except NotFound as error:
        return [FieldError("type", error.message)]
    method = spec.auth_method(content.auth_method)
    if method is None:
        known = ", ".join(each.name for each in spec.auth)
        return [
            FieldError("authMethod", f"is not one of this type; it has {known}"),
            *_model_faults(spec.config, content.config, "config", content),
        ]
    found = [
        *_model_faults(spec.config, content.config, "config", content),
        *_model_faults(method.model, content.auth, "authConfig", content),
        *_masks(content),
        *references.faults((pointer, at(whole(content), pointer)) for pointer in content.references),
    ]
    if strict:
        unknown = unknown_fields(spec, content.auth_method, content.config, content.auth)
        found += [FieldError(field, _unknown(near)) for field, near in unknown]
    return found


def unknown_fields(
    spec: ConnectorSpec,
    auth_method: str,
    config: Mapping[str, Any],
    auth_fields: Collection[str],
) -> list[tuple[str, str | None]]:
    """Keys that the type does not know, as `config.<key>` or `authConfig.<key>`, each with the nearest known key."""
    method = spec.auth_method(auth_method)
    return [
        *_unknown_of(spec.config, config, "config", lambda name: name),
        *(_unknown_of(method.model, auth_fields, "authConfig", canonical_field) if method else ()),
    ]


def _model_faults(
    model: type[BaseModel], document: Mapping[str, Any], under: str, content: Content
) -> list[FieldError]:
    respelled = canonical_fields(document) if under == "authConfig" else dict(document)
    try:
        model.model_validate_json(json.dumps(known_only(model, respelled)))
    except ValidationError as error:
        problems = error.errors(include_input=False, include_context=False, include_url=False)
        return [
            _fault(problem, document, under) for problem in problems if not _refers(problem, under, content)
        ]
    return []


def _refers(problem: ErrorDetails, under: str, content: Content) -> bool:
    """Whether a complaint is about a reference's text, which is judged once it is resolved."""
    if problem["type"].endswith(SHAPE_FAULTS):
        return False
    pointer = "/config" if under == "config" else "/auth"
    for part in problem["loc"]:
        pointer = secrets.step(pointer, part)
        if pointer in content.references:
            return True
    return False


def _fault(problem: ErrorDetails, document: Mapping[str, Any], under: str) -> FieldError:
    path = [str(part) for part in problem["loc"]]
    if under == "authConfig" and path and path[0] not in document:
        path[0] = next((name for name in document if canonical_field(name) == path[0]), path[0])
    return FieldError(".".join([under, *path]), problem["msg"].removeprefix("Value error, "))


def _masks(content: Content) -> Iterator[FieldError]:
    """Secrets that are masks of nothing that is stored: kept, they would replace a secret by stars."""
    hidden = secrets.split(content.config, config_model(content.type)).hidden
    for under, values in (("config", hidden), ("authConfig", {f"/{k}": v for k, v in content.auth.items()})):
        for pointer, value in values.items():
            if isinstance(value, str) and MASKED.fullmatch(value):
                path = ".".join([under, *secrets.parts(pointer)])
                yield FieldError(path, "is a mask; send the value itself, or leave the field out")


def _unknown_of(
    model: type[BaseModel],
    given: Collection[str],
    under: str,
    spelled: Callable[[str], str],
) -> Iterator[tuple[str, str | None]]:
    known = names(model)
    for name in given:
        if spelled(name) not in known:
            yield f"{under}.{name}", nearest(name, known)


def _unknown(near: str | None) -> str:
    return f"is not a field of this type; the nearest is {near}" if near else "is not a field of this type"
