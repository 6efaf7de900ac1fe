"""One person's data: exported whole, erased everywhere; shown by searching every table and every file."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from audit.record import SYSTEM
from core.clock import SystemClock
from privacy.erase import TOMBSTONE, EraseReason, erase_person
from server.services import Services
from tests.administrators import admin_token
from tests.support import LiveServer, TenantAccess

MARK = uuid.uuid4().hex[:6]
# Twelve things that name one person, each planted where people really write it.
IDENTIFIERS = {
    "name": f"欧阳{MARK}",
    "external_id": f"member-{MARK}-77",
    "email": f"ouyang{MARK}@example.com",
    "phone": "13987650123",
    "attribute": f"金卡{MARK}",
    "id_card": "11010519491231002X",
    "bank_card": "6222021234567890128",
    "plate": "沪B7K3M9",
    "address": "杭州市西湖区文三路4321号9幢",
    "client_msg_id": f"from-ouyang-{MARK}",
    "note": f"备注里的{MARK}",
    "handoff": f"转接说明{MARK}",
}


@pytest.fixture(scope="module")
def tenant(server: LiveServer) -> TenantAccess:
    return server.make_tenant()


@pytest.fixture(scope="module")
def admin(server: LiveServer, tenant: TenantAccess) -> str:
    return admin_token(server, tenant)


class Someone:
    """A customer who leaves all twelve, in a conversation that a human takes over."""

    def __init__(self, server: LiveServer, tenant: TenantAccess) -> None:
        contact: dict[str, object] = {
            "name": IDENTIFIERS["name"],
            "external_id": IDENTIFIERS["external_id"],
            "email": IDENTIFIERS["email"],
        }
        contact |= {"phone": IDENTIFIERS["phone"], "attributes": {"level": IDENTIFIERS["attribute"]}}
        with server.http() as client:
            opened = client.post("/api/v1/visitor/sessions", json={"site_key": tenant.site_key, "contact": contact})
        self.token = opened.json()["token"]
        self.id, self.conversation_id = opened.json()["contact_id"], opened.json()["conversation_id"]
        place = f"/api/v1/conversations/{self.conversation_id}"
        with server.http(self.token) as client:
            for number, what in enumerate(("phone", "id_card", "bank_card", "plate", "address")):
                body: dict[str, object] = {"content": {"text": f"我的是{IDENTIFIERS[what]}，怎么退货"}}
                body |= {"client_msg_id": IDENTIFIERS["client_msg_id"]} if number == 0 else {}
                assert client.post(f"{place}/messages", json=body).status_code == 201
            # Idempotency keeps answers: these must not outlive the person either.
            said = client.post(f"{place}/messages", json={"content": {"text": IDENTIFIERS["name"]}},
                               headers={"Idempotency-Key": uuid.uuid4().hex})  # fmt: skip
            assert said.status_code == 201
        with server.http(server.sign_in(tenant.agent)) as agent:
            handoff = {"reason": IDENTIFIERS["handoff"], "note": IDENTIFIERS["handoff"]}
            assert agent.post(f"{place}/handoff", json=handoff).status_code == 200
            assert agent.post(f"{place}/accept").status_code == 200
            note = {"content": {"text": IDENTIFIERS["note"]}, "note": True}
            assert agent.post(f"{place}/messages", json=note).status_code == 201
            reply = {"content": {"text": f"{IDENTIFIERS['name']} 您好"}}
            assert agent.post(f"{place}/messages", json=reply).status_code == 201


async def dump(connection: AsyncConnection) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, read without any model."""

    def read(sync: Any) -> dict[str, list[dict[str, Any]]]:
        found = MetaData()
        found.reflect(sync)
        return {
            name: [dict(row._mapping) for row in sync.execute(select(table))] for name, table in found.tables.items()
        }

    return await connection.run_sync(read)


def dump_all(server: LiveServer) -> dict[str, list[dict[str, Any]]]:
    async def work(services: Services) -> dict[str, list[dict[str, Any]]]:
        async with services.database.engine.connect() as connection:
            return await dump(connection)

    return server.run(work)


def forms(identifier: str) -> set[bytes]:
    return {identifier.encode(), identifier.encode("ascii", "backslashreplace")}


def files_with(folder: Path, identifier: str) -> list[str]:
    contents = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return [name for name, content in contents.items() if any(form in content for form in forms(identifier))]


class TestExport:
    def test_everything_that_any_table_holds_is_in_it(
        self, server: LiveServer, tenant: TenantAccess, admin: str
    ) -> None:
        someone = Someone(server, tenant)
        with server.http(admin) as client:
            exported = client.get(f"/api/v1/contacts/{someone.id}/export")
        assert exported.status_code == 200
        given = json.dumps(exported.json(), ensure_ascii=False)
        assert [name for name, value in IDENTIFIERS.items() if value not in given] == []
        assert someone.token not in given
        missing = [
            (table, row["id"])
            for table, rows in dump_all(server).items()
            for row in rows
            if {someone.id, someone.conversation_id} & {str(value) for value in row.values()}
            and table != "audit_entries"  # names the object of an act, and is exported by itself
            and row["id"] not in given
        ]
        assert missing == []

    def test_foreign_and_absent_look_the_same(self, server: LiveServer, tenant: TenantAccess) -> None:
        someone = Someone(server, tenant)
        with server.http(admin_token(server, server.make_tenant())) as thief:
            for method, action, body in (("GET", "export", None), ("POST", "erase", {"reason": "person_asked"})):
                answers = [
                    thief.request(method, f"/api/v1/contacts/{target}/{action}", json=body)
                    for target in (someone.id, "0" * 32)
                ]
                assert [answer.status_code for answer in answers] == [404, 404]
                assert answers[0].content == answers[1].content

    def test_agents_may_not(self, server: LiveServer, tenant: TenantAccess) -> None:
        someone = Someone(server, tenant)
        with server.http(server.sign_in(tenant.agent)) as agent:
            assert agent.get(f"/api/v1/contacts/{someone.id}/export").status_code == 403
            refused = agent.post(f"/api/v1/contacts/{someone.id}/erase", json={"reason": "person_asked"})
            assert refused.status_code == 403


