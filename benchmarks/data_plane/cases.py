"""The cases: what is moved, by us and by each peer in the strongest way that is honest, and what must be there after."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from benchmarks.data_plane import checks
from benchmarks.data_plane.data import COLUMNS, DATABASE, mariadb_client, mariadb_environment
from benchmarks.data_plane.ours import Load
from benchmarks.data_plane.rows import SCHEMA
from benchmarks.data_plane.stage import Stage, python

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PEERS: Final = Path(__file__).with_name("peers")
CHANGED: Final = 100_000
RENAMED: Final = {"note": "remark"}
SLING: Final = "sling_linux_amd64/bin/sling-linux-amd64"


@dataclass(frozen=True, slots=True)
class Command:
    """A program as it is started, with all of its environment."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Peer:
    """`command` is made for a cleared stage; `check` gives the sums of what it wrote, where that is not `loaded`."""

    name: str
    command: Callable[[Stage], Command]
    check: Callable[[Stage], str] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """`aims` are the greatest ratio of our time to a peer's, by the peer's name; `check` gives sums of `loaded`."""

    name: str
    ours: Load
    peers: tuple[Peer, ...]
    aims: Mapping[str, float]
    check: Callable[[Stage], str]
    check_ours: Callable[[Stage], str] | None = None
    expected: Callable[[Stage], str] = field(default=lambda stage: checks.in_postgres(stage, "rows"))
    prepare: Callable[[Stage], None] = lambda _: None
    needs_mariadb: bool = False


def _piped(stage: Stage, first: str, *then: str) -> Command:
    """`first | psql` in one transaction, which ends with the COPY's rows or with nothing."""
    steps = " ".join(f"-c {shlex.quote(each)}" for each in then)
    line = f"set -o pipefail; {first} | {_psql(stage)} -1 {steps}"
    return _bash(line, mariadb_environment(stage.mariadb) if stage.mariadb else {})


def _bash(line: str, more: Mapping[str, str]) -> Command:
    plain = {"PATH": "/usr/bin:/bin", "PGOPTIONS": "-c timezone=UTC"}
    return Command(("bash", "-c", line), {**plain, **more})


def _psql(stage: Stage) -> str:
    return f"psql -X -q -v ON_ERROR_STOP=1 {shlex.quote(stage.dsn)}"


def _copied_out(stage: Stage, table: str) -> str:
    return f"{_psql(stage)} -c 'COPY {table} TO STDOUT (FORMAT binary)'"


def _pipe(stage: Stage) -> Command:
    made = f"CREATE TABLE loaded ({COLUMNS})"
    return _piped(stage, _copied_out(stage, "rows"), made, "COPY loaded FROM STDIN (FORMAT binary)")


def _pipe_from_mariadb(stage: Stage) -> Command:
    assert stage.mariadb is not None  # noqa: S101  the case says that it needs one
    names = ", ".join(SCHEMA.names)
    said = f"SET time_zone = '+00:00'; SELECT {names} FROM `rows`"
    client = shlex.join([*mariadb_client(stage.mariadb), "--batch", "--quick", "-N", "-e", said])
    made = f"CREATE TABLE loaded ({COLUMNS})"
    return _piped(stage, client, made, "COPY loaded FROM STDIN (NULL 'NULL')")


def _copy_csv(stage: Stage) -> Command:
    copy = rf"\copy loaded FROM '{stage.files.csv}' (FORMAT csv, HEADER)"
    made = f"CREATE TABLE loaded ({COLUMNS})"
    return _bash(f"{_psql(stage)} -1 -c {shlex.quote(made)} -c {shlex.quote(copy)}", {})


def _copy_and_merge(stage: Stage) -> Command:
    values = ", ".join(f"{name} = EXCLUDED.{name}" for name in SCHEMA.names if name != "id")
    return _piped(
        stage,
        _copied_out(stage, "changes"),
        "CREATE TEMPORARY TABLE incoming (LIKE loaded)",
        "COPY incoming FROM STDIN (FORMAT binary)",
        f"INSERT INTO loaded SELECT * FROM incoming ON CONFLICT (id) DO UPDATE SET {values}",
    )


