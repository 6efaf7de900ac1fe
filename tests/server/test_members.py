"""Members, links, sessions and API keys, as an administrator and as a member."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import select, update

from server.services import Services
from storage.models import AccessToken, ApiKey, PasswordLink, Role
from tests.support import PASSWORD, LiveServer, Member, TenantAccess

CHOSEN = "窗台上那盆茉莉开了三次花呢"
PHRASE = f"{CHOSEN}好香"


@pytest.fixture(scope="module")
def admin(server: LiveServer, shop: TenantAccess) -> Member:
    return server.member(shop, Role.ADMIN)


@pytest.fixture
def desk(server: LiveServer, admin: Member) -> Iterator[httpx2.Client]:
    with server.http(admin.token) as client:
        yield client


def invitation(desk: httpx2.Client, role: str = "agent") -> tuple[str, str, str]:
    """An invited member's id, address and link token."""
    email = f"new-{uuid.uuid4().hex[:8]}@acme.example"
    made = desk.post("/api/v1/members", json={"email": email.upper(), "name": "新同事", "role": role})
    assert made.status_code == 201, made.text
    member = made.json()["member"]
    assert (member["status"], member["email"]) == ("invited", email)
    return member["id"], email, made.json()["link"]["token"]


def choose(server: LiveServer, token: str, password: str = PHRASE) -> httpx2.Response:
    with server.http() as client:
        return client.post("/api/v1/auth/links", json={"token": token, "password": password})


def closes_within_a_second(server: LiveServer, token: str, act: httpx2.Client, method: str, path: str) -> None:
    """Does something that must shut a session out of REST and live connections."""
    with server.socket(token) as socket, server.http(token) as client:
        assert client.get("/api/v1/me").status_code == 200
        done = act.request(method, path, json={"is_active": False} if method == "PATCH" else None)
        assert done.is_success, done.text
        with pytest.raises(Exception, match="4401"):
            while True:
                socket.recv(timeout=1)
        assert client.get("/api/v1/me").status_code == 401


class TestInvitations:
    def test_link_works_once(self, server: LiveServer, desk: httpx2.Client) -> None:
        member_id, email, token = invitation(desk)
        with server.http() as client:
            early = client.post("/api/v1/auth/token", json={"email": email, "password": PHRASE})
        assert early.json()["code"] == "wrong_credentials"
        assert choose(server, token, "short").json()["code"] == "password_too_short"
        assert choose(server, token).status_code == 204
        again = choose(server, token, f"{PHRASE}！再来")
        assert (again.status_code, again.json()["code"]) == (422, "link_invalid")
        with server.http(server.sign_in(email, PHRASE)) as client:
            assert client.get("/api/v1/me").json()["user"]["id"] == member_id
        listed = {item["id"]: item for item in desk.get("/api/v1/members").json()["items"]}
        assert listed[member_id]["status"] == "active"

    def test_expired_forged_and_replaced_links_look_the_same(
        self, server: LiveServer, shop: TenantAccess, desk: httpx2.Client
    ) -> None:
        member_id, _, replaced = invitation(desk)
        desk.post(f"/api/v1/members/{member_id}/reset", json={})
        other_id, _, expired = invitation(desk)

        async def expire(services: Services) -> None:
            async with services.database.write(shop.id) as session:
                past = services.clock.now() - timedelta(seconds=1)
                query = update(PasswordLink).where(PasswordLink.user_id == other_id)
                await session.execute(query.values(expires_at=past))

        server.run(expire)
        answers = [choose(server, token) for token in (replaced, expired, "ydl_forged")]
        assert {answer.status_code for answer in answers} == {422}
        assert len({answer.content for answer in answers}) == 1

    def test_refusals(self, server: LiveServer, shop: TenantAccess, desk: httpx2.Client, admin: Member) -> None:
        body = {"email": admin.email, "name": "x", "role": "agent"}
        assert desk.post("/api/v1/members", json=body).json()["code"] == "email_taken"
        unknown = desk.post("/api/v1/members", json={**body, "email": "a@b.example", "role": "king"})
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_role")
        assert desk.post("/api/v1/members", json={**body, "email": "nonsense"}).status_code == 422
        operator = desk.post("/api/v1/members", json={**body, "email": "o@b.example", "role": "operator"})
        assert operator.status_code == 403  # nobody hands out more than they hold


