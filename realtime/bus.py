"""Carries committed events to every process that has somebody to tell.

A bus gives hints, not guarantees: what it loses, clients fetch from the database (`sync`). When a bus knows that it
may have lost something, it says so with SYNC_REQUIRED.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, Protocol

import orjson
import redis.asyncio as redis
from redis.exceptions import RedisError

from core.events import Event, EventName
from core.logs import get_logger

log = get_logger(__name__)

Receiver = Callable[[Event], Awaitable[None]]
_CHANNEL: Final = "yingda:events"
_RETRY_SECONDS: Final = (0.2, 0.5, 1.0, 2.0, 5.0)


class Bus(Protocol):
    """Publishes events to the receivers of all processes, this one's included. Receivers must not raise."""

    def on_event(self, receiver: Receiver) -> None:
        """Registers a receiver; call before start."""
        ...

    async def start(self) -> None: ...

    async def publish(self, event: Event) -> None:
        """Tells everybody. Never raises: a lost hint is made good by `sync`."""
        ...

    async def close(self) -> None: ...


class LocalBus:
    """For one process: calls the receivers directly, in order."""

    def __init__(self) -> None:
        self._receivers: list[Receiver] = []

    def on_event(self, receiver: Receiver) -> None:
        self._receivers.append(receiver)

    async def start(self) -> None:
        """Nothing to connect to."""

    async def publish(self, event: Event) -> None:
        for receiver in self._receivers:
            await receiver(event)

    async def close(self) -> None:
        """Nothing to close."""


class RedisBus:
    """For many processes and machines: Redis pub/sub, reconnecting by itself."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=3)
        # A subscriber waits for ever; only its connection attempts may time out.
        self._subscriber = redis.Redis.from_url(url, socket_timeout=None, socket_connect_timeout=3)
        self._receivers: list[Receiver] = []
        self._listening: asyncio.Task[None] | None = None
        self._subscribed = asyncio.Event()

    def on_event(self, receiver: Receiver) -> None:
        self._receivers.append(receiver)

    async def start(self) -> None:
        """Begins to listen; returns once subscribed or after 5 seconds, whichever is first."""
        self._listening = asyncio.create_task(self._listen(), name="redis-bus")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._subscribed.wait(), 5)

    async def publish(self, event: Event) -> None:
        try:
            await self._client.publish(_CHANNEL, encode_event(event))
        except (RedisError, OSError) as error:
            log.warning("event_not_published", reason=type(error).__name__)
            # The other processes will be told to sync when Redis is back; our own people need not wait for that.
            await self._deliver(event)

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening
        await self._client.aclose()
        await self._subscriber.aclose()

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                async with self._subscriber.pubsub() as channel:
                    await channel.subscribe(_CHANNEL)
                    if failures:
                        log.info("bus_reconnected", after_failures=failures)
                        await self._deliver(Event(EventName.SYNC_REQUIRED, tenant_id="*"))
                    failures = 0
                    self._subscribed.set()
                    async for message in channel.listen():
                        if message["type"] == "message":
                            await self._deliver(decode_event(message["data"]))
            except (RedisError, OSError) as error:
                if not failures:
                    log.warning("bus_disconnected", reason=type(error).__name__)
                await asyncio.sleep(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])
                failures += 1

    async def _deliver(self, event: Event) -> None:
        for receiver in self._receivers:
            await receiver(event)


def encode_event(event: Event) -> bytes:
    """An event as bytes for other processes of the same version."""
    return orjson.dumps(event)


def decode_event(data: bytes) -> Event:
    """The inverse of encode_event."""
    fields: dict[str, Any] = orjson.loads(data)
    fields["name"] = EventName(fields["name"])
    return Event(**fields)
