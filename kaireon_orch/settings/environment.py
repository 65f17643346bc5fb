"""Names in the environment: which are settings, which are Kubernetes' noise, which are mistakes."""

from __future__ import annotations

import difflib
import re
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

PREFIX = "KAIREON_"

# A field with this prefix has a derived property under the plain name.
GIVEN = "given_"

# What Kubernetes injects for a Service named kaireon or kaireon-…, beside `KAIREON_…_PORT=tcp://…`.
_SERVICE_NAME = re.compile(r"_SERVICE_HOST$|_SERVICE_PORT(_.*)?$|_PORT_.+")
_SERVICE_VALUE = re.compile(r"(tcp|udp|sctp)://")


class Origin(StrEnum):
    """Where a setting's value came from."""

    DEFAULT = "default"
    ENVIRONMENT = "env"
    DOTENV = ".env"
    FILE = "file"
    ARGUMENT = "argument"


def setting_name(field: str) -> str:
    """The environment's name of a field."""
    return PREFIX + field.removeprefix(GIVEN).upper()


def without_service_noise(
    variables: Mapping[str, str | None], known: Collection[str]
) -> dict[str, str | None]:
    """The variables without those that Kubernetes injects for Services."""
    return {name: value for name, value in variables.items() if not _is_noise(name.upper(), value, known)}


def unknown_name(name: str, known: Collection[str]) -> str:
    """What to say about a `KAIREON_…` name that is no setting."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
    return f"{name} is not a setting; the nearest is {near}. `kaireon settings` lists all of them."


def _is_noise(name: str, value: str | None, known: Collection[str]) -> bool:
    # A Service named kaireon-api injects KAIREON_API_PORT=tcp://…, which is also a setting's name.
    if not name.startswith(PREFIX) or (name in known and not name.endswith("_PORT")):
        return False
    return bool(_SERVICE_NAME.search(name) or _SERVICE_VALUE.match(value or ""))
