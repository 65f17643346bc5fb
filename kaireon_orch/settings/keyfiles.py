"""Secrets that the home keeps: one file each, mode 0600, made once however many processes start together."""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
from typing import TYPE_CHECKING

from kaireon_orch.errors import SettingsError
from kaireon_orch.settings.values import ENCRYPTION_KEY_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def kept(path: Path, make: Callable[[], str]) -> str:
    """The text of a secret file, made when it is not there.

    Each process that finds none writes a draft of its own and links it; the first link wins, and all of them
    read what it named. Raises SettingsError when the file can be neither read nor made.
    """
    try:
        if not path.exists():
            make_folder(path.parent)
            _link(path, make())
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingsError(f"{path} can be neither read nor made: {error.strerror}") from None


def new_encryption_key() -> str:
    """A fresh key as the setting spells it: `k1:base64`."""
    return f"k1:{base64.b64encode(secrets.token_bytes(ENCRYPTION_KEY_BYTES)).decode()}"


def make_folder(path: Path) -> None:
    """Make a folder of the home that only its owner enters. Raises SettingsError."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"KAIREON_HOME: {path} cannot be made: {error.strerror}") from None


def _link(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    _write_private(draft, text)
    try:
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
