"""How often somebody may do something: per address, per token, per tenant; shared through Redis where there is one.

Requests of this machine itself are not limited: they come from its operator. Nor, while `YINGDA_TRUSTED_PROXIES` is
empty, are those from private networks: that may be a reverse proxy, behind which everybody would share one address and
lock each other out.
"""

import hashlib
import ipaddress
import math
import time
from enum import Enum
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from prometheus_client import Counter
from redis.asyncio import ConnectionPool

from core.errors import DomainError
from core.logs import get_logger

log = get_logger(__name__)

REFUSED: Final = Counter("yingda_rate_limited_total", "Requests refused because there were too many", ["what"])


class TooManyRequests(DomainError):
    status, code = 429, "too_many_requests"
    zh, en = "操作太频繁，请 {seconds} 秒后再试。", "Too many requests. Please try again in {seconds} seconds."


class Rate(Enum):
    """What is limited, for whom, and to how many a minute. A person never comes near any of them."""

    SIGN_IN_BY_ADDRESS = ("sign_in", "address", 30)
    SESSION_BY_ADDRESS = ("session", "address", 120)
    SESSION_BY_TENANT = ("session", "tenant", 6000)
    MESSAGE_BY_TOKEN = ("message", "token", 240)
    MESSAGE_BY_ADDRESS = ("message", "address", 3000)
    ANSWER_BY_TOKEN = ("answer", "token", 600)
    ANSWER_BY_TENANT = ("answer", "tenant", 6000)

    @property
    def item(self) -> RateLimitItem:
        return RateLimitItemPerMinute(self.value[2])


class Limiter:
    """Counts and refuses. A store that does not answer lets everybody in: a limit must not become an outage."""

    def __init__(self, redis_url: str, *, is_on: bool, knows_proxies: bool) -> None:
        self._is_on = is_on
        self._knows_proxies = knows_proxies
        self._pool = ConnectionPool.from_url(redis_url) if redis_url else None
        storage: Storage = MemoryStorage()
        if self._pool is not None:
            storage = RedisStorage(
                f"async+{redis_url}",
                implementation="redispy",
                wrap_exceptions=True,
                key_prefix="yingda:limit",
                connection_pool=self._pool,  # type: ignore[arg-type]  # handed on to redis-py
            )
        self._counter = SlidingWindowCounterRateLimiter(storage)

    async def close(self) -> None:
        """Closes its connections."""
        if self._pool is not None:
            await self._pool.disconnect()

    async def check(self, address: str | None, *rates: tuple[Rate, str]) -> None:
        """Counts one act from an address against rates, each with whom it counts; stops at the first that is full.

        Raises:
            TooManyRequests: with the seconds until it may work again.
        """
        if not self._is_on or is_exempt(address, knows_proxies=self._knows_proxies):
            return
        for rate, who in rates:
            # A hash, because addresses are personal data and the store need not know them.
            key = hashlib.sha256(f"{rate.name}\n{who}".encode()).hexdigest()[:32]
            try:
                if await self._counter.hit(rate.item, rate.name, key):
                    continue
                stats = await self._counter.get_window_stats(rate.item, rate.name, key)
            except StorageError as error:
                log.warning("limits_not_counted", reason=type(error.storage_error).__name__)
                return
            REFUSED.labels(rate.value[0]).inc()
            raise TooManyRequests(seconds=max(1, math.ceil(stats.reset_time - time.time())))


def is_exempt(address: str | None, *, knows_proxies: bool) -> bool:
    """Whether an address may be that of many people, or is no address at all (a Unix socket)."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return True
    return parsed.is_loopback or (not knows_proxies and parsed.is_private)
