"""If-Match (RFC 9110, section 13.1.1): a change that was made up from an older state is refused."""

from __future__ import annotations

from kaireon_orch.errors import Stale


def demand_match(if_match: str | None, etag: str) -> None:
    """Raise `Stale` unless `if_match` is absent, `*`, or names `etag`; weak tags never match."""
    if if_match is None or if_match.strip() == "*":
        return
    if etag not in [tag.strip() for tag in if_match.split(",")]:
        raise Stale("It was changed since it was read: read it again and send its ETag.")
