"""The Python client against the real server, and its parts alone."""

import asyncio
import uuid
from pathlib import Path

import pytest

from tests.support import LiveServer, TenantAccess
from yingda_client import ChatClient, FileOutbox, Message, Refused, Unsent, open_chat
from yingda_client.timeline import Timeline


def message(seq: int) -> Message:
    return Message(f"m{seq}", "c", seq, "customer", None, "", f"第{seq}条", "", None)


class TestTimeline:
    def test_what_comes_early_waits_for_what_is_missing(self) -> None:
        timeline = Timeline(after_seq=0)
        assert timeline.take(message(2)) == []
        assert timeline.has_gap
        assert [each.seq for each in timeline.take(message(1))] == [1, 2]
        assert not timeline.has_gap

    def test_each_message_once(self) -> None:
        timeline = Timeline(after_seq=1)
        assert timeline.take(message(1)) == []
        assert [each.seq for each in timeline.take(message(2))] == [2]
        assert timeline.take(message(2)) == []


class TestFileOutbox:
    def test_unsent_survives_and_sent_does_not(self, tmp_path: Path) -> None:
        path = tmp_path / "outbox.jsonl"
        first = FileOutbox(path)
        kept, gone = Unsent("1", "c", "还没发出去"), Unsent("2", "c", "发出去了")
        first.put(kept)
        first.put(gone)
        first.remove("2")
        first.close()
        with path.open("a", encoding="utf-8") as torn:
            torn.write('{"client_msg_id": "3", "conv')  # the power went
        second = FileOutbox(path)
        assert second.waiting() == [kept]
        second.close()


class TestChatClient:
    def test_sends_receives_and_resumes(self, server: LiveServer, shop: TenantAccess) -> None:
        async def work() -> None:
            opened = await open_chat(server.base_url, shop.site_key)
            heard: list[Message] = []
            async with ChatClient(server.base_url, opened.token) as chat:
                chat.on_message(heard.append)
                chat.follow(opened.conversation_id)
                ack = await chat.send(opened.conversation_id, "运费怎么算")
                async with asyncio.timeout(10):
                    while len(heard) < 2:
                        await chat.catch_up(opened.conversation_id)
                position = chat.position(opened.conversation_id)
            assert (ack.seq, [each.sender_kind for each in heard]) == (1, ["customer", "bot"])
            later: list[Message] = []
            async with ChatClient(server.base_url, opened.token) as again:
                again.on_message(later.append)
                again.follow(opened.conversation_id, after_seq=position - 1)
                await again.catch_up(opened.conversation_id)
            assert [each.text for each in later] == [heard[-1].text]

        asyncio.run(work())

    def test_what_an_earlier_run_left_is_sent_first(
        self, server: LiveServer, shop: TenantAccess, tmp_path: Path
    ) -> None:
        async def work() -> None:
            opened = await open_chat(server.base_url, shop.site_key)
            outbox = FileOutbox(tmp_path / "outbox.jsonl")
            outbox.put(Unsent(str(uuid.uuid4()), opened.conversation_id, "上次没发出去的话"))
            async with ChatClient(server.base_url, opened.token, outbox=outbox) as chat:
                ack = await chat.send(opened.conversation_id, "这次的话")
            assert ack.seq is not None
            assert ack.seq > 1
            assert outbox.waiting() == []
            outbox.close()

        asyncio.run(work())

    def test_refusal_names_its_code(self, server: LiveServer, shop: TenantAccess) -> None:
        async def work() -> None:
            opened = await open_chat(server.base_url, shop.site_key)
            async with ChatClient(server.base_url, opened.token) as chat:
                with pytest.raises(Refused) as refused:
                    await chat.send("absent", "有人吗")
            assert refused.value.code == "not_found"

        asyncio.run(work())
