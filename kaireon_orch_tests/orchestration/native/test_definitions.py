"""What Dagster sees of native resources before a run: the connector's name and nothing else."""

from typing import TYPE_CHECKING

import dagster as dg
import pytest
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._serdes import serialize_value
from dagster_aws.s3 import S3PickleIOManager, S3Resource
from dagster_snowflake_pandas import SnowflakePandasIOManager

import kaireon_orch as ko
from kaireon_orch.errors import Fault

if TYPE_CHECKING:
    from kaireon_orch_tests.orchestration.conftest import Desk

SECRET = "C4nary/+q7ZxWv"


def snapshot(**resources: object) -> str:
    @dg.asset(required_resource_keys=set(resources))
    def one() -> None: ...

    repository = dg.Definitions(assets=[one], resources=resources).get_repository_def()
    return serialize_value(RepositorySnap.from_def(repository))


def test_a_snapshot_holds_the_name_alone_and_asks_no_registry() -> None:
    text = snapshot(
        files=ko.S3("exports_of_mine").native_resource(),
        io_manager=S3PickleIOManager(s3_resource=ko.S3("exports_of_mine").native_resource(), s3_bucket="b"),
        tables=ko.Snowflake("wh_of_mine").io_manager(SnowflakePandasIOManager, schema="MARTS"),
    )
    assert "exports_of_mine" in text
    assert "wh_of_mine" in text
    assert "secret_access_key" not in text
    assert "private_key" not in text


def test_a_live_resource_shows_nothing_and_does_not_run(desk: "Desk") -> None:
    config = {"bucket": "b", "region": "eu-central-1", "endpoint": "http://127.0.0.1:9"}
    auth = {"accessKeyId": "AKIAC4NARY", "secretAccessKey": SECRET}
    desk.connector("exports", "aws_s3", config, authMethod="access_key", authConfig=auth)
    live = ko.S3("exports").native()
    text = snapshot(files=live) + repr(live) + str(live) + f"{live!r}" + repr({"live": live})
    assert SECRET not in text + str(live.model_dump())
    assert "AKIAC4NARY" not in text

    @dg.asset
    def used(files: S3Resource) -> None: ...

    with pytest.raises(dg.DagsterResourceFunctionError) as caught:
        dg.materialize([used], resources={"files": live})
    assert isinstance(caught.value.user_exception, Fault)
    assert "native_resource()" in str(caught.value.user_exception)