class TestErase:
    def test_nothing_is_left_in_any_table_or_file(
        self, server: LiveServer, admin: str, tenant: TenantAccess, capsys: pytest.CaptureFixture[str]
    ) -> None:
        stranger_tenant = server.make_tenant()
        someone = Someone(server, stranger_tenant)
        token = admin_token(server, stranger_tenant)
        before = str(dump_all(server))
        assert [name for name, value in IDENTIFIERS.items() if value not in before] == []  # the search finds them
        _erase_everybody(server, tenant)

        with server.http(token) as client:
            place = f"/api/v1/conversations/{someone.conversation_id}/messages"
            timeline = client.get(place).json()["items"]
            refused = client.post(f"/api/v1/contacts/{someone.id}/erase", json={"reason": "because I said so"})
            assert refused.status_code == 422
            proof = client.post(f"/api/v1/contacts/{someone.id}/erase", json={"reason": "person_asked"})
            assert proof.status_code == 200, proof.text
            after = client.get(place).json()["items"]
            again = client.post(f"/api/v1/contacts/{someone.id}/erase", json={"reason": "person_asked"})
            rows = client.get("/api/v1/audit", params={"action": "contact.erased"}).json()["items"]
        assert again.json()["left"] == {}
        assert proof.json()["left"] == {}
        assert proof.json()["identifiers"] >= 8
        assert proof.json()["cleared"]["messages"] >= 8
        assert [m["seq"] for m in after] == [m["seq"] for m in timeline]  # no gap, nothing moved
        assert {m["content"]["text"] for m in after if m["sender"]["kind"] != "system"} == {TOMBSTONE}
        assert rows[0]["details"]["reason"] == "person_asked"

        tables = str(dump_all(server))
        escaped = {name: value.encode("ascii", "backslashreplace").decode() for name, value in IDENTIFIERS.items()}
        left = [name for name, value in IDENTIFIERS.items() if value in tables or escaped[name] in tables]
        assert left == []
        folders = [server.settings.data_dir]
        if server.settings.database_url.startswith("sqlite"):
            folders.append(Path(server.settings.database_url.removeprefix("sqlite:///")).parent)
        in_files = {name: files_with(folder, value) for name, value in IDENTIFIERS.items() for folder in folders}
        assert {name: files for name, files in in_files.items() if files} == {}
        with capsys.disabled():
            print(f"\nerase: {len(IDENTIFIERS)} planted, 0 found in {len(folders)} folders and all tables")

    def test_devices_are_signed_out(self, server: LiveServer, tenant: TenantAccess, admin: str) -> None:
        someone = Someone(server, tenant)
        with server.http(admin) as client, server.http(someone.token) as visitor:
            assert visitor.get(f"/api/v1/conversations/{someone.conversation_id}").status_code == 200
            client.post(f"/api/v1/contacts/{someone.id}/erase", json={"reason": "consent_withdrawn"})
            assert visitor.get(f"/api/v1/conversations/{someone.conversation_id}").status_code == 401

    def test_proof_names_what_is_left_elsewhere(self, server: LiveServer, tenant: TenantAccess, admin: str) -> None:
        someone = Someone(server, tenant)
        with server.customer(tenant.site_key) as neighbour:
            neighbour.say(f"我替朋友 {IDENTIFIERS['email']} 问一下")
        with server.http(admin) as client:
            proof = client.post(f"/api/v1/contacts/{someone.id}/erase", json={"reason": "person_asked"}).json()
        assert proof["left"]["messages"] >= 1


class TestLists:
    def test_previews_are_masked_and_the_timeline_is_not(self, server: LiveServer, tenant: TenantAccess) -> None:
        with server.customer(tenant.site_key) as customer, server.http(server.sign_in(tenant.agent)) as agent:
            customer.say("转人工")
            customer.until_event("handoff.queued")
            customer.say("我的手机是13700001111")
            shown = agent.get(f"/api/v1/conversations/{customer.conversation_id}").json()
            timeline = agent.get(f"/api/v1/conversations/{customer.conversation_id}/messages").json()["items"]
        assert shown["last_message"]["preview"] == "我的手机是137****1111"
        assert timeline[-1]["content"]["text"] == "我的手机是13700001111"


def _erase_everybody(server: LiveServer, tenant: TenantAccess) -> None:
    """The people of the tests before this one, who carry the same twelve."""

    async def work(services: Services) -> None:
        async with services.database.write(tenant.id) as session:
            rows = await session.execute(text("SELECT id FROM contacts WHERE tenant_id = :t"), {"t": tenant.id})
            ids = list(rows.scalars())
            for contact_id in ids:
                await erase_person(session, contact_id, EraseReason.TEST_DATA, SYSTEM, clock=SystemClock())

    server.run(work)
