"""The promises of the chat protocol: durable once acknowledged, once, in order, without gaps; refusals in words."""

import json
from typing import Any

import pytest
from sqlalchemy import func, select
from websockets.exceptions import ConnectionClosed

from server.services import Services
from storage.models import Message
from tests.support import Customer, LiveServer, TenantAccess


def stored_count(server: LiveServer, tenant: TenantAccess, conversation_id: str) -> int:
    async def count(services: Services) -> int:
        async with services.database.read(tenant.id) as session:
            query = select(func.count()).select_from(Message).where(Message.conversation_id == conversation_id)
            return int(await session.scalar(query) or 0)

    return server.run(count)


class TestSending:
    def test_acknowledged_message_is_stored(self, server: LiveServer, shop: TenantAccess) -> None:
        with server.customer(shop.site_key) as customer:
            ack = customer.say("你好")
            with server.http(customer.token) as client:
                items = client.get(f"/api/v1/conversations/{customer.conversation_id}/messages").json()["items"]
        stored = next(item for item in items if item["id"] == ack["message_id"])
        assert (stored["seq"], stored["created_at"]) == (ack["seq"], ack["created_at"])

    def test_same_client_id_is_one_message_with_the_same_ack(self, server: LiveServer, shop: TenantAccess) -> None:
        with server.customer(shop.site_key) as customer:
            acks = []
            for _ in range(3):
                customer.send("运费怎么算", client_msg_id="retry-1")
                acks.append(customer.until_type("ack"))
            if not any(frame["type"] == "message" for frame in customer.frames):  # it may come between two acks
                customer.until_message("bot")
            customer.settle()
        assert len({json.dumps(ack, sort_keys=True) for ack in acks}) == 1
        assert stored_count(server, shop, customer.conversation_id) == 2  # one question, one answer

    def test_same_client_id_with_other_text_is_refused(self, server: LiveServer, shop: TenantAccess) -> None:
        with server.customer(shop.site_key) as customer:
            customer.send("第一句", client_msg_id="same")
            customer.until_type("ack")
            customer.send("另一句", client_msg_id="same")
            refusal = customer.until_type("error")
        assert (refusal["code"], refusal["client_msg_id"]) == ("id_conflict", "same")

    def test_seq_grows_by_one_from_one(self, server: LiveServer, shop: TenantAccess) -> None:
        with server.customer(shop.site_key) as customer:
            for text in ("你好", "怎么退货", "谢谢"):
                customer.ask(text)
            customer.emit(type="sync", conversation_id=customer.conversation_id, after_seq=0)
            customer.frames.clear()
            synced = customer.until_type("synced")
        seqs = [frame["message"]["seq"] for frame in customer.frames if frame["type"] == "message"]
        assert seqs == list(range(1, synced["last_seq"] + 1))

    def test_own_message_reaches_other_devices_but_is_not_echoed(self, server: LiveServer, shop: TenantAccess) -> None:
        with server.customer(shop.site_key) as phone, server.customer(shop.site_key, phone.token) as laptop:
            assert laptop.conversation_id == phone.conversation_id
            client_msg_id = phone.send("在吗")
            seen = laptop.until_message("customer")
            assert seen["client_msg_id"] == client_msg_id
            phone.until_message("bot")
            phone.settle()
        echoes = [f for f in phone.frames if f["type"] == "message" and f["message"]["sender"]["kind"] == "customer"]
        assert echoes == []

    def test_resolved_conversation_comes_back_to_life(
        self, server: LiveServer, shop: TenantAccess, agent_token: str
    ) -> None:
        with server.customer(shop.site_key) as customer, server.http(agent_token) as desk:
            customer.ask("怎么退货")
            assert desk.post(f"/api/v1/conversations/{customer.conversation_id}/resolve").status_code == 200
            assert "8 元" in customer.ask("运费怎么算")["content"]["text"]


