"""The HTTP API as its clients see it: shapes, paging, refusals."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import update

from server.services import Services
from storage.models import AccessToken, VisitorToken
from tests.support import PASSWORD, LiveServer, TenantAccess


class TestSigningIn:
    def test_token_opens_the_console(self, server: LiveServer, shop: TenantAccess) -> None:
        with server.http() as client:
            answer = client.post("/api/v1/auth/token", json={"email": shop.agent.upper(), "password": PASSWORD}).json()
        assert answer["token_type"] == "bearer"
        assert answer["expires_in"] > 3600
        with server.http(answer["access_token"]) as desk:
            me = desk.get("/api/v1/me").json()
        assert (me["user"]["email"], me["user"]["role"], me["tenant"]["slug"]) == (shop.agent, "agent", shop.slug)

    def test_wrong_password_and_unknown_person_look_the_same(self, server: LiveServer, shop: TenantAccess) -> None:
        with server.http() as client:
            wrong = client.post("/api/v1/auth/token", json={"email": shop.agent, "password": "guess"})
            unknown = client.post("/api/v1/auth/token", json={"email": "nobody@x.example", "password": "guess"})
        assert wrong.status_code == unknown.status_code == 401
        assert wrong.json() == unknown.json()
        assert wrong.json()["code"] == "wrong_credentials"
        assert wrong.headers["content-type"] == "application/problem+json"

    def test_demo_password_is_refused_outside_demo_mode(self, server: LiveServer) -> None:
        with server.http() as client:
            answer = client.post("/api/v1/auth/token", json={"email": "agent@demo.local", "password": "yingda-demo"})
        assert answer.status_code == 401

    def test_expired_token_is_refused(self, server: LiveServer, shop: TenantAccess) -> None:
        token = server.sign_in(shop.agent2)

        async def expire(services: Services) -> None:
            async with services.database.write(shop.id) as session:
                past = services.clock.now() - timedelta(seconds=1)
                await session.execute(update(AccessToken).values(expires_at=past))

        try:
            server.run(expire)
            with server.http(token) as desk:
                answer = desk.get("/api/v1/me")
        finally:

            async def restore(services: Services) -> None:
                async with services.database.write(shop.id) as session:
                    later = services.clock.now() + timedelta(hours=12)
                    await session.execute(update(AccessToken).values(expires_at=later))

            server.run(restore)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"

    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic YTpi", "Bearer yda_x"])
    def test_no_token_no_data(self, server: LiveServer, header: str) -> None:
        with server.http(**({"Authorization": header} if header else {})) as client:
            assert client.get("/api/v1/conversations").status_code == 401


class TestVisitorSessions:
    def test_token_brings_the_same_contact_back(self, server: LiveServer, shop: TenantAccess) -> None:
        with server.http() as client:
            first = client.post("/api/v1/visitor/sessions", json={"site_key": shop.site_key}).json()
            again = client.post(
                "/api/v1/visitor/sessions", json={"site_key": shop.site_key, "token": first["token"]}
            ).json()
        assert again["contact_id"] == first["contact_id"]
        assert again["conversation_id"] == first["conversation_id"]
        assert again["token"] == first["token"]
        assert first["config"]["bot"]["name"] == "小测"

    def test_unknown_site_is_a_clear_404(self, server: LiveServer) -> None:
        with server.http() as client:
            answer = client.post("/api/v1/visitor/sessions", json={"site_key": "nobody"})
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_site_key")
        assert "site key" in answer.json()["detail"]

    def test_expired_or_foreign_token_gives_a_new_identity(self, server: LiveServer, shop: TenantAccess) -> None:
        other = server.make_tenant()
        with server.http() as client:
            first = client.post("/api/v1/visitor/sessions", json={"site_key": shop.site_key}).json()
            elsewhere = client.post(
                "/api/v1/visitor/sessions", json={"site_key": other.site_key, "token": first["token"]}
            ).json()
            assert elsewhere["contact_id"] != first["contact_id"]

            async def expire(services: Services) -> None:
                async with services.database.write(shop.id) as session:
                    query = update(VisitorToken).where(VisitorToken.contact_id == first["contact_id"])
                    await session.execute(query.values(expires_at=services.clock.now() - timedelta(days=1)))

            server.run(expire)
            later = client.post(
                "/api/v1/visitor/sessions", json={"site_key": shop.site_key, "token": first["token"]}
            ).json()
        assert later["contact_id"] != first["contact_id"]

    def test_claimed_name_is_shown_but_identifies_nobody(
        self, server: LiveServer, shop: TenantAccess, agent_token: str
    ) -> None:
        claim = {"name": "  张<b>三</b>\x00 ", "external_id": "u-1", "attributes": {"等级": "金卡"}}
        with server.http() as client:
            body = {"site_key": shop.site_key, "contact": claim}
            one, two = (client.post("/api/v1/visitor/sessions", json=body).json() for _ in range(2))
        assert one["contact_id"] != two["contact_id"]
        with server.http(agent_token) as desk:
            contact = desk.get(f"/api/v1/conversations/{one['conversation_id']}").json()["contact"]
        assert contact["name"] == "张<b>三</b>"
        assert contact["attributes"] == {"等级": "金卡", "external_id": "u-1"}


class TestMessages:
    def test_http_send_is_idempotent(self, server: LiveServer, shop: TenantAccess) -> None:
        with server.http() as client:
            visitor = client.post("/api/v1/visitor/sessions", json={"site_key": shop.site_key}).json()
        body = {"client_msg_id": "http-1", "content": {"kind": "text", "text": "怎么退货"}}
        with server.http(visitor["token"]) as client:
            path = f"/api/v1/conversations/{visitor['conversation_id']}/messages"
            first, second = client.post(path, json=body), client.post(path, json=body)
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json() == second.json()

    def test_history_pages_backwards_without_overlap(
        self, server: LiveServer, shop: TenantAccess, agent_token: str
    ) -> None:
        with server.customer(shop.site_key) as customer:
            for number in range(6):
                customer.ask(f"你好 {number}")
            path = f"/api/v1/conversations/{customer.conversation_id}/messages"
        with server.http(agent_token) as desk:
            seqs: list[int] = []
            page = desk.get(path, params={"limit": 5}).json()
            seqs = [m["seq"] for m in page["items"]] + seqs
            while page["next_cursor"]:
                page = desk.get(path, params={"limit": 5, "before_seq": page["next_cursor"]}).json()
                seqs = [m["seq"] for m in page["items"]] + seqs
            forward = desk.get(path, params={"after_seq": 4, "limit": 3}).json()
        assert seqs == list(range(1, 13))
        assert [m["seq"] for m in forward["items"]] == [5, 6, 7]
        assert forward["next_cursor"] == "7"

    def test_agent_must_own_the_conversation_to_reply(
        self, server: LiveServer, shop: TenantAccess, agent_token: str, agent2_token: str
    ) -> None:
        with server.customer(shop.site_key) as customer:
            customer.ask("你好")
            path = f"/api/v1/conversations/{customer.conversation_id}"
        body = {"content": {"kind": "text", "text": "在的"}}
        with server.http(agent_token) as desk, server.http(agent2_token) as other:
            with_bot = desk.post(f"{path}/messages", json=body)
            assert (with_bot.status_code, with_bot.json()["code"]) == (409, "not_your_conversation")
            other.post(f"{path}/accept")
            taken = desk.post(f"{path}/messages", json=body)
            assert "阿哲" in taken.json()["detail"]
            other.post(f"{path}/resolve")
            assert other.post(f"{path}/messages", json=body).json()["code"] == "conversation_closed"

    def test_editor_reads_but_does_not_reply(self, server: LiveServer, shop: TenantAccess) -> None:
        token = server.sign_in(shop.editor)
        with server.customer(shop.site_key) as customer:
            customer.ask("你好")
            path = f"/api/v1/conversations/{customer.conversation_id}"
        with server.http(token) as editor:
            assert editor.get(path).status_code == 200
            assert editor.post(f"{path}/accept").status_code == 403
            assert editor.post(f"{path}/messages", json={"content": {"kind": "text", "text": "嗨"}}).status_code == 403


class TestLists:
    def test_views_and_counts_agree(self, server: LiveServer, agent_token: str) -> None:
        tenant = server.make_tenant()
        token = server.sign_in(tenant.agent)
        with server.http(token) as desk:
            assert desk.get("/api/v1/conversations").json() == {"items": [], "next_cursor": None}
            opened = []
            for number in range(5):
                with server.customer(tenant.site_key) as customer:
                    customer.ask(f"你好{number}")
                    opened.append(customer.conversation_id)
            for conversation_id in opened[:3]:
                desk.post(f"/api/v1/conversations/{conversation_id}/handoff", json={"reason": "测试"})
            desk.post(f"/api/v1/conversations/{opened[0]}/accept")
            desk.post(f"/api/v1/conversations/{opened[4]}/resolve")
            counts = desk.get("/api/v1/conversations/counts").json()
            listed = {
                view: [c["id"] for c in desk.get("/api/v1/conversations", params={"view": view}).json()["items"]]
                for view in ("mine", "queue", "bot", "resolved", "all")
            }
        assert (counts["mine"], counts["queue"], counts["bot"]) == (1, 2, 1)
        assert listed["mine"] == [opened[0]]
        assert listed["queue"] == opened[1:3]  # the longest wait first
        assert listed["resolved"] == [opened[4]]
        assert set(listed["all"]) == set(opened)

    @pytest.mark.parametrize("view", ["all", "queue"])
    def test_pages_cover_everything_once(self, server: LiveServer, view: str) -> None:
        tenant = server.make_tenant()
        with server.http(server.sign_in(tenant.agent)) as desk:
            opened = set()
            for _ in range(7):
                with server.customer(tenant.site_key) as customer:
                    customer.ask("你好")
                    opened.add(customer.conversation_id)
                    desk.post(f"/api/v1/conversations/{customer.conversation_id}/handoff", json={})
            seen: list[str] = []
            cursor: str | None = None
            while True:
                params: dict[str, str] = {"view": view, "limit": "3"} | ({"cursor": cursor} if cursor else {})
                page = desk.get("/api/v1/conversations", params=params).json()
                seen += [item["id"] for item in page["items"]]
                cursor = page["next_cursor"]
                if cursor is None:
                    break
        assert len(seen) == len(opened)
        assert set(seen) == opened

    def test_search_finds_what_was_said(self, server: LiveServer, shop: TenantAccess, agent_token: str) -> None:
        mark = uuid.uuid4().hex[:8]
        with server.customer(shop.site_key) as customer:
            customer.ask(f"我的订单 {mark} 100% 没到")
        with server.http(agent_token) as desk:
            found = desk.get("/api/v1/conversations", params={"q": mark}).json()["items"]
            literal = desk.get("/api/v1/conversations", params={"q": f"{mark} 100%"}).json()["items"]
            wildcard = desk.get("/api/v1/conversations", params={"q": "%_%_no_such"}).json()["items"]
        assert [item["id"] for item in found] == [item["id"] for item in literal] == [customer.conversation_id]
        assert wildcard == []

    def test_bad_cursor_is_a_clear_422(self, server: LiveServer, agent_token: str) -> None:
        with server.http(agent_token) as desk:
            for cursor in ("x", "2020-01-01_a", "_", "\x00"):
                answer = desk.get("/api/v1/conversations", params={"cursor": cursor})
                assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")

    def test_hot_lists_cost_one_query(self, server: LiveServer, shop: TenantAccess, agent_token: str) -> None:
        from sqlalchemy import event

        statements: list[str] = []

        def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
            statements.append(statement)

        engine = server.services.database.engine.sync_engine
        readers = [engine, server.services.database._reader.sync_engine]
        for each in readers:
            event.listen(each, "before_cursor_execute", note)
        try:
            with server.http(agent_token) as desk:
                assert desk.get("/api/v1/conversations").status_code == 200
        finally:
            for each in readers:
                event.remove(each, "before_cursor_execute", note)
        selects = {statement for statement in statements if " conversations" in statement and "SELECT" in statement}
        assert len(selects) == 1


class TestProblems:
    def test_unknown_path_and_method_are_problems(self, server: LiveServer) -> None:
        with server.http() as client:
            missing, wrong = client.get("/api/v1/nothing"), client.delete("/api/v1/visitor/sessions")
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
        assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")

    def test_invalid_bodies_name_the_field(self, server: LiveServer) -> None:
        with server.http() as client:
            missing = client.post("/api/v1/auth/token", json={"email": "a@b.c"})
            misspelt = client.post("/api/v1/visitor/sessions", json={"site_key": "x", "sitekey": 1})
            broken = client.post("/api/v1/auth/token", content=b"{", headers={"Content-Type": "application/json"})
        assert missing.json()["errors"] == [{"field": "password", "message": "Field required"}]
        assert misspelt.json()["errors"][0]["field"] == "sitekey"
        assert [answer.status_code for answer in (missing, misspelt, broken)] == [422, 422, 422]

    def test_language_follows_the_reader(self, server: LiveServer) -> None:
        with server.http(**{"Accept-Language": "en"}) as english, server.http() as chinese:
            assert "sign in" in english.get("/api/v1/me").json()["detail"]
            assert "登录" in chinese.get("/api/v1/me").json()["detail"]


class TestAnswerAndKnowledge:
    def test_stateless_answer_has_the_contracts_shape(
        self, server: LiveServer, shop: TenantAccess, agent_token: str
    ) -> None:
        with server.http(agent_token) as desk:
            answer = desk.post("/api/v1/answer", json={"text": "邮费是多少"}).json()
        assert answer["action"] == "answer"
        assert answer["faq_id"] == answer["candidates"][0]["faq_id"] == "freight"
        assert len(answer["candidates"]) >= 10
        scores = [candidate["score"] for candidate in answer["candidates"]]
        assert scores == sorted(scores, reverse=True)
        assert 0 <= answer["confidence"] <= 1
        assert set(answer) >= {"intent", "entities", "sentiment", "trace", "latency_ms", "text"}

    def test_empty_question_is_refused(self, server: LiveServer, agent_token: str) -> None:
        with server.http(agent_token) as desk:
            assert desk.post("/api/v1/answer", json={"text": "  "}).json()["code"] == "empty_message"

    def test_entries_can_be_browsed(self, server: LiveServer, shop: TenantAccess, agent_token: str) -> None:
        with server.http(agent_token) as desk:
            categories = desk.get("/api/v1/kb/categories").json()["items"]
            after_sale = desk.get("/api/v1/kb/entries", params={"category": "售后"}).json()["items"]
            found = desk.get("/api/v1/kb/entries", params={"q": "包邮"}).json()["items"]
            first = desk.get("/api/v1/kb/entries", params={"limit": 5}).json()
            rest = desk.get("/api/v1/kb/entries", params={"limit": 50, "cursor": first["next_cursor"]}).json()
            one = desk.get("/api/v1/kb/entries/return").json()
            assert desk.get("/api/v1/kb/entries/nothing").status_code == 404
        assert {"name": "售后", "count": 3} in categories
        assert {entry["id"] for entry in after_sale} == {"return", "refund-time", "warranty"}
        assert [entry["id"] for entry in found] == ["freight"]
        assert len(first["items"]) + len(rest["items"]) == 12
        assert "<strong>申请退货</strong>" in one["answer_html"]


class TestIdempotencyKey:
    def test_same_key_and_body_does_nothing_twice(self, server: LiveServer, shop: TenantAccess) -> None:
        key = str(uuid.uuid4())
        with server.http(**{"Idempotency-Key": key}) as client:
            body = {"site_key": shop.site_key}
            first = client.post("/api/v1/visitor/sessions", json=body)
            again = client.post("/api/v1/visitor/sessions", json=body)
            reused = client.post("/api/v1/visitor/sessions", json={"site_key": "other"})
        assert first.content == again.content
        assert again.headers["idempotency-replayed"] == "true"
        assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")

    def test_key_belongs_to_its_owner(
        self, server: LiveServer, shop: TenantAccess, agent_token: str, agent2_token: str
    ) -> None:
        with server.customer(shop.site_key) as customer:
            customer.ask("你好")
        path = f"/api/v1/conversations/{customer.conversation_id}/messages"
        body = {"content": {"kind": "text", "text": "备注"}, "note": True}
        with (
            server.http(agent_token, **{"Idempotency-Key": "k1"}) as one,
            server.http(agent2_token, **{"Idempotency-Key": "k1"}) as two,
        ):
            mine, mine_again, theirs = one.post(path, json=body), one.post(path, json=body), two.post(path, json=body)
        assert mine.json() == mine_again.json()
        assert theirs.json()["id"] != mine.json()["id"]

    def test_guessable_key_without_a_token_protects_nobody(self, server: LiveServer, shop: TenantAccess) -> None:
        with server.http(**{"Idempotency-Key": "1"}) as client:
            tokens = {
                client.post("/api/v1/visitor/sessions", json={"site_key": shop.site_key}).json()["token"]
                for _ in range(2)
            }
        assert len(tokens) == 2  # else anybody who sends "1" would be handed somebody's chat


class TestOperation:
    def test_alive_ready_metrics(self, server: LiveServer, shop: TenantAccess) -> None:
        with server.customer(shop.site_key) as customer:
            customer.ask("你好")
        with server.http() as client:
            assert client.get("/healthz").json() == {"status": "ok"}
            assert client.get("/readyz").json() == {"status": "ready"}
            metrics = client.get("/metrics").text
        assert "yingda_bot_turn_seconds_count" in metrics
        assert shop.id not in metrics

    def test_public_info_keeps_demo_accounts_to_demo_mode(self, server: LiveServer) -> None:
        with server.http() as client:
            info = client.get("/api/v1/public/info").json()
        assert (info["demo"], info["demo_accounts"], info["demo_password"]) == (False, [], None)
