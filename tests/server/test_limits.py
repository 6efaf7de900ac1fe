"""Too much of anything is refused with a code, and nobody else notices."""

import asyncio
import json
import time
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from realtime.limits import ConnectionCounter, ConnectionLimits, TokenBucket, TooManyConnections
from tests.support import LiveServer, TenantAccess
from tools.chaos.machines import OwnServer
from tools.chaos.tenant import make_stage
from yingda_client import open_chat


class TestTokenBucket:
    def test_burst_then_rate(self) -> None:
        now = [0.0]
        bucket = TokenBucket(2, 3, lambda: now[0])
        assert [bucket.take() for _ in range(5)] == [True, True, True, False, False]
        now[0] = 1.0
        assert [bucket.take() for _ in range(3)] == [True, True, False]
        now[0] = 100.0  # a long silence saves up no more than one burst
        assert [bucket.take() for _ in range(4)] == [True, True, True, False]

    def test_no_rate_is_no_limit(self) -> None:
        bucket = TokenBucket(0, 0, lambda: 0.0)
        assert all(bucket.take() for _ in range(1000))


class TestConnectionCounter:
    def test_person_and_address_have_their_own_limits(self) -> None:
        counter = ConnectionCounter(ConnectionLimits(per_person=1, per_address=2))
        with counter.hold("a", "1.2.3.4"):
            with pytest.raises(TooManyConnections), counter.hold("a", "5.6.7.8"):
                pass
            with counter.hold("b", "1.2.3.4"), pytest.raises(TooManyConnections), counter.hold("c", "1.2.3.4"):
                pass
        with counter.hold("a", "1.2.3.4"):  # what is closed no longer counts
            pass


class TestOneClientTooMany:
    def test_flood_is_refused_and_others_are_served(self, server: LiveServer, shop: TenantAccess) -> None:
        with server.customer(shop.site_key) as flooder, server.customer(shop.site_key) as other:
            for number in range(1000):
                flooder.send("刷屏", client_msg_id=f"flood-{number}")
            began = time.monotonic()
            other.say("你好")
            assert time.monotonic() - began < 5
            refusal = flooder.until(lambda frame: frame["type"] == "error")
            assert refusal["code"] == "too_many_messages"
            assert refusal["client_msg_id"].startswith("flood-")
            flooder.until(lambda frame: frame["type"] == "error" and frame["code"] == "too_many_frames")

    def test_huge_frame_is_refused_and_the_connection_goes_on(self, server: LiveServer, shop: TenantAccess) -> None:
        with server.customer(shop.site_key) as customer:
            customer.socket.send("x" * 1_000_000)
            assert customer.until_type("error")["code"] == "frame_too_large"
            customer.say("还在吗")

    def test_person_with_too_many_connections(self, server: LiveServer, shop: TenantAccess) -> None:
        limit = server.settings.connections_per_person
        with server.customer(shop.site_key) as first:
            sockets = [server.socket(first.token) for _ in range(limit)]
            opened = [socket.__enter__() for socket in sockets]
            try:
                refused = json.loads(opened[-1].recv(timeout=10))
                assert refused["code"] == "too_many_connections"
                with pytest.raises(ConnectionClosed) as closed:
                    opened[-1].recv(timeout=10)
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 4430
                first.say("第一个窗口照常")
            finally:
                for socket in sockets:
                    socket.__exit__(None, None, None)


class TestShutdown:
    def test_not_ready_first_then_everybody_is_asked_to_reconnect(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("YINGDA_DRAIN_SECONDS", "1.5")
        url = f"sqlite:///{tmp_path / 'drain.db'}"
        server = OwnServer(tmp_path, url)
        server.start()
        try:
            server.wait()
            asyncio.run(_watch_shutdown(server, url))
        finally:
            server.kill()


async def _watch_shutdown(server: OwnServer, url: str) -> None:
    import httpx2

    stage = await make_stage(url, 1)
    chat = await open_chat(server.base_url, stage.site_key)
    socket_url = f"{server.base_url.replace('http', 'ws')}/ws/v1?token={chat.token}"
    async with (
        httpx2.AsyncClient(base_url=server.base_url, trust_env=False) as http,
        connect(socket_url, compression=None) as socket,
    ):
        server.begin_stop()
        async with asyncio.timeout(10):
            while (await http.get("/readyz")).status_code != 503:
                pass
        # Not ready any more, and still serving whoever is there.
        content = {"kind": "text", "text": "最后一句"}
        send = {"type": "send", "client_msg_id": "last", "conversation_id": chat.conversation_id, "content": content}
        await socket.send(json.dumps(send))
        frames = []
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                frames.append(json.loads(await asyncio.wait_for(socket.recv(), 20)))
    assert "ack" in [frame["type"] for frame in frames]
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
