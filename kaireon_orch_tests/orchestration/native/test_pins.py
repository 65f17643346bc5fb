"""Each vendor's HTTP connects through the door, whatever led it there: what its library offers for that still works."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from google.auth.credentials import AnonymousCredentials

from kaireon_orch.connectors.snowflake.client import JudgedConnection
from kaireon_orch.errors import Fault
from kaireon_orch.families.google.account import GoogleSession
from kaireon_orch.families.http import sessions
from kaireon_orch.network.deadline import Deadline
from kaireon_orch.network.dial import ChildDoor
from kaireon_orch.network.guard import Policy
from kaireon_orch.network.refusals import Refusals
from kaireon_orch_tests.servers.answering import Answer, answering

if TYPE_CHECKING:
    import requests


@pytest.fixture
def closed(tmp_path: Path) -> ChildDoor:
    """A door that leads to public addresses alone."""
    return ChildDoor(Policy(), Deadline.after(30), Refusals.beside(tmp_path), kernel=False)


def test_snowflakes_driver(closed: ChildDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"account": "acme", "user": "u", "password": "p", "host": "127.0.0.1", "protocol": "http"}
    seconds = {"login_timeout": 5, "platform_detection_timeout_seconds": 0}
    with answering(Answer(500)) as server:
        monkeypatch.setenv("HTTP_PROXY", server.url)
        with pytest.raises(Fault) as caught:
            JudgedConnection(closed, port=server.server_port, **names, **seconds)
    assert caught.value.code == "ADDRESS_BLOCKED"
    assert server.connections == []


@pytest.mark.parametrize("kind", ["requests", "google"])
def test_sessions_of_requests(closed: ChildDoor, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    session: requests.Session = (
        sessions.session(closed) if kind == "requests" else GoogleSession(AnonymousCredentials(), closed)
    )
    with answering() as server, session:
        monkeypatch.setenv("HTTP_PROXY", server.url)
        for url in (server.url, server.url.replace("127.0.0.1", "localhost")):
            with pytest.raises(Fault) as caught:
                session.get(url)
            assert caught.value.code == "ADDRESS_BLOCKED"
    assert server.connections == []
