"""A connector's content changed by merge patches, and what that means for the secrets that stay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kaireon_orch.contract.credentials import canonical_field
from kaireon_orch.control import secrets
from kaireon_orch.control.contents import (
    DEFAULT_METHOD,
    Content,
    at,
    config_model,
    found_references,
    is_known,
    known_only,
    whole,
)
from kaireon_orch.control.shapes import merge_patch, names
from kaireon_orch.vault import mask_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Patched:
    """A changed content, and the stored secrets that the request did not send anew, by pointer."""

    content: Content
    kept_secrets: frozenset[str]


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
    shown = secrets.split(before.config, config_model(before.type))
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
    old = before.spec.steers if is_known(before.type) else ()
    return [
        name
        for name in after.spec.steers
        if (before.config.get(name) if name in old else None) != after.config.get(name)
    ]


def _retyped(content: Content, *, keep_method: bool) -> Content:
    """What another type knows of the content; the method, unless given, as far as it has one of that name."""
    if not is_known(content.type):
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
    yield from (secrets.step("/auth", name) for name in content.auth if is_secret_credential(content, name))
    yield from content.references


def is_secret_credential(content: Content, name: str) -> bool:
    """Whether a credential is a secret; what the auth method does not know is taken for one."""
    method = content.spec.auth_method(content.auth_method) if is_known(content.type) else None
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
    was, now = whole(before), whole(after)
    left = {pointer for pointer in before.references if at(was, pointer) == at(now, pointer)}
    if refers:
        left |= {pointer for pointer in found_references(after) if secrets.touches(given, pointer)}
    return frozenset(left)


def _has(content: Content, pointer: str) -> bool:
    return at(whole(content), pointer) is not None


def _removal(steps: list[str]) -> dict[str, Any]:
    first, *rest = steps
    return {first: _removal(rest) if rest else None}
