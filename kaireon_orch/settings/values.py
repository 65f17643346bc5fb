"""How the text of a setting becomes a value; ValueError says what a setting takes, never what it was given."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from typing import NamedTuple
from urllib.parse import urlsplit

from pydantic import SecretStr

ENCRYPTION_KEY_BYTES = 32

_KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Rate(NamedTuple):
    """At most `limit` calls in `seconds`."""

    limit: int
    seconds: int

    def __str__(self) -> str:
        return f"{self.limit}/{self.seconds}"


def rate(value: object) -> object:
    """Read `100/60`."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*([1-9]\d{0,8})\s*/\s*([1-9]\d{0,8})\s*", value)
    if match is None:
        raise ValueError("takes calls/seconds, e.g. 100/60")
    return Rate(int(match[1]), int(match[2]))


def listed(value: object) -> object:
    """Read a comma-separated list."""
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


def lowered(value: object) -> object:
    """Let words be written in capitals."""
    return value.strip().lower() if isinstance(value, str) else value


def parse_keys(text: SecretStr) -> tuple[tuple[str, SecretStr], ...]:
    """Read `id:base64,…`. Raises ValueError unless ids differ and each key has 32 bytes."""
    pairs = [part.strip().partition(":") for part in text.get_secret_value().split(",") if part.strip()]
    if not pairs or len({name for name, _, _ in pairs}) < len(pairs):
        raise ValueError("takes id:base64 of 32 bytes, comma separated, each id once")
    return tuple((_key_id(name), _key(key)) for name, _, key in pairs)


def with_scheme(url: SecretStr | None, schemes: tuple[str, ...]) -> SecretStr | None:
    """The URL itself. Raises ValueError unless its scheme, a driver's name aside, is one of `schemes`."""
    if url is not None and urlsplit(url.get_secret_value()).scheme.partition("+")[0] not in schemes:
        raise ValueError(f"takes a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    return url


def spans_all_addresses(rule: str) -> bool:
    """Whether the rule is a network that holds every address of its family."""
    try:
        return ipaddress.ip_network(rule, strict=False).prefixlen == 0
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _key_id(name: str) -> str:
    if not _KEY_ID.fullmatch(name):
        raise ValueError("key ids take letters, digits, dots, dashes and underscores, at most 64")
    return name


def _key(text: str) -> SecretStr:
    try:
        size = len(base64.b64decode(text, validate=True))
    except binascii.Error:
        size = 0
    if size != ENCRYPTION_KEY_BYTES:
        raise ValueError("takes id:base64 of 32 bytes, comma separated")
    return SecretStr(text)
