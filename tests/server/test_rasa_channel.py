"""Any Rasa client can talk to the bot: POST /webhooks/rest/webhook."""

import uuid

from tests.support import LiveServer, TenantAccess


class TestRasaRestChannel:
    def test_question_is_answered_in_rasas_shape(self, server: LiveServer, shop: TenantAccess) -> None:
        sender = uuid.uuid4().hex
        with server.http(**{"X-Site-Key": shop.site_key}) as client:
            answer = client.post("/webhooks/rest/webhook", json={"sender": sender, "message": "运费怎么算"})
        assert answer.status_code == 200
        assert answer.json() == [{"recipient_id": sender, "text": "满 99 元包邮，未满收 8 元。"}]

    def test_uncertain_answer_has_buttons(self, server: LiveServer, shop: TenantAccess) -> None:
        with server.http(**{"X-Site-Key": shop.site_key}) as client:
            body = {"sender": uuid.uuid4().hex, "message": "你们老板喜欢吃什么火锅"}
            said = client.post("/webhooks/rest/webhook", json=body).json()
        assert set(said[0]["buttons"][-1]) == {"title", "payload"}

    def test_senders_keep_their_own_conversation(
        self, server: LiveServer, shop: TenantAccess, agent_token: str
    ) -> None:
        one, two = uuid.uuid4().hex, uuid.uuid4().hex
        with server.http(**{"X-Site-Key": shop.site_key}) as client:
            client.post("/webhooks/rest/webhook", json={"sender": one, "message": f"我是 {one}"})
            client.post("/webhooks/rest/webhook", json={"sender": one, "message": "怎么退货"})
            client.post("/webhooks/rest/webhook", json={"sender": two, "message": f"我是 {two}"})
        with server.http(agent_token) as desk:
            found = {s: desk.get("/api/v1/conversations", params={"q": s}).json()["items"] for s in (one, two)}
        assert found[one][0]["last_seq"] == 4
        assert found[two][0]["last_seq"] == 2

    def test_handed_over_sender_is_told_once_then_the_bot_is_silent(
        self, server: LiveServer, shop: TenantAccess
    ) -> None:
        sender = uuid.uuid4().hex
        with server.http(**{"X-Site-Key": shop.site_key}) as client:
            first = client.post("/webhooks/rest/webhook", json={"sender": sender, "message": "转人工"}).json()
            second = client.post("/webhooks/rest/webhook", json={"sender": sender, "message": "运费怎么算"}).json()
        assert "人工" in first[-1]["text"]
        assert second == []

    def test_bad_requests_are_problems(self, server: LiveServer, shop: TenantAccess) -> None:
        with server.http() as client:
            no_site = client.post("/webhooks/rest/webhook", json={"sender": "a", "message": "你好"})
            unknown = client.post(
                "/webhooks/rest/webhook", json={"sender": "a", "message": "你好"}, headers={"X-Site-Key": "x"}
            )
            empty = client.post(
                "/webhooks/rest/webhook", json={"sender": "a", "message": " "}, headers={"X-Site-Key": shop.site_key}
            )
        assert [answer.json()["code"] for answer in (no_site, unknown, empty)] == [
            "site_key_required",
            "unknown_site_key",
            "empty_message",
        ]
