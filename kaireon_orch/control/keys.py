"""API keys: `krn_`, 32 random bytes in base 62, and a CRC by which scanners know a leaked one.

Only a keyed hash is stored. A key is random, so a slow hash would add nothing; the pepper keeps a stolen registry
from being enough to check guesses.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import zlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import bindparam, or_, select, update

from kaireon_orch.control import audit, ids, pages, tenants
from kaireon_orch.control.caller import Caller, Role, require
from kaireon_orch.control.clock import iso, iso_or_none, now_ms
from kaireon_orch.control.drafts import KeyDraft, checked
from kaireon_orch.control.views import KeyView
from kaireon_orch.errors import FieldError, InvalidInput, NotFound, Unauthenticated
from kaireon_orch.store import scoped
from kaireon_orch.store.tables import ApiKey

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from kaireon_orch.control.pages import Page
    from kaireon_orch.control.registry import Registry

PREFIX = "krn_"
RANDOM_BYTES = 32
BODY_LENGTH = 43  # 62 ** 43 > 2 ** 256
CRC_LENGTH = 6
SHOWN = len(PREFIX) + 6
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FORM = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{BODY_LENGTH + CRC_LENGTH}}}")
SPAN = re.compile(r"([1-9]\d{0,4})([mhdw])")
SPAN_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
USED_EVERY_MS = 60_000
ENTITY = "api_key"

_COLUMNS = ApiKey.__table__.columns
_BY_DIGEST = select(*_COLUMNS).where(
    _COLUMNS.digest == bindparam("digest")
)  # every request asks it: made once


def create(registry: Registry, caller: Caller, body: Mapping[str, Any]) -> tuple[KeyView, str]:
    """Make a key of the caller's tenant; the second value is the key itself, which nobody can show again.

    The tenant comes into being with its first key. Raises `InvalidInput`, `Forbidden`.
    """
    with audit.refusals(registry, caller, "key_create", ENTITY):
        require(caller, "admin")
    draft = checked(KeyDraft, body)
    expires_at = _expiry(draft.expires_at)
    with registry.database.write() as session:
        return _add(registry, session, caller, draft.role, draft.name, expires_at)


def list_page(
    registry: Registry, caller: Caller, *, limit: int | str | None = None, cursor: str | None = None
) -> Page[KeyView]:
    """The tenant's keys that are not revoked, newest first; admins only."""
    require(caller, "admin")
    statement = scoped.rows(ApiKey, caller.tenant).where(ApiKey.revoked_at.is_(None))
    with registry.database.read() as session:
        key, time_of = (ApiKey.created_at, ApiKey.id), pages.time_in("key")
        page = pages.fetch(session, statement, key, limit=limit, cursor=cursor, time_of=time_of)
    return page.shown(view)


def revoke(registry: Registry, caller: Caller, key_id: str) -> None:
    """End a key; it is refused from the next request on. Raises `NotFound`, `Forbidden`."""
    with audit.refusals(registry, caller, "key_revoke", ENTITY, key_id):
        require(caller, "admin")
        with registry.change(caller.tenant) as session:
            row = session.scalar(scoped.row(ApiKey, caller.tenant, key_id))
            if row is None or row.revoked_at is not None:
                raise NotFound("There is no such API key.")
            row.revoked_at = now_ms()
            audit.record(session, caller, "key_revoke", ENTITY, row.id, row.name, before=_told(view(row)))


def authenticate(
    registry: Registry, presented: str, *, request_id: str | None = None, action: str = "read"
) -> Caller:
    """Whom a key stands for; `Unauthenticated` for one that is unknown, revoked or expired.

    A known key that is refused goes into its tenant's audit log under `action`.
    """
    if not well_formed(presented):
        raise _unauthenticated()
    row = _find(registry, digest(registry, presented))
    if row is None:
        raise _unauthenticated()
    caller = Caller(row.tenant, cast("Role", row.role), row.id, row.name, request_id)
    ended = _ended(row)
    if ended is not None:
        audit.record_refusal(registry, caller, action, ENTITY, row.id, row.name, f"UNAUTHENTICATED: {ended}")
        raise _unauthenticated()
    _stamp(registry, row)
    return caller


def create_admin_key_file(registry: Registry) -> Path | None:
    """Make the first administrator's key of the tenant `default` in `$KAIREON_HOME/admin.key`, mode 0600.

    None where that tenant has keys already, or where another process is first.
    """
    path = registry.settings.home / "admin.key"
    caller = Caller.operator("default", "first start")
    with registry.database.read() as session:
        if _has_keys(session, caller.tenant):
            return None
    with registry.database.write() as session:
        tenants.ensure(registry, session, caller.tenant)
        scoped.lock_tenant(session, caller.tenant)
        if _has_keys(session, caller.tenant):
            return None
        _shown, secret = _add(registry, session, caller, "admin", "admin", None)
        _write_private(path, secret)
    return path


