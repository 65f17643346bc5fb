"""A connector's content in a file: read from it, written to it, and shown without its secrets.

A file writes secrets as references. What the registry holds as itself is written as a placeholder, a reference to a
variable of that connector's name; where it is read back and no such variable is set, the stored value stays.
"""

from __future__ import annotations

import copy
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kaireon_orch.control import acceptance, contents, patching, references, secrets
from kaireon_orch.control.contents import Content
from kaireon_orch.control.files.plans import SECRET, Shown, leaves, text
from kaireon_orch.control.naming import snake
from kaireon_orch.control.shapes import merge_patch

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Written:
    """What a file holds of a content, and what must be said about it."""

    config: dict[str, Any]
    auth: dict[str, Any]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Taken:
    """A content as a file wants it over what is stored, and the fields whose stored secrets stay."""

    content: Content
    kept: list[str]


def read(config: Mapping[str, Any], auth: Mapping[str, Any], type_: str, method: str) -> Content:
    """The content that a file writes: `${…}` are references, `$${` is a plain `${`; nulls are what is not given."""
    document = {"config": merge_patch({}, config), "auth": merge_patch({}, auth)}
    found = frozenset(pointer for pointer, _text in references.find(document))
    plain = _unescaped(document, "", found)
    return Content(type_, method, plain["config"], plain["auth"], found)


def over(stored: Content, wanted: Content, key: str, *, auth_given: bool) -> Taken:
    """The wanted content, with what a file cannot say taken from the stored one.

    That is: fields that the type does not know (files must not name them), credentials where the file has none, and
    secrets for which the file has the placeholder that `write` made.
    """
    config = _unknown(stored, "config") | wanted.config
    auth = _unknown(stored, "authConfig") | wanted.auth if auth_given else stored.auth
    taken = Content(wanted.type, wanted.auth_method, copy.deepcopy(config), copy.deepcopy(dict(auth)))
    pointers = wanted.references | _carried(stored, wanted, taken)
    kept = [each for each in sorted(pointers) if _is_kept(stored, wanted, each, key)]
    whole = contents.whole(taken)
    for pointer in kept:
        secrets.place(whole, pointer, _at(stored, pointer))
    fields = [references.field_of(pointer) for pointer in kept]
    return Taken(replace(taken, references=pointers - set(kept)), fields)


def write(content: Content, key: str) -> Written:
    """The content as a file holds it: references as they are, secrets as placeholders, unknown fields left out."""
    unknown = {"config": _unknown(content, "config"), "auth": _unknown(content, "authConfig")}
    hidden, notes = set(_secret_pointers(content)), []
    document = {
        under: {name: value for name, value in held.items() if name not in unknown[under]}
        for under, held in contents.whole(content).items()
    }
    for under, name in ((under, name) for under, held in unknown.items() for name in held):
        field = references.field_of(secrets.step(f"/{under}", name))
        notes.append(f"{field} is not a field of this type and is left out")
    for pointer in sorted(hidden - content.references):
        if contents.at(document, pointer) is not None:
            variable = placeholder(key, pointer)
            notes.append(f"{references.field_of(pointer)} is a secret: the file refers to {variable} instead")
    written = _written(document, "", content.references, hidden, key)
    return Written(written["config"], written["auth"], notes)


def shown(content: Content) -> Shown:
    """The content's fields, with their secrets hidden; references are none."""
    hidden = frozenset(_secret_pointers(content)) - content.references
    values: dict[str, Any] = {"type": content.type, "authMethod": content.auth_method}
    texts = {name: text(value) for name, value in values.items()}
    for under, held in contents.whole(content).items():
        for path, pointer, value in leaves(held, "authConfig" if under == "auth" else under, f"/{under}"):
            if value == {} and path in {"config", "authConfig"}:
                continue
            values[path] = (value, sorted(_within(content.references, pointer)))
            texts[path] = SECRET if _within(hidden, pointer) else text(value)
    return Shown(values, texts)


def placeholder(key: str, pointer: str) -> str:
    """The variable's name for a secret of the connector with this resource key: `ORDERS_PG_PASSWORD`."""
    words = "_".join(filter(None, [key, *map(snake, secrets.parts(pointer)[1:])])).upper()
    return f"CONNECTOR_{words}" if words.startswith(references.OURS) else words


def literals(content: Content) -> list[str]:
    """The fields that hold a secret as itself."""
    found = sorted(set(_secret_pointers(content)) - content.references)
    return [references.field_of(pointer) for pointer in found]


def _secret_pointers(content: Content) -> Iterator[str]:
    """Where secrets are, whether they are written as themselves or as references."""
    hidden = secrets.split(content.config, contents.config_model(content.type)).hidden
    yield from (f"/config{pointer}" for pointer in hidden)
    yield from (
        secrets.step("/auth", name) for name in content.auth if patching.is_secret_credential(content, name)
    )


def _carried(stored: Content, wanted: Content, taken: Content) -> frozenset[str]:
    """The stored references in what was taken over."""
    return frozenset(
        pointer
        for pointer in stored.references
        if _at(taken, pointer) == _at(stored, pointer) and _at(wanted, pointer) is None
    )


def _is_kept(stored: Content, wanted: Content, pointer: str, key: str) -> bool:
    variable = placeholder(key, pointer)
    return (
        _at(wanted, pointer) == f"${{env:{variable}}}"
        and variable not in os.environ
        and pointer not in stored.references
        and _at(stored, pointer) is not None
    )


def _unknown(content: Content, under: str) -> dict[str, Any]:
    """The top-level fields of a content that its type does not know."""
    if not contents.is_known(content.type):
        return {}
    found = acceptance.unknown_fields(content.spec, content.auth_method, content.config, content.auth)
    names = {field.partition(".")[2] for field, _nearest in found if field.startswith(f"{under}.")}
    held = content.config if under == "config" else content.auth
    return {name: held[name] for name in names}


def _at(content: Content, pointer: str) -> Any:  # noqa: ANN401  any JSON value
    return contents.at(contents.whole(content), pointer)


def _within(pointers: Collection[str], pointer: str) -> list[str]:
    return [each for each in pointers if each == pointer or each.startswith(f"{pointer}/")]


def _unescaped(value: Any, pointer: str, found: frozenset[str]) -> Any:  # noqa: ANN401  any JSON value
    match value:
        case str():
            return value if pointer in found else references.unescaped(value)
        case dict():
            return {
                name: _unescaped(part, secrets.step(pointer, name), found) for name, part in value.items()
            }
        case list():
            return [_unescaped(part, secrets.step(pointer, i), found) for i, part in enumerate(value)]
    return value


def _written(
    value: Any,  # noqa: ANN401  any JSON value
    pointer: str,
    found: Collection[str],
    hidden: Collection[str],
    key: str,
) -> Any:  # noqa: ANN401  any JSON value
    if pointer in hidden and pointer not in found and value is not None:
        return f"${{env:{placeholder(key, pointer)}}}"
    match value:
        case str():
            return value if pointer in found else references.escaped(value)
        case dict():
            return {
                name: _written(value[name], secrets.step(pointer, name), found, hidden, key)
                for name in sorted(value)
            }
        case list():
            return [
                _written(part, secrets.step(pointer, i), found, hidden, key) for i, part in enumerate(value)
            ]
    return value
