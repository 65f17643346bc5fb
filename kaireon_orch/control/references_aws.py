"""Secrets in AWS Secrets Manager, read as the operator."""

from __future__ import annotations

import json
import re
from typing import Any

from kaireon_orch.control import operator_aws
from kaireon_orch.errors import Fault, SecretUnreadable

# Names are those of "CreateSecret" in its API reference; an ARN has colons beside.
NAME = re.compile(r"(?P<secret>[A-Za-z0-9/_+=.@:-]{1,2048})(#(?P<key>[^#]{1,256}))?")
MISSING = "ResourceNotFoundException"


def is_name(text: str) -> bool:
    """Whether the text is `secret-id` or `secret-id#key`."""
    return bool(NAME.fullmatch(text))


class Secrets:
    """Values of secrets; each secret is fetched once, whatever keys of it are asked for."""

    def __init__(self) -> None:
        self._fetched: dict[str, str] = {}

    def value(self, name: str) -> str:
        """The secret's text, or one value of its JSON object. Raises `SecretUnreadable`, `Unavailable`."""
        found = NAME.fullmatch(name)
        if found is None:
            raise _unreadable(name, "it takes secret-id#key")
        if found["secret"] not in self._fetched:
            self._fetched[found["secret"]] = _fetch(name, found["secret"])
        text = self._fetched[found["secret"]]
        return text if found["key"] is None else _member(name, text, found["key"])


def _fetch(name: str, secret: str) -> str:
    try:
        client = operator_aws.client("secretsmanager", _region(secret))
        with operator_aws.answered():
            answer: dict[str, Any] = client.get_secret_value(SecretId=secret)
    except operator_aws.Refused as refused:
        missing = refused.code == MISSING
        raise _unreadable(
            name, "there is no such secret" if missing else "AWS refuses this installation's identity"
        ) from None
    except Fault as fault:
        raise SecretUnreadable(f"The reference ${{aws:{name}}} cannot be read: {fault.message}") from None
    text = answer.get("SecretString")
    if not isinstance(text, str):
        raise _unreadable(name, "it is binary, and text is needed")
    return text


def _region(secret: str) -> str | None:
    """The region of an ARN, `arn:aws:secretsmanager:<region>:…`; None for a name."""
    parts = secret.split(":")
    return parts[3] if secret.startswith("arn:") and len(parts) > 3 else None  # noqa: PLR2004  the ARN's parts


def _member(name: str, text: str, key: str) -> str:
    try:
        held = json.loads(text)
    except ValueError:
        raise _unreadable(name, "the secret is no JSON object") from None
    value = held.get(key) if isinstance(held, dict) else None
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _unreadable(name, "the secret's JSON object has no text under this key")


def _unreadable(name: str, why: str) -> SecretUnreadable:
    return SecretUnreadable(f"The reference ${{aws:{name}}} cannot be read: {why}.")
