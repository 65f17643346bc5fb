from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from kaireon_orch import settings
from kaireon_orch.control.registry import Registry
from kaireon_orch.errors import Unavailable
from kaireon_orch.orchestration.reload import Reloader
from kaireon_orch_tests.orchestration.served import free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch_tests.orchestration.conftest import Desk


@pytest.fixture
def reloader(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reloader]:
    """One whose code server and webserver are not there."""
    monkeypatch.setenv("KAIREON_CODE_SERVER", f"127.0.0.1:{free_port()}")
    monkeypatch.setenv("KAIREON_DAGSTER_URL", f"http://127.0.0.1:{free_port()}")
    registry = Registry.open(settings.load())
    yield Reloader(registry)
    registry.close()


def test_a_code_server_out_of_reach_is_asked_again(reloader: Reloader) -> None:
    for _ in range(2):
        with pytest.raises(Unavailable):
            reloader.step()


def test_an_outage_is_said_once_and_waited_out(reloader: Reloader, caplog: pytest.LogCaptureFixture) -> None:
    stop = threading.Event()
    running = threading.Thread(target=reloader.run, args=(stop,))
    running.start()
    until(lambda: "not told of changes" in caplog.text, 20)
    assert running.is_alive()
    stop.wait(1.5)
    stop.set()
    running.join()
    assert caplog.text.count("not told of changes") == 1