def _script(name: str, *arguments: str, environment: str = "peers", folder: Path | None = None) -> Command:
    home = str(folder or "/nonexistent")
    plain = {"PATH": "/usr/bin:/bin", "HOME": home, "PGOPTIONS": "-c timezone=UTC", "TZ": "UTC"}
    quiet = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    return Command((python(environment), str(PEERS / f"{name}.py"), *arguments), plain | quiet)


def _dlt(source: Callable[[Stage], str]) -> Peer:
    return Peer(
        "dlt",
        lambda stage: _script(
            "dlt_load", source(stage), stage.url, "peer", str(stage.out / "dlt"), folder=stage.out
        ),
        lambda stage: checks.in_postgres(stage, "peer.loaded"),
    )


def _sling(source: Callable[[Stage], str], stream: Callable[[Stage], str]) -> Peer:
    def command(stage: Stage) -> Command:
        program = next(Path(python("peers")).parents[1].glob(f"lib/python*/site-packages/{SLING}"))
        program.chmod(0o755)  # the wheel leaves that to its installer
        url = source(stage)
        begun = ("--src-conn", "SOURCE") if url else ("--src-options", '{"empty_as_null": true}')
        ends = ("--src-stream", stream(stage), "--tgt-conn", "TARGET", "--tgt-object", "public.loaded")
        known = {"SOURCE": url, "TARGET": f"{stage.url}?sslmode=disable", "HOME": str(stage.out)}
        plain = {"PATH": "/usr/bin:/bin", "TZ": "UTC", "SLING_DISABLE_TELEMETRY": "TRUE"}
        return Command((str(program), "run", *begun, *ends, "--mode", "full-refresh"), plain | known)

    return Peer("sling", command)


def _mariadb_url(stage: Stage) -> str:
    assert stage.mariadb is not None  # noqa: S101  the case says that it needs one
    server = stage.mariadb
    login = f"{server.user}:{quote(server.password, safe='')}"
    return f"mariadb://{login}@{server.host}:{server.port}/{DATABASE}"


def _pandas_by_csv(stage: Stage) -> Command:
    return _script("pandas_to_postgres", str(stage.files.csv), stage.url, "loaded")


def _prepare_upsert(stage: Stage) -> None:
    """1,000,000 rows with their key, and 100,000 to come: nine in ten change a row, the others are new."""
    fresh = CHANGED // 10
    stage.sql(
        "DROP TABLE IF EXISTS changes",
        "CREATE TABLE changes AS SELECT * FROM rows WHERE id % "
        f"(SELECT greatest(count(*) / {CHANGED - fresh}, 1) FROM rows) = 0 ORDER BY id LIMIT {CHANGED - fresh}",
        "UPDATE changes SET price = price + 1, note = 'changed ' || id",
        f"INSERT INTO changes SELECT id + (SELECT max(id) FROM rows), account, kind, price, ratio, active, born,"
        f" created_at, updated_at, code, name, note FROM rows WHERE id <= {fresh}",
        "ALTER TABLE changes ADD PRIMARY KEY (id)",
        "DROP TABLE IF EXISTS loaded",
        "CREATE TABLE loaded (LIKE rows INCLUDING ALL)",
        "INSERT INTO loaded SELECT * FROM rows",
        "VACUUM (ANALYZE) changes",
        "VACUUM (ANALYZE) loaded",
        "CHECKPOINT",
    )


def _merged(stage: Stage) -> str:
    kept = "SELECT * FROM rows WHERE id NOT IN (SELECT id FROM changes)"
    return checks.in_postgres(stage, f"({kept} UNION ALL SELECT * FROM changes) AS merged")


def _loaded(stage: Stage) -> str:
    return checks.in_postgres(stage, "loaded")


def _renamed(stage: Stage) -> str:
    return checks.in_postgres(stage, "loaded", RENAMED)


def _in_parquet(stage: Stage) -> str:
    return checks.in_duckdb(f"read_parquet('{stage.out}/**/*.parquet')")


