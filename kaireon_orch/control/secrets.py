"""What in a `config` is a secret by its nature: found, moved out, shown masked, and put back.

A secret is a whole value (a password, a key, a connection string that is no URL) or a part of a URL: the userinfo, and
query parameters whose name says so. It is moved out with its whole value under a JSON pointer (RFC 6901); the mask
that stands in its place is what callers see, and what they may send back unchanged.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, get_args

from pydantic import BaseModel, SecretStr

from kaireon_orch.vault import mask, masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pydantic.fields import FieldInfo

TELLING: Final = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "privatekey",
    "apikey",
    "accesskey",
    "accountkey",
    "authorization",
)
HARMLESS: Final = ("accesskeyid",)
PARAMETERS: Final = frozenset(
    {"sig", "signature", "xamzsignature", "xgoogsignature", "authmechanismproperties"}
)
CONNECTION_STRING: Final = "connectionstring"

_USERINFO = re.compile(r"(?P<before>[A-Za-z][A-Za-z0-9+.-]*://)(?P<userinfo>[^/?#\s\\]*)@")
_PARAMETER = re.compile(r"(?P<before>[?&;])(?P<name>[^=&;#\s]+)=(?P<value>[^&;#\s]+)")


@dataclass(frozen=True, slots=True)
class Split:
    """A config as it is shown, and the whole values behind its masks by JSON pointer."""

    shown: dict[str, Any]
    hidden: dict[str, Any] = field(default_factory=dict)


def split(config: Mapping[str, Any], model: type[BaseModel] | None) -> Split:
    """Move the secrets out of a config; `model` is the type's, which knows its own fields better than their names."""
    hidden: dict[str, Any] = {}
    shown = _split_object(config, fields(model), "", hidden)
    return Split(shown, hidden)


def join(shown: Mapping[str, Any], hidden: Mapping[str, Any]) -> dict[str, Any]:
    """The whole config: inverse of `split`."""
    whole = copy.deepcopy(dict(shown))
    for pointer, value in hidden.items():
        place(whole, pointer, value)
    return whole


def place(document: dict[str, Any], pointer: str, value: Any) -> None:  # noqa: ANN401  any JSON value
    """Set the value at a JSON pointer whose parents are there."""
    *parents, last = parts(pointer)
    here: Any = document
    for part in parents:
        here = here[int(part) if isinstance(here, list) else part]
    here[int(last) if isinstance(here, list) else last] = value


def parts(pointer: str) -> list[str]:
    """The steps of a JSON pointer."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def step(pointer: str, name: str | int) -> str:
    """The pointer to a member of what `pointer` points to."""
    return f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"


def restore(patch: Any, shown: Any, whole: Any, pointer: str = "") -> tuple[Any, set[str]]:  # noqa: ANN401  any JSON
    """Put the stored value where a patch sends its mask back; also the pointers at which that happened."""
    if isinstance(patch, dict) and isinstance(shown, dict) and isinstance(whole, dict):
        return _restore_members(patch, shown, whole, pointer)
    if isinstance(patch, list) and isinstance(shown, list) and isinstance(whole, list):
        length = min(len(patch), len(shown), len(whole))
        pairs = {str(i): patch[i] for i in range(len(patch))}
        before = {str(i): shown[i] for i in range(length)}
        behind = {str(i): whole[i] for i in range(length)}
        restored, pointers = _restore_members(pairs, before, behind, pointer)
        return list(restored.values()), pointers
    if patch == shown and patch != whole:
        return whole, {pointer}
    if isinstance(patch, str) and isinstance(shown, str) and isinstance(whole, str) and shown != whole:
        return _restore_url(patch, shown, whole, pointer)
    return patch, set()


def touches(patch: object, pointer: str) -> bool:
    """Whether a merge patch sets or removes what the pointer leads to."""
    here = patch
    for part in parts(pointer):
        if not isinstance(here, dict):
            return True
        if part not in here:
            return False
        here = here[part]
    return True


def is_telling(name: str) -> bool:
    """Whether a key's name says that its value is a secret; case and separators aside."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return any(word in plain for word in TELLING) and not plain.endswith(HARMLESS)


def is_secret(field: FieldInfo) -> bool:
    """Whether a model declares the field as a secret."""
    return _mentions(field.annotation, SecretStr)


def _split_object(
    value: Mapping[str, Any], known: Mapping[str, FieldInfo], pointer: str, hidden: dict[str, Any]
) -> dict[str, Any]:
    return {
        name: _split_member(name, part, known.get(name), step(pointer, name), hidden)
        for name, part in value.items()
    }


