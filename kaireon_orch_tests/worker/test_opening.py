from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from pydantic import SecretStr

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network.deadline import Deadline
from kaireon_orch.network.dial import ChildDoor
from kaireon_orch.network.guard import Policy
from kaireon_orch.network.refusals import Refusals
from kaireon_orch.worker.job import Job
from kaireon_orch.worker.opening import opening, source_model

if TYPE_CHECKING:
    from pathlib import Path

    from kaireon_orch.worker.job import Channel

CONNECTOR = {
    "type": "postgresql",
    "config": {"host": "db.example", "port": 5432, "database": "shop"},
    "authMethod": "password",
    "auth": {"username": "u", "password": "canary"},
}


@pytest.fixture
def job(tmp_path: Path) -> Job:
    door = ChildDoor(Policy(), Deadline.after(5), Refusals.beside(tmp_path), kernel=False)
    return Job({}, door, str(tmp_path), cast("Channel", None))


def test_an_opening_holds_the_types_own_models(job: Job) -> None:
    opened: Any = opening(job, CONNECTOR)
    assert (opened.config.host, opened.config.port) == ("db.example", 5432)
    assert opened.auth is not None
    assert isinstance(opened.auth.password, SecretStr)
    assert "canary" not in repr(opened)
    assert (opened.folder, opened.door.warehouse) == (job.folder, False)


def test_without_credentials_there_is_no_auth(job: Job) -> None:
    assert opening(job, CONNECTOR | {"auth": None}).auth is None


def test_the_warehouse_gets_its_own_door(job: Job) -> None:
    opened: Any = opening(job, CONNECTOR | {"warehouse": True})
    assert opened.door.warehouse is True


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"config": {"port": "5432"}}, "config.port"),
        ({"config": {"sslrootcert": "canary"}}, "config.sslrootcert"),
        ({"auth": {"username": "u", "passfile": "canary"}}, "authConfig.passfile"),
        ({"authMethod": "kerberos"}, "kerberos"),
    ],
)
def test_what_the_models_do_not_know_is_named_without_its_value(
    job: Job, changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(Fault) as caught:
        opening(job, CONNECTOR | changes)
    assert caught.value.fault is FaultCode.MISSING_FIELDS
    assert named in caught.value.message
    assert "canary" not in caught.value.message
    assert caught.value.__cause__ is None


def test_a_pipelines_source_is_validated_too() -> None:
    assert source_model(CONNECTOR, {"table": "orders"}).model_dump(exclude_none=True) == {"table": "orders"}
    with pytest.raises(Fault):
        source_model(CONNECTOR, {"file": "x"})
