"""The main job, over the sockets that browsers use: ask, be answered, ask for a human, be helped."""

from tests.support import LiveServer, TenantAccess


class TestMainStory:
    def test_customer_is_answered_then_helped_by_a_human(
        self, server: LiveServer, shop: TenantAccess, agent_token: str
    ) -> None:
        with server.customer(shop.site_key) as customer, server.console(agent_token) as console:
            answer = customer.ask("退款几天能到呀")
            assert "1–3 个工作日" in answer["content"]["text"]
            assert answer["sender"]["name"] == "小测"

            customer.say("转人工")
            queued = customer.until_event("handoff.queued")
            assert queued["position"] >= 1
            console.until(
                lambda frame: (
                    frame.get("event") == "conversation.updated"
                    and frame["conversation"]["id"] == customer.conversation_id
                    and frame["conversation"]["status"] == "queued"
                )
            )

            with server.http(agent_token) as desk:
                path = f"/api/v1/conversations/{customer.conversation_id}"
                accepted = desk.post(f"{path}/accept")
                assert accepted.status_code == 200
                assert accepted.json()["assignee"]["name"] == "小林"
                summary = accepted.json()["handoff"]["summary"]
                assert "退款几天能到呀" in summary["questions"]
                assert summary["answers"][0]["question"] == "退款多久到账？"
                assert customer.until_event("handoff.accepted")["agent"]["name"] == "小林"

                said = [m["content"]["text"] for m in desk.get(f"{path}/messages").json()["items"]]
                assert said[0] == "退款几天能到呀"

                console.emit(
                    type="send",
                    client_msg_id="reply-1",
                    conversation_id=customer.conversation_id,
                    content={"kind": "text", "text": "您好，我来帮您查。"},
                )
                ack = console.until(lambda frame: frame["type"] == "ack")
                received = customer.until_message("agent")
                assert received["content"]["text"] == "您好，我来帮您查。"
                assert received["seq"] == ack["seq"]

                customer.say("好的谢谢")
                assert console.until_message("customer")["content"]["text"] == "好的谢谢"
                assert desk.post(f"{path}/resolve").json()["status"] == "resolved"
            customer.until_event("conversation.resolved")

    def test_bot_is_silent_while_a_human_owns_the_conversation(
        self, server: LiveServer, shop: TenantAccess, agent_token: str
    ) -> None:
        with server.customer(shop.site_key) as customer, server.http(agent_token) as desk:
            path = f"/api/v1/conversations/{customer.conversation_id}"
            customer.ask("运费怎么算")
            assert desk.post(f"{path}/accept").status_code == 200
            customer.say("怎么申请退货")
            assert desk.post(f"{path}/return-to-bot").json()["status"] == "bot"
            assert "8 元" in customer.ask("运费怎么算")["content"]["text"]
            items = desk.get(f"{path}/messages").json()["items"]
            kinds = [message["sender"]["kind"] for message in items]
            assert kinds == ["customer", "bot", "system", "customer", "system", "customer", "bot"]

    def test_everything_typed_while_queueing_is_there_when_the_agent_opens_it(
        self, server: LiveServer, shop: TenantAccess, agent_token: str
    ) -> None:
        with server.customer(shop.site_key) as customer, server.http(agent_token) as desk:
            customer.say("转人工")
            customer.until_event("handoff.queued")
            for text in ("我的订单号是 YD2026112200001", "昨天下的单", "急急急😡"):
                customer.say(text)
            items = desk.get(f"/api/v1/conversations/{customer.conversation_id}/messages").json()["items"]
            said = [m["content"]["text"] for m in items if m["sender"]["kind"] == "customer"]
            assert said == ["转人工", "我的订单号是 YD2026112200001", "昨天下的单", "急急急😡"]
