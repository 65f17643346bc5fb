"""Names of tables, schemas and columns: whatever is in them, they are names, and nothing of them runs."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from typing import TYPE_CHECKING, Any

import duckdb
import psycopg
import pytest

from kaireon_orch.errors import Fault
from kaireon_orch.network.child import run_job
from kaireon_orch.network.guard import Policy, parse_rules
from kaireon_orch_tests.attacks.attempts import of_type, postgresql, preview, tried

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch_tests.attacks.conftest import Tally
    from kaireon_orch_tests.servers.postgres import PostgresServer

DATABASE = "identifiers"
HOSTILE = (
    *(
        'a"b',
        '"',
        '""',
        "a'b",
        "';--",
        'x"; DROP TABLE kept; --',
        "x'; DROP TABLE kept; --",
        "a;b",
        "a--b",
        "a/*b*/",
    ),
    *(
        "a\\b",
        "$$a$$",
        "$1",
        "%s",
        "100%i",
        "%(x)s",
        "{a}",
        "?",
        ":a",
        "@a",
        "a b",
        " a ",
        "a\tb",
        "a\nb",
        "ä€😀",
        "\u202ea",
    ),
    *("select", "SELECT", "A", "a.b", "a,b", "(a)", "`a`", "[a]", "null", "1", "-1", "x" * 60, "\u200b"),
)
TABLES = (
    *(
        'kept"; DROP TABLE kept; --',
        "kept; DROP TABLE kept",
        '"kept"; DROP TABLE kept',
        "kept' OR '1'='1",
        "kept --",
    ),
    *(
        "(SELECT 1)",
        "kept, kept",
        "kept\x00",
        "a.b.c.d",
        ".",
        "..",
        "kept.",
        ".kept",
        '"kept',
        'kept"',
        '""',
        "",
        " ",
    ),
    *(
        "x" * 256,
        '"' + "x" * 300 + '"',
        "read_csv('/etc/passwd')",
        "pg_read_file('/etc/passwd')",
        "'/etc/passwd'",
    ),
    *(
        '"/etc/passwd"',
        "/etc/passwd",
        "kept\nUNION SELECT 1",
        "kept WHERE 1=1",
        "kept)--",
        "pragma_database_list()",
    ),
    *(
        "kept/**/",
        "kept%s",
        "$1",
        "?",
        "\ud800",
        "ｋｅｐｔ",  # noqa: RUF001  a spelling
        "kept\u200b",
        "e'kept'",
        'U&"kept"',
        "kept AS x",
    ),
)


@pytest.fixture(scope="module")
def server(postgres: PostgresServer) -> PostgresServer:
    postgres.database(DATABASE)
    return postgres


def at(server: PostgresServer) -> dict[str, Any]:
    auth = {"username": server.user, "password": server.password}
    return postgresql(server.host, server.port, auth=auth, database=DATABASE)


def policy(server: PostgresServer, folder: Path) -> Policy:
    return Policy(rules=parse_rules([f"127.0.0.1:{server.port}"]), files=(str(folder),))


def in_postgres(server: PostgresServer, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(server.dsn(DATABASE), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def test_a_source_table_is_a_name(server: PostgresServer, tmp_path: Path, tally: Tally) -> None:
    in_postgres(server, "DROP TABLE IF EXISTS kept")
    in_postgres(server, "CREATE TABLE kept AS SELECT 1 AS a")
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as made:
        made.execute("CREATE TABLE kept AS SELECT 1 AS a")
        made.commit()
    with duckdb.connect(str(tmp_path / "x.duckdb")) as made_too:
        made_too.execute("CREATE TABLE kept AS SELECT 1 AS a")
    ends = [at(server), of_type("sqlite", path="x.sqlite"), of_type("duckdb", path="x.duckdb")]
    tries = [preview(of, table=table) for of in ends for table in TABLES]
    controls = [preview(of, table="kept") for of in ends]
    told = tried(*tries, *controls, policy=policy(server, tmp_path))
    tally(len(tries))
    assert [one.rows for one in told[len(tries) :]] == [[{"a": 1}]] * len(ends)
    for attempt, one in zip(tries, told, strict=False):
        assert one.code in {"OBJECT_MISSING", "MISSING_FIELDS", "NOT_SUPPORTED", "NOT_PERMITTED"}, (
            attempt,
            one,
        )
        assert "root:" not in one.text


def loaded(server: PostgresServer, folder: Path, target: dict[str, Any], **parts: Any) -> str:
    """The code of a run that loads one CSV file: `schema`, `table`, `columns` are the attack's."""
    path = folder / f"{uuid.uuid4().hex}.csv"
    header = ",".join(quoted(name) for name in parts.get("columns", ["a"]))
    values = ",".join("1" for _ in parts.get("columns", ["a"]))
    path.write_text(f"{header}\n{values}\n")
    payload = {
        "runId": uuid.uuid4().hex,
        "pipeline": {"id": f"pipe_{uuid.uuid4().hex}", "name": "p", "source": {}, "loadMode": "append"},
        "source": of_type("csv", path=str(path), delimiter=","),
        "target": target,
        "targetTable": {"schema": parts.get("schema", "public"), "table": parts.get("table", "t")},
        "rowLimit": None,
        "fullRefresh": False,
        "hashKey": None,
    }
    try:
        run_job("run", payload, policy=policy(server, folder), deadline=45)
    except Fault as fault:
        return fault.code
    return "OK"


