"""Roles made of permissions: what each may, custom ones, and fields that stay masked."""

import uuid
from collections.abc import Iterator

import httpx2
import pytest
from fastapi import Depends
from sqlalchemy import select

from accounts.permissions import BUILT_IN, Permission
from server.app import create_app
from server.deps import authorise
from server.policy import PolicyGap, check_policy
from server.services import Services
from storage.models import ContactReveal, Role
from tests.support import ChatSocket, LiveServer, Member, TenantAccess


@pytest.fixture(scope="module")
def admin(server: LiveServer, shop: TenantAccess) -> Member:
    return server.member(shop, Role.ADMIN)


@pytest.fixture
def desk(server: LiveServer, admin: Member) -> Iterator[httpx2.Client]:
    with server.http(admin.token) as client:
        yield client


def new_role(desk: httpx2.Client, *permissions: str) -> str:
    answer = desk.post("/api/v1/roles", json={"name": f"角色 {uuid.uuid4().hex[:8]}", "permissions": permissions})
    assert answer.status_code == 201, answer.text
    role: str = answer.json()["id"]
    return role


class TestPolicyTable:
    def test_route_without_a_row_keeps_the_server_from_starting(self, server: LiveServer) -> None:
        app = create_app(services=server.services)

        @app.get("/api/v1/forgotten", dependencies=[Depends(authorise)])
        async def forgotten() -> None: ...

        with pytest.raises(PolicyGap, match="GET /api/v1/forgotten"):
            check_policy(app)

    def test_nobody_but_the_operator_reaches_beyond_a_tenant(self) -> None:
        holders = [role for role, given in BUILT_IN.items() if Permission.PLATFORM_MANAGE in given]
        assert holders == [Role.OPERATOR]

    def test_read_only_changes_nothing(self) -> None:
        assert {permission.rpartition(".")[2] for permission in BUILT_IN[Role.READ_ONLY]} == {"read"}


class TestBuiltInRoles:
    @pytest.mark.parametrize(
        ("role", "note", "reply", "accept", "roles"),
        [
            (Role.ADMIN, 201, 409, 200, 200),
            (Role.SUPERVISOR, 201, 409, 200, 200),
            (Role.AGENT, 201, 409, 200, 403),
            (Role.EDITOR, 201, 403, 403, 403),
            (Role.ANALYST, 403, 403, 403, 403),
            (Role.READ_ONLY, 403, 403, 403, 403),
        ],
    )
    def test_each_may_what_its_permissions_say(
        self, server: LiveServer, shop: TenantAccess, role: Role, note: int, reply: int, accept: int, roles: int
    ) -> None:
        with server.customer(shop.site_key) as customer, server.http(server.member(shop, role).token) as client:
            customer.ask("你好")
            path = f"/api/v1/conversations/{customer.conversation_id}"
            assert client.get(path).status_code == 200
            words = {"content": {"kind": "text", "text": "您好"}}
            assert client.post(f"{path}/messages", json={**words, "note": True}).status_code == note
            assert client.post(f"{path}/messages", json=words).status_code == reply  # 409: allowed, but not the owner
            assert client.post(f"{path}/accept").status_code == accept
            assert client.get("/api/v1/roles").status_code == roles

    def test_socket_asks_the_same_table(self, server: LiveServer, shop: TenantAccess) -> None:
        reader = server.member(shop, Role.READ_ONLY)
        with server.customer(shop.site_key) as customer, server.console(reader.token) as console:
            customer.ask("在吗")
            where = {"conversation_id": customer.conversation_id}
            for command in (
                {
                    "type": "send",
                    "client_msg_id": "a",
                    "content": {"kind": "text", "text": "嗨"},
                    "note": True,
                    **where,
                },
                {"type": "send", "client_msg_id": "b", "content": {"kind": "text", "text": "嗨"}, **where},
                {"type": "read", "seq": 1, **where},
                {"type": "typing", **where},
            ):
                console.emit(**command)
                assert console.until_type("error")["code"] == "forbidden"
            console.emit(type="sync", after_seq=0, **where)
            assert console.until_type("synced")["last_seq"] >= 2


