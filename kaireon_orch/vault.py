"""Secrets at rest: AES-256-GCM bound to the place where they stand, and the mask under which they are shown.

A sealed blob is a version byte, the key's id with its length, a nonce of 12 bytes, and the cipher text with its
tag. Tenant, record and field are authenticated but not stored: a blob that was copied to another row, or into
another tenant, does not open.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kaireon_orch.errors import SecretUnreadable, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VERSION = 1
NONCE_BYTES = 12
MASK = "*" * 12
VISIBLE = 2  # characters at each end of a masked secret


class Vault:
    """Seals with the first key and opens with every key it was given.

    Args:
        keys: `(id, 32 bytes)`, the newest first.

    Raises:
        SettingsError: no key, or one of another length.
    """

    def __init__(self, keys: Sequence[tuple[str, bytes]]) -> None:
        if not keys:
            raise SettingsError("KAIREON_ENCRYPTION_KEYS must name at least one key.")
        try:
            self._ciphers = {name: AESGCM(key) for name, key in keys}
        except ValueError:
            raise SettingsError("KAIREON_ENCRYPTION_KEYS takes keys of 32 bytes.") from None
        self.sealing_key = keys[0][0]

    def __repr__(self) -> str:
        return f"Vault(keys={list(self._ciphers)})"

    def seal(self, tenant: str, record: str, field: str, value: Mapping[str, Any]) -> bytes:
        """Encrypt a JSON object for its one place."""
        header = self._header()
        nonce = os.urandom(NONCE_BYTES)
        plain = json.dumps(value).encode()
        sealed = self._ciphers[self.sealing_key].encrypt(nonce, plain, _place(tenant, record, field))
        return header + nonce + sealed

    def open(self, tenant: str, record: str, field: str, blob: bytes) -> dict[str, Any]:
        """Decrypt what `seal` made for the same place; `SecretUnreadable` else."""
        cipher = self._ciphers.get(key_id(blob))
        if cipher is None:
            raise _unreadable("its key is not among KAIREON_ENCRYPTION_KEYS")
        start = 2 + blob[1]
        nonce, sealed = blob[start : start + NONCE_BYTES], blob[start + NONCE_BYTES :]
        try:
            plain = cipher.decrypt(nonce, sealed, _place(tenant, record, field))
        except (InvalidTag, ValueError):
            raise _unreadable("it was altered or belongs to another record") from None
        opened: dict[str, Any] = json.loads(plain)
        return opened

    def _header(self) -> bytes:
        name = self.sealing_key.encode()
        return bytes([VERSION, len(name)]) + name


def key_id(blob: bytes) -> str:
    """The id of the key that sealed a blob; `SecretUnreadable` where it is no blob of ours."""
    if len(blob) < 2 + NONCE_BYTES or blob[0] != VERSION:
        raise _unreadable("it is of an unknown form")
    return blob[2 : 2 + blob[1]].decode(errors="replace")


def mask(value: str) -> str:
    """Two characters at each end stay, twelve stars between; up to four characters vanish whole."""
    if len(value) <= 2 * VISIBLE:
        return MASK
    return f"{value[:VISIBLE]}{MASK}{value[-VISIBLE:]}"


def mask_all(value: Mapping[str, Any]) -> dict[str, Any]:
    """The same object with every leaf masked; null stays null."""
    return {name: masked(part) for name, part in value.items()}


def masked(value: Any) -> Any:  # noqa: ANN401  any JSON value
    """A JSON value with its shape kept and every leaf masked."""
    match value:
        case None:
            return None
        case str():
            return mask(value)
        case dict():
            return mask_all(value)
        case list():
            return [masked(part) for part in value]
    return MASK


def _place(tenant: str, record: str, field: str) -> bytes:
    return json.dumps([VERSION, tenant, record, field]).encode()


def _unreadable(why: str) -> SecretUnreadable:
    return SecretUnreadable(
        f"The stored secret cannot be decrypted: {why}. Give the key back or send the credentials again."
    )
