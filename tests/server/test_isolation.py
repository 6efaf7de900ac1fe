"""Another tenant's objects do not exist: same status, same bytes as for what is really absent, and nothing changed."""

import pytest

from tests.support import LiveServer, TenantAccess

ROUTES = [
    ("GET", "/api/v1/conversations/{id}", None),
    ("GET", "/api/v1/conversations/{id}/messages", None),
    ("POST", "/api/v1/conversations/{id}/messages", {"content": {"text": "嗨"}}),
    ("POST", "/api/v1/conversations/{id}/messages", {"content": {"text": "嗨"}, "note": True}),
    ("POST", "/api/v1/conversations/{id}/handoff", {"reason": "x"}),
    ("POST", "/api/v1/conversations/{id}/accept", None),
    ("POST", "/api/v1/conversations/{id}/resolve", None),
    ("POST", "/api/v1/conversations/{id}/reopen", None),
    ("POST", "/api/v1/conversations/{id}/return-to-bot", None),
    ("POST", "/api/v1/answer", {"text": "你好", "conversation_id": "{id}"}),
]


@pytest.fixture(scope="module")
def stranger(server: LiveServer) -> TenantAccess:
    return server.make_tenant()


class TestForeignObjects:
    @pytest.mark.parametrize(("method", "path", "body"), ROUTES)
    def test_foreign_and_absent_look_the_same_and_nothing_changes(
        self, server: LiveServer, shop: TenantAccess, agent_token: str, stranger: TenantAccess,
        method: str, path: str, body: dict[str, object] | None,
    ) -> None:  # fmt: skip
        with server.customer(shop.site_key) as victim:
            victim.ask("你好")
        answers = []
        with server.http(server.sign_in(stranger.agent)) as thief, server.http(agent_token) as owner:
            before = owner.get(f"/api/v1/conversations/{victim.conversation_id}/messages").content
            for target in (victim.conversation_id, "0" * 32):
                filled = body and {k: v.replace("{id}", target) if isinstance(v, str) else v for k, v in body.items()}
                answers.append(thief.request(method, path.replace("{id}", target), json=filled))
            after = owner.get(f"/api/v1/conversations/{victim.conversation_id}/messages").content
        foreign, absent = answers
        assert foreign.status_code == absent.status_code == 404
        assert foreign.content == absent.content
        assert before == after

    @pytest.mark.parametrize(("method", "path", "body"), ROUTES[:5])
    def test_another_visitors_conversation_does_not_exist(
        self, server: LiveServer, shop: TenantAccess, method: str, path: str, body: dict[str, object] | None
    ) -> None:
        with server.customer(shop.site_key) as victim, server.customer(shop.site_key) as thief:
            victim.ask("你好")
            with server.http(thief.token) as client:
                answer = client.request(method, path.replace("{id}", victim.conversation_id), json=body)
        assert answer.status_code == 404

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/api/v1/conversations"),
            ("GET", "/api/v1/conversations/counts"),
            ("GET", "/api/v1/me"),
            ("GET", "/api/v1/agents"),
            ("GET", "/api/v1/canned-replies"),
            ("GET", "/api/v1/kb/entries"),
            ("GET", "/api/v1/kb/categories"),
            ("GET", "/api/v1/stats/overview"),
            ("PUT", "/api/v1/me/presence"),
            ("POST", "/api/v1/answer"),
            ("DELETE", "/api/v1/auth/token"),
        ],
    )
    def test_visitors_cannot_use_the_desk(self, server: LiveServer, shop: TenantAccess, method: str, path: str) -> None:
        bodies = {"PUT": {"presence": "online"}, "POST": {"text": "你好"}}
        with server.customer(shop.site_key) as customer, server.http(customer.token) as client:
            assert client.request(method, path, json=bodies.get(method)).status_code == 403

    def test_lists_of_one_tenant_hold_nothing_of_another(
        self, server: LiveServer, shop: TenantAccess, stranger: TenantAccess
    ) -> None:
        canary = "canary-51b2"
        with server.customer(shop.site_key) as victim:
            victim.ask(f"我的暗号是 {canary}")
        with server.http(server.sign_in(stranger.agent)) as thief:
            seen = "".join(
                thief.get(path).text
                for path in (
                    "/api/v1/conversations",
                    f"/api/v1/conversations?q={canary}",
                    f"/api/v1/conversations?contact_id={victim.contact_id}",
                    "/api/v1/agents",
                    "/api/v1/kb/entries",
                    "/api/v1/stats/overview",
                )
            )
        assert canary not in seen
        assert victim.conversation_id not in seen

    def test_live_events_stay_in_their_tenant(
        self, server: LiveServer, shop: TenantAccess, stranger: TenantAccess
    ) -> None:
        with server.console(server.sign_in(stranger.agent)) as spy, server.customer(shop.site_key) as victim:
            victim.ask("canary-9c01 在吗")
            victim.say("转人工")
            victim.until_event("handoff.queued")
            frames = spy.settle()
        assert "canary-9c01" not in str(frames)
        assert victim.conversation_id not in str(frames)