class TestCustomRoles:
    def test_permission_takes_effect_at_once_and_is_taken_away_at_once(
        self, server: LiveServer, shop: TenantAccess, desk: httpx2.Client
    ) -> None:
        role = new_role(desk, "conversation.read", "stats.read")
        person = server.member(shop, role)
        with server.http(person.token) as client, server.socket(person.token) as socket:
            assert client.get("/api/v1/me").json()["permissions"] == ["conversation.read", "stats.read"]
            assert client.get("/api/v1/stats/overview").status_code == 200
            assert client.get("/api/v1/kb/entries").status_code == 403
            changed = desk.patch(f"/api/v1/roles/{role}", json={"permissions": ["knowledge.read"]})
            assert changed.json()["permissions"] == ["knowledge.read"]
            assert client.get("/api/v1/stats/overview").status_code == 403
            assert client.get("/api/v1/kb/entries").status_code == 200
            with pytest.raises(Exception, match="1012"):  # told to come back …
                socket.recv(timeout=1)
            with server.socket(person.token) as again, pytest.raises(Exception, match="4403"):
                again.recv(timeout=5)  # … and is not let in without conversation.read

    def test_role_with_reply_is_at_the_desk(
        self, server: LiveServer, shop: TenantAccess, desk: httpx2.Client, agent_token: str
    ) -> None:
        role = new_role(desk, "conversation.read", "conversation.reply", "conversation.handle")
        person = server.member(shop, role)
        with server.customer(shop.site_key) as customer, server.http(agent_token) as agent:
            customer.ask("你好")
            path = f"/api/v1/conversations/{customer.conversation_id}"
            assert agent.post(f"{path}/accept").status_code == 200
            moved = agent.post(f"{path}/transfer", json={"agent_id": person.id})
            assert moved.json()["assignee"]["id"] == person.id
            assert person.id in {item["id"] for item in agent.get("/api/v1/agents").json()["items"]}

    def test_nobody_gives_more_than_they_hold(
        self, server: LiveServer, shop: TenantAccess, desk: httpx2.Client
    ) -> None:
        person = server.member(shop, new_role(desk, "role.read", "role.manage"))
        rich = new_role(desk, "member.manage")
        with server.http(person.token) as client:
            for answer in (
                client.post("/api/v1/roles", json={"name": "大权", "permissions": ["member.manage"]}),
                client.patch(f"/api/v1/roles/{rich}", json={"name": "改名"}),
                client.delete(f"/api/v1/roles/{rich}"),
            ):
                assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        beyond = desk.post("/api/v1/roles", json={"name": "平台", "permissions": ["platform.manage"]})
        assert beyond.status_code == 403

    def test_refusals(self, server: LiveServer, shop: TenantAccess, desk: httpx2.Client) -> None:
        unknown = desk.post("/api/v1/roles", json={"name": "x", "permissions": ["world.rule"]})
        assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_permission")
        taken = desk.post("/api/v1/roles", json={"name": "agent", "permissions": []})
        assert (taken.status_code, taken.json()["code"]) == (409, "role_name_taken")
        role = new_role(desk, "stats.read")
        server.member(shop, role)
        used = desk.delete(f"/api/v1/roles/{role}")
        assert (used.status_code, used.json()["code"]) == (409, "role_in_use")
        free = new_role(desk, "stats.read")
        assert desk.delete(f"/api/v1/roles/{free}").status_code == 204
        assert desk.delete(f"/api/v1/roles/{free}").status_code == 404

    def test_another_tenants_role_does_not_exist(self, server: LiveServer, desk: httpx2.Client) -> None:
        role = new_role(desk, "stats.read")
        stranger = server.member(server.make_tenant(), Role.ADMIN)
        with server.http(stranger.token) as client:
            foreign = client.patch(f"/api/v1/roles/{role}", json={"name": "x"})
            absent = client.patch(f"/api/v1/roles/{'0' * 32}", json={"name": "x"})
            assert role not in client.get("/api/v1/roles").text
        assert foreign.status_code == absent.status_code == 404
        assert foreign.content == absent.content


class TestMaskedFields:
    @pytest.fixture
    def contact(self, server: LiveServer, shop: TenantAccess) -> tuple[str, str]:
        claim = {"phone": "13812345678", "email": "lin@qq.com", "attributes": {"备用": "021-6234 5678", "等级": "金卡"}}
        with server.http() as client:
            body = {"site_key": shop.site_key, "contact": claim}
            opened = client.post("/api/v1/visitor/sessions", json=body).json()
        return opened["contact_id"], opened["conversation_id"]

    def test_masked_wherever_the_desk_looks(
        self, server: LiveServer, contact: tuple[str, str], agent_token: str
    ) -> None:
        contact_id, conversation_id = contact
        with server.http(agent_token) as desk:
            shown = desk.get(f"/api/v1/contacts/{contact_id}").json()["attributes"]
            beside = desk.get(f"/api/v1/conversations/{conversation_id}").json()["contact"]["attributes"]
        assert shown == beside
        assert shown == {"phone": "138****5678", "email": "l***@qq.com", "备用": "021******5678", "等级": "金卡"}

    def test_reveal_needs_a_permission_and_a_reason_and_leaves_a_row(
        self, server: LiveServer, shop: TenantAccess, contact: tuple[str, str], agent_token: str
    ) -> None:
        path = f"/api/v1/contacts/{contact[0]}/reveal"
        body = {"field": "phone", "reason": "约定回电"}
        with server.http(server.member(shop, Role.ANALYST).token) as client:
            assert client.post(path, json=body).status_code == 403
        with server.http(agent_token) as desk:
            assert desk.post(path, json={**body, "reason": " \u200b "}).json()["code"] == "reason_required"
            assert desk.post(path, json={**body, "field": "passport"}).status_code == 404
            assert desk.post(path, json=body).json() == {"field": "phone", "value": "13812345678"}

        async def rows(services: Services) -> list[tuple[str, str]]:
            async with services.database.read(shop.id) as session:
                found = await session.scalars(select(ContactReveal).where(ContactReveal.contact_id == contact[0]))
                return [(row.field, row.reason) for row in found]

        assert server.run(rows) == [("phone", "约定回电")]

    def test_another_tenants_contact_does_not_exist(self, server: LiveServer, contact: tuple[str, str]) -> None:
        stranger = server.member(server.make_tenant(), Role.ADMIN)
        with server.http(stranger.token) as client:
            answers = [
                client.post(f"/api/v1/contacts/{target}/reveal", json={"field": "phone", "reason": "想看看"})
                for target in (contact[0], "0" * 32)
            ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content


def test_presence_of_a_reader_is_not_announced(server: LiveServer, shop: TenantAccess, agent_token: str) -> None:
    reader = server.member(shop, Role.READ_ONLY)
    with server.console(agent_token) as colleague:
        with server.socket(reader.token) as socket:
            ChatSocket(socket).settle()
        assert reader.id not in str(colleague.settle())
