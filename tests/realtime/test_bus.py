"""What every bus promises, asked of each of them; and what the hub does with what arrives."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from core.events import Event, EventName
from realtime.bus import Bus, LocalBus, RedisBus, decode_events, encode_events
from realtime.hub import CLOSE_TOKEN_INVALID, CLOSE_TOO_SLOW, Connection, Hub

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["local", "redis"])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Bus, Bus, asyncio.Queue[Event]]]:
    """A bus to publish on, a bus to hear with (the same one where there is only one process), and what was heard."""
    heard: asyncio.Queue[Event] = asyncio.Queue()

    async def receive(event: Event) -> None:
        heard.put_nowait(event)

    if request.param == "local":
        bus = LocalBus()
        bus.on_event(receive)
        await bus.start()
        yield bus, bus, heard
        await bus.close()
        return
    url = request.getfixturevalue("redis_url")
    speaker, listener = RedisBus(url), RedisBus(url)
    listener.on_event(receive)
    await speaker.start()
    await listener.start()
    yield speaker, listener, heard
    await speaker.close()
    await listener.close()


def event(number: int, **fields: object) -> Event:
    frame = {"type": "message", "number": number, "text": "你好😀"}
    return Event(EventName.MESSAGE_CREATED, "tenant-1", agent_frame=frame, contact_id="c", **fields)  # type: ignore[arg-type]


async def heard_for(heard: asyncio.Queue[Event], tenant: str = "tenant-1") -> Event:
    while True:
        found = await asyncio.wait_for(heard.get(), 10)
        if found.tenant_id == tenant:
            return found


class TestEveryBus:
    async def test_event_arrives_whole_and_in_order(self, pair: tuple[Bus, Bus, asyncio.Queue[Event]]) -> None:
        speaker, _, heard = pair
        sent = [event(number, origin="x") for number in range(20)]
        for each in sent:
            await speaker.publish([each])
        assert [await heard_for(heard) for _ in sent] == sent

    async def test_encoding_round_trips(self) -> None:
        original = event(1, contact_frame={"a": [1, None]}, subject_id="s")
        assert decode_events(encode_events("me", [original, event(2)])) == ("me", [original, event(2)])


class TestRedisBus:
    async def test_unreachable_redis_still_serves_this_process(self) -> None:
        bus, heard = RedisBus("redis://127.0.0.1:1"), []

        async def receive(found: Event) -> None:
            heard.append(found)

        bus.on_event(receive)
        await asyncio.wait_for(bus._client.aclose(), 5)
        await bus.publish([event(1)])
        assert heard == [event(1)]

    async def test_words_of_another_version_ask_clients_to_sync(self, redis_url: str) -> None:
        bus, heard = RedisBus(redis_url), asyncio.Queue[Event]()

        async def receive(found: Event) -> None:
            heard.put_nowait(found)

        bus.on_event(receive)
        await bus.start()
        try:
            for strange in (b"[1, 2, 3]", b"not json", b'["other", [{"name": "unheard.of"}]]'):
                await bus._client.publish("yingda:events:2", strange)
                assert (await heard_for(heard, "*")).name is EventName.SYNC_REQUIRED
            await bus.publish([event(3)])
            assert await heard_for(heard) == event(3)
        finally:
            await bus.close()

    async def test_lost_subscription_asks_clients_to_sync(self, redis_url: str) -> None:
        bus, heard = RedisBus(redis_url), asyncio.Queue[Event]()

        async def receive(found: Event) -> None:
            heard.put_nowait(found)

        bus.on_event(receive)
        await bus.start()
        try:
            ids = [c["id"] for c in await bus._client.client_list(_type="pubsub")]
            for client_id in ids:
                await bus._client.client_kill_filter(_id=client_id)
            assert (await heard_for(heard, "*")).name is EventName.SYNC_REQUIRED
            await bus.publish([event(2)])
            assert await heard_for(heard) == event(2)
        finally:
            await bus.close()


def connection(name: str, *, tenant: str = "tenant-1", contact: str | None = None) -> Connection:
    return Connection(
        id=name, tenant_id=tenant, token_id=f"token-{name}", contact_id=contact, user_id=None if contact else name
    )


def received(each: Connection) -> list[object]:
    frames = []
    while not each.queue.empty():
        text = each.queue.get_nowait()
        frames.append(None if text is None else json.loads(text))
    return frames


class TestHub:
    async def test_each_audience_gets_its_own_frame(self) -> None:
        hub = Hub()
        agent, stranger = connection("agent"), connection("stranger", tenant="tenant-2")
        customer, other = connection("customer", contact="c1"), connection("other", contact="c2")
        namesake = connection("namesake", tenant="tenant-2", contact="c1")
        for each in (agent, stranger, customer, other, namesake):
            hub.add(each)
        await hub.deliver(
            Event(EventName.MESSAGE_CREATED, "tenant-1", {"for": "agents"}, {"for": "contact"}, contact_id="c1")
        )
        assert received(agent) == [{"for": "agents"}]
        assert received(customer) == [{"for": "contact"}]
        assert [received(each) for each in (stranger, other, namesake)] == [[], [], []]

    async def test_origin_is_left_out(self) -> None:
        hub = Hub()
        one, two = connection("one"), connection("two")
        hub.add(one)
        hub.add(two)
        await hub.deliver(Event(EventName.MESSAGE_CREATED, "tenant-1", {"n": 1}, origin="one"))
        assert (received(one), received(two)) == ([], [{"n": 1}])

    async def test_revoked_token_closes_its_connections_only(self) -> None:
        hub = Hub()
        gone, stays = connection("gone"), connection("stays")
        hub.add(gone)
        hub.add(stays)
        await hub.deliver(Event(EventName.TOKEN_REVOKED, "tenant-1", subject_id="token-gone"))
        assert (received(gone), gone.close_code) == ([None], CLOSE_TOKEN_INVALID)
        assert received(stays) == []

    async def test_slow_reader_is_dropped_not_buffered_for_ever(self) -> None:
        hub = Hub()
        slow = connection("slow")
        hub.add(slow)
        for number in range(2_000):
            await hub.deliver(Event(EventName.MESSAGE_CREATED, "tenant-1", {"n": number}))
        assert slow.close_code == CLOSE_TOO_SLOW
        assert received(slow) == [None]

    async def test_removed_connection_hears_nothing(self) -> None:
        hub = Hub()
        gone = connection("gone")
        hub.add(gone)
        hub.remove(gone)
        hub.remove(gone)
        await hub.deliver(Event(EventName.MESSAGE_CREATED, "tenant-1", {"n": 1}))
        assert received(gone) == []
