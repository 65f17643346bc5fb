"""Shows a change of the registry in Dagster without anybody restarting anything.

`python -m kaireon_orch.orchestration.reload` polls the registry's revision and has the code server
(`KAIREON_CODE_SERVER`) serve it. Webserver and daemon notice by themselves. A signal that was lost, a code
server that was restarted or that started while the registry was down heals at the next look.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import TYPE_CHECKING

from kaireon_orch import launch, settings
from kaireon_orch.control import pinned
from kaireon_orch.control.registry import Registry
from kaireon_orch.errors import Unavailable
from kaireon_orch.orchestration.internals import CodeServer

if TYPE_CHECKING:
    from kaireon_orch.settings import Settings

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.5
REPEAT_SECONDS = 5.0
"""How often a code server is told a revision that it should have: telling it one that it has costs nothing."""


class Reloader:
    """One reload at a time; what changes meanwhile is in the next one, and the newest revision wins."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._told: int | None = None
        self._told_at = 0.0
        self._complained = False

    def run(self, stop: threading.Event) -> None:
        """Poll until `stop` is set; an outage is said once and waited out."""
        while not stop.wait(POLL_SECONDS):
            try:
                self.step()
                self._complained = False
            except Unavailable as error:
                self._told = None
                self._complain(error)

    def step(self) -> bool:
        """Look once; whether a revision was told. Raises Unavailable."""
        revision = pinned.revision(self._registry)
        if revision == self._told and time.monotonic() - self._told_at < REPEAT_SECONDS:
            return False
        tell(self._registry.settings, revision)
        self._told, self._told_at = revision, time.monotonic()
        return True

    def _complain(self, error: Unavailable) -> None:
        if not self._complained:
            logger.warning("Dagster is not told of changes for now: %s", error.message)
        self._complained = True


def tell(configured: Settings, revision: int) -> None:
    """Have the code server serve `revision`; over the webserver where no code server is named. Unavailable."""
    if configured.code_server is None:
        launch.reload(configured)
    else:
        CodeServer(configured.code_server).reload(revision)


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    registry = Registry.open(settings.load())
    try:
        Reloader(registry).run(stop)
    finally:
        registry.close()


if __name__ == "__main__":
    main()
