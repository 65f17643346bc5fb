"""An HTTP server that gives everyone the same answer, and tells who came."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; with `silent` nothing, until the client gives up."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False


class AnsweringServer(ThreadingHTTPServer):
    """On loopback; `connections` are the clients that connected, `seen` the headers of each request, `paths` its target."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.connections: list[str] = []
        self.seen: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def verify_request(self, request: object, client_address: object) -> bool:
        """Count the connection before anything is read from it."""
        self.connections.append(str(client_address))
        return True


class _Handler(BaseHTTPRequestHandler):
    server: AnsweringServer

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(dict(self.headers))
        self.server.paths.append(self.path)
        answer = self.server.answer
        if answer.silent:
            self.server.over.wait(60)
            return
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_PUT = do_POST  # noqa: N815  the same

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@contextmanager
def answering(answer: Answer | None = None) -> Iterator[AnsweringServer]:
    """A running server that gives `answer`; 200 and an empty JSON object by default."""
    with AnsweringServer(answer or Answer()) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join(5)
