"""Every value of a connector that is a secret on its own: a whole field, and the parts of it that let somebody in alone.

A password is one inside a connection string too; a private key is one line by line; a service account's JSON holds
one; so does a webhook's address in its last step.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_plus, urlsplit

from kaireon_orch.contract.credentials import canonical_field
from kaireon_orch.control import secrets
from kaireon_orch.control.references import field_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel

_PEM_LINE = re.compile(r"[A-Za-z0-9+/=]{16,}")
_LINES = re.compile(r"\r?\n|\\n|\\r")  # a key from a variable often has its line ends spelled out
# What every OpenSSH key without a passphrase begins with: its header, and nothing of the key.
_EVERY_OPENSSH_KEY = "b3BlbnNzaC1rZXktdjE"
_PAIR = re.compile(r"(?:^|;)\s*(?P<name>[^=;]+)=(?P<value>[^;]+)")
_LONG_STEP = 16  # characters of an address's last step that nobody guesses


@dataclass(frozen=True, slots=True)
class SecretValue:
    """One value, and the field that holds it, as callers write it: `authConfig.password`, `config.url`."""

    field: str
    value: str

    def __repr__(self) -> str:
        return f"SecretValue(field={self.field!r})"


def of_connector(
    config_model: type[BaseModel] | None,
    auth_model: type[BaseModel] | None,
    config: Mapping[str, Any],
    auth: Mapping[str, Any],
) -> Iterator[SecretValue]:
    """The secret values of a connector in the clear; a model that is None knows no field, so names alone tell."""
    declared = secrets.fields(auth_model)
    for name, value in auth.items():
        known = declared.get(canonical_field(name))
        if known is None or secrets.is_secret(known):
            yield from _of_field(f"authConfig.{name}", value)
    for pointer, value in secrets.split(config, config_model).hidden.items():
        yield from _of_field(field_of(f"/config{pointer}"), value)


def parts(text: str) -> Iterator[str]:
    """What in a secret text lets somebody in: itself, where it is one line, and what it is made of."""
    lines = [line.strip() for line in _LINES.split(text) if line.strip()]
    if len(lines) > 1:
        yield from _of_lines(lines)
    else:
        yield text.strip()
        yield from _of_line(text.strip())
    yield from _of_json(text)


def _of_field(field: str, value: Any) -> Iterator[SecretValue]:  # noqa: ANN401  any JSON value
    match value:
        case bool() | None:
            return
        case dict():
            for part in value.values():
                yield from _of_field(field, part)
        case list():
            for part in value:
                yield from _of_field(field, part)
        case _:
            found = dict.fromkeys(parts(str(value)))
            yield from (SecretValue(field, part) for part in found if part)


def _of_lines(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if _PEM_LINE.fullmatch(line) and not line.startswith(_EVERY_OPENSSH_KEY):
            yield line


def _of_line(text: str) -> Iterator[str]:
    if "://" in text:
        yield from _of_url(text)
    elif "=" in text:
        yield from _of_pairs(text)
    scheme, _, token = text.partition(" ")
    if scheme.lower() in {"bearer", "basic", "token", "apikey"}:
        yield token


def _of_url(text: str) -> Iterator[str]:
    found = secrets.url_parts(text)
    user = found.pop("user", None)
    if user is not None and "password" not in found:
        found["user"] = user  # a token alone
    yield from found.values()
    yield from (unquote(part) for part in found.values())
    last = urlsplit(text).path.rpartition("/")[2]
    if not found and len(last) >= _LONG_STEP:
        yield last


def _of_pairs(text: str) -> Iterator[str]:
    """`AccountName=…;AccountKey=…`, and a signature's query string."""
    separated = text if ";" in text else text.lstrip("?").replace("&", ";")
    for pair in _PAIR.finditer(separated):
        name = re.sub(r"[^a-z0-9]", "", pair["name"].lower())
        if secrets.is_telling(name) or name in secrets.PARAMETERS:
            yield pair["value"]
            yield unquote_plus(pair["value"])


def _of_json(text: str) -> Iterator[str]:
    """The telling members of a JSON object, as a service account's key is one."""
    if not text.lstrip().startswith("{"):
        return
    try:
        document = json.loads(text)
    except ValueError:
        return
    for name, value in document.items():
        if isinstance(value, str) and secrets.is_telling(name):
            yield from parts(value)
