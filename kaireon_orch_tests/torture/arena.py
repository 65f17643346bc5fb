"""Where torture tables are made, and where they are read with each target's own client."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import psycopg
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from kaireon_orch.worker import plan
from kaireon_orch_tests.connectors.mysql_ends import MyEnds
from kaireon_orch_tests.movement.ends import connector
from kaireon_orch_tests.torture.cases import ID
from kaireon_orch_tests.torture.meanings import canonical, of_arrow
from kaireon_orch_tests.torture.types_of_postgresql import SETUP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from kaireon_orch_tests.servers.mariadb import MariadbServer
    from kaireon_orch_tests.servers.postgres import PostgresServer
    from kaireon_orch_tests.torture.cases import Case

_PG = {"float": "{c}::float8::text", "bytes": "encode({c}, 'hex')", "list": "to_json({c})::text"}
_DUCKDB = {"bytes": "hex({c})", "list": "CAST(to_json({c}) AS VARCHAR)", "float": "{c}"}
_MARIADB = {"bytes": "HEX({c})", "float": "{c} * 1e0", "bool": "{c} + 0"}


@dataclass
class Arena(MyEnds):
    """The systems between which torture tables go; all tests of a module share a database of each server."""

    _targets: dict[str, dict[str, Any]] = field(default_factory=dict)

    def name(self) -> str:
        return f"t_{uuid.uuid4().hex[:12]}"

    def target(self, kind: str) -> dict[str, Any]:
        """The connector of a kind of target."""
        if kind not in self._targets:
            self._targets[kind] = self._target(kind)
        return self._targets[kind]

    def _target(self, kind: str) -> dict[str, Any]:
        if kind == "postgresql":
            return self.postgresql()
        if kind == "mariadb":
            return self.my()
        if kind == "duckdb":
            return self.duckdb(f"{self.name()}.duckdb")
        return connector(kind, {"path" if kind == "parquet" else "uri": str(self.folder / f"lake_{kind}")})

    def _schema(self, kind: str) -> str | None:
        return {"postgresql": "public", "duckdb": "main"}.get(kind)

    def load(
        self, origin: tuple[dict[str, Any], dict[str, Any]], kind: str, table: str, **options: Any
    ) -> dict[str, Any]:
        """A real run into `table` of that target; its result. Raises its `Fault`."""
        of, source = origin
        return self.run(
            of, self.target(kind), table=table, schema=self._schema(kind), source=source, **options
        )

    def load_in_child(self, origin: tuple[dict[str, Any], dict[str, Any]], kind: str, table: str) -> None:
        """The same in a guarded child."""
        of, source = origin
        self.run_child(of, self.target(kind), table=table, schema=self._schema(kind), source=source)

    def planned(
        self, origin: tuple[dict[str, Any], dict[str, Any]], kind: str, table: str, **options: Any
    ) -> dict[str, Any]:
        """What the plan says of that run."""
        of, source = origin
        payload = self.payload(
            of, self.target(kind), table=table, schema=self._schema(kind), source=source, **options
        )
        return plan.work(self.job(payload))

    def make(self, kind: str, table: str, names: Sequence[str], native: str) -> None:
        """A table with columns of these names, all of the target's own type `native`."""
        mark = "`" if kind == "mariadb" else '"'
        columns = ", ".join(f"{mark}{name}{mark} {native}" for name in names)
        statement = f"CREATE TABLE {mark}{table}{mark} ({ID} BIGINT, {columns})"
        if kind == "postgresql":
            self.execute(statement)
        elif kind == "mariadb":
            self.sql(f"{statement} CHARACTER SET utf8mb4")
        else:
            with duckdb.connect(self.target(kind)["config"]["path"]) as connection:
                connection.execute(statement)

    def found(self, kind: str, table: str, cases: Mapping[str, Case]) -> dict[str, list[Any]]:
        """The table's columns in the order of `id`, each value in its canonical form."""
        if kind in {"parquet", "delta_lake"}:
            read = self._arrow(kind, table).sort_by(ID)
            return {name: of_arrow(read.column(name), each) for name, each in cases.items()}
        rows = self._rows(kind, table, cases)
        columns = list(zip(*rows, strict=True)) or [()] * len(cases)
        return {
            name: [canonical(value, each.kind, each.item) for value in values]
            for (name, each), values in zip(cases.items(), columns, strict=True)
        }

    def _rows(self, kind: str, table: str, cases: Mapping[str, Case]) -> Sequence[tuple[Any, ...]]:
        if kind == "postgresql":
            parts = (_PG.get(each.kind, "{c}::text").format(c=f'"{name}"') for name, each in cases.items())
            return self.in_postgres(f'SELECT {", ".join(parts)} FROM "{table}" ORDER BY id')
        if kind == "duckdb":
            parts = (
                f'"{name}"'
                if each.item == "bytes"
                else _DUCKDB.get(each.kind, "CAST({c} AS VARCHAR)").format(c=f'"{name}"')
                for name, each in cases.items()
            )
            path = self.target("duckdb")["config"]["path"]
            with duckdb.connect(path, read_only=True) as connection:
                connection.execute("SET TimeZone = 'UTC'")
                return connection.execute(
                    f'SELECT {", ".join(parts)} FROM main."{table}" ORDER BY id'
                ).fetchall()
        parts = (
            _MARIADB.get(each.kind, "CAST({c} AS CHAR)").format(c=f"`{name}`") for name, each in cases.items()
        )
        return self.sql(f"SELECT {', '.join(parts)} FROM `{table}` ORDER BY id")

    def _arrow(self, kind: str, table: str) -> pa.Table:
        folder = self.folder / f"lake_{kind}" / table
        if kind == "delta_lake":
            return DeltaTable(str(folder)).to_pyarrow_table()
        return pq.read_table([str(part) for part in sorted(folder.glob("*.parquet"))], partitioning=None)

    def exists(self, kind: str, table: str) -> bool:
        """Whether the target has the table, by its own client."""
        if kind == "postgresql":
            return bool(self.in_postgres(f"SELECT to_regclass('\"{table}\"') IS NOT NULL")[0][0])
        if kind == "mariadb":
            return bool(self.sql(f"SHOW TABLES LIKE '{table}'"))
        if kind == "duckdb":
            path = Path(self.target("duckdb")["config"]["path"])
            if not path.exists():
                return False
            with duckdb.connect(str(path), read_only=True) as connection:
                return bool(
                    connection.execute(
                        "SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [table]
                    ).fetchall()
                )
        folder = self.folder / f"lake_{kind}" / table
        return any(folder.glob("*.parquet")) or (folder / "_delta_log").exists()

    def execute(self, sql: str) -> None:
        with psycopg.connect(self.postgres.dsn(self.database), autocommit=True) as connection:
            connection.execute(sql.encode())


@pytest.fixture(scope="module")
def arena(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer, mariadb: MariadbServer
) -> Arena:
    """Fresh files, and one database of each server, for all tests of a module."""
    database = f"torture_{uuid.uuid4().hex[:10]}"
    postgres.database(database)
    made = Arena(
        tmp_path_factory.mktemp("torture"),
        postgres,
        database,
        mariadb=mariadb,
        own=mariadb.database(),
        prepared=True,
    )
    for statement in SETUP:
        made.execute(statement)
    return made
