"""An HTTP server that stands before another one: what it lets through is passed on, and the answer back."""

from __future__ import annotations

import http.client
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_KEPT = frozenset({"content-length", "transfer-encoding", "connection"})


class PassingServer(ThreadingHTTPServer):
    """On loopback, before the server at `behind`."""

    daemon_threads = True

    def __init__(self, behind: str, handler: type[PassingHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.behind = urlsplit(behind).netloc

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class PassingHandler(BaseHTTPRequestHandler):
    """Subclasses say what is answered here; `pass_on` asks the other server."""

    server: Any

    def handle_body(self, body: bytes) -> None:
        """Answer a request whose body this is."""
        self.pass_on(body)

    def do_POST(self) -> None:
        self.handle_body(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    do_GET = do_PUT = do_DELETE = do_PATCH = do_POST  # noqa: N815  the same

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""

    def answer(self, status: int, body: Any) -> None:
        """JSON of our own."""
        self._send(status, [("Content-Type", "application/json")], json.dumps(body).encode())

    def pass_on(self, body: bytes) -> None:
        """To the other server and back; where it names its own address, this one's is put."""
        behind = http.client.HTTPConnection(self.server.behind)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
        headers["Content-Length"] = str(len(body))
        behind.request(self.command, self.path, body, headers)
        answer = behind.getresponse()
        ours = f"127.0.0.1:{self.server.server_port}"
        kept = [
            (name, value.replace(self.server.behind, ours))
            for name, value in answer.getheaders()
            if name.lower() not in NOT_KEPT
        ]
        self._send(answer.status, kept, answer.read())
        behind.close()

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(server: PassingServer) -> Iterator[None]:
    """Until the end of the block."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield
        server.shutdown()
        thread.join(5)
