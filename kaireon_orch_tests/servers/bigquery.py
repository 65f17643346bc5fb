"""BigQuery for tests: one bqemulator (DuckDB behind BigQuery's REST and Storage interfaces) per test session.

It checks no credentials; `google_front` stands before it where a test is about them. 4 s to start, 244 MB.
"""

from __future__ import annotations

import shutil
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from kaireon_orch_tests.servers import environments, processes
from kaireon_orch_tests.servers.postgres import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROJECT = "acme-analytics"
SPATIAL = "duckdb_extension_spatial/extensions/v1.5.5/spatial.duckdb_extension"
EXTENSIONS = ".duckdb/extensions/v1.5.5/linux_amd64"


@dataclass(frozen=True, slots=True)
class BigqueryServer:
    """Where the server listens, by REST and by gRPC; `log` is its own log file."""

    url: str
    grpc_port: int
    log: Path

    def dataset(self) -> str:
        """Create a dataset of a name that is nobody's; the name."""
        name = f"ds_{uuid.uuid4().hex[:12]}"
        self._ask("datasets", {"datasetReference": {"projectId": PROJECT, "datasetId": name}})
        return name

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query, each value as its text."""
        answer = self._ask("queries", {"query": sql, "useLegacySql": False})
        return [tuple(cell["v"] for cell in row["f"]) for row in answer.get("rows", [])]

    def _ask(self, what: str, body: dict[str, Any]) -> Any:
        url = f"{self.url}/bigquery/v2/projects/{PROJECT}/{what}"
        return httpx.post(url, json=body, trust_env=False, timeout=30).raise_for_status().json()


@contextmanager
def running() -> Iterator[BigqueryServer]:
    """A fresh server without datasets."""
    programs = environments.programs("bigquery")
    rest, grpc = free_port(), free_port()
    command = (str(programs / "bqemulator"), "start", "--rest-port", str(rest), "--grpc-port", str(grpc))
    url = f"http://127.0.0.1:{rest}"
    with processes.folder("bigquery") as home:
        _extend(programs, home)
        ready = lambda: processes.answers_http(url)  # noqa: E731  one line
        with processes.served((*command, "--project", PROJECT), home, ready) as log:
            yield BigqueryServer(url, grpc, log)


def _extend(programs: Path, home: Path) -> None:
    """DuckDB would download this extension; the environment holds it."""
    (extension,) = programs.parent.glob(f"lib/python*/site-packages/{SPATIAL}")
    into = home / EXTENSIONS
    into.mkdir(parents=True)
    shutil.copy(extension, into)


@pytest.fixture(scope="session")
def bigquery_server() -> Iterator[BigqueryServer]:
    """The session's BigQuery."""
    with running() as server:
        yield server
