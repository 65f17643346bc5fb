"""Amazon's services for tests: one moto server per test session, which checks signatures and rights."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.config import Config
from botocore.session import Session

from kaireon_orch_tests.servers import environments
from kaireon_orch_tests.servers.postgres import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REGION = "eu-central-1"
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Keys:
    """A user's access key."""

    access_key_id: str
    secret_access_key: str

    def auth(self) -> dict[str, str]:
        """As a connector's `authConfig`."""
        return {"accessKeyId": self.access_key_id, "secretAccessKey": self.secret_access_key}


@dataclass(frozen=True, slots=True)
class MotoServer:
    """Where the server listens; `admin` may do everything, `log` is the server's own log file."""

    host: str
    port: int
    log: Path
    admin: Keys = Keys("unchecked", "unchecked")

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def client(self, service: str) -> Any:
        """A client with the administrator's key."""
        return Session().create_client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=self.admin.access_key_id,
            aws_secret_access_key=self.admin.secret_access_key,
            config=Config(proxies={}, retries={"total_max_attempts": 1}),
        )

    def user(self, name: str, actions: Sequence[str]) -> Keys:
        """A new user who may do `actions` (`kinesis:DescribeStreamSummary`, `s3:*`) on everything; none: nothing."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        if actions:
            allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
            iam.put_user_policy(UserName=name, PolicyName="test", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Keys(key["AccessKeyId"], key["SecretAccessKey"])


@contextmanager
def running() -> Iterator[MotoServer]:
    """A fresh server with an administrator; from then on every call's signature and rights are checked."""
    programs = environments.programs("moto")
    with (
        tempfile.TemporaryDirectory(prefix="kaireon-moto-") as folder,
        _served(programs, Path(folder)) as bare,
    ):
        admin = bare.user("admin", ["*"])
        httpx.post(f"{bare.url}/moto-api/reset-auth", content="0", trust_env=False).raise_for_status()
        yield MotoServer(bare.host, bare.port, bare.log, admin)


@contextmanager
def _served(programs: Path, folder: Path) -> Iterator[MotoServer]:
    server = MotoServer("127.0.0.1", free_port(), folder / "log")
    # The server follows this process into death, so that a killed test run leaves none behind.
    follow = ("setpriv", "--pdeathsig", "KILL", "--")
    command = (str(programs / "moto_server"), "-H", server.host, "-p", str(server.port))
    outer = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    with (
        server.log.open("wb") as output,
        subprocess.Popen((*follow, *command), stdout=output, stderr=output, env=outer, cwd=folder) as process,
    ):
        try:
            _wait(server, process)
            yield server
        finally:
            process.kill()


def _wait(server: MotoServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"{server.url}/moto-api/data.json", trust_env=False).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"moto did not start:\n{server.log.read_text()[-2000:]}", pytrace=False)


@pytest.fixture(scope="session")
def moto() -> Iterator[MotoServer]:
    """The session's Amazon."""
    with running() as server:
        yield server
