"""The audit log through the doors: what leaves a row, who may read it, what is refused, what the command finds."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from audit.anchor import AnchorFile
from audit.key import audit_key
from audit.record import SYSTEM, Subject, record_audit
from core.clock import SystemClock
from core.errors import UsageProblem
from core.ids import new_id
from core.settings import Settings
from server.cli import app
from server.database import open_database
from storage.db import Database
from storage.migrate import upgrade_to_head
from storage.models import Tenant
from tests.administrators import admin_token
from tests.support import LiveServer, TenantAccess

CLOCK = SystemClock()


@pytest.fixture(scope="module")
def audited(server: LiveServer) -> TenantAccess:
    return server.make_tenant()


@pytest.fixture(scope="module")
def admin(server: LiveServer, audited: TenantAccess) -> str:
    return admin_token(server, audited)


def entries(server: LiveServer, token: str, **query: str) -> list[dict[str, Any]]:
    with server.http(token) as client:
        answer = client.get("/api/v1/audit", params={"limit": "200", **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


class TestWhatIsRecorded:
    def test_signing_in_and_out(self, server: LiveServer, audited: TenantAccess, admin: str) -> None:
        token = server.sign_in(audited.agent)
        with server.http(token) as client:
            user = client.get("/api/v1/me").json()["user"]["id"]
            assert client.delete("/api/v1/auth/token").status_code == 204
        actions = [entry["action"] for entry in entries(server, admin, actor_id=user)]
        assert actions[:2] == ["sign_in.ended", "sign_in.succeeded"]

    def test_failed_sign_in_names_the_account_and_nothing_typed(
        self, server: LiveServer, audited: TenantAccess, admin: str
    ) -> None:
        with server.http() as client:
            for email in (audited.agent2, "nobody@nowhere.example"):
                refused = client.post("/api/v1/auth/token", json={"email": email, "password": "猜的密码 13812345678"})
                assert refused.status_code == 401
            before = [refused.json(), refused.headers.get("content-type")]
        found = _eventually(server, admin, "sign_in.refused")
        assert len(found) == 1
        assert found[0]["object"]["kind"] == "user"
        assert "13812345678" not in json.dumps(found)
        assert before[0]["code"] == "wrong_credentials"

    def test_each_move_of_a_handoff(self, server: LiveServer, audited: TenantAccess, admin: str) -> None:
        with server.customer(audited.site_key) as customer, server.http(server.sign_in(audited.agent)) as agent:
            customer.say("我要人工")
            place = f"/api/v1/conversations/{customer.conversation_id}"
            for move in ("accept", "resolve", "reopen", "return-to-bot"):
                assert agent.post(f"{place}/{move}").status_code == 200
        about = [e["action"] for e in entries(server, admin) if e["object"]["id"] == customer.conversation_id]
        assert about[::-1] == [
            "conversation.accepted", "conversation.resolved", "conversation.reopened", "conversation.returned_to_bot",
        ]  # fmt: skip

    def test_move_that_fails_leaves_no_row(self, server: LiveServer, audited: TenantAccess, admin: str) -> None:
        with server.customer(audited.site_key) as customer, server.http(server.sign_in(audited.agent)) as agent:
            customer.ask("你好")
            assert agent.post(f"/api/v1/conversations/{customer.conversation_id}/reopen").status_code == 409
        assert not [e for e in entries(server, admin) if e["object"]["id"] == customer.conversation_id]

    def test_refused_access(self, server: LiveServer, audited: TenantAccess, admin: str) -> None:
        with server.http(server.sign_in(audited.editor)) as editor:
            assert editor.get("/api/v1/audit").status_code == 403
        found = _eventually(server, admin, "access.refused")
        assert found[0]["object"] == {"kind": "route", "id": "GET /api/v1/audit"}


class TestReading:
    def test_filter_and_pages(self, server: LiveServer, audited: TenantAccess, admin: str) -> None:
        everything = entries(server, admin)
        assert [e["seq"] for e in everything] == sorted((e["seq"] for e in everything), reverse=True)
        with server.http(admin) as client:
            page = client.get("/api/v1/audit", params={"limit": 1}).json()
            following = client.get("/api/v1/audit", params={"limit": 1, "cursor": page["next_cursor"]}).json()
            future = client.get("/api/v1/audit", params={"since": "2099-01-01T00:00:00Z"}).json()
            naive = client.get("/api/v1/audit", params={"since": "2099-01-01T00:00:00"})
        assert following["items"][0]["seq"] == page["items"][0]["seq"] - 1
        assert future == {"items": [], "next_cursor": None}
        assert naive.status_code == 422
        assert {e["action"] for e in entries(server, admin, action="sign_in.succeeded")} == {"sign_in.succeeded"}

    def test_export_is_complete_and_leaves_a_row(self, server: LiveServer, audited: TenantAccess, admin: str) -> None:
        with server.http(admin) as client:
            answer = client.get("/api/v1/audit/export")
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
        assert lines[-1]["action"] == "audit.exported"

    def test_only_administrators_of_the_tenant(self, server: LiveServer, audited: TenantAccess) -> None:
        stranger = server.make_tenant()
        with server.http(admin_token(server, stranger)) as client:
            seen = client.get("/api/v1/audit").json()["items"]
        assert [entry["action"] for entry in seen] == ["sign_in.succeeded"]
        for token, status in ((server.sign_in(audited.agent), 403), (None, 401)):
            with server.http(token) as client:
                assert client.get("/api/v1/audit/export").status_code == status


class TestTheDatabaseRefuses:
    @pytest.mark.parametrize("statement", ["UPDATE audit_entries SET action = 'x'", "DELETE FROM audit_entries"])
    def test_change_and_deletion(self, server: LiveServer, audited: TenantAccess, admin: str, statement: str) -> None:
        before = len(entries(server, admin))

        async def tamper(services: Any) -> None:
            for session in (services.database.write(audited.id), services.database.platform_write()):
                with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
                    async with session as opened:
                        await opened.execute(text(statement))

        server.run(tamper)
        assert len(entries(server, admin)) == before

    def test_rows_go_with_their_tenant(self, server: LiveServer) -> None:
        doomed = server.make_tenant()
        admin_token(server, doomed)

        async def remove(services: Any) -> int:
            async with services.database.platform_write() as session:
                await session.execute(text("DELETE FROM tenants WHERE id = :id"), {"id": doomed.id})
                left = text("SELECT count(*) FROM audit_entries WHERE tenant_id = :id")
                return int((await session.execute(left, {"id": doomed.id})).scalar_one())

        assert server.run(remove) == 0


DROP_TRIGGERS = {
    "sqlite": ["DROP TRIGGER audit_entries_never_changed", "DROP TRIGGER audit_entries_never_deleted"],
    "postgresql": ["DROP TRIGGER append_only ON audit_entries"],
}
TAMPERINGS = {
    "UPDATE audit_entries SET action = 'nothing.done' WHERE seq = 3": "第 3 条内容被改动",
    "DELETE FROM audit_entries WHERE seq = 4": "第 4 条缺失",
    "DELETE FROM audit_entries WHERE seq > 5": "第 6 条末尾被截断",
    "UPDATE audit_entries SET mac = hash WHERE seq = 2": "第 2 条签名不符",
}


class TestTheCommand:
    @pytest.mark.parametrize(("statement", "finding"), TAMPERINGS.items())
    def test_tampering_by_somebody_with_all_rights_on_the_database(
        self, own_database_url: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch, statement: str, finding: str
    ) -> None:
        settings = Settings(data_dir=data_dir, database_url=own_database_url, _env_file=None)
        monkeypatch.setenv("YINGDA_DATA_DIR", str(data_dir))
        monkeypatch.setenv("YINGDA_DATABASE_URL", own_database_url)
        asyncio.run(_write_eight(settings))
        whole = CliRunner().invoke(app, ["audit", "verify", "--json"])
        assert whole.exit_code == 0, whole.output
        assert json.loads(whole.stdout) == [{"tenant": "acme", "entries": 8, "finding": ""}]

        asyncio.run(_tamper(settings, statement))
        broken = CliRunner().invoke(app, ["audit", "verify", "--tenant", "acme"])
        assert broken.exit_code == 1
        assert finding in broken.stdout

    def test_forged_anchor_is_refused(self, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        url = f"sqlite:///{data_dir / 'own.db'}"
        settings = Settings(data_dir=data_dir, database_url=url, _env_file=None)
        monkeypatch.setenv("YINGDA_DATA_DIR", str(data_dir))
        monkeypatch.setenv("YINGDA_DATABASE_URL", url)
        asyncio.run(_write_eight(settings))
        anchor = data_dir / "audit.anchor"
        anchor.write_text(anchor.read_text().replace('"seq": 8', '"seq": 5'))
        refused = CliRunner().invoke(app, ["audit", "verify"])
        assert refused.exit_code == 1
        assert "锚点文件" in str(refused.exception)


class TestTheKey:
    def test_made_once_and_readable_by_its_owner_only(self, data_dir: Path) -> None:
        settings = Settings(data_dir=data_dir, _env_file=None)
        key = audit_key(settings)
        assert audit_key(settings) == key
        assert (data_dir / "audit.key").stat().st_mode & 0o777 == 0o600
        assert [path.name for path in data_dir.iterdir()] == ["audit.key"]

    def test_short_key_is_refused(self, data_dir: Path) -> None:
        with pytest.raises(UsageProblem, match="32"):
            audit_key(Settings(data_dir=data_dir, audit_key="short", _env_file=None))

    def test_setting_wins_over_the_file(self, data_dir: Path) -> None:
        assert audit_key(Settings(data_dir=data_dir, audit_key="k" * 32, _env_file=None)) == b"k" * 32
        assert list(data_dir.iterdir()) == []


async def _write_eight(settings: Settings) -> None:
    database = open_database(settings)
    await upgrade_to_head(database)
    tenant = Tenant(id=new_id(), slug="acme", name="甲", settings={}, created_at=datetime.now(UTC))
    async with database.platform_write() as session:
        session.add(tenant)
    await asyncio.gather(*(_write_one(database, tenant.id, number) for number in range(8)))
    await AnchorFile(settings.data_dir, audit_key(settings)).anchor_heads(database, clock=CLOCK)
    await database.close()


async def _write_one(database: Database, tenant_id: str, number: int) -> None:
    async with database.write(tenant_id) as session:
        await record_audit(session, SYSTEM, "thing.done", Subject("thing", f"物 {number}"), clock=CLOCK, number=number)


async def _tamper(settings: Settings, statement: str) -> None:
    database = Database(settings.async_database_url())
    async with database.platform_write() as session:
        for drop in DROP_TRIGGERS["sqlite" if database.is_sqlite else "postgresql"]:
            await session.execute(text(drop))
        await session.execute(text(statement))
    await database.close()


def _eventually(server: LiveServer, token: str, action: str) -> list[dict[str, Any]]:
    """Refusals are recorded right after their answer: asks until the row is there."""
    for _ in range(200):
        if found := entries(server, token, action=action):
            return found
    raise AssertionError(f"no {action} was recorded")
