"""requests' sessions through the door, for vendors' clients that speak by requests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter

from kaireon_orch.families.http import pools

if TYPE_CHECKING:
    from kaireon_orch.contract.door import Door


def through(session: requests.Session, door: Door) -> None:
    """Have a session connect through the door alone, and look at no proxy, netrc or file of the environment."""
    adapter = _JudgedAdapter(door)
    for prefix in ("https://", "http://"):
        session.mount(prefix, adapter)
    session.trust_env = False
    session.verify = authorities()


def session(door: Door) -> requests.Session:
    """A fresh one."""
    made = requests.Session()
    through(made, door)
    return made


def authorities() -> str | bool:
    """The operator's own certificate authorities where he names a file of them, else those of the library."""
    path = os.environ.get("SSL_CERT_FILE")
    return path if path and Path(path).is_file() else True


class _JudgedAdapter(HTTPAdapter):
    def __init__(self, door: Door) -> None:
        self._door = door
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:  # noqa: ANN401  requests' signature
        super().init_poolmanager(*args, **more)
        manager: Any = self.poolmanager
        manager.pool_classes_by_scheme = pools.judged(manager.pool_classes_by_scheme, self._door)
