"""S3: Dagster's resource and IO manager over a bucket of the registry, with each way to log in."""

import json
import uuid
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
from dagster_aws.s3 import S3PickleIOManager, S3Resource

import kaireon_orch as ko
from kaireon_orch.errors import Fault
from kaireon_orch_tests.orchestration.native.conftest import DAGSTERS_OWN, kept_secret, materialized

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch_tests.orchestration.conftest import Desk
    from kaireon_orch_tests.servers.moto import MotoServer

REGION = "eu-central-1"


@pytest.fixture
def bucket(moto: "MotoServer") -> str:
    name = f"exports-{uuid.uuid4().hex[:8]}"
    moto.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


def stored(
    desk: "Desk", moto: "MotoServer", bucket: str, auth: dict[str, str], method: str = "access_key"
) -> None:
    config = {"bucket": bucket, "region": REGION, "endpoint": moto.url}
    desk.connector("exports", "aws_s3", config, authMethod=method, authConfig=auth)


@dg.asset
def numbers(context: dg.AssetExecutionContext, exports: ko.S3) -> list[int]:
    resource = exports.native()
    context.log.info("%r %s %r", resource, resource, exports)
    print(resource, resource.get_client(), repr([resource]))  # noqa: T201  what authors do
    return [1, 2, 3]


@dg.asset
def total(numbers: list[int], files: S3Resource) -> int:
    assert isinstance(files, S3Resource)
    assert files.get_client().meta.region_name == REGION
    return sum(numbers)


@pytest.mark.filterwarnings(DAGSTERS_OWN)
def test_objects_are_kept_by_dagsters_io_manager_and_no_secret_is(
    desk: "Desk", moto: "MotoServer", bucket: str, tmp_path: "Path"
) -> None:
    keys = moto.user(f"writer-{bucket}", ["s3:*"])
    stored(desk, moto, bucket, keys.auth())
    exports = ko.S3("exports")
    resources = {
        "exports": exports,
        "files": exports.native_resource(),
        "io_manager": S3PickleIOManager(
            s3_resource=exports.native_resource(), s3_bucket=bucket, s3_prefix="dagster"
        ),
    }
    with kept_secret(tmp_path / "instance", keys.secret_access_key, keys.access_key_id) as instance:
        result = materialized(instance, [numbers, total], resources)
        assert result.output_for_node("total") == 6
    listed = moto.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert {item["Key"] for item in listed} == {"dagster/numbers", "dagster/total"}


def test_a_role_is_assumed_with_its_external_id(
    desk: "Desk", moto: "MotoServer", bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
        }
    )
    iam = moto.client("iam")
    role = iam.create_role(RoleName=f"read-{bucket}", AssumeRolePolicyDocument=trust)["Role"]
    iam.put_role_policy(RoleName=f"read-{bucket}", PolicyName="test", PolicyDocument=policy)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", moto.admin.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", moto.admin.secret_access_key)
    stored(desk, moto, bucket, {"roleArn": role["Arn"], "externalId": "tenant-7"}, "iam_role")
    client = ko.S3("exports").native().get_client()
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert client._request_signer._credentials.token


def test_nothing_is_taken_from_the_environment(
    desk: "Desk", moto: "MotoServer", bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", moto.admin.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", moto.admin.secret_access_key)
    config = {"bucket": bucket, "region": REGION, "endpoint": moto.url}
    desk.connector("exports", "aws_s3", config)
    with pytest.raises(Fault) as caught:
        ko.S3("exports").native()
    assert caught.value.code == "MISSING_FIELDS"


def test_other_stores_get_their_own_address_and_path_style(
    desk: "Desk", moto: "MotoServer", bucket: str
) -> None:
    config: dict[str, Any] = {"endpoint": moto.url.replace("127.0.0.1", "localhost"), "bucket": bucket}
    desk.connector("store", "s3_compatible", config, authMethod="access_key", authConfig=moto.admin.auth())
    client = ko.S3Compatible("store").client()
    client.put_object(Bucket=bucket, Key="a", Body=b"1")
    assert client.get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"
    client.close()
