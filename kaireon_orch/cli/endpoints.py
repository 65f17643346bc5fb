"""Where the servers of a home are: written by `kaireon up`, read by `kaireon demo`; one `up` per home."""

from __future__ import annotations

import fcntl
import json
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, TextIO

from kaireon_orch.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kaireon_orch.settings import Settings

FILE = "servers.json"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Base URLs without a slash at the end."""

    api: str
    dagster: str


def find(settings: Settings) -> Endpoints:
    """What `kaireon up` wrote into the home, else what the settings say."""
    try:
        return Endpoints(**json.loads((settings.home / FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Endpoints(f"http://{reachable(settings.api_host)}:{settings.api_port}", settings.dagster_url)


def reachable(host: str) -> str:
    """The host as a client on this machine names it."""
    named = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104  compared only
    return f"[{named}]" if ":" in named and not named.startswith("[") else named


@contextmanager
def published(home: Path, endpoints: Endpoints) -> Iterator[None]:
    """Let other commands find the servers while the block runs."""
    path = home / FILE
    path.write_text(json.dumps(asdict(endpoints)), encoding="utf-8")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _opened_to_write(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"KAIREON_HOME: {path.parent} cannot be written: {error.strerror}") from None


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the home's lock; the kernel lets go of it however this process ends. Raises SettingsError."""
    with _opened_to_write(home / "up.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"`kaireon up` is running on {home} already; end it first, or set KAIREON_HOME."
            ) from None
        yield
