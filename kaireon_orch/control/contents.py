"""What a connector holds, in the clear: drafted from a body, changed by a patch, judged by its type, sealed and opened."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from kaireon_orch import catalogue
from kaireon_orch.contract.credentials import canonical_field, canonical_fields
from kaireon_orch.control import references, secrets
from kaireon_orch.control.shapes import merge_patch, names, nearest
from kaireon_orch.errors import FieldError, NotFound
from kaireon_orch.vault import mask_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    from kaireon_orch.contract.spec import ConnectorSpec
    from kaireon_orch.store.tables import Connector
    from kaireon_orch.vault import Vault

DEFAULT_METHOD = "access_key"
FIELD = "secrets"  # the place's name under which a connector's blob is sealed
MASKED = re.compile(r"(.{2})?\*{12}(.{2})?", re.DOTALL)
SHAPE_FAULTS = ("_type", "_parsing")


@dataclass(frozen=True, slots=True)
class Content:
    """A connector's type, method, whole config and credentials as sent; secrets are in the clear.

    `references` are JSON pointers below `/config` and `/auth` to texts with references of the operator.
    """

    type: str
    auth_method: str
    config: dict[str, Any]
    auth: dict[str, Any]
    references: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Content(type={self.type!r}, auth_method={self.auth_method!r})"

    @property
    def spec(self) -> ConnectorSpec:
        """What the type declares; `NotFound` where there is no such type."""
        return catalogue.spec(self.type)

    def resolved(self) -> Content:
        """The same with its references resolved; `SecretUnreadable` where one is not set."""
        whole = {"config": json.loads(json.dumps(self.config)), "auth": json.loads(json.dumps(self.auth))}
        for pointer in self.references:
            secrets.place(whole, pointer, references.resolve(_at(whole, pointer)))
        return replace(self, config=whole["config"], auth=whole["auth"], references=frozenset())


@dataclass(frozen=True, slots=True)
class Sealed:
    """What the registry keeps of a content: its columns."""

    config: dict[str, Any]
    auth_fields: list[str]
    secrets: bytes | None


@dataclass(frozen=True, slots=True)
class Patched:
    """A changed content, and the stored secrets that the request did not send anew, by pointer."""

    content: Content
    kept_secrets: frozenset[str]


def of_body(body: Mapping[str, Any], *, refers: bool = False) -> Content:
    """The content that a body drafts; what is missing or of a wrong JSON type there counts as not given.

    Nulls are what is not given. `refers`: the body comes from a file that the operator applies.
    """
    config = merged(_object(body, "connectionConfig"), _object(body, "config"))
    content = Content(
        type=_text(body, "type", ""),
        auth_method=_text(body, "authMethod", DEFAULT_METHOD),
        config=merge_patch({}, config),
        auth=merge_patch({}, _object(body, "authConfig")),
    )
    return replace(content, references=_found_references(content)) if refers else content


def opened(vault: Vault, row: Connector) -> Content:
    """The stored content; `SecretUnreadable` where its secrets cannot be decrypted."""
    if row.secrets is None:
        return Content(row.type, row.auth_method, dict(row.config), {})
    kept = vault.open(row.tenant, row.id, FIELD, row.secrets)
    config = secrets.join(row.config, kept["config"])
    return Content(row.type, row.auth_method, config, kept["auth"], frozenset(kept["references"]))


def sealed(vault: Vault, tenant: str, record: str, content: Content) -> Sealed:
    """The content as the registry keeps it; there is a blob only where something is to be hidden."""
    split = secrets.split(content.config, _spec_model(content.type))
    kept = {"auth": content.auth, "config": split.hidden, "references": sorted(content.references)}
    blob = vault.seal(tenant, record, FIELD, kept) if any(kept.values()) else None
    return Sealed(split.shown, sorted(content.auth), blob)


def patched(
    before: Content,
    *,
    type_: str | None = None,
    auth_method: str | None = None,
    config: Mapping[str, Any] | None = None,
    auth: Mapping[str, Any] | None = None,
    refers: bool = False,
) -> Patched:
    """Apply merge patches; a mask that comes back unchanged stands for the stored value behind it."""
    shown = secrets.split(before.config, _spec_model(before.type))
    config, back = secrets.restore(dict(config or {}), shown.shown, before.config, "/config")
    auth, auth_back = secrets.restore(dict(auth or {}), mask_all(before.auth), before.auth, "/auth")
    after = Content(
        type=type_ or before.type,
        auth_method=auth_method or before.auth_method,
        config=merge_patch(before.config, config or {}),
        auth=merge_patch(_without_other_spellings(before.auth, auth or {}), auth or {}),
    )
    if after.type != before.type:
        after = _retyped(after, keep_method=auth_method is not None)
    given = {"config": config, "auth": auth}
    kept = frozenset(
        pointer
        for pointer in _secret_pointers(before, shown.hidden)
        if _kept(pointer, given, back | auth_back) and _has(after, pointer)
    )
    return Patched(replace(after, references=_surviving(before, after, given, refers=refers)), kept)


def without(content: Content, pointers: frozenset[str]) -> Content:
    """The content without the secrets at these pointers."""
    whole: dict[str, Any] = {"config": content.config, "auth": content.auth}
    for pointer in pointers:
        whole = merge_patch(whole, _removal(secrets.parts(pointer)))
    return replace(
        content, config=whole["config"], auth=whole["auth"], references=content.references - pointers
    )


def steered(before: Content, after: Content) -> list[str]:
    """The fields by which a change leads the credentials elsewhere; a type steers by its own fields alone."""
    old = before.spec.steers if _known(before.type) else ()
    return [
        name
        for name in after.spec.steers
        if (before.config.get(name) if name in old else None) != after.config.get(name)
    ]


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
        *references.faults((pointer, _at(_whole(content), pointer)) for pointer in content.references),
    ]
    if strict:
        unknown = unknown_fields(spec, content.auth_method, content.config, content.auth)
        found += [FieldError(field, _unknown(near)) for field, near in unknown]
    return found


def unknown_fields(
    spec: ConnectorSpec,
    auth_method: str,
    config: Mapping[str, Any],
    auth_fields: Mapping[str, Any] | list[str],
) -> list[tuple[str, str | None]]:
    """Keys that the type does not know, as `config.<key>` or `authConfig.<key>`, each with the nearest known key."""
    method = spec.auth_method(auth_method)
    return [
        *_unknown_of(spec.config, config, "config", lambda name: name),
        *(_unknown_of(method.model, auth_fields, "authConfig", canonical_field) if method else ()),
    ]


def merged(alias: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """`connectionConfig` and `config` of one request as one patch: key by key, deeply, `config` wins."""
    both = dict(alias)
    for name, value in config.items():
        held = both.get(name)
        both[name] = merged(held, value) if isinstance(held, dict) and isinstance(value, dict) else value
    return both


def known_only(model: type[BaseModel], document: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a document that the model declares: all that may ever reach a driver."""
    known = set(names(model))
    return {name: value for name, value in document.items() if name in known}


