"""`source.query`: statements that would write, reach files or run programs, in whatever disguise."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import duckdb
import psycopg
import pytest
from psycopg import sql

from kaireon_orch.families.sql import pg_catalog
from kaireon_orch.network.guard import Policy, parse_rules
from kaireon_orch_tests.attacks.attempts import of_type, postgresql, preview, tried

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch_tests.attacks.conftest import Tally
    from kaireon_orch_tests.servers.postgres import PostgresServer

CANARY = "planted-canary"
BREAKOUT = ") AS s; COMMIT; DELETE FROM kept; SELECT * FROM (SELECT 1"
# What one lexer takes for a text, a name or a comment and another for SQL.
DISGUISES = (
    f"SELECT 1 AS x$$ {BREAKOUT} AS y$$",
    f"SELECT 1 AS é$$ {BREAKOUT} AS é$$",
    f"SELECT 1 AS €$a$ {BREAKOUT} AS €$a$",
    f"SELECT E'\\'' {BREAKOUT} -- '\n",
    f"SELECT e'\\\\\\'' {BREAKOUT} -- '\n",
    f"SELECT E'a'\n'\\'' {BREAKOUT} -- '\n",
    f"SELECT E'a' -- b\n'\\'' {BREAKOUT} -- '\n",
    f"SELECT 1 --\r{BREAKOUT} --\n",
    f"SELECT 1 /* /* */ {BREAKOUT} /* */",
    f"SELECT 1 /* /* */ */ {BREAKOUT}",
    f"SELECT $é$ $é$ {BREAKOUT} -- $é$\n",
    f"SELECT $a$ $b$ $a$ {BREAKOUT} -- $b$\n",
    f"SELECT U&'\\' {BREAKOUT} -- '\n",
    f"SELECT '\\' {BREAKOUT} -- '\n",
    f'SELECT "a" {BREAKOUT} -- "\n',
    f"SELECT 1 {BREAKOUT}",
    f"SELECT [it's] {BREAKOUT} AS [it's]",
    f"SELECT `it's` {BREAKOUT} AS `it's`",
)
WRITES = (
    "DELETE FROM kept",
    "SELECT 1; DELETE FROM kept",
    "/* SELECT */ DELETE FROM kept",
    "-- SELECT\nDELETE FROM kept",
    "WITH gone AS (DELETE FROM kept RETURNING *) SELECT * FROM gone",
    "WITH x AS (SELECT 1) INSERT INTO kept SELECT 2",
    "WITH x AS (SELECT 1) DELETE FROM kept",
    "SELECT * INTO other FROM kept",
    "EXPLAIN ANALYZE DELETE FROM kept",
    "SELECT 1; COMMIT; DROP TABLE kept; --",
    "BEGIN; DELETE FROM kept; COMMIT",
    "TRUNCATE kept",
    "DO $$ BEGIN DELETE FROM kept; END $$",
    "VALUES (1); DROP TABLE kept",
    "",
    ";",
    "SELECT 1\x00; DELETE FROM kept",
)


def kept(server: PostgresServer, database: str) -> int:
    with psycopg.connect(server.dsn(database)) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture(scope="module")
def shop(postgres: PostgresServer) -> PostgresServer:
    """A database `attacks` whose table `kept` is to keep its one row; the login is the server's superuser."""
    postgres.database("attacks")
    with psycopg.connect(postgres.dsn("attacks"), autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS kept")
        connection.execute("CREATE TABLE kept AS SELECT 1 AS a")
        connection.execute("CREATE SEQUENCE IF NOT EXISTS counter")
        connection.execute(
            "CREATE OR REPLACE FUNCTION gone() RETURNS int LANGUAGE sql AS 'DELETE FROM kept RETURNING a'"
        )
    return postgres


POSTGRESQL_WRITES = (
    *("SELECT gone()", "SELECT nextval('counter')", "SELECT setval('counter', 9)"),
    "SELECT set_config('transaction_read_only', 'off', false), gone()",
    "SELECT set_config('default_transaction_read_only', 'off', false), gone()",
    "SELECT query_to_xml('DELETE FROM kept RETURNING a', true, true, '')",
    "SELECT * FROM dblink('dbname=attacks', 'DELETE FROM kept RETURNING a') AS x(a int)",
    "COPY kept TO PROGRAM 'touch {mark}'",
    "SELECT 1; COPY kept TO PROGRAM 'touch {mark}'",
    "SELECT 1) TO PROGRAM 'touch {mark}' --",
    "SELECT 1 AS x$$) TO PROGRAM 'touch {mark}' -- $$\n",
    "SELECT 1 AS x$$) AS s; COMMIT; COPY kept TO PROGRAM 'touch {mark}'; SELECT * FROM (SELECT 1 AS y$$",
)


def test_nothing_is_written_in_postgresql(shop: PostgresServer, tmp_path: Path, tally: Tally) -> None:
    tmp_path.chmod(0o777)
    mark = tmp_path / "ran"
    of = postgresql(
        shop.host,
        shop.port,
        database="attacks",
        auth={"username": shop.user, "password": shop.password},
    )
    queries = [*DISGUISES, *WRITES, *(query.replace("{mark}", str(mark)) for query in POSTGRESQL_WRITES)]
    policy = Policy(rules=parse_rules([f"127.0.0.1:{shop.port}"]))
    *told, control = tried(
        *(preview(of, query=query) for query in queries),
        preview(of, query="SELECT a FROM kept"),
        policy=policy,
    )
    tally(len(queries))
    for query, one in zip(queries, told, strict=True):
        assert one.code != "OK", query
        assert one.code not in {"UNEXPECTED", "CHILD_DIED", "DEADLINE"}, (query, one.message)
    assert control.rows == [{"a": 1}]
    assert kept(shop, "attacks") == 1
    assert not mark.exists()


def test_what_a_read_only_transaction_lets_write_is_rolled_back(shop: PostgresServer, tally: Tally) -> None:
    """Before version 16 large objects are not covered by READ ONLY."""
    of = postgresql(
        shop.host, shop.port, database="attacks", auth={"username": shop.user, "password": shop.password}
    )
    queries = ("SELECT lo_from_bytea(0, 'x')", "SELECT lo_create(0)", "SELECT lo_import('/etc/hostname')")
    policy = Policy(rules=parse_rules([f"127.0.0.1:{shop.port}"]))
    tried(*(preview(of, query=query) for query in queries), policy=policy)
    tally(len(queries))
    with psycopg.connect(shop.dsn("attacks")) as connection:
        assert connection.execute("SELECT count(*) FROM pg_largeobject_metadata").fetchone() == (0,)


def test_the_server_itself_takes_one_statement_alone(shop: PostgresServer) -> None:
    """Were a disguise not known to us, it would still be refused."""
    with psycopg.connect(shop.dsn("attacks")) as connection:
        connection.execute("SET TRANSACTION READ ONLY")
        with pytest.raises(psycopg.errors.SyntaxError):
            pg_catalog.result_types(connection, sql.SQL("SELECT 1 AS a; COMMIT; DELETE FROM kept"))
    assert kept(shop, "attacks") == 1


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder `files` with databases in it, beside what must not be read."""
    (tmp_path / "files").mkdir()
    (tmp_path / "secret.csv").write_text(f"a\n{CANARY}\n")
    with closing(sqlite3.connect(tmp_path / "secret.sqlite")) as secret:
        secret.execute("CREATE TABLE s AS SELECT ? AS a", (CANARY,))
        secret.commit()
    with closing(sqlite3.connect(tmp_path / "files" / "shop.sqlite")) as shop:
        shop.execute("CREATE TABLE kept (a INTEGER)")
        shop.execute("INSERT INTO kept VALUES (1)")
        shop.commit()
    with duckdb.connect(str(tmp_path / "secret.duckdb")) as foreign:
        foreign.execute(f"CREATE TABLE s AS SELECT '{CANARY}' AS a")
    with duckdb.connect(str(tmp_path / "files" / "shop.duckdb")) as ours:
        ours.execute("CREATE TABLE kept AS SELECT 1 AS a")
        ours.execute("CREATE SEQUENCE counter")
    return tmp_path


DUCKDB = (
    "SELECT * FROM read_csv('{home}/secret.csv')",
    "SELECT * FROM read_csv('/etc/passwd', header=false, delim='|')",
    "SELECT * FROM read_csv_auto('{home}/secret.csv')",
    "SELECT * FROM sniff_csv('{home}/secret.csv')",
    "SELECT * FROM '{home}/secret.csv'",
    'SELECT * FROM "{home}/secret.csv"',
    "SELECT * FROM read_text('{home}/secret.csv')",
    "SELECT * FROM read_blob('{home}/secret.csv')",
    "SELECT * FROM read_json('{home}/secret.csv')",
    "SELECT * FROM read_parquet('{home}/secret.csv')",
    "SELECT * FROM parquet_metadata('{home}/secret.csv')",
    "SELECT * FROM glob('{home}/*')",
    "SELECT * FROM read_text('/proc/self/environ')",
    "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
    "SELECT * FROM query('SELECT * FROM read_text(''{home}/secret.csv'')')",
    "SELECT * FROM query('DELETE FROM kept')",
    "SELECT getenv('HOME')",
    "SELECT nextval('counter')",
    "SELECT * FROM sqlite_scan('{home}/secret.sqlite', 's')",
    "SELECT * FROM secret.s",
    "ATTACH '{home}/secret.duckdb' AS secret",
    "SELECT 1; ATTACH '{home}/secret.duckdb' AS secret; SELECT * FROM secret.s",
    "COPY kept TO '{home}/out.csv'",
    "SELECT 1; COPY kept TO '{home}/out.csv'",
    "COPY kept FROM '{home}/secret.csv'",
    "EXPORT DATABASE '{home}/out'",
    "IMPORT DATABASE '{home}/out'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{home}/evil.duckdb_extension'",
    "SET enable_external_access = true",
    "SELECT 1; SET enable_external_access = true",
    "SET lock_configuration = false",
    "RESET enable_external_access",
    "PRAGMA enable_external_access",
    "PRAGMA database_list",
    "SET temp_directory = '{home}'",
    "SET home_directory = '{home}'",
    "CREATE SECRET (TYPE s3, PROVIDER credential_chain)",
    "CREATE TABLE other AS SELECT 1",
    "CREATE MACRO f() AS TABLE SELECT * FROM read_text('{home}/secret.csv')",
    "CALL pragma_database_size()",
    "FROM read_text('{home}/secret.csv')",
    "SUMMARIZE kept",
    "DESCRIBE kept",
    "CHECKPOINT",
    "USE main",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
)
SQLITE = (
    "ATTACH '{home}/secret.sqlite' AS secret",
    "SELECT 1; ATTACH '{home}/secret.sqlite' AS secret",
    "SELECT 1 /* /* */ ) ; ATTACH '{home}/secret.sqlite' AS secret; SELECT * FROM ( SELECT 1 /* */",
    "SELECT 1 AS [x'] ) ; ATTACH '{home}/secret.sqlite' AS secret; SELECT * FROM (SELECT 1 AS [x']",
    "SELECT * FROM secret.s",
    "SELECT load_extension('{home}/evil.so')",
    "SELECT readfile('{home}/secret.csv')",
    "SELECT writefile('{home}/out', 'x')",
    "SELECT edit('x', 'touch {home}/out')",
    "SELECT * FROM fsdir('{home}')",
    "SELECT * FROM csv('{home}/secret.csv')",
    "SELECT * FROM zipfile('{home}/secret.csv')",
    "PRAGMA writable_schema = ON",
    "SELECT 1; PRAGMA writable_schema = ON",
    "PRAGMA database_list",
    "VACUUM INTO '{home}/out'",
    "SELECT 1; VACUUM INTO '{home}/out'",
    "CREATE TABLE other (a)",
    "CREATE VIRTUAL TABLE temp.x USING csv(filename='{home}/secret.csv')",
    "WITH x AS (SELECT 1) INSERT INTO kept SELECT 2",
    "REPLACE INTO kept VALUES (2)",
    "DETACH main",
    "REINDEX",
)


@pytest.mark.parametrize(("type_", "own"), [("duckdb", DUCKDB), ("sqlite", SQLITE)])
def test_a_file_databases_query_stays_in_its_file(
    home: Path, type_: str, own: tuple[str, ...], tally: Tally
) -> None:
    of = of_type(type_, path=f"shop.{type_}")
    before = (home / "files" / f"shop.{type_}").read_bytes()
    queries = [query.replace("{home}", str(home)) for query in (*own, *DISGUISES, *WRITES)]
    *told, control = tried(
        *(preview(of, query=query) for query in queries),
        preview(of, query="SELECT a FROM kept"),
        policy=Policy(files=(str(home / "files"),)),
    )
    tally(len(queries))
    for query, one in zip(queries, told, strict=True):
        assert one.code != "OK", (query, one.result)
        assert one.code not in {"UNEXPECTED", "CHILD_DIED", "DEADLINE"}, (query, one.message)
        assert CANARY not in one.text
    assert control.rows == [{"a": 1}]
    assert (home / "files" / f"shop.{type_}").read_bytes() == before
    names = {"files", "secret.csv", "secret.sqlite", "secret.duckdb"}
    assert {path.name for path in home.iterdir()} == names
