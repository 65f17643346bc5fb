"""Values beside a query's text, on every SQL system that is built."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest

import kaireon_orch as ko
from kaireon_orch.errors import Fault, FaultCode, InvalidInput
from kaireon_orch_tests.orchestration.shops import Servers, shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch_tests.orchestration.conftest import Desk
    from kaireon_orch_tests.servers.mariadb import MariadbServer
    from kaireon_orch_tests.servers.postgres import PostgresServer

ATTACKS = (
    "'; DROP TABLE orders; --",
    "' OR '1'='1",
    "\\' OR 1=1 -- ",
    "\\",
    "\\\\'",
    '" OR ""="',
    "`; SELECT 1; `",
    "/* */ ' # -- \n ; $$ $a$ '' \\x27",
    ":name ? ?? %s %(a)s $1 {0}",
    "é\u4f60\U0001f600\u02bc\uff07",
    "",
)
BERLIN = dt.timezone(dt.timedelta(hours=2))
VALUES: dict[str, Any] = {
    "absent": None,
    "yes": True,
    "whole": -(2**63),
    "fraction": 0.1 + 0.2,
    "tiny": 5e-324,
    "money": Decimal("19.99"),
    "day": dt.date(2024, 2, 29),
    "moment": dt.datetime(2024, 2, 29, 23, 59, 59, 999999),  # noqa: DTZ001  of no zone
    "raw": b"\x00'\\\xff",
}


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch, postgres: PostgresServer, mariadb: MariadbServer) -> Servers:
    found = Servers(postgres, mariadb)
    monkeypatch.setenv("KAIREON_EGRESS_ALLOW", found.allowed)
    return found


@pytest.fixture(params=["postgresql", "mariadb", "sqlite", "duckdb", "fake"])
def database(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Any]:
    if request.param == "fake":
        yield ko.FakeConnector("shop")
        return
    yield shop(request.getfixturevalue("desk"), request.param, servers)


def asked(database: Any, **values: Any) -> dict[str, Any]:
    """Each of the values as the database gives it back."""
    selected = ", ".join(f":{name} AS {name}" for name in values)
    return dict(database.query(f"SELECT {selected}", values).one())


def test_values_come_back_as_they_are_and_none_is_read_as_sql(database: Any) -> None:
    attacks = {f"attack{at}": text for at, text in enumerate(ATTACKS)}
    found = asked(database, **VALUES, **attacks)
    assert {name: found[name] for name in attacks} == attacks
    assert found["absent"] is None
    assert found["yes"] == VALUES["yes"]
    for name in ("whole", "fraction", "tiny", "raw"):
        assert found[name] == VALUES[name], name
    assert Decimal(str(found["money"])) == VALUES["money"]
    assert found["day"] in {VALUES["day"], VALUES["day"].isoformat()}
    assert found["moment"] in {VALUES["moment"], VALUES["moment"].isoformat(" ")}


def test_what_is_no_placeholder_stays(database: Any) -> None:
    listed = ", ".join(f"? AS a{at}" for at in range(len(ATTACKS)))
    sql = f"SELECT ':a ?' AS texts, /* :b ? */ {listed} -- :c ?\n"
    assert list(database.query(sql, ATTACKS).one().values()) == [":a ?", *ATTACKS]


def test_without_params_the_text_is_as_it_was() -> None:
    assert ko.FakeConnector("shop").query("SELECT '?' AS mark, ':a' AS a").one() == {"mark": "?", "a": ":a"}


@pytest.mark.parametrize(
    ("sql", "params", "code", "named"),
    [
        ("SELECT :a AS a, :b AS b, :c AS c", {"a": 1}, FaultCode.MISSING_FIELDS, ":b, :c"),
        ("SELECT :a AS a", {"a": 1, "b": 2, "c": 3}, FaultCode.BAD_DATA, ":b, :c"),
        ("SELECT ? AS a, ? AS b", [1], FaultCode.MISSING_FIELDS, "? number 2"),
        ("SELECT ? AS a", [1, 2], FaultCode.BAD_DATA, "? number 2"),
    ],
)
def test_missing_and_surplus_params_are_named(
    desk: Desk, servers: Servers, sql: str, params: Any, code: FaultCode, named: str
) -> None:
    for database in (shop(desk, "sqlite", servers), ko.FakeConnector("shop")):
        with pytest.raises(Fault) as wrong:
            database.query(sql, params).arrow()
        assert (wrong.value.fault, named in wrong.value.message) == (code, True)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({1}, "set"),
        (object(), "object"),
        ([1, "a"], "mixes int and str"),
        ([[1]], "list"),
        ("\ud800", "surrogate"),
        (dt.time(1, tzinfo=dt.UTC), "zone"),
        (dt.datetime(1, 1, 1, tzinfo=BERLIN), "years"),
    ],
)
def test_a_type_without_sql_is_refused_before_anything_is_asked(value: Any, words: str) -> None:
    for database in (ko.PostgreSQL("nowhere"), ko.FakeConnector("shop")):
        with pytest.raises(InvalidInput, match=words) as refused:
            database.query("SELECT :what", {"what": value})
        assert [fault.field for fault in refused.value.details] == ["params.what"]


def test_params_are_a_list_or_a_mapping() -> None:
    with pytest.raises(InvalidInput, match="list or tuple"):
        ko.PostgreSQL("nowhere").query("SELECT ?", "abc")


def test_postgresql_has_every_type_and_arrays(desk: Desk, servers: Servers) -> None:
    database = shop(desk, "postgresql", servers)
    unique = UUID("12345678-1234-5678-1234-567812345678")
    values: dict[str, Any] = {
        "long": Decimal("-12345678901234567890123456789012345678901234567890.00000000000000000001"),
        "huge": 2**70,
        "moment": dt.datetime(2024, 3, 31, 2, 30, tzinfo=BERLIN),
        "time": dt.time(23, 59, 59, 999999),
        "unique": unique,
        "nan": math.nan,
        "wholes": [1, None, 2**62],
        "texts": ["a'b", "c\\d", '"', "{}", "NULL", ""],
        "days": [dt.date(2024, 1, 1)],
    }
    found = asked(database, **values)
    assert Decimal(found["long"]) == values["long"]
    assert int(found["huge"]) == values["huge"]
    assert found["moment"] == values["moment"]
    assert found["time"] == values["time"]
    assert UUID(bytes=found["unique"].bytes) == unique
    assert math.isnan(found["nan"])
    assert [found[name] for name in ("wholes", "texts", "days")] == [
        values[name] for name in ("wholes", "texts", "days")
    ]
    among = (
        "SELECT count(*) AS n FROM generate_series(1, 9) AS g(x) WHERE x = ANY(:some) AND NOT x = ANY(:none)"
    )
    assert database.query(among, {"some": [1, 3, 20], "none": []}).one() == {"n": 2}
    with pytest.raises(Fault, match="NUL"):
        database.query("SELECT :a", {"a": "a\x00b"}).arrow()


def test_a_server_that_reads_backslashes_in_texts_is_no_way_in(desk: Desk, servers: Servers) -> None:
    with psycopg.connect(servers.postgres.dsn("postgres"), autocommit=True) as admin:
        admin.execute("ALTER ROLE CURRENT_USER SET standard_conforming_strings = off")
        try:
            database = shop(desk, "postgresql", servers)
            values = {f"a{at}": text for at, text in enumerate(ATTACKS)}
            assert asked(database, **values) == values
            assert database.query(r"SELECT 'a\' AS one, :b AS two, ':b' AS three", {"b": "'"}).one() == {
                "one": "a\\",
                "two": "'",
                "three": ":b",
            }
        finally:
            admin.execute("ALTER ROLE CURRENT_USER RESET standard_conforming_strings")


def test_operators_of_question_marks_are_written_twice_beside_values_by_position(
    desk: Desk, servers: Servers
) -> None:
    database = shop(desk, "postgresql", servers)
    sql = """SELECT '{"a": 1}'::jsonb ?? ? AS found"""
    assert database.query(sql, ["a"]).one() == {"found": True}
    assert database.query("""SELECT '{"a": 1}'::jsonb ? :key AS found""", {"key": "b"}).one() == {
        "found": False
    }


@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
def test_no_mode_of_mysql_is_a_way_in(desk: Desk, servers: Servers, kind: str) -> None:
    (before,) = servers.mariadb.execute("SELECT @@GLOBAL.sql_mode")[0]
    servers.mariadb.execute("SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PIPES_AS_CONCAT'")
    try:
        database = shop(desk, kind, servers)
        values = {f"a{at}": text for at, text in enumerate((*ATTACKS, "a\x00b"))}
        assert asked(database, **values) == values
    finally:
        servers.mariadb.execute(f"SET GLOBAL sql_mode = '{before}'")


def test_mysql_tells_a_moment_in_utc_and_refuses_what_it_has_not(desk: Desk, servers: Servers) -> None:
    database = shop(desk, "mariadb", servers)
    moment = dt.datetime(2024, 3, 31, 2, 30, tzinfo=BERLIN)
    exact = Decimal("12345678901234567890123456789012345.123456789012345678901234567891")
    assert asked(database, moment=moment)["moment"] == dt.datetime(2024, 3, 31, 0, 30)  # noqa: DTZ001  as MySQL has it
    assert Decimal(str(asked(database, exact=exact)["exact"])) == exact
    for value, words in (
        ([1], "arrays"),
        (math.inf, "finite"),
        (Decimal(1).scaleb(-31), "30"),
        (10**65, "65"),
    ):
        with pytest.raises(Fault, match=words) as refused:
            database.query("SELECT :a", {"a": value}).arrow()
        assert refused.value.fault is FaultCode.TYPE_LOSSY


def test_sqlite_keeps_what_it_can_and_says_what_not(desk: Desk, servers: Servers) -> None:
    database = shop(desk, "sqlite", servers)
    moment = dt.datetime(2024, 3, 31, 2, 30, tzinfo=BERLIN)
    assert asked(database, moment=moment, nul="a\x00b") == {"moment": "2024-03-31 00:30:00", "nul": "a\x00b"}
    for value, words in (
        (Decimal("0.12345678901234567891"), "digits"),
        (2**63, "64"),
        (math.nan, "NaN"),
        ([1], "arrays"),
    ):
        with pytest.raises(Fault, match=words) as refused:
            database.query("SELECT :a", {"a": value}).arrow()
        assert refused.value.fault is FaultCode.TYPE_LOSSY


def test_duckdb_has_lists_and_long_numbers(desk: Desk, servers: Servers) -> None:
    for database in (shop(desk, "duckdb", servers), ko.FakeConnector("shop")):
        exact = Decimal("12345678901234567890.123456789012345678")
        moment = dt.datetime(2024, 3, 31, 2, 30, tzinfo=BERLIN)
        found = asked(database, exact=exact, moment=moment, wide=2**100)
        assert (found["exact"], found["moment"], int(found["wide"])) == (exact, moment, 2**100)
        among = "SELECT count(*) AS n FROM range(10) AS r(x) WHERE x IN (SELECT unnest(:some))"
        assert database.query(among, {"some": [1, 3, 20]}).one() == {"n": 2}
        with pytest.raises(Fault, match="38"):
            database.query("SELECT :a", {"a": Decimal(1).scaleb(-38)}).arrow()


def test_a_row_limit_and_values_hold_together(desk: Desk, servers: Servers) -> None:
    sql = "SELECT :a AS n UNION ALL SELECT :b UNION ALL SELECT :a"
    for database in (shop(desk, "sqlite", servers), ko.FakeConnector("shop")):
        assert database.query(sql, {"a": 1, "b": 2}, row_limit=2).arrow().num_rows == 2
