"""A class for each type that is ready, so that an editor completes it; adding one touches its module alone."""

from __future__ import annotations

from typing import Final

from kaireon_orch.orchestration.connector import Connector
from kaireon_orch.orchestration.typed.apps import *  # noqa: F403  each module holds classes and nothing else
from kaireon_orch.orchestration.typed.databases import *  # noqa: F403
from kaireon_orch.orchestration.typed.files import *  # noqa: F403
from kaireon_orch.orchestration.typed.storage import *  # noqa: F403
from kaireon_orch.orchestration.typed.streaming import *  # noqa: F403
from kaireon_orch.orchestration.typed.warehouses import *  # noqa: F403

CLASSES: Final[dict[str, type[Connector]]] = {
    value.type_slug: value
    for value in list(globals().values())
    if isinstance(value, type) and issubclass(value, Connector) and value.type_slug is not None
}
"""By the type's slug."""

NAMES: Final = frozenset(each.__name__ for each in CLASSES.values())


def class_of(type_: str) -> type[Connector]:
    """The class of a type; the general one where it has none of its own."""
    return CLASSES.get(type_, Connector)