def _split_member(
    name: str,
    value: Any,  # noqa: ANN401  any JSON value
    declared: FieldInfo | None,
    pointer: str,
    hidden: dict[str, Any],
) -> Any:  # noqa: ANN401  any JSON value
    if isinstance(value, str) and _mask_url(value) != value:
        return _hide(value, _mask_url(value), pointer, hidden)
    if isinstance(value, bool):
        return value
    whole = is_secret(declared) if declared else is_telling(name)
    if whole or _is_dsn(name, value):
        return value if value is None else _hide(value, masked(value), pointer, hidden)
    if isinstance(value, dict):
        return _split_object(value, _inner(declared), pointer, hidden)
    if isinstance(value, list):
        return [_split_member(name, part, declared, step(pointer, i), hidden) for i, part in enumerate(value)]
    return value


def _is_dsn(name: str, value: object) -> bool:
    """A connection string that is no URL (`AccountName=…;AccountKey=…`) is a secret as a whole."""
    plain = re.sub(r"[^a-z]", "", name.lower())
    return plain == CONNECTION_STRING and isinstance(value, str) and "://" not in value.partition(";")[0]


def _hide(value: object, shown: object, pointer: str, hidden: dict[str, Any]) -> object:
    hidden[pointer] = value
    return shown


def fields(model: type[BaseModel] | None) -> dict[str, FieldInfo]:
    """A model's fields under the names that callers write; none without a model."""
    known = model.model_fields if model else {}
    return {declared.alias or name: declared for name, declared in known.items()}


def _inner(declared: FieldInfo | None) -> dict[str, FieldInfo]:
    """The fields of the models that a field's annotation names."""
    if declared is None:
        return {}
    models = [
        part
        for part in _leaves(declared.annotation)
        if isinstance(part, type) and issubclass(part, BaseModel)
    ]
    return {name: inner for model in models for name, inner in fields(model).items()}


def _mentions(annotation: object, wanted: type) -> bool:
    return any(part is wanted for part in _leaves(annotation))


def _leaves(annotation: object) -> Iterator[object]:
    arguments = get_args(annotation)
    if not arguments:
        yield annotation
    for argument in arguments:
        yield from _leaves(argument)


def _mask_url(text: str) -> str:
    """The text with the secrets of a URL masked; itself where it is no URL or holds none."""
    return _rewrite_url(text, lambda _role, secret: mask(secret)) if "://" in text else text


def _restore_url(patch: str, shown: str, whole: str, pointer: str) -> tuple[str, set[str]]:
    """Put a URL's stored parts back where the patch holds their masks, though other parts of it differ."""
    masks, secrets = url_parts(shown), url_parts(whole)
    behind = {(role, masks[role]): secrets[role] for role in masks if role in secrets}
    restored = _rewrite_url(patch, lambda role, part: behind.get((role, part), part))
    return restored, {pointer} if restored != patch else set()


def url_parts(text: str) -> dict[str, str]:
    """The secret parts of a URL as they are written there: `user`, `password` and `?<parameter>`."""
    found: dict[str, str] = {}
    _rewrite_url(text, found.setdefault)
    return found


def _rewrite_url(text: str, rewrite: Callable[[str, str], str]) -> str:
    """Pass each secret part of a URL, with its role, through `rewrite`."""
    return _PARAMETER.sub(
        lambda m: _parameter(m, rewrite), _USERINFO.sub(lambda m: _userinfo(m, rewrite), text)
    )


def _userinfo(found: re.Match[str], rewrite: Callable[[str, str], str]) -> str:
    user, colon, password = found["userinfo"].partition(":")
    shown = (
        (rewrite("user", user) if user else "") + colon + (rewrite("password", password) if password else "")
    )
    return f"{found['before']}{shown}@"


def _parameter(found: re.Match[str], rewrite: Callable[[str, str], str]) -> str:
    plain = re.sub(r"[^a-z0-9]", "", found["name"].lower())
    if not is_telling(plain) and plain not in PARAMETERS:
        return found[0]
    return f"{found['before']}{found['name']}={rewrite('?' + plain, found['value'])}"


def _restore_members(
    patch: Mapping[str, Any], shown: Mapping[str, Any], whole: Mapping[str, Any], pointer: str
) -> tuple[dict[str, Any], set[str]]:
    restored, pointers = dict(patch), set[str]()
    for name in patch.keys() & shown.keys() & whole.keys():
        restored[name], inner = restore(patch[name], shown[name], whole[name], step(pointer, name))
        pointers |= inner
    return restored, pointers
