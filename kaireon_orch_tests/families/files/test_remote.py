"""Files behind URLs in every format: tested and looked into by real guarded children."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.network.child import run_job
from kaireon_orch_tests.families.files.xlsx import book, number, text
from kaireon_orch_tests.families.http.conftest import allowing
from kaireon_orch_tests.families.http.site import status

if TYPE_CHECKING:
    from kaireon_orch_tests.families.http.site import Site


def parquet() -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.table({"a": [1, 2]}), held)
    return held.getvalue()


def avro() -> bytes:
    held = io.BytesIO()
    schema = {"type": "record", "name": "r", "fields": [{"name": "a", "type": "long"}]}
    fastavro.writer(held, schema, [{"a": 1}, {"a": 2}])
    return held.getvalue()


FILES = {
    "json": b'[{"a":1},{"a":2}]',
    "parquet": parquet(),
    "avro": avro(),
    "excel": book({"S": [[text("a")], [number("1")], [number("2")]]}),
}


def ask(site: Site, type_: str, kind: str, **payload: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A job's result and the checks that it told."""
    of = {
        "type": type_,
        "config": {"url": site.url("/file")},
        "authMethod": "bearer_token",
        "auth": {"token": "canary-token"},
    }
    checks: list[dict[str, Any]] = []
    done = run_job(
        kind,
        {"connector": of} | payload,
        policy=allowing(site),
        deadline=20,
        on_event=lambda event: checks.append(event["check"]),
    )
    return done.result, checks


@pytest.mark.parametrize("type_", FILES)
def test_a_file_behind_a_url(site: Site, type_: str) -> None:
    site.answers["/file"] = status(200, FILES[type_])
    _, checks = ask(site, type_, "probe")
    assert [(check["name"], check["ok"]) for check in checks] == [("request", True), ("parse", True)]
    assert checks[-1]["figures"] == {"rows": 2}
    assert ask(site, type_, "preview", source={}, limit=10)[0]["rows"] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("type_", FILES)
def test_what_a_server_refuses_is_told_so(site: Site, type_: str) -> None:
    site.answers["/file"] = status(401, b"no")
    with pytest.raises(Fault) as caught:
        ask(site, type_, "probe")
    assert caught.value.fault is FaultCode.CREDENTIALS_REFUSED
    assert "canary" not in caught.value.message
