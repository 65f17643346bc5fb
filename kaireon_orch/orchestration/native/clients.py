"""`.client()`: the vendor's own client, logged in, through judged connections as far as its driver lets us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kaireon_orch import catalogue
from kaireon_orch.orchestration.native.opening import unsealed

if TYPE_CHECKING:
    from contextlib import ExitStack

    from kaireon_orch.orchestration.native.opening import Unsealed


def open_client(connector: str, held: ExitStack) -> Any:  # noqa: ANN401  whatever the vendor's is
    """The client of a connector, closed with `held`. Raises `Fault` and what `unsealed` raises."""
    return client_of(unsealed(connector, held), held)


def client_of(found: Unsealed, held: ExitStack) -> Any:  # noqa: ANN401  whatever the vendor's is
    """The client of an opened connector, closed with `held`. Raises `Fault`."""
    client = catalogue.client(found.type)(found.opening)
    held.callback(_close, client)
    return client


def _close(client: Any) -> None:  # noqa: ANN401  whatever the vendor's is
    if getattr(client, "open", True):  # PyMySQL's cannot be closed twice
        client.close()