def _in_file(stage: Stage) -> str:
    return checks.in_duckdb(f"read_parquet('{stage.files.parquet}')")


def _in_warehouse(stage: Stage) -> str:
    return checks.in_duckdb("loaded", str(stage.out / "peer.duckdb"))


def _in_our_warehouse(stage: Stage) -> str:
    return checks.in_duckdb("public.loaded", str(stage.out / "warehouse.duckdb"))


PIPE: Final = Peer("psql binary COPY pipe", _pipe)
TABLE: Final = {"table": "public.rows"}

CASES: Final = (
    Case(
        "pg_to_pg",
        Load("postgresql", "postgresql", TABLE),
        (
            PIPE,
            _dlt(lambda stage: f"table:{stage.url}"),
            _sling(lambda stage: f"{stage.url}?sslmode=disable", lambda _: "public.rows"),
        ),
        {PIPE.name: 1.08},
        _loaded,
    ),
    Case(
        "pg_to_pg_arrow",
        Load(
            "postgresql",
            "postgresql",
            TABLE,
            {"columns": {"rename": RENAMED, "cast": {"account": "int64"}}},
        ),
        (PIPE,),
        {PIPE.name: 1.65},
        _loaded,
        check_ours=_renamed,
    ),
    Case(
        "mariadb_to_pg",
        Load("mariadb", "postgresql", {"table": "rows"}),
        (
            Peer("mariadb --batch into psql COPY", _pipe_from_mariadb),
            _sling(_mariadb_url, lambda _: "bench.rows"),
        ),
        {"mariadb --batch into psql COPY": 1.0},
        _loaded,
        needs_mariadb=True,
    ),
    Case(
        "csv_to_pg",
        Load("csv", "postgresql"),
        (
            Peer(r"psql \copy csv", _copy_csv),
            _sling(lambda _: "", lambda stage: f"file://{stage.files.csv}"),
            Peer("pandas", _pandas_by_csv),
        ),
        {r"psql \copy csv": 1.1},
        _loaded,
    ),
    Case(
        "parquet_to_pg",
        Load("parquet", "postgresql"),
        (
            Peer(
                "duckdb + ADBC ingest",
                lambda stage: _script("duckdb_to_postgres", str(stage.files.parquet), stage.url, "loaded"),
            ),
            _dlt(lambda stage: str(stage.files.parquet)),
        ),
        {"duckdb + ADBC ingest": 0.8, "dlt": 0.4},
        _loaded,
    ),
    Case(
        "pg_to_parquet",
        Load("postgresql", "parquet", TABLE),
        (
            Peer(
                "duckdb's scanner",
                lambda stage: _script(
                    "duckdb_scanner", stage.dsn, str(stage.out / "peer.parquet"), environment="scanner"
                ),
            ),
            Peer(
                "polars",
                lambda stage: _script(
                    "polars_to_parquet", stage.url, str(stage.out / "peer.parquet"), "connectorx"
                ),
            ),
            Peer(
                "pandas",
                lambda stage: _script("pandas_to_parquet", stage.url, str(stage.out / "peer.parquet")),
            ),
        ),
        {"duckdb's scanner": 1.6, "polars": 1.0},
        _in_parquet,
        expected=_in_file,
    ),
    Case(
        "csv_to_warehouse",
        Load("csv", None),
        (
            Peer(
                "duckdb COPY FROM",
                lambda stage: _script(
                    "duckdb_copy", str(stage.files.csv), str(stage.out / "peer.duckdb"), COLUMNS
                ),
            ),
        ),
        {"duckdb COPY FROM": 2.0},
        _in_warehouse,
        check_ours=_in_our_warehouse,
        expected=_in_file,
    ),
    Case(
        "upsert",
        Load(
            "postgresql",
            "postgresql",
            {"table": "public.changes"},
            {"loadMode": "upsert", "primaryKey": ["id"]},
        ),
        (Peer("COPY + ON CONFLICT by hand", _copy_and_merge),),
        {"COPY + ON CONFLICT by hand": 1.2},
        _loaded,
        expected=_merged,
        prepare=_prepare_upsert,
    ),
)
