"""`Idempotency-Key` of a run request: within 24 hours the same key of a tenant means the same run."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, update

from kaireon_orch.control.clock import now_ms
from kaireon_orch.errors import FieldError, InvalidInput, Unavailable
from kaireon_orch.store.tables import Idempotency

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement

    from kaireon_orch.control.registry import Registry

GOOD_FOR_MS = 24 * 3600 * 1000
ABANDONED_MS = 3 * 60 * 1000  # longer than a launch may take: whoever claimed the key is gone
WAIT_SECONDS = 20.0
LOOK_SECONDS = 0.2
MAX_KEY = 255


@dataclass(frozen=True, slots=True)
class Claim:
    """A key in use: by the run `run_id`, or by us, who are to launch it under the mark `launch`.

    `taken_over`: somebody claimed it before and is gone, so the run may be there already.
    """

    run_id: str | None
    launch: str
    taken_over: bool = False


def digest(pipeline_id: str, body: Mapping[str, Any]) -> str:
    """What a key stands for: the same key with another digest is another request."""
    canonical = json.dumps([pipeline_id, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def claim(registry: Registry, tenant: str, key: str, request: str) -> Claim:
    """Take the key for `request` (its digest), or find the run that it already stands for.

    Raises:
        InvalidInput: the key was used for another request, or is none.
        Unavailable: somebody else is launching it, and takes long.
    """
    if not 1 <= len(key) <= MAX_KEY or not key.isprintable():
        raise _bad_key(f"takes 1 to {MAX_KEY} printable characters")
    give_up = time.monotonic() + WAIT_SECONDS
    while True:
        found = _look(registry, tenant, key, request)
        if found is not None:
            return found
        if time.monotonic() > give_up:
            raise Unavailable("A request with this Idempotency-Key is being launched; try again.")
        time.sleep(LOOK_SECONDS)


def settle(registry: Registry, tenant: str, key: str, run_id: str) -> None:
    """The claimed key stands for this run from now on."""
    with registry.database.write() as session:
        session.execute(update(Idempotency).where(_is(tenant, key)).values(run_id=run_id))


def release(registry: Registry, tenant: str, key: str) -> None:
    """Nothing was launched: the key is free again."""
    with registry.database.write() as session:
        session.execute(delete(Idempotency).where(_is(tenant, key), Idempotency.run_id.is_(None)))


def _look(registry: Registry, tenant: str, key: str, request: str) -> Claim | None:
    """One look: the run, our own claim, or None while somebody else is at it."""
    now = now_ms()
    with registry.change(tenant) as session:
        old = Idempotency.created_at < now - GOOD_FOR_MS
        session.execute(delete(Idempotency).where(Idempotency.tenant == tenant, old))
        row = session.get(Idempotency, (tenant, key))
        if row is None:
            session.add(Idempotency(tenant=tenant, key=key, digest=request, run_id=None, created_at=now))
            return Claim(None, _mark(tenant, key, now))
        if row.digest != request:
            raise _bad_key("was used for another request within 24 hours; take a new one")
        if row.run_id is None and row.created_at >= now - ABANDONED_MS:
            return None
        return Claim(row.run_id, _mark(tenant, key, row.created_at), taken_over=True)


def _mark(tenant: str, key: str, at: int) -> str:
    return hashlib.sha256(f"{tenant}\n{at}\n{key}".encode()).hexdigest()[:32]


def _is(tenant: str, key: str) -> ColumnElement[bool]:
    return (Idempotency.tenant == tenant) & (Idempotency.key == key)


def _bad_key(words: str) -> InvalidInput:
    return InvalidInput("The Idempotency-Key cannot be used.", [FieldError("Idempotency-Key", words)])