def test_every_name_can_be_a_column(server: PostgresServer, tmp_path: Path, tally: Tally) -> None:
    names = [name for name in HOSTILE if "\n" not in name]
    spaced = list(dict.fromkeys(names))
    assert loaded(server, tmp_path, at(server), columns=spaced, table="columns") == "OK"
    found = in_postgres(
        server,
        "SELECT attname FROM pg_attribute WHERE attrelid = 'public.columns'::regclass AND attnum > 0 ORDER BY attnum",
    )
    assert [name for (name,) in found] == spaced
    target = of_type("duckdb", path="t.duckdb")
    unlike = [name for name in spaced if name != "SELECT"]  # DuckDB's names differ in more than case
    unlike = [name for name in unlike if name != "A"]
    assert loaded(server, tmp_path, target, columns=unlike, table="columns") == "OK"
    tally(len(spaced) + len(unlike))


@pytest.mark.parametrize("kind", ["postgresql", "duckdb"])
def test_every_name_can_be_a_target(server: PostgresServer, tmp_path: Path, kind: str, tally: Tally) -> None:
    """A few of the worst, since each is a run of its own; nothing else is made, dropped or run."""
    in_postgres(server, "DROP TABLE IF EXISTS kept")
    in_postgres(server, "CREATE TABLE kept AS SELECT 1 AS a")
    target = at(server) if kind == "postgresql" else of_type("duckdb", path="names.duckdb")
    names = ('x"; DROP TABLE kept; --', "%s 100%i", "a'b\\ä$$")
    for name in names:
        assert loaded(server, tmp_path, target, schema=name, table=name) == "OK", name
        assert loaded(server, tmp_path, target, schema=name, table=name) == "OK", name
    tally(2 * len(names))
    assert in_postgres(server, "SELECT a FROM kept") == [(1,)]
    for name in names:
        counting = f"SELECT count(*) FROM {quoted(name)}.{quoted(name)}"
        if kind == "postgresql":
            assert in_postgres(server, counting) == [(2,)]
            in_postgres(server, f"DROP SCHEMA {quoted(name)} CASCADE")
        else:
            with duckdb.connect(str(tmp_path / "names.duckdb")) as found:
                assert found.execute(counting).fetchall() == [(2,)]


def test_a_name_that_no_server_takes_is_refused(server: PostgresServer, tmp_path: Path, tally: Tally) -> None:
    codes = {
        loaded(server, tmp_path, at(server), table="a\x00b"),
        loaded(server, tmp_path, at(server), schema="a\x00b"),
    }
    tally(2)
    assert not codes & {"OK", "CHILD_DIED", "DEADLINE"}
