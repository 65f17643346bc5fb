"""A real MariaDB for tests: one server per test session (per worker under xdist), passwords, little fsync."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymysql
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER = "mariadbd"
INSTALL = "mariadb-install-db"
ACCOUNT = "mysql"
USER = "kaireon"
PASSWORD = "Heron:@/?#[]%é'\"-4"
START_SECONDS = 30.0
SETTINGS = (
    "--bind-address=127.0.0.1",
    "--skip-log-bin",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=64M",
    "--character-set-server=utf8mb4",
    "--skip-name-resolve",
    "--performance-schema=OFF",
)


@dataclass(frozen=True, slots=True)
class MariadbServer:
    """Where the server listens and who may log in; `log` is the server's own log file."""

    host: str
    port: int
    user: str
    password: str
    log: Path

    def database(self) -> str:
        """Create a database of a name that is nobody's; the name."""
        name = f"db_{uuid.uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name}")
        return name

    def execute(self, *statements: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """Run the statements in UTC; the rows of the last one, as the driver makes them."""
        connection = pymysql.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password.encode(),
            database=database,
            autocommit=True,
            charset="utf8mb4",
            init_command="SET time_zone = '+00:00'",
        )
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())


@contextmanager
def running(tls: Path | None = None) -> Iterator[MariadbServer]:
    """A fresh server in a folder of its own; both are gone afterwards. `tls`: a PEM file with key and certificate.

    The server follows this process into death (`--pdeathsig`), so that a killed test run leaves none behind.
    """
    _demand_binaries()
    folder = Path(tempfile.mkdtemp(prefix="kaireon-my-"))
    try:
        _install(folder)
        with _served(folder, _tls_settings(folder, tls)) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _install(folder: Path) -> None:
    _own(folder)
    init = folder / "init.sql"
    init.write_text(
        f"CREATE USER {USER}@'%' IDENTIFIED BY PASSWORD '{_hashed(PASSWORD)}';\n"
        f"GRANT ALL ON *.* TO {USER}@'%' WITH GRANT OPTION;\n"
    )
    _own(init)
    subprocess.run(
        [
            *_as_owner(),
            *(INSTALL, "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"),
            f"--datadir={folder / 'data'}",
        ],
        check=True,
        capture_output=True,
    )


def _hashed(password: str) -> str:
    """The password as `mysql_native_password` keeps it: no character set is in its way."""
    twice = hashlib.sha1(hashlib.sha1(password.encode()).digest())  # noqa: S324  the plugin's own
    return "*" + twice.hexdigest().upper()


@contextmanager
def _served(folder: Path, settings: tuple[str, ...]) -> Iterator[MariadbServer]:
    log = folder / "log"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = MariadbServer("127.0.0.1", port, USER, PASSWORD, log)
    paths = (
        f"--datadir={folder / 'data'}",
        f"--socket={folder / 's'}",
        f"--pid-file={folder / 'data' / 'pid'}",
    )
    command = [
        *_as_owner("--pdeathsig", "KILL"),
        *(SERVER, "--no-defaults", f"--port={port}", f"--init-file={folder / 'init.sql'}"),
        *paths,
        *SETTINGS,
        *settings,
    ]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            _wait(server, process)
            yield server
        finally:
            process.send_signal(signal.SIGKILL)  # nothing of it is to be kept
            process.wait(timeout=START_SECONDS)


def _wait(server: MariadbServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            server.execute("SELECT 1")
        except pymysql.err.OperationalError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"MariaDB did not start:\n{server.log.read_text()[-2000:]}", pytrace=False)


def _tls_settings(folder: Path, pem: Path | None) -> tuple[str, ...]:
    if pem is None:
        return ()
    own = folder / "server.pem"
    own.write_bytes(pem.read_bytes())
    own.chmod(0o600)
    _own(own)
    return (f"--ssl-cert={own}", f"--ssl-key={own}")


def _own(path: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(path, ACCOUNT, ACCOUNT)


def _as_owner(*options: str) -> list[str]:
    """MariaDB refuses to run as root: root steps down to the package's own user."""
    drop = []
    if os.geteuid() == 0:
        account = pwd.getpwnam(ACCOUNT)
        drop = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    return ["setpriv", *drop, *options, "--"] if drop or options else []


def _demand_binaries() -> None:
    if not shutil.which(SERVER) or not shutil.which(INSTALL):
        pytest.fail("MariaDB is missing: apt-get install -y mariadb-server", pytrace=False)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariadbServer]:
    """The session's MariaDB."""
    with running() as server:
        yield server
