"""Google Cloud: Dagster's resources and IO managers over the registry, logged in with a service account's key."""

import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg
import pandas as pd
import pytest
from dagster_gcp import BigQueryResource
from dagster_gcp.gcs import GCSPickleIOManager, GCSResource
from dagster_gcp_pandas import BigQueryPandasIOManager
from google.auth.exceptions import RefreshError

import kaireon_orch as ko
from kaireon_orch.errors import Fault
from kaireon_orch_tests.orchestration.native.conftest import DAGSTERS_OWN, kept_secret, materialized
from kaireon_orch_tests.servers.google_front import Account, Front, fronted

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch_tests.orchestration.conftest import Desk
    from kaireon_orch_tests.servers.bigquery import BigqueryServer
    from kaireon_orch_tests.servers.gcs import GcsServer

PROJECT = "acme-analytics"


@pytest.fixture(scope="module")
def account() -> Account:
    return Account.new(token_uri="http://127.0.0.2:1/evil", universe_domain="evil.test")


@pytest.fixture(scope="module")
def storage(gcs_server: "GcsServer", account: Account) -> Iterator[Front]:
    with fronted(gcs_server.url, account) as front:
        yield front


@pytest.fixture(scope="module")
def warehouse(bigquery_server: "BigqueryServer", account: Account) -> Iterator[Front]:
    with fronted(bigquery_server.url, account) as front:
        yield front


def pieces(account: Account) -> list[str]:
    """Lines of the private key, as they would stand in any text that holds it."""
    return str(json.loads(account.key)["private_key"]).splitlines()[1:4]


def stored(desk: "Desk", type_: str, front: Front, key: str, **config: str) -> None:
    desk.connector(
        "google",
        type_,
        {"project": PROJECT, "endpoint": front.url, **config},
        authMethod="service_account",
        authConfig={"serviceAccountJson": key},
    )


@dg.asset
def numbers(context: dg.AssetExecutionContext, google: ko.Connector) -> pd.DataFrame:
    resource = google.native()
    context.log.info("%r %s %r", resource, resource, google)
    print(resource, google.client())  # noqa: T201  what authors do
    return pd.DataFrame({"id": [1, 2, 3]})


@dg.asset
def total(numbers: pd.DataFrame) -> int:
    return int(numbers["id"].sum())


@dg.asset
def doubled(numbers: pd.DataFrame) -> pd.DataFrame:
    return numbers * 2


@pytest.mark.filterwarnings(DAGSTERS_OWN)
def test_objects_are_kept_by_dagsters_io_manager_and_no_secret_is(
    desk: "Desk", gcs_server: "GcsServer", storage: Front, account: Account, tmp_path: "Path"
) -> None:
    bucket = gcs_server.bucket()
    stored(desk, "gcs", storage, account.key, bucket=bucket)
    manager = GCSPickleIOManager(gcs=ko.GCS("google").native_resource(), gcs_bucket=bucket)
    with kept_secret(tmp_path / "instance", *pieces(account)) as instance:
        resources = {"google": ko.GCS("google"), "io_manager": manager}
        assert materialized(instance, [numbers, total], resources).output_for_node("total") == 6
    assert sorted(gcs_server.names(bucket)) == ["dagster/numbers", "dagster/total"]
    assert isinstance(ko.GCS("google").native(), GCSResource)
    assert "GOOGLE_APPLICATION_CREDENTIALS" not in os.environ


@pytest.mark.filterwarnings("ignore:BigQuery Storage module not found")
@pytest.mark.filterwarnings("ignore:(Loading|Retrieving) .*DataFrame")
def test_tables_are_kept_by_dagsters_io_manager_and_no_secret_is(
    desk: "Desk", bigquery_server: "BigqueryServer", warehouse: Front, account: Account, tmp_path: "Path"
) -> None:
    dataset = bigquery_server.dataset()
    stored(desk, "bigquery", warehouse, account.key, dataset=dataset)
    manager = ko.BigQuery("google").io_manager(BigQueryPandasIOManager, dataset=dataset)
    with kept_secret(tmp_path / "instance", *pieces(account)) as instance:
        for _ in range(2):
            resources = {"google": ko.BigQuery("google"), "io_manager": manager}
            materialized(instance, [numbers, doubled], resources)
    rows = bigquery_server.query(f"SELECT id FROM {dataset}.doubled ORDER BY 1")
    assert rows == [("2",), ("4",), ("6",)]
    with ko.BigQuery("google").native().get_client() as client:
        assert next(iter(client.query("SELECT 7 AS seven").result())).seven == 7
    assert isinstance(ko.BigQuery("google").native(), BigQueryResource)


def test_a_key_that_google_does_not_know_is_refused(desk: "Desk", storage: Front) -> None:
    stored(desk, "gcs", storage, Account.new().key, bucket="b")
    with pytest.raises(RefreshError):
        ko.GCS("google").client().get_bucket("b")


@pytest.mark.parametrize(
    "key",
    [
        "no JSON",
        '{"type": "authorized_user", "refresh_token": "x"}',
        '{"type": "external_account", "credential_source": {"file": "/etc/passwd"}}',
        '{"type": "service_account", "client_email": "a@b", "private_key": "no PEM"}',
    ],
)
def test_other_kinds_of_keys_are_refused(desk: "Desk", storage: Front, key: str) -> None:
    stored(desk, "gcs", storage, key, bucket="b")
    with pytest.raises(Fault) as caught:
        ko.GCS("google").client()
    assert caught.value.code == "CREDENTIALS_REFUSED"
    assert key not in str(caught.value)
