"""A job that asks with the HTTP client in a real guarded child, and tells what came of each request.

Payload `{"asks": [{url, method?, headers?, body?, probe?}], "client": {…}, "secrets": {origin, headers, params}}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kaireon_orch.errors import Fault
from kaireon_orch.families.http.client import Credentials, HttpClient
from kaireon_orch.families.http.download import Download
from kaireon_orch.families.http.messages import Request
from kaireon_orch.families.http.url import parse_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kaireon_orch.worker.job import Job


def work(job: Job) -> dict[str, Any]:
    with HttpClient(job.door, credentials=_credentials(job.payload), **job.payload["client"]) as client:
        return {"told": [_told(job, client, ask) for ask in job.payload["asks"]]}


def _credentials(payload: Mapping[str, Any]) -> Credentials | None:
    secrets = payload.get("secrets")
    if secrets is None:
        return None
    return Credentials(
        parse_url(secrets["for"]).origin, secrets.get("headers", {}), secrets.get("params", {})
    )


def _told(job: Job, client: HttpClient, ask: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return _asked(job, client, ask)
    except Fault as fault:
        return fault.to_wire()


def _asked(job: Job, client: HttpClient, ask: Mapping[str, Any]) -> dict[str, Any]:
    url = parse_url(ask["url"])
    if ask.get("probe"):
        client.probe(url)
        return {"probed": True}
    body = ask["body"].encode() if "body" in ask else None
    request = Request(ask.get("method", "GET"), url, ask.get("headers", {}), body)
    with client.open(request) as response:
        response.raise_for_status()
        if "keep" in ask:
            return {"kept": _kept(Download(response.chunks(), job.folder, max_bytes=ask["keep"]))}
        text = response.read(ask.get("most", 1 << 20))
    return {"status": response.status, "text": text.decode("latin-1"), "headers": response.headers}


def _kept(download: Download) -> list[str]:
    """The whole by its size first, and again from the middle."""
    try:
        with download.open() as first, download.open() as second:
            second.seek(-3, 2)
            return [first.read().decode(), second.read().decode()]
    finally:
        download.close()
