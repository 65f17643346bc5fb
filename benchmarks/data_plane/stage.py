"""The systems of one measurement: servers of their own, the filled tables, a folder for what is written."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.data_plane.data import DATABASE, Files, fill_mariadb, fill_postgres, psql
from kaireon_orch_tests.servers import mariadb, postgres
from kaireon_orch_tests.servers.environments import programs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kaireon_orch_tests.servers.mariadb import MariadbServer
    from kaireon_orch_tests.servers.postgres import PostgresServer

ENVIRONMENTS = Path(__file__).with_name("environments")


@dataclass(frozen=True, slots=True)
class Stage:
    """Where both sides read and write. `out` is emptied before each load."""

    files: Files
    out: Path
    postgres: PostgresServer
    mariadb: MariadbServer | None = None

    def sql(self, *commands: str) -> str:
        """Run commands in PostgreSQL's database."""
        return psql(self.postgres, *commands)

    @property
    def dsn(self) -> str:
        return self.postgres.dsn(DATABASE)

    @property
    def url(self) -> str:
        """The database's address as a URL."""
        server = self.postgres
        return f"postgresql://{server.user}:{server.password}@{server.host}:{server.port}/{DATABASE}"

    @property
    def server_processes(self) -> Sequence[int]:
        """The process ids of the servers' first processes."""
        found = [self.postgres.log.parent / "data" / "postmaster.pid"]
        if self.mariadb is not None:
            found.append(self.mariadb.log.parent / "data" / "pid")
        return [int(path.read_text().split()[0]) for path in found]

    def cleared(self) -> None:
        """No table or file of an earlier load, and no dirty pages for the next one to write."""
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir()
        self.sql(
            "DROP TABLE IF EXISTS loaded, _kaireon_loads",
            "DROP SCHEMA IF EXISTS peer CASCADE",
            "CHECKPOINT",
        )


@contextmanager
def staged(files: Files, out: Path, *, with_mariadb: bool) -> Iterator[Stage]:
    """Servers that are up and filled; gone afterwards."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres.running())
        fill_postgres(server, files)
        other = stack.enter_context(mariadb.running()) if with_mariadb else None
        if other is not None:
            fill_mariadb(other, files)
        yield Stage(files, out, server, other)


def python(environment: str) -> str:
    """The interpreter of the peers' environment, made on first use from its lock."""
    return str(programs(environment, locks=ENVIRONMENTS) / "python")
