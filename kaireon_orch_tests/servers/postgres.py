"""A real PostgreSQL for tests: one server per test session (per worker under xdist), scram password, no fsync."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

BIN = Path("/usr/lib/postgresql/15/bin")
USER = "postgres"
PASSWORD = "Lotus-Pelican-7"
START_SECONDS = 60.0
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "log_min_messages": "warning",
}


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """Where the server listens and who may log in; `log` is the server's own log file."""

    host: str
    port: int
    user: str
    password: str
    log: Path

    def database(self, name: str) -> str:
        """Create the database unless it is there; its SQLAlchemy URL, `postgresql+psycopg://…`."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return f"postgresql+psycopg://{self.user}:{self.password}@{self.host}:{self.port}/{name}"

    def dsn(self, name: str) -> str:
        """The database's address in libpq's keywords, for `psycopg.connect`."""
        return psycopg.conninfo.make_conninfo(
            host=self.host, port=self.port, user=self.user, password=self.password, dbname=name
        )


def free_port() -> int:
    """A loopback TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(tls: Path | None = None) -> Iterator[PostgresServer]:
    """A fresh server in a folder of its own; both are gone afterwards. `tls`: a PEM file with key and certificate.

    The server follows this process into death (`--pdeathsig`), so that a killed test run leaves none behind.
    """
    _demand_binaries()
    folder = Path(tempfile.mkdtemp(prefix="kaireon-pg-"))
    try:
        _init(folder)
        with _served(folder, _tls_settings(folder, tls)) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _served(folder: Path, settings: dict[str, str]) -> Iterator[PostgresServer]:
    log = folder / "log"
    server = PostgresServer("127.0.0.1", free_port(), USER, PASSWORD, log)
    options = [f"--{name}={value}" for name, value in {**SETTINGS, **settings}.items()]
    command = [*_as_owner("--pdeathsig", "INT"), str(BIN / "postgres"), "-D", str(folder / "data")]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*command, "-p", str(server.port), *options], stdout=output, stderr=output
        ) as process,
    ):
        try:
            _wait(server, process)
            yield server
        finally:
            process.send_signal(signal.SIGQUIT)  # nothing of it is to be kept
            process.wait(timeout=START_SECONDS)


def _wait(server: PostgresServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(server.dsn("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"PostgreSQL did not start:\n{server.log.read_text()[-2000:]}", pytrace=False)


def _init(folder: Path) -> None:
    secret = folder / "password"
    secret.write_text(PASSWORD)
    if os.geteuid() == 0:
        for path in (folder, secret):
            shutil.chown(path, USER, USER)
    subprocess.run(
        [
            *_as_owner(),
            str(BIN / "initdb"),
            *("-D", str(folder / "data"), "-U", USER, "-A", "scram-sha-256", f"--pwfile={secret}"),
            *("--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C.UTF-8"),
        ],
        check=True,
        capture_output=True,
    )


def _tls_settings(folder: Path, pem: Path | None) -> dict[str, str]:
    if pem is None:
        return {}
    own = folder / "server.pem"
    own.write_bytes(pem.read_bytes())
    own.chmod(0o600)
    if os.geteuid() == 0:
        shutil.chown(own, USER, USER)
    return {"ssl": "on", "ssl_cert_file": str(own), "ssl_key_file": str(own)}


def _as_owner(*options: str) -> list[str]:
    """PostgreSQL refuses to run as root: root steps down to the package's own user."""
    drop = []
    if os.geteuid() == 0:
        account = pwd.getpwnam(USER)
        drop = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    return ["setpriv", *drop, *options, "--"] if drop or options else []


def _demand_binaries() -> None:
    if not (BIN / "postgres").exists():
        pytest.fail("PostgreSQL 15 is missing: apt-get install -y postgresql-15", pytrace=False)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The session's PostgreSQL."""
    with running() as server:
        yield server
