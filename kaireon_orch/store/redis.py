"""Redis for what all processes share and nobody misses when it is gone: rate limits and circuit breakers.

Imported only where KAIREON_REDIS_URL is set, since the client comes with the extra `redis`.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from limits.storage import RedisStorage
from redis import ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import (
    ConnectionError as Disconnected,
)
from redis.exceptions import (
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
)
from redis.exceptions import (
    TimeoutError as TimedOut,
)
from redis.retry import Retry

from kaireon_orch.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Generator

    from redis.commands.core import Script

WINDOWS = "kaireon:window"  # prefix of the keys of rate limits
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 2.0
# Its server is away, still loading, refuses the password, is a replica, or is full.
BROKEN = (Disconnected, TimedOut, NoPermissionError, OutOfMemoryError, ReadOnlyError)


class RedisStore:
    """A pool of connections to one Redis; nothing is contacted before the first use.

    `windows` are the sliding windows of rate limits.

    Args:
        url: `redis://[user:password@]host[:port][/db]`, or `rediss://…`.
    """

    def __init__(self, url: str) -> None:
        self.pool = ConnectionPool.from_url(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 1),  # a pooled connection may have died with the server
            retry_on_error=[Disconnected],
            client_name="kaireon_orch",
        )
        self.client = Redis(connection_pool=self.pool)
        self.windows = RedisStorage(url, connection_pool=self.pool, key_prefix=WINDOWS)

    def __repr__(self) -> str:
        return "RedisStore()"

    def script(self, source: str) -> Script:
        """A Lua script, sent whole the first time and by its digest from then on."""
        return self.client.register_script(source)

    @contextmanager
    def seam(self) -> Generator[None]:
        """The client's errors end here, since their words name the server: `Unavailable`."""
        try:
            yield
        except BROKEN:
            raise Unavailable(
                "The Redis of KAIREON_REDIS_URL is out of reach; check the setting and its server."
            ) from None

    def close(self) -> None:
        """Close every pooled connection."""
        self.client.close()
        self.pool.disconnect()