class TestResuming:
    def test_sync_replays_what_was_missed_in_order(
        self, server: LiveServer, shop: TenantAccess, agent_token: str
    ) -> None:
        with server.customer(shop.site_key) as customer, server.http(agent_token) as desk:
            customer.say("转人工")
            customer.until_event("handoff.queued")
            last = customer.settle()
            path = f"/api/v1/conversations/{customer.conversation_id}"
            desk.post(f"{path}/accept")
            token = customer.token
        seen = max(f["message"]["seq"] for f in last if f["type"] == "message")
        for number in range(3):
            with server.http(agent_token) as desk:
                desk.post(
                    f"{path}/messages",
                    json={"client_msg_id": f"m{number}", "content": {"kind": "text", "text": f"第{number}条"}},
                )
        with server.customer(shop.site_key, token) as back:
            back.emit(type="sync", conversation_id=back.conversation_id, after_seq=seen)
            back.until_type("synced")
        texts = [f["message"]["content"]["text"] for f in back.frames if f["type"] == "message"]
        assert texts == ["小林 为您服务。", "第0条", "第1条", "第2条"]

    def test_future_seq_returns_nothing_and_the_real_end(self, server: LiveServer, shop: TenantAccess) -> None:
        with server.customer(shop.site_key) as customer:
            customer.ask("你好")
            customer.frames.clear()
            customer.emit(type="sync", conversation_id=customer.conversation_id, after_seq=99_999)
            assert customer.until_type("synced")["last_seq"] == 2
        assert [f for f in customer.frames if f["type"] == "message"] == []

    def test_notes_never_reach_the_customer_and_leave_no_gap(
        self, server: LiveServer, shop: TenantAccess, agent_token: str
    ) -> None:
        secret = "备注：此客户投诉过两次"
        with server.customer(shop.site_key) as customer, server.http(agent_token) as desk:
            customer.ask("怎么退货")
            path = f"/api/v1/conversations/{customer.conversation_id}"
            note = desk.post(f"{path}/messages", json={"content": {"kind": "text", "text": secret}, "note": True})
            assert (note.status_code, note.json()["seq"], note.json()["anchor_seq"]) == (201, None, 2)
            customer.ask("运费怎么算")
            customer.emit(type="sync", conversation_id=customer.conversation_id, after_seq=0)
            customer.until_type("synced")
            with server.http(customer.token) as own:
                listed = own.get(f"{path}/messages").text
            seen_by_desk = desk.get(f"{path}/messages").json()["items"]
        assert secret not in json.dumps(customer.frames, ensure_ascii=False)
        assert secret not in listed
        assert [item["seq"] for item in json.loads(listed)["items"]] == [1, 2, 3, 4]
        assert [item["seq"] for item in seen_by_desk] == [1, 2, None, 3, 4]  # right after its anchor

    def test_agent_sync_brings_notes_written_meanwhile(
        self, server: LiveServer, shop: TenantAccess, agent_token: str
    ) -> None:
        with server.customer(shop.site_key) as customer, server.http(agent_token) as desk:
            customer.ask("怎么退货")
            path = f"/api/v1/conversations/{customer.conversation_id}"
            desk.post(f"{path}/messages", json={"content": {"kind": "text", "text": "跟进中"}, "note": True})
            with server.console(agent_token) as console:
                console.emit(type="sync", conversation_id=customer.conversation_id, after_seq=2)
                console.until_type("synced")
        notes = [f["message"]["content"]["text"] for f in console.frames if f["type"] == "message"]
        assert notes == ["跟进中"]


class TestMarksAndTyping:
    def test_read_marks_reach_the_other_side_and_never_go_back(
        self, server: LiveServer, shop: TenantAccess, agent_token: str
    ) -> None:
        with server.customer(shop.site_key) as customer, server.console(agent_token) as console:
            customer.ask("你好")
            customer.ask("怎么退货")
            console.emit(type="read", conversation_id=customer.conversation_id, seq=3)
            mark = customer.until_event("message.read")
            assert (mark["reader"], mark["seq"]) == ("agent", 3)
            for seq in (1, 2, 3, 99):
                console.emit(type="read", conversation_id=customer.conversation_id, seq=seq)
            assert customer.until_event("message.read")["seq"] == 4  # cut to the end; 1 to 3 say nothing new
            with server.http(agent_token) as desk:
                conversation = desk.get(f"/api/v1/conversations/{customer.conversation_id}").json()
        assert (conversation["agent_read_seq"], conversation["unread"]) == (4, 0)

    def test_typing_is_shown_to_the_other_side_only(
        self, server: LiveServer, shop: TenantAccess, agent_token: str
    ) -> None:
        with server.customer(shop.site_key) as customer, server.console(agent_token) as console:
            console.emit(type="typing", conversation_id=customer.conversation_id)
            shown = customer.until_event("typing.started")
            assert shown["sender"] == {"kind": "agent", "name": "小林"}
            console.settle()
        assert [f for f in console.frames if f.get("event") == "typing.started"] == []


REFUSED_FRAMES = [
    ("not json", "bad_json"),
    ("[1, 2]", "bad_json"),
    ('"text"', "bad_json"),
    ("{}", "unknown_type"),
    ('{"type": "launch"}', "unknown_type"),
    ('{"type": "send"}', "bad_frame"),
    ('{"type": "sync", "conversation_id": "x", "after_seq": "many"}', "bad_frame"),
    ('{"type": "sync", "conversation_id": "x", "after_seq": -1}', "bad_frame"),
    ('{"type": "read", "conversation_id": "x", "seq": true}', "bad_frame"),
    ('{"type": "sync", "conversation_id": "absent", "after_seq": 0}', "not_found"),
    ('{"type": "typing", "conversation_id": "absent"}', "not_found"),
    ('{"type": "read", "conversation_id": "absent", "seq": 1}', "not_found"),
]

