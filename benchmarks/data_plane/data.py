"""Files and tables that hold the rows, made once for each number of rows and seed, and kept for the next time."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from benchmarks.data_plane.rows import SCHEMA, batches

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch_tests.servers.mariadb import MariadbServer
    from kaireon_orch_tests.servers.postgres import PostgresServer

DATABASE: Final = "bench"
PSQL: Final = "/usr/bin/psql"
COLUMNS: Final = """
    id bigint NOT NULL, account integer, kind smallint, price numeric(12,2), ratio double precision, active boolean,
    born date, created_at timestamp, updated_at timestamptz, code text, name text, note text"""
MARIADB_COLUMNS: Final = """
    id bigint NOT NULL PRIMARY KEY, account integer, kind smallint, price decimal(12,2), ratio double, active boolean,
    born date, created_at datetime(6), updated_at timestamp(6) NULL, code varchar(32), name varchar(60),
    note varchar(200)"""


@dataclass(frozen=True, slots=True)
class Files:
    """The rows as a Parquet file and as a CSV file, with the header and quotes that programs write."""

    folder: Path
    rows: int
    seed: int

    @property
    def parquet(self) -> Path:
        return self.folder / f"rows-{self.rows}-{self.seed}.parquet"

    @property
    def csv(self) -> Path:
        return self.parquet.with_suffix(".csv")

    def make(self) -> Files:
        """Write what is missing; half a file of an earlier end is never taken for a whole one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.parquet.exists() and self.csv.exists()):
            drafts = [path.with_suffix(f"{path.suffix}.draft") for path in (self.parquet, self.csv)]
            self._write(*drafts)
            for draft in drafts:
                draft.rename(draft.with_suffix(""))
        return self

    def _write(self, parquet: Path, csv: Path) -> None:
        with pq.ParquetWriter(parquet, SCHEMA) as one, pa_csv.CSVWriter(csv, SCHEMA) as other:
            for batch in batches(self.rows, self.seed):
                one.write_batch(batch)
                other.write_batch(batch)


def fill_postgres(server: PostgresServer, files: Files) -> None:
    """The table `public.rows` of the database `bench`, with a primary key, vacuumed and analysed."""
    server.database(DATABASE)
    psql(
        server,
        "DROP TABLE IF EXISTS rows",
        f"CREATE TABLE rows ({COLUMNS})",
        rf"\copy rows FROM '{files.csv}' (FORMAT csv, HEADER)",
        "ALTER TABLE rows ADD PRIMARY KEY (id)",
        "VACUUM (ANALYZE) rows",
    )


def psql(server: PostgresServer, *commands: str) -> str:
    """Run the commands one by one in the database; what the last one said."""
    given = [part for command in commands for part in ("-c", command)]
    done = subprocess.run(
        [PSQL, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", server.dsn(DATABASE), *given],
        env={"PATH": "/usr/bin:/bin", "PGOPTIONS": "-c timezone=UTC"},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"psql: {done.stderr}")
    return done.stdout


def fill_mariadb(server: MariadbServer, files: Files) -> None:
    """The table `rows` of the database `bench`."""
    server.execute(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
    statements = [
        "SET time_zone = '+00:00'",
        "DROP TABLE IF EXISTS `rows`",
        f"CREATE TABLE `rows` ({MARIADB_COLUMNS})",
        _load(files.csv),
        "ANALYZE TABLE `rows`",
    ]
    subprocess.run(
        [*mariadb_client(server), "--local-infile=1", "-e", ";\n".join(statements)],
        env=mariadb_environment(server),
        check=True,
        capture_output=True,
    )


def _load(csv: Path) -> str:
    variables = ", ".join(f"@{name}" for name in SCHEMA.names)
    values = ", ".join(f"`{name}` = {_value(name)}" for name in SCHEMA.names)
    return (
        f"LOAD DATA LOCAL INFILE '{csv}' INTO TABLE `rows` CHARACTER SET utf8mb4 FIELDS TERMINATED BY ','"
        rf" OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' IGNORE 1 LINES ({variables}) SET {values}"
    )


def _value(name: str) -> str:
    given = f"NULLIF(@{name}, '')"
    if name == "active":
        return f"CASE {given} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END"
    return f"REPLACE({given}, 'Z', '')" if name == "updated_at" else given


def mariadb_client(server: MariadbServer) -> list[str]:
    """The command of the client, logged in; the password is in `mariadb_environment`."""
    place = ["--protocol=TCP", f"--host={server.host}", f"--port={server.port}", f"--user={server.user}"]
    return ["mariadb", "--no-defaults", "--default-character-set=utf8mb4", *place, DATABASE]


def mariadb_environment(server: MariadbServer) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "MYSQL_PWD": server.password}