class TestChanges:
    def test_disabled_member_is_out_within_a_second_and_back_when_enabled(
        self, server: LiveServer, shop: TenantAccess, desk: httpx2.Client
    ) -> None:
        person = server.member(shop, Role.AGENT)
        closes_within_a_second(server, person.token, desk, "PATCH", f"/api/v1/members/{person.id}")
        with server.http() as client:
            wrong = client.post("/api/v1/auth/token", json={"email": person.email, "password": PASSWORD})
        assert wrong.json()["code"] == "wrong_credentials"
        enabled = desk.patch(f"/api/v1/members/{person.id}", json={"is_active": True})
        assert enabled.json()["status"] == "active"
        server.sign_in(person.email)

    def test_new_role_counts_at_once(self, server: LiveServer, shop: TenantAccess, desk: httpx2.Client) -> None:
        person = server.member(shop, Role.AGENT)
        with server.http(person.token) as client:
            assert client.get("/api/v1/members").status_code == 403
            assert desk.patch(f"/api/v1/members/{person.id}", json={"role": "supervisor"}).status_code == 200
            assert client.get("/api/v1/members").status_code == 200

    def test_last_administrator_stays(self, server: LiveServer) -> None:
        tenant = server.make_tenant()
        only = server.member(tenant, Role.ADMIN)
        with server.http(only.token) as client:
            for change in ({"is_active": False}, {"role": "agent"}):
                refused = client.patch(f"/api/v1/members/{only.id}", json=change)
                assert (refused.status_code, refused.json()["code"]) == (409, "last_administrator")
            assert client.get("/api/v1/me").status_code == 200
            server.member(tenant, Role.ADMIN)
            assert client.patch(f"/api/v1/members/{only.id}", json={"role": "agent"}).status_code == 200

    def test_administrator_cannot_act_on_the_operator(
        self, server: LiveServer, shop: TenantAccess, desk: httpx2.Client
    ) -> None:
        operator = server.member(shop, Role.OPERATOR)
        path = f"/api/v1/members/{operator.id}"
        for answer in (
            desk.patch(path, json={"role": "agent"}),
            desk.patch(path, json={"is_active": False}),
            desk.post(f"{path}/reset", json={}),
            desk.delete(f"{path}/sessions"),
        ):
            assert answer.status_code == 403
        with server.http(operator.token) as client:
            assert client.get("/api/v1/platform/tenants").status_code == 200
        assert desk.get("/api/v1/platform/tenants").status_code == 403

    def test_reset_shuts_out_at_once_and_the_link_lets_in_again(
        self, server: LiveServer, shop: TenantAccess, desk: httpx2.Client
    ) -> None:
        person = server.member(shop, Role.AGENT)
        with server.http(person.token) as client:
            link = desk.post(f"/api/v1/members/{person.id}/reset", json={"second_factor": True}).json()
            assert client.get("/api/v1/me").status_code == 401
        with server.http() as client:
            old = client.post("/api/v1/auth/token", json={"email": person.email, "password": PASSWORD})
        assert old.status_code == 401
        assert choose(server, link["token"]).status_code == 204
        server.sign_in(person.email, PHRASE)

    def test_reset_does_not_enable_a_disabled_member(
        self, server: LiveServer, shop: TenantAccess, desk: httpx2.Client
    ) -> None:
        person = server.member(shop, Role.AGENT)
        desk.patch(f"/api/v1/members/{person.id}", json={"is_active": False})
        link = desk.post(f"/api/v1/members/{person.id}/reset", json={}).json()
        assert choose(server, link["token"]).status_code == 204
        with server.http() as client:
            refused = client.post("/api/v1/auth/token", json={"email": person.email, "password": PHRASE})
        assert refused.status_code == 401


class TestSessions:
    def test_own_sessions_are_listed_and_ended(self, server: LiveServer, shop: TenantAccess, admin: Member) -> None:
        person = server.member(shop, Role.AGENT)
        first, second = server.sign_in(person.email), server.sign_in(person.email)
        with server.http(second) as client:
            items = client.get("/api/v1/me/sessions").json()["items"]
            assert [item["is_current"] for item in items].count(True) == 1
            assert items[0]["address"] == "127.0.0.1"
            assert "httpx" in items[0]["client"]
            ids = [item["id"] for item in items if not item["is_current"]]
            oldest = f"/api/v1/me/sessions/{ids[-1]}"
            closes_within_a_second(server, person.token, client, "DELETE", oldest)
            assert client.delete(oldest).status_code == 404
            closes_within_a_second(server, first, client, "DELETE", "/api/v1/me/sessions")
            assert client.get("/api/v1/me").status_code == 200
        with server.http(admin.token) as stranger:
            mine = stranger.get(f"/api/v1/members/{person.id}/sessions").json()["items"]
            assert stranger.delete(f"/api/v1/me/sessions/{mine[0]['id']}").status_code == 404  # not one's own

    def test_administrator_signs_a_member_out(
        self, server: LiveServer, shop: TenantAccess, desk: httpx2.Client
    ) -> None:
        person = server.member(shop, Role.AGENT)
        closes_within_a_second(server, person.token, desk, "DELETE", f"/api/v1/members/{person.id}/sessions")

    def test_expired_session_loses_its_socket_too(self, server: LiveServer, shop: TenantAccess) -> None:
        person = server.member(shop, Role.AGENT)

        async def expire_soon(services: Services) -> None:
            async with services.database.write(shop.id) as session:
                soon = services.clock.now() + timedelta(seconds=1)
                query = update(AccessToken).where(AccessToken.user_id == person.id)
                await session.execute(query.values(expires_at=soon))

        server.run(expire_soon)
        with server.socket(person.token) as socket, pytest.raises(Exception, match="4401"):
            while True:
                socket.send('{"type":"ping"}')
                socket.recv(timeout=5)


