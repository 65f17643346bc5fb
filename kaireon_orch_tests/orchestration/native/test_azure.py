"""Azure: Dagster's resources over an account of the registry, with each way to log in."""

import datetime as dt
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas
from dagster_azure.adls2 import ADLS2Resource
from dagster_azure.blob import AzureBlobStorageResource
from pydantic import SecretStr

import kaireon_orch as ko
from kaireon_orch.contract.auth_models import ServicePrincipalAuth
from kaireon_orch.errors import Fault
from kaireon_orch.families.azure.account import ServicePrincipal
from kaireon_orch.network.deadline import Deadline
from kaireon_orch.network.dial import ChildDoor
from kaireon_orch.network.guard import Policy, parse_rules
from kaireon_orch.network.refusals import Refusals
from kaireon_orch_tests.orchestration.native.conftest import kept_secret, materialized
from kaireon_orch_tests.servers.answering import Answer, answering

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch_tests.orchestration.conftest import Desk
    from kaireon_orch_tests.servers.azurite import AzuriteServer


def stored(desk: "Desk", url: str, account: str, method: str, auth: dict[str, Any]) -> None:
    config = {"storageAccount": account, "container": "exports", "endpoint": url}
    desk.connector("blobs", "azure_blob", config, authMethod=method, authConfig=auth)


def test_blobs_are_written_with_the_accounts_key_and_no_secret_is_kept(
    desk: "Desk", azurite: "AzuriteServer", tmp_path: "Path"
) -> None:
    stored(desk, azurite.url, azurite.account, "access_key", {"accountKey": azurite.key})
    container = azurite.container()

    @dg.asset
    def written(
        context: dg.AssetExecutionContext, blobs: ko.AzureBlob, azure: AzureBlobStorageResource
    ) -> None:
        context.log.info("%r %s %r", azure, blobs.native(), blobs)
        print(azure, blobs.client())  # noqa: T201  what authors do
        with azure.get_client() as client:
            client.get_blob_client(container, "numbers").upload_blob(b"1,2,3")

    resources = {"blobs": ko.AzureBlob("blobs"), "azure": ko.AzureBlob("blobs").native_resource()}
    with kept_secret(tmp_path / "instance", azurite.key) as instance:
        materialized(instance, [written], resources)
    with azurite.client() as client:
        assert client.get_blob_client(container, "numbers").download_blob().readall() == b"1,2,3"


def test_a_signature_is_enough(desk: "Desk", azurite: "AzuriteServer") -> None:
    container = azurite.container()
    sas = generate_account_sas(
        azurite.account,
        azurite.key,
        resource_types=ResourceTypes(container=True, object=True),
        permission=AccountSasPermissions(read=True, list=True),
        expiry=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1),
    )
    stored(desk, azurite.url, azurite.account, "sas", {"sasToken": f"?{sas}"})
    with ko.AzureBlob("blobs").native().get_client() as client:
        assert list(client.get_container_client(container).list_blobs()) == []
        with pytest.raises(HttpResponseError):
            client.create_container("another")


def test_a_wrong_key_is_refused(desk: "Desk", azurite: "AzuriteServer") -> None:
    stored(desk, azurite.url, azurite.account, "access_key", {"accountKey": "d3Jvbmc="})
    with pytest.raises(HttpResponseError) as caught:
        list(ko.AzureBlob("blobs").client().list_containers())
    assert caught.value.status_code == 403


def principal(url: str, folder: "Path", *allowed: str) -> ServicePrincipal:
    auth = ServicePrincipalAuth(tenant_id="acme.test", client_id="reader", client_secret=SecretStr("C4nary"))
    door = ChildDoor(
        Policy(rules=parse_rules(allowed)), Deadline.after(30), Refusals.beside(folder), kernel=False
    )
    return ServicePrincipal(auth, url, door)


def test_a_service_principal_asks_for_its_token_through_the_door(tmp_path: "Path") -> None:
    with answering(Answer(200, b'{"access_token": "t", "expires_in": 3600}')) as server:
        token = principal(server.url, tmp_path, "127.0.0.1").get_token("https://storage.azure.com/.default")
        with pytest.raises(Fault) as caught:
            principal(server.url, tmp_path).get_token("https://storage.azure.com/.default")
        assert len(server.connections) == 1
    assert token.token == "t"
    assert token.expires_on > dt.datetime.now(dt.UTC).timestamp() + 3000
    assert caught.value.code == "ADDRESS_BLOCKED"


def test_a_service_principal_that_is_refused_says_so(tmp_path: "Path") -> None:
    with answering(Answer(401, b'{"error": "invalid_client"}')) as server, pytest.raises(Fault) as caught:
        principal(server.url, tmp_path, "127.0.0.1").get_token("https://storage.azure.com/.default")
    assert caught.value.code == "CREDENTIALS_REFUSED"


def test_a_data_lake_gets_both_interfaces(desk: "Desk", azurite: "AzuriteServer") -> None:
    config = {"storageAccount": azurite.account, "fileSystem": "lake", "endpoint": azurite.url}
    auth = {"accountKey": azurite.key}
    desk.connector("lake", "azure_data_lake", config, authMethod="access_key", authConfig=auth)
    container = azurite.container()
    resource = ko.Connector("lake").native()
    assert isinstance(resource, ADLS2Resource)
    assert container in [each.name for each in resource.blob_client.list_containers()]
    # Azurite lists file systems by its blob interface, as Azure does; it has none for their files.
    assert container in [each.name for each in resource.adls2_client.list_file_systems()]
