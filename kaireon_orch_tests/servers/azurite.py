"""Azure's storage for tests: one Azurite (blobs, queues, tables; in memory) per test session.

Account keys and signatures are checked. It has no Data Lake interface. 2.5 s to start, 155 MB; it runs on Node.
"""

from __future__ import annotations

import base64
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from kaireon_orch_tests.servers import environments, processes
from kaireon_orch_tests.servers.postgres import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from azure.storage.blob import BlobServiceClient

ACCOUNT = "acmeexports"
KEY = base64.b64encode(b"a storage account's key, of some length").decode()


@dataclass(frozen=True, slots=True)
class AzuriteServer:
    """The account's URL, which names it in its path; `log` is the server's own log file."""

    url: str
    log: Path
    account: str = ACCOUNT
    key: str = KEY

    def client(self) -> BlobServiceClient:
        """A client with the account's key."""
        from azure.core.credentials import AzureNamedKeyCredential  # noqa: PLC0415  slow, for who asks
        from azure.storage.blob import BlobServiceClient  # noqa: PLC0415  the same

        return BlobServiceClient(self.url, credential=AzureNamedKeyCredential(self.account, self.key))

    def container(self) -> str:
        """Create a container of a name that is nobody's; the name."""
        name = f"container-{uuid.uuid4().hex[:12]}"
        with self.client() as client:
            client.create_container(name)
        return name


@contextmanager
def running() -> Iterator[AzuriteServer]:
    """A fresh server with one account."""
    program = environments.node_programs() / "azurite"
    blob, queue, table = (free_port() for _ in range(3))
    ports = [f"--{kind}Port={port}" for kind, port in (("blob", blob), ("queue", queue), ("table", table))]
    hosts = [f"--{kind}Host=127.0.0.1" for kind in ("blob", "queue", "table")]
    command = (str(program), "--silent", "--skipApiVersionCheck", "--inMemoryPersistence", *hosts, *ports)
    url = f"http://127.0.0.1:{blob}/{ACCOUNT}"
    with processes.folder("azurite") as home:
        ready = lambda: processes.answers_http(url)  # noqa: E731  one line
        with processes.served(command, home, ready, {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"}) as log:
            yield AzuriteServer(url, log)


@pytest.fixture(scope="session")
def azurite() -> Iterator[AzuriteServer]:
    """The session's Azure storage."""
    with running() as server:
        yield server