def digest(registry: Registry, presented: str) -> str:
    """The hash under which a key is stored."""
    pepper = registry.settings.pepper.get_secret_value().encode()
    return hmac.new(pepper, presented.encode(), hashlib.sha256).hexdigest()


def holder(registry: Registry, presented: str) -> tuple[str, str, str] | None:
    """Tenant, id and name of a key that was given out here, also of one that has ended."""
    row = _find(registry, digest(registry, presented)) if well_formed(presented) else None
    return None if row is None else (row.tenant, row.id, row.name)


def well_formed(presented: str) -> bool:
    """Whether the text has a key's form and its CRC is right."""
    return bool(FORM.fullmatch(presented)) and presented[-CRC_LENGTH:] == _crc(presented[:-CRC_LENGTH])


def view(row: ApiKey) -> KeyView:
    """A key as lists show it."""
    return KeyView(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        role=row.role,
        expires_at=iso_or_none(row.expires_at),
        last_used_at=iso_or_none(row.last_used_at),
        created_at=iso(row.created_at),
    )


def _add(
    registry: Registry, session: Session, caller: Caller, role: Role, name: str | None, expires_at: int | None
) -> tuple[KeyView, str]:
    tenants.ensure(registry, session, caller.tenant)
    scoped.lock_tenant(session, caller.tenant)
    row, secret = _new_row(registry, caller.tenant, role, name, expires_at)
    session.add(row)
    session.flush()
    shown = view(row)
    audit.record(session, caller, "key_create", ENTITY, row.id, row.name, after=_told(shown))
    return shown, secret


def _has_keys(session: Session, tenant: str) -> bool:
    return session.scalar(scoped.rows(ApiKey, tenant).limit(1)) is not None


def _write_private(path: Path, secret: str) -> None:
    """Replace the file at once, so that nobody finds half a key."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii"
    ) as file:
        file.write(secret + "\n")
    draft.replace(path)


def _new_row(
    registry: Registry, tenant: str, role: Role, name: str | None, expires_at: int | None
) -> tuple[ApiKey, str]:
    key = PREFIX + _base62(int.from_bytes(secrets.token_bytes(RANDOM_BYTES)), BODY_LENGTH)
    secret = key + _crc(key)
    key_id = ids.new_id("key")
    created = ids.time_of(key_id)
    row = ApiKey(
        id=key_id,
        tenant=tenant,
        name=name or f"key-{created}",
        prefix=secret[:SHOWN],
        digest=digest(registry, secret),
        role=role,
        expires_at=expires_at,
        created_at=created,
    )
    return row, secret


def _find(registry: Registry, presented: str) -> Row[Any] | None:
    with registry.database.look() as connection:
        row = connection.execute(_BY_DIGEST, {"digest": presented}).one_or_none()
    return row if row is not None and hmac.compare_digest(row.digest, presented) else None


def _ended(row: Row[Any]) -> str | None:
    if row.revoked_at is not None:
        return "the key is revoked"
    if row.expires_at is not None and row.expires_at <= now_ms():
        return "the key has expired"
    return None


def _stamp(registry: Registry, row: Row[Any]) -> None:
    now = now_ms()
    if row.last_used_at is not None and row.last_used_at > now - USED_EVERY_MS:
        return
    unstamped = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - USED_EVERY_MS)
    with registry.database.write() as session:
        session.execute(update(ApiKey).where(ApiKey.id == row.id, unstamped).values(last_used_at=now))


def _expiry(text: str | None) -> int | None:
    if text is None:
        return None
    at = _moment(text.strip())
    if at is None:
        raise _bad_expiry("takes ISO 8601 (UTC where it names no zone), or a span such as 30d or 12h")
    if at <= now_ms():
        raise _bad_expiry("lies in the past")
    return at


def _moment(text: str) -> int | None:
    span = SPAN.fullmatch(text)
    if span:
        return now_ms() + int(timedelta(**{SPAN_UNITS[span[2]]: int(span[1])}).total_seconds() * 1000)
    try:
        at = datetime.fromisoformat(text)
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError):  # the latter: a moment that UTC puts outside the years 1 to 9999
        return None


def _bad_expiry(why: str) -> InvalidInput:
    return InvalidInput("The expiry cannot be used.", [FieldError("expiresAt", why)])


def _unauthenticated() -> Unauthenticated:
    return Unauthenticated("The API key is missing, unknown, revoked or expired.")


def _told(shown: KeyView) -> dict[str, Any]:
    return {"name": shown.name, "role": shown.role, "prefix": shown.prefix, "expiresAt": shown.expires_at}


def _crc(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), CRC_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
