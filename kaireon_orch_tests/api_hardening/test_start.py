"""What a start of the API need not wait for, and the schema that it knows without Alembic."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx
from alembic.script import ScriptDirectory

from kaireon_orch.store import schema, upgrade
from kaireon_orch_tests.api_hardening import processes

if TYPE_CHECKING:
    from pathlib import Path

LATE = {"alembic", "mako", "httpx", "rich", "click", "requests", "schemathesis"}
PROGRAM = """
import json, sys
at_start = set(sys.modules)
import api.app
print(json.dumps(sorted({module.partition(".")[0] for module in sys.modules.keys() - at_start})))
"""
MOST_SECONDS = 10.0  # three are promised; a machine that runs other tests beside is slower


def test_the_app_loads_nothing_that_a_request_may_never_need() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "sqlalchemy" in loaded
    assert loaded & LATE == set()


def test_revisions_are_those_of_alembic() -> None:
    scripts = ScriptDirectory.from_config(upgrade.configuration())
    newest_first = [script.revision for script in scripts.walk_revisions()]
    assert list(schema.revisions()) == newest_first[::-1]
    assert schema.revisions()[-1] == scripts.get_current_head()


def test_an_empty_home_is_ready_soon(tmp_path: Path) -> None:
    began = time.monotonic()
    with processes.running(tmp_path) as api:
        assert time.monotonic() - began < MOST_SECONDS
        assert (tmp_path / "admin.key").stat().st_mode & 0o777 == 0o600
        key = (tmp_path / "admin.key").read_text().strip()
        assert httpx.get(f"{api.url}/api/v1/api-keys", headers={"X-API-Key": key}).status_code == 200


def test_what_is_no_http_has_the_envelope(tmp_path: Path) -> None:
    with processes.running(tmp_path) as api:
        host, _, port = api.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=10) as line:
            line.sendall(b"NONSENSE\r\n\r\n")
            answer = b"".join(iter(lambda: line.recv(4096), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    error = json.loads(body)["error"]
    assert head.startswith(b"HTTP/1.1 400 ")
    assert f"X-Request-Id: {error['requestId']}".encode() in head
    assert (error["code"], error["status"]) == ("BAD_REQUEST", 400)