REFUSED_CONTENT: list[tuple[Any, str]] = [
    ("", "empty_message"),
    ("   \n\t　", "empty_message"),
    ("\u200b\u2060\ufeff", "empty_message"),
    ("\x00\x01\x02", "empty_message"),
    ("字" * 10_001, "message_too_long"),
    (None, "unsupported_content"),
    (42, "unsupported_content"),
]


class TestBadInput:
    @pytest.mark.parametrize(("frame", "code"), REFUSED_FRAMES)
    def test_bad_frame_is_refused_and_the_connection_goes_on(
        self, server: LiveServer, shop: TenantAccess, frame: str, code: str
    ) -> None:
        with server.customer(shop.site_key) as customer:
            customer.socket.send(frame)
            refusal = customer.until_type("error")
            assert refusal["code"] == code
            assert refusal["detail"]
            assert customer.ask("你好")["content"]["text"]

    @pytest.mark.parametrize(("text", "code"), REFUSED_CONTENT)
    def test_bad_content_is_refused_with_its_id(
        self, server: LiveServer, shop: TenantAccess, text: Any, code: str
    ) -> None:
        with server.customer(shop.site_key) as customer:
            client_msg_id = customer.send(text)
            refusal = customer.until_type("error")
            assert (refusal["code"], refusal["client_msg_id"]) == (code, client_msg_id)
            assert stored_count(server, shop, customer.conversation_id) == 0

    def test_refusals_speak_the_readers_language(self, server: LiveServer, shop: TenantAccess) -> None:
        with server.http() as client:
            token = client.post("/api/v1/visitor/sessions", json={"site_key": shop.site_key}).json()["token"]
        with server.socket(token, **{"Accept-Language": "en-US,en;q=0.9"}) as socket:
            socket.send("oops")
            assert json.loads(socket.recv(timeout=10))["detail"] == "This is not a valid JSON object."

    @pytest.mark.parametrize("token", ["", "nonsense", "ydv_unknown", "yda_unknown"])
    def test_bad_token_closes_with_4401(self, server: LiveServer, token: str) -> None:
        with server.socket(token) as socket, pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401

    def test_signing_out_closes_the_live_connection(self, server: LiveServer, shop: TenantAccess) -> None:
        token = server.sign_in(shop.agent2)
        with server.console(token) as console, server.http(token) as desk:
            assert desk.delete("/api/v1/auth/token").status_code == 204
            with pytest.raises(ConnectionClosed) as closed:
                console.until_type("never")
            assert desk.get("/api/v1/me").status_code == 401
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401

    def test_another_customers_conversation_does_not_exist(self, server: LiveServer, shop: TenantAccess) -> None:
        with server.customer(shop.site_key) as victim, server.customer(shop.site_key) as thief:
            victim.ask("你好")
            for frame in (
                {"type": "sync", "after_seq": 0},
                {"type": "read", "seq": 1},
                {"type": "typing"},
                {"type": "send", "client_msg_id": "steal", "content": {"kind": "text", "text": "冒充"}},
            ):
                thief.emit(conversation_id=victim.conversation_id, **frame)
                assert thief.until_type("error")["code"] == "not_found"
            assert stored_count(server, shop, victim.conversation_id) == 2


STRANGE_BUT_FINE = [
    "😀😀😀",
    "<script>alert(1)</script>怎么退货",
    "<img src=x onerror=alert(1)>",
    "how do I return this?",
    "運費怎麼算",
    "ｆｕｌｌ　ｗｉｄｔｈ　运费？？",
    "'; DROP TABLE messages; --",
    "订单YD2026112200001怎么还没到\n\n急",
    "\u202e反转\u202c文字",
    "退" * 10_000,
    "👨‍👩‍👧‍👦 一家人的订单",
    "𠮷野家的券能用吗",
]


class TestStrangeInput:
    @pytest.mark.parametrize("text", STRANGE_BUT_FINE)
    def test_is_kept_as_text_and_answered(self, server: LiveServer, shop: TenantAccess, text: str) -> None:
        with server.customer(shop.site_key) as customer:
            reply = customer.ask(text)
            assert reply["content"]["text"]
            items = self._messages(server, customer)
            assert customer.ask("运费怎么算")["content"]["text"]  # the conversation goes on
        assert items[0]["content"]["text"].replace("\u202e", "") == text.replace("\u202e", "").replace("\u202c", "")
        assert "html" not in items[0]["content"]  # a customer's words are never markup
        assert "<script" not in json.dumps(reply["content"].get("html", ""))

    @staticmethod
    def _messages(server: LiveServer, customer: Customer) -> list[dict[str, Any]]:
        with server.http(customer.token) as client:
            listed = client.get(f"/api/v1/conversations/{customer.conversation_id}/messages").json()["items"]
        messages: list[dict[str, Any]] = listed
        return messages
