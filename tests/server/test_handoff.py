"""The handoff protocol over HTTP: one owner, whatever happens at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from accounts.service import create_user
from core.clock import SystemClock
from server.services import Services
from storage.models import Role, User
from tests.support import PASSWORD, Customer, LiveServer, TenantAccess


@pytest.fixture
def queued(server: LiveServer, shop: TenantAccess) -> str:
    """A conversation in the queue."""
    with server.customer(shop.site_key) as customer:
        customer.say("转人工")
        customer.until_event("handoff.queued")
        return customer.conversation_id


class TestAccepting:
    def test_of_many_agents_exactly_one_wins(self, server: LiveServer, shop: TenantAccess) -> None:
        async def hire(services: Services) -> None:
            async with services.database.write(shop.id) as session:
                for number in range(10):
                    email = f"claimer{number}@{shop.slug}.example"
                    await create_user(
                        session,
                        email=email,
                        name=f"坐席{number}",
                        role=Role.AGENT,
                        password=PASSWORD,
                        clock=SystemClock(),
                    )

        server.run(hire)
        tokens = [server.sign_in(f"claimer{number}@{shop.slug}.example") for number in range(10)]
        for _ in range(5):
            with server.customer(shop.site_key) as customer:
                customer.say("转人工")
                customer.until_event("handoff.queued")
                path = f"/api/v1/conversations/{customer.conversation_id}/accept"

                def claim(token: str, path: str = path) -> tuple[int, str]:
                    with server.http(token) as desk:
                        answer = desk.post(path)
                        return answer.status_code, answer.json().get("detail", answer.json().get("assignee"))

                with ThreadPoolExecutor(10) as pool:
                    results = list(pool.map(claim, tokens))
            winners = [result for result in results if result[0] == 200]
            assert len(winners) == 1
            refusals = {detail for status, detail in results if status == 409}
            assert refusals == {f"这个会话已由 {winners[0][1]['name']} 接待。"}  # type: ignore[index]

    def test_accepting_again_is_harmless(self, server: LiveServer, queued: str, agent_token: str) -> None:
        with server.http(agent_token) as desk:
            first, again = (desk.post(f"/api/v1/conversations/{queued}/accept").json() for _ in range(2))
        assert first["last_seq"] == again["last_seq"]

    def test_agent_may_take_a_conversation_from_the_bot(
        self, server: LiveServer, shop: TenantAccess, agent_token: str
    ) -> None:
        with server.customer(shop.site_key) as customer, server.http(agent_token) as desk:
            customer.ask("你好")
            taken = desk.post(f"/api/v1/conversations/{customer.conversation_id}/accept").json()
        assert (taken["status"], taken["handoff"]["trigger"]) == ("assigned", "agent")


class TestMoves:
    def test_transfer_reaches_the_colleague_and_tells_the_customer(
        self, server: LiveServer, shop: TenantAccess, agent_token: str, agent2_token: str
    ) -> None:
        with server.customer(shop.site_key) as customer, server.http(agent_token) as desk:
            customer.say("转人工")
            customer.until_event("handoff.queued")
            path = f"/api/v1/conversations/{customer.conversation_id}"
            desk.post(f"{path}/accept")
            agents = {agent["name"]: agent for agent in desk.get("/api/v1/agents").json()["items"]}
            moved = desk.post(f"{path}/transfer", json={"agent_id": agents["阿哲"]["id"]}).json()
            assert moved["assignee"]["name"] == "阿哲"
            told = customer.until(lambda frame: frame.get("agent", {}).get("name") == "阿哲")
            assert told["event"] == "handoff.accepted"
            assert desk.post(f"{path}/messages", json={"content": {"text": "嗨"}}).status_code == 409
            with server.http(agent2_token) as other:
                assert other.post(f"{path}/messages", json={"content": {"text": "您好"}}).status_code == 201

    @pytest.mark.parametrize("agent_id", [None, "nobody", "editor", "foreign"])
    def test_transfer_to_nobody_is_refused_and_changes_nothing(
        self, server: LiveServer, shop: TenantAccess, queued: str, agent_token: str, agent_id: str | None
    ) -> None:
        chosen = agent_id
        if agent_id in {"editor", "foreign"}:
            email = shop.editor if agent_id == "editor" else server.make_tenant(()).agent
            with server.http(server.sign_in(email)) as other:
                chosen = other.get("/api/v1/me").json()["user"]["id"]
        with server.http(agent_token) as desk:
            desk.post(f"/api/v1/conversations/{queued}/accept")
            refused = desk.post(f"/api/v1/conversations/{queued}/transfer", json={"agent_id": chosen})
            after = desk.get(f"/api/v1/conversations/{queued}").json()
        assert (refused.status_code, refused.json()["code"]) == (404, "unknown_agent")
        assert after["assignee"]["name"] == "小林"

    @pytest.mark.parametrize("move", ["reopen", "return-to-bot"])
    def test_impossible_moves_are_refused(
        self, server: LiveServer, shop: TenantAccess, agent_token: str, move: str
    ) -> None:
        with server.customer(shop.site_key) as customer, server.http(agent_token) as desk:
            customer.ask("你好")
            refused = desk.post(f"/api/v1/conversations/{customer.conversation_id}/{move}")
        assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")
        assert "机器人接待中" in refused.json()["detail"]

    def test_resolve_then_reopen(self, server: LiveServer, queued: str, agent_token: str) -> None:
        with server.http(agent_token) as desk:
            path = f"/api/v1/conversations/{queued}"
            assert desk.post(f"{path}/resolve").json()["handoff"]["state"] == "resolved"
            assert desk.post(f"{path}/resolve").json()["code"] == "wrong_state"
            reopened = desk.post(f"{path}/reopen").json()
        assert (reopened["status"], reopened["assignee"]["name"]) == ("assigned", "小林")


class TestAskingForAHuman:
    def test_customer_presses_the_button(self, server: LiveServer, shop: TenantAccess, agent_token: str) -> None:
        with server.customer(shop.site_key) as customer, server.http(customer.token) as own:
            answer = own.post(f"/api/v1/conversations/{customer.conversation_id}/handoff", json={"reason": "想问人"})
            assert answer.json()["status"] == "queued"
            assert "handoff" in answer.json()
            assert answer.json()["handoff"] is None  # the summary is for agents
            again = own.post(f"/api/v1/conversations/{customer.conversation_id}/handoff", json={})
            assert again.json()["last_seq"] == answer.json()["last_seq"]
        with server.http(agent_token) as desk:
            detail = desk.get(f"/api/v1/conversations/{customer.conversation_id}").json()
        assert (detail["handoff"]["reason"], detail["handoff"]["trigger"]) == ("想问人", "customer")

    def test_position_counts_those_before(self, server: LiveServer) -> None:
        tenant = server.make_tenant()
        positions = []
        for _ in range(3):
            with server.customer(tenant.site_key) as customer:
                customer.say("人工")
                positions.append(customer.until_event("handoff.queued")["position"])
        assert positions == [1, 2, 3]

    def test_says_so_when_nobody_is_at_the_desk(self, server: LiveServer) -> None:
        tenant = server.make_tenant()
        with server.customer(tenant.site_key) as customer:
            assert "不在线" in _told(customer)
        with server.console(server.sign_in(tenant.agent)) as console, server.customer(tenant.site_key) as customer:
            console.settle()
            assert "第 2 位" in _told(customer)

    def test_repeated_misses_bring_a_human(self, server: LiveServer) -> None:
        tenant = server.make_tenant()
        with server.customer(tenant.site_key) as customer:
            for text in ("火星上的土豆几月种", "量子纠缠怎么修自行车", "恐龙为什么不吃火锅", "月亮背面有几家网吧"):
                customer.say(text)
            queued = customer.until_event("handoff.queued")
        assert queued["position"] == 1


class TestPresence:
    def test_presence_follows_the_connection(self, server: LiveServer) -> None:
        tenant = server.make_tenant(())
        token = server.sign_in(tenant.agent)

        def presence() -> str:
            with server.http(token) as desk:
                agents = desk.get("/api/v1/agents").json()["items"]
            return str(next(agent["presence"] for agent in agents if agent["name"] == "小林"))

        assert presence() == "offline"
        with server.console(server.sign_in(tenant.agent2)) as watcher:
            watcher.settle()
            with server.console(token) as console:
                console.settle()
                assert presence() == "online"
                with server.http(token) as desk:
                    assert desk.put("/api/v1/me/presence", json={"presence": "busy"}).json()["presence"] == "busy"
                watcher.until(lambda f: f.get("event") == "presence.changed" and f["agent"]["presence"] == "busy")
                assert presence() == "busy"
            watcher.until(lambda f: f.get("event") == "presence.changed" and f["agent"]["presence"] == "offline")
        assert presence() == "offline"

    def test_lease_ends_by_itself(self, server: LiveServer) -> None:
        tenant = server.make_tenant(())
        token = server.sign_in(tenant.agent)
        with server.console(token) as console:
            console.settle()

            async def let_time_pass(services: Services) -> None:
                from datetime import timedelta

                async with services.database.write(tenant.id) as session:
                    long_ago = services.clock.now() - timedelta(seconds=80)
                    await session.execute(update(User).values(seen_at=long_ago))

            server.run(let_time_pass)
            with server.http(token) as desk:
                agents = desk.get("/api/v1/agents").json()["items"]
        assert {agent["presence"] for agent in agents} == {"offline"}


def _told(customer: Customer) -> str:
    customer.say("转人工")
    text: str = customer.until_message("system")["content"]["text"]
    return text
