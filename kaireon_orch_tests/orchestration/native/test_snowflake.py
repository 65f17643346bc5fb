"""Snowflake: Dagster's resource and IO manager over an account of the registry, with each way to log in."""

from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from dagster_snowflake import SnowflakeResource
from dagster_snowflake_pandas import SnowflakePandasIOManager

import kaireon_orch as ko
from kaireon_orch.errors import Fault
from kaireon_orch_tests.orchestration.native.conftest import kept_secret, materialized
from kaireon_orch_tests.servers.snowflake import ACCOUNT
from kaireon_orch_tests.servers.snowflake_front import fronted

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch_tests.orchestration.conftest import Desk
    from kaireon_orch_tests.servers.snowflake import SnowflakeServer

PASSWORD = "C4nary/+q7ZxWv snow"


def stored(desk: "Desk", url: str, database: str, method: str, auth: dict[str, Any]) -> None:
    config = {
        "account": ACCOUNT,
        "warehouse": "WH",
        "database": database,
        "schema": "PUBLIC",
        "endpoint": url,
    }
    desk.connector("wh", "snowflake", config, authMethod=method, authConfig=auth)


@dg.asset
def numbers(context: dg.AssetExecutionContext, wh: ko.Snowflake) -> pd.DataFrame:
    resource = wh.native()
    context.log.info("%r %s %r", resource, resource, wh)
    print(resource, wh.client())  # noqa: T201  what authors do
    return pd.DataFrame({"id": [1, 2, 3]})


@dg.asset
def doubled(numbers: pd.DataFrame, snow: SnowflakeResource) -> pd.DataFrame:
    with snow.get_connection() as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT count(*) FROM MARTS.NUMBERS")
        assert cursor.fetchall() == [(3,)]
    return numbers * 2


@pytest.mark.filterwarnings("ignore:pandas only supports SQLAlchemy connectable")
def test_tables_are_kept_by_dagsters_io_manager_and_no_secret_is(
    desk: "Desk", snowflake_server: "SnowflakeServer", tmp_path: "Path"
) -> None:
    database = snowflake_server.database()
    # fakesnow words a missing table in its own way, by which Dagster would not know it.
    snowflake_server.execute(
        "CREATE SCHEMA MARTS",
        "CREATE TABLE MARTS.NUMBERS (ID INT)",
        "CREATE TABLE MARTS.DOUBLED (ID INT)",
        database=database,
    )
    with fronted(snowflake_server.url, "loader", password=PASSWORD) as front:
        stored(desk, front.url, database, "password", {"username": "loader", "password": PASSWORD})
        _materialize(tmp_path / "instance")
    rows = snowflake_server.execute("SELECT id FROM MARTS.DOUBLED ORDER BY 1", database=database)
    assert rows == [(2,), (4,), (6,)]


def _materialize(folder: "Path") -> None:
    snow = ko.Snowflake("wh")
    resources = {
        "wh": snow,
        "snow": snow.native_resource(),
        "io_manager": snow.io_manager(SnowflakePandasIOManager, schema="MARTS"),
    }
    with kept_secret(folder, PASSWORD) as instance:
        materialized(instance, [numbers, doubled], resources)
    assert isinstance(snow.native(), SnowflakeResource)


@pytest.mark.parametrize("passphrase", [None, "open sesame"])
def test_a_key_pair_logs_in(
    desk: "Desk", snowflake_server: "SnowflakeServer", passphrase: str | None
) -> None:
    lock = (
        serialization.BestAvailableEncryption(passphrase.encode())
        if passphrase
        else serialization.NoEncryption()
    )
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    auth = {
        "username": "loader",
        "privateKey": pem.decode(),
        **({"passphrase": passphrase} if passphrase else {}),
    }
    with fronted(snowflake_server.url, "loader", key=key.public_key()) as front:
        stored(desk, front.url, snowflake_server.database(), "key_pair", auth)
        with ko.Snowflake("wh").native().get_connection() as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT 1")
            assert cursor.fetchall() == [(1,)]


def test_a_wrong_password_is_refused_in_our_words(desk: "Desk", snowflake_server: "SnowflakeServer") -> None:
    with fronted(snowflake_server.url, "loader", password=PASSWORD) as front:
        stored(desk, front.url, "DB", "password", {"username": "loader", "password": "C4nary wrong"})
        with pytest.raises(Fault) as caught:
            ko.Snowflake("wh").client()
    assert caught.value.code == "CREDENTIALS_REFUSED"
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("method", "auth", "code"),
    [
        ("password", {"username": "loader"}, "MISSING_FIELDS"),
        ("key_pair", {"username": "loader", "privateKey": "-----BEGIN no key"}, "CREDENTIALS_REFUSED"),
        ("oauth2", {"clientId": "c", "clientSecret": "s"}, "NOT_SUPPORTED"),
    ],
)
def test_what_cannot_log_in_says_so_before_it_connects(
    desk: "Desk", snowflake_server: "SnowflakeServer", method: str, auth: dict[str, str], code: str
) -> None:
    stored(desk, snowflake_server.url, "DB", method, auth)
    for way in (ko.Snowflake("wh").native, ko.Snowflake("wh").client):
        with pytest.raises(Fault) as caught:
            way()
        assert caught.value.code == code
