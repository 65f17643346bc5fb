"""A real HTTP(S) server on loopback whose answers a test scripts, and who remembers what it was asked."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

Answer: TypeAlias = "Callable[[Handler], None]"


class Handler(BaseHTTPRequestHandler):
    """Answers by the site's scripts; 404 for what has none."""

    protocol_version = "HTTP/1.1"
    site: Site

    def _serve(self) -> None:
        path = self.path.partition("?")[0]
        length = int(self.headers.get("Content-Length", 0))
        asked = Asked(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
        self.site.asked.append(asked)
        with suppress(BrokenPipeError, ConnectionResetError):  # the client may have had enough
            self.site.answers.get(path, status(404))(self)

    do_GET = do_HEAD = do_POST = _serve  # noqa: N815  the library looks for these names

    def say(self, code: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's signature
        """Say nothing."""


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


@dataclass
class Site:
    """`answers` by path."""

    server: Server
    scheme: str = "http"
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def methods(self, path: str) -> list[str]:
        return [asked.method for asked in self.asked if asked.path.partition("?")[0] == path]


@contextmanager
def served(context: ssl.SSLContext | None = None) -> Iterator[Site]:
    """A site that runs until the end of the block; with TLS where a context is given."""
    handler = type("SiteHandler", (Handler,), {})
    with Server(("127.0.0.1", 0), handler) as server:
        site = Site(server, "http" if context is None else "https")
        handler.site = site  # type: ignore[attr-defined]  # made on the fly
        if context is not None:
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield site
        site.stopped.set()
        server.shutdown()
        thread.join(5)


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    return lambda handler: handler.say(code, body, **headers)


def redirect(to: str, code: int = 302) -> Answer:
    return status(code, Location=to)


def endless(head: bytes, piece: bytes, pause: float) -> Answer:
    """`head`, then `piece` again and again with `pause` seconds between, for as long as the site and client live."""

    def answer(handler: Handler) -> None:
        handler.close_connection = True
        handler.wfile.write(head)
        while not handler.site.stopped.wait(pause):
            handler.wfile.write(piece)

    return answer
