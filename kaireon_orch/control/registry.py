"""The registry opened: its settings, its database and its vault, handed to every use case."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kaireon_orch.errors import KaireonError, SettingsError
from kaireon_orch.store import scoped
from kaireon_orch.store.database import Database
from kaireon_orch.store.schema import NEWER
from kaireon_orch.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Generator

    from sqlalchemy.orm import Session

    from kaireon_orch.settings import Settings
    from kaireon_orch.store.redis import RedisStore


@dataclass(frozen=True)
class Registry:
    """What a use case works on; safe to share between threads.

    `redis` is there where KAIREON_REDIS_URL is set: rate limits and breakers live in it then, else in the database.
    """

    settings: Settings
    database: Database
    vault: Vault
    redis: RedisStore | None = None

    @classmethod
    def open(cls, settings: Settings) -> Registry:
        """Open the registry that the settings name; the embedded one is made or migrated on the way.

        Raises `SettingsError` where its schema is newer than this code, or older in a database server.
        """
        vault = Vault(settings.key_material())
        redis = _redis(settings)
        database = Database(settings.registry_url)
        try:
            _demand_schema(database)
        except KaireonError:
            database.close()
            raise
        return cls(settings=settings, database=database, vault=vault, redis=redis)

    def close(self) -> None:
        """Close the connections of the database and of Redis."""
        self.database.close()
        if self.redis is not None:
            self.redis.close()

    @contextmanager
    def change(self, tenant: str) -> Generator[Session]:
        """A write transaction in which the tenant has no other writer, so that what it checks stays true."""
        with self.database.write() as session:
            scoped.lock_tenant(session, tenant)
            yield session


def _redis(settings: Settings) -> RedisStore | None:
    """Nothing is contacted yet. Raises `SettingsError` where the client is not installed or the URL is none."""
    if settings.redis_address is None:
        return None
    try:
        # The client comes with an extra that only who sets the URL needs.
        from kaireon_orch.store.redis import RedisStore  # noqa: PLC0415  see above
    except ImportError:
        raise SettingsError("KAIREON_REDIS_URL needs the extra: pip install 'kaireon-orch[redis]'.") from None
    try:
        return RedisStore(settings.redis_address)
    except ValueError:
        raise SettingsError("KAIREON_REDIS_URL takes redis://[user:password@]host[:port][/number].") from None


def _demand_schema(database: Database) -> None:
    state = database.schema_state()
    if state == "newer":
        raise SettingsError(NEWER)
    if state == "current":
        return
    if not database.embedded:
        raise SettingsError("The registry's schema is older than this version: run `kaireon migrate`.")
    database.migrate()
