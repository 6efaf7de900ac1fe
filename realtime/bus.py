"""Carries committed events to every process that has somebody to tell.

A bus gives hints, not guarantees: what it loses, clients fetch from the database (`sync`). When a bus knows that it
may have lost something, it says so with SYNC_REQUIRED.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

import orjson
import redis.asyncio as redis
from redis.exceptions import RedisError

from core.events import Event, EventName
from core.ids import new_id
from core.logs import get_logger

log = get_logger(__name__)

Receiver = Callable[[Event], Awaitable[None]]
_CHANNEL: Final = "yingda:events:2"  # the number is that of the encoding
_MAX_UNTOLD: Final = 10_000  # events that wait for Redis; more are cheaper to fetch than to tell
_RETRY_SECONDS: Final = (0.2, 0.5, 1.0, 2.0, 5.0)


class Bus(Protocol):
    """Publishes events to the receivers of all processes, this one's included. Receivers must not raise."""

    def on_event(self, receiver: Receiver) -> None:
        """Registers a receiver; call before start."""
        ...

    async def start(self) -> None: ...

    async def publish(self, events: Sequence[Event]) -> None:
        """Tells everybody, this process's receivers before it returns. Never raises and never waits for a network:
        a lost hint is made good by `sync`."""
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

    async def publish(self, events: Sequence[Event]) -> None:
        for event in events:
            for receiver in self._receivers:
                await receiver(event)

    async def close(self) -> None:
        """Nothing to close."""


class RedisBus:
    """For many processes and machines: Redis pub/sub, reconnecting by itself.

    This process's people hear at once; the others through Redis, in the background, many events in one message. A slow
    or absent Redis holds up nobody: what could not be told waits, and too much of it becomes one SYNC_REQUIRED.
    """

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=3)
        # A subscriber waits for ever; only its connection attempts may time out.
        self._subscriber = redis.Redis.from_url(url, socket_timeout=None, socket_connect_timeout=3)
        self._local = LocalBus()
        self._name = new_id()
        self._untold: deque[Event] = deque()
        self._has_untold = asyncio.Event()
        self._has_lost = False
        self._is_closing = False
        self._tasks: list[asyncio.Task[None]] = []
        self._subscribed = asyncio.Event()

    def on_event(self, receiver: Receiver) -> None:
        self._local.on_event(receiver)

    async def start(self) -> None:
        """Begins to listen; returns once subscribed or after 5 seconds, whichever is first."""
        self._tasks = [
            asyncio.create_task(self._listen(), name="redis-listen"),
            asyncio.create_task(self._tell(), name="redis-tell"),
        ]
        with suppress(TimeoutError):
            await asyncio.wait_for(self._subscribed.wait(), 5)

    async def publish(self, events: Sequence[Event]) -> None:
        await self._local.publish(events)
        self._untold.extend(events)
        if len(self._untold) > _MAX_UNTOLD:
            self._has_lost = True
            self._untold = deque(each for each in self._untold if each.name is EventName.TOKEN_REVOKED)
        self._has_untold.set()

    async def close(self) -> None:
        self._is_closing = True  # the Redis client may swallow a cancellation; the loops look here
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._client.aclose()
        await self._subscriber.aclose()

    async def _tell(self) -> None:
        failures = 0
        while not self._is_closing:
            await self._has_untold.wait()
            self._has_untold.clear()
            told = [*([Event(EventName.SYNC_REQUIRED, tenant_id="*")] if self._has_lost else ()), *self._untold]
            self._has_lost = False
            self._untold.clear()
            try:
                await self._client.publish(_CHANNEL, encode_events(self._name, told))
                failures = 0
            except (RedisError, OSError) as error:
                if not failures:
                    log.warning("events_not_published", reason=type(error).__name__)
                self._untold.extendleft(reversed(told))
                self._has_untold.set()
                await asyncio.sleep(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])
                failures += 1

    async def _listen(self) -> None:
        failures = 0
        while not self._is_closing:
            try:
                async with self._subscriber.pubsub() as channel:
                    await channel.subscribe(_CHANNEL)
                    if failures:
                        log.info("bus_reconnected", after_failures=failures)
                        await self._local.publish([Event(EventName.SYNC_REQUIRED, tenant_id="*")])
                    failures = 0
                    self._subscribed.set()
                    async for message in channel.listen():
                        if message["type"] == "message":
                            await self._hear(message["data"])
            except (RedisError, OSError) as error:
                if not failures:
                    log.warning("bus_disconnected", reason=type(error).__name__)
                await asyncio.sleep(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])
                failures += 1

    async def _hear(self, data: bytes) -> None:
        try:
            teller, events = decode_events(data)
        except (ValueError, TypeError) as error:  # a process of another version, while one is rolled out
            log.warning("event_not_understood", reason=type(error).__name__)
            teller, events = "", [Event(EventName.SYNC_REQUIRED, tenant_id="*")]
        if teller != self._name:
            await self._local.publish(events)


def encode_events(teller: str, events: Sequence[Event]) -> bytes:
    """Events of one process as bytes for other processes of the same version."""
    return orjson.dumps([teller, events])


def decode_events(data: bytes) -> tuple[str, list[Event]]:
    """The inverse of encode_events."""
    teller, events = orjson.loads(data)
    return teller, [Event(**{**fields, "name": EventName(fields["name"])}) for fields in events]
