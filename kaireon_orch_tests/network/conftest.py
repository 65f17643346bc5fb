"""Servers that tell who reached them, and an outer environment for the guarded child."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from kaireon_orch.network import template
from kaireon_orch.network.guard import Policy, parse_rules

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Listener:
    """A TCP server on loopback that greets whoever comes, and counts."""

    server: socket.socket
    visitors: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.server.getsockname()[1])

    def serve(self) -> None:
        while True:
            try:
                connection, peer = self.server.accept()
            except OSError:
                return
            self.visitors.append(peer[0])
            with connection:
                connection.sendall(b"hello")

    def policy(self, rule: str = "127.0.0.1:{port}") -> Policy:
        """A policy in which the operator allows this very server."""
        return Policy(rules=parse_rules([rule.format(port=self.port)]))


@pytest.fixture(scope="session")
def warm() -> Iterator[template.Template]:
    """A template that is ready, and is not used yet."""
    started = template.start()
    assert started is not None
    assert started.ready()
    yield started
    started.close()
    assert started.process.wait(10) == 0


@pytest.fixture
def forked(warm: template.Template) -> Iterator[template.Template]:
    """Children of this test are forked by the template."""
    template.use(warm)
    yield warm
    template.use(None)


@pytest.fixture(params=["spawned", "forked"])
def birth(request: pytest.FixtureRequest) -> str:
    """How children of this test begin; each test that uses it runs for both."""
    if request.param == "forked":
        request.getfixturevalue("forked")
    return str(request.param)


@pytest.fixture
def listener() -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server_side = Listener(server)
        thread = threading.Thread(target=server_side.serve, daemon=True)
        thread.start()
        yield server_side
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