def _object(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    given = body.get(name)
    return given if isinstance(given, dict) else {}


def _text(body: Mapping[str, Any], name: str, default: str) -> str:
    given = body.get(name, default)
    return given if isinstance(given, str) else default


def _retyped(content: Content, *, keep_method: bool) -> Content:
    """What another type knows of the content; the method, unless given, as far as it has one of that name."""
    if not _known(content.type):
        return content
    spec = content.spec
    method = spec.auth_method(content.auth_method)
    if method is None and not keep_method:
        content = replace(content, auth_method=DEFAULT_METHOD)
        method = spec.auth_method(DEFAULT_METHOD)
    known = set(names(method.model)) if method else set()
    auth = {name: value for name, value in content.auth.items() if canonical_field(name) in known}
    return replace(content, config=known_only(spec.config, content.config), auth=auth)


def _without_other_spellings(stored: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    given = {canonical_field(name) for name in patch}
    return {
        name: value for name, value in stored.items() if name in patch or canonical_field(name) not in given
    }


def _secret_pointers(content: Content, hidden: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"/config{pointer}" for pointer in hidden)
    yield from (secrets.step("/auth", name) for name in content.auth if _is_secret_credential(content, name))
    yield from content.references


def _is_secret_credential(content: Content, name: str) -> bool:
    method = content.spec.auth_method(content.auth_method) if _known(content.type) else None
    declared = method.model.model_fields if method else {}
    for python_name, field in declared.items():
        if (field.alias or python_name) == canonical_field(name):
            return secrets.is_secret(field)
    return True


def _kept(pointer: str, given: Mapping[str, Any], back: set[str]) -> bool:
    sent_back = any(each == pointer or each.startswith(f"{pointer}/") for each in back)
    return sent_back or not secrets.touches(given, pointer)


def _surviving(before: Content, after: Content, given: Mapping[str, Any], *, refers: bool) -> frozenset[str]:
    """References that a request left as they were; where the operator's file speaks, those in what it gave too."""
    was, now = _whole(before), _whole(after)
    left = {pointer for pointer in before.references if _at(was, pointer) == _at(now, pointer)}
    if refers:
        left |= {pointer for pointer in _found_references(after) if secrets.touches(given, pointer)}
    return frozenset(left)


def _found_references(content: Content) -> frozenset[str]:
    return frozenset(pointer for pointer, _text in references.find(_whole(content)))


def _whole(content: Content) -> dict[str, Any]:
    return {"config": content.config, "auth": content.auth}


def _has(content: Content, pointer: str) -> bool:
    return _at(_whole(content), pointer) is not None


def _at(document: Any, pointer: str) -> Any:  # noqa: ANN401  any JSON value
    here = document
    for part in secrets.parts(pointer):
        if isinstance(here, dict):
            here = here.get(part)
        elif isinstance(here, list) and part.isdigit() and int(part) < len(here):
            here = here[int(part)]
        else:
            return None
    return here


def _removal(steps: list[str]) -> dict[str, Any]:
    first, *rest = steps
    return {first: _removal(rest) if rest else None}


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
    hidden = secrets.split(content.config, _spec_model(content.type)).hidden
    for under, values in (("config", hidden), ("authConfig", {f"/{k}": v for k, v in content.auth.items()})):
        for pointer, value in values.items():
            if isinstance(value, str) and MASKED.fullmatch(value):
                path = ".".join([under, *secrets.parts(pointer)])
                yield FieldError(path, "is a mask; send the value itself, or leave the field out")


def _unknown_of(
    model: type[BaseModel],
    given: Mapping[str, Any] | list[str],
    under: str,
    spelled: Any,  # noqa: ANN401  str → str
) -> Iterator[tuple[str, str | None]]:
    known = names(model)
    for name in given:
        if spelled(name) not in known:
            yield f"{under}.{name}", nearest(name, known)


def _unknown(near: str | None) -> str:
    return f"is not a field of this type; the nearest is {near}" if near else "is not a field of this type"


def _known(type_: str) -> bool:
    return type_ in catalogue.types()


def _spec_model(type_: str) -> type[BaseModel] | None:
    return catalogue.spec(type_).config if _known(type_) else None