class TestApiKeys:
    @pytest.fixture
    def key(self, desk: httpx2.Client) -> tuple[str, str]:
        made = desk.post("/api/v1/api-keys", json={"name": "对接", "scopes": ["conversation.read", "stats.read"]})
        assert made.status_code == 201, made.text
        return made.json()["id"], made.json()["token"]

    def test_key_does_what_its_scopes_say_and_no_more(
        self, server: LiveServer, shop: TenantAccess, desk: httpx2.Client, key: tuple[str, str]
    ) -> None:
        with server.http(key[1]) as program:
            assert program.get("/api/v1/me").json()["permissions"] == ["conversation.read", "stats.read"]
            assert program.get("/api/v1/conversations").status_code == 200
            assert program.get("/api/v1/members").status_code == 403
            for method, path in (
                ("GET", "/api/v1/me/sessions"),
                ("DELETE", "/api/v1/auth/token"),
                ("POST", "/api/v1/api-keys"),
            ):
                body = {"name": "x", "scopes": []} if method == "POST" else None
                assert program.request(method, path, json=body).json()["code"] == "not_for_api_keys"
        listed = {item["id"]: item for item in desk.get("/api/v1/api-keys").json()["items"]}
        assert listed[key[0]]["last_used_at"] is not None
        assert key[1] not in str(listed)

        async def stored(services: Services) -> str:
            async with services.database.read(shop.id) as session:
                return (await session.scalars(select(ApiKey).where(ApiKey.id == key[0]))).one().token_hash

        assert key[1] not in server.run(stored)

    def test_revoked_key_is_dead_within_a_second(
        self, server: LiveServer, desk: httpx2.Client, key: tuple[str, str]
    ) -> None:
        closes_within_a_second(server, key[1], desk, "DELETE", f"/api/v1/api-keys/{key[0]}")
        assert desk.delete(f"/api/v1/api-keys/{key[0]}").status_code == 404

    def test_key_loses_what_its_maker_loses(self, server: LiveServer, shop: TenantAccess, desk: httpx2.Client) -> None:
        maker = server.member(shop, Role.ADMIN)
        with server.http(maker.token) as client:
            token = client.post("/api/v1/api-keys", json={"name": "k", "scopes": ["member.read"]}).json()["token"]
        with server.http(token) as program:
            assert program.get("/api/v1/members").status_code == 200
            desk.patch(f"/api/v1/members/{maker.id}", json={"role": "agent"})
            assert program.get("/api/v1/members").status_code == 403
            desk.patch(f"/api/v1/members/{maker.id}", json={"is_active": False})
            assert program.get("/api/v1/members").status_code == 401

    def test_expired_key_and_scope_beyond_the_maker(
        self, server: LiveServer, shop: TenantAccess, desk: httpx2.Client, key: tuple[str, str]
    ) -> None:
        async def expire(services: Services) -> None:
            async with services.database.write(shop.id) as session:
                past = services.clock.now() - timedelta(seconds=1)
                await session.execute(update(ApiKey).where(ApiKey.id == key[0]).values(expires_at=past))

        server.run(expire)
        with server.http(key[1]) as program:
            assert program.get("/api/v1/me").status_code == 401
        beyond = desk.post("/api/v1/api-keys", json={"name": "k", "scopes": ["platform.manage"]})
        assert beyond.status_code == 403


class TestPlatform:
    def test_operator_makes_a_tenant_whose_administrator_comes_by_link(
        self, server: LiveServer, shop: TenantAccess
    ) -> None:
        operator = server.member(shop, Role.OPERATOR)
        slug = f"n-{uuid.uuid4().hex[:8]}"
        body = {"tenant": {"slug": slug, "name": "新租户"}, "admin": {"email": f"boss@{slug}.example"}}
        with server.http(operator.token) as client:
            made = client.post("/api/v1/platform/tenants", json=body)
            assert made.status_code == 201, made.text
            assert client.post("/api/v1/platform/tenants", json=body).json()["code"] == "slug_taken"
            assert slug in client.get("/api/v1/platform/tenants").text
        assert choose(server, made.json()["link"]["token"]).status_code == 204
        with server.http(server.sign_in(f"boss@{slug}.example", PHRASE)) as boss:
            me = boss.get("/api/v1/me").json()
            assert me["tenant"]["slug"] == slug
            assert "platform.manage" not in me["permissions"]
            assert [item["email"] for item in boss.get("/api/v1/members").json()["items"]] == [f"boss@{slug}.example"]
        with server.customer(made.json()["site_key"]) as customer:
            customer.say("你好")
