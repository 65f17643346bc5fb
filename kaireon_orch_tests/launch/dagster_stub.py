"""A small HTTP server that speaks Dagster's GraphQL answers, as a test writes them down."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELDS = ("launchRun", "terminateRun", "reloadRepositoryLocation", "runOrError", "runsOrError")
HANG_UP = object()


class DagsterStub:
    """`answers[field]` is a list that is used up from the front, its last element staying; `asked` keeps requests."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: dict[str, list[Any]] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def answer(self, **fields: Any) -> None:
        """Forget everything, and answer so from now on."""
        self.asked.clear()
        self.answers = {
            field: found if isinstance(found, list) else [found] for field, found in fields.items()
        }

    def asked_for(self, field: str) -> list[dict[str, Any]]:
        """The variables of every request for that field."""
        return [variables for name, variables in self.asked if name == field]

    def next(self, query: str, variables: dict[str, Any]) -> Any:
        field = next(name for name in FIELDS if f"{name}(" in query)
        self.asked.append((field, variables))
        found = self.answers[field]
        return found.pop(0) if len(found) > 1 else found[0], field

    @classmethod
    @contextmanager
    def serving(cls) -> Iterator[DagsterStub]:
        """A stub behind a free port of the loopback."""
        stub = cls()
        handler = type("Handler", (_Handler,), {"stub": stub})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            stub.url = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield stub
            finally:
                server.shutdown()
                thread.join()


class _Handler(BaseHTTPRequestHandler):
    stub: ClassVar[DagsterStub]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer, field = self.stub.next(body["query"], body["variables"])
        if answer is HANG_UP:
            self.close_connection = True
            return
        failed = isinstance(answer, dict) and answer["__typename"] == "PythonError"
        text = answer if isinstance(answer, str) else json.dumps({"data": {field: answer}})
        self._send(500 if failed else 200, text)  # as Dagster's webserver does

    def _send(self, status: int, text: str) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args: object) -> None:
        """Nothing on stderr."""
