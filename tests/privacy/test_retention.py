"""What is past its time goes, what is not stays, and a rehearsal removes nothing."""

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from core.clock import ManualClock, SystemClock
from privacy.retention import RetentionRules, apply_retention, count_expired
from server.cli import app
from server.services import Services
from tests.administrators import admin_token
from tests.support import LiveServer, TenantAccess


@pytest.fixture
def tenant(server: LiveServer) -> TenantAccess:
    return server.make_tenant()


def talk_and_resolve(server: LiveServer, tenant: TenantAccess) -> str:
    with server.customer(tenant.site_key) as customer, server.http(server.sign_in(tenant.agent)) as agent:
        customer.ask("怎么退货")
        assert agent.post(f"/api/v1/conversations/{customer.conversation_id}/resolve").status_code == 200
        return customer.conversation_id


class TestRules:
    def test_kept_by_default_and_changed_by_administrators_only(self, server: LiveServer, tenant: TenantAccess) -> None:
        with server.http(admin_token(server, tenant)) as admin, server.http(server.sign_in(tenant.agent)) as agent:
            assert admin.get("/api/v1/retention").json() == {
                "conversations": None, "answer_traces": 90, "contacts": None,
            }  # fmt: skip
            chosen = {"conversations": 365, "answer_traces": 30, "contacts": 400}
            assert agent.put("/api/v1/retention", json=chosen).status_code == 403
            assert admin.put("/api/v1/retention", json={**chosen, "conversations": 0}).status_code == 422
            assert admin.put("/api/v1/retention", json=chosen).json() == chosen
            assert admin.get("/api/v1/retention").json() == chosen
            assert admin.get("/api/v1/audit").json()["items"][0]["action"] == "retention.changed"

    def test_only_what_is_past_its_time_goes(self, server: LiveServer, tenant: TenantAccess) -> None:
        gone = talk_and_resolve(server, tenant)
        with server.customer(tenant.site_key) as waiting:
            waiting.ask("运费怎么算")
        rules = RetentionRules(conversations=30, answer_traces=10, contacts=30)

        async def after(services: Services, days: int) -> dict[str, int]:
            clock = ManualClock(SystemClock().now() + timedelta(days=days))
            async with services.database.write(tenant.id) as session:
                counted = await count_expired(session, rules, now=clock.now())
                applied = await apply_retention(session, rules, clock=clock)
            assert applied == counted
            return {
                "conversations": applied.conversations,
                "traces": applied.answer_traces,
                "contacts": applied.contacts,
            }

        assert server.run(lambda services: after(services, 9)) == {"conversations": 0, "traces": 0, "contacts": 0}
        assert server.run(lambda services: after(services, 11))["traces"] == 2
        assert server.run(lambda services: after(services, 31))["conversations"] == 1
        assert server.run(lambda services: after(services, 31))["contacts"] == 1
        with server.http(server.sign_in(tenant.agent)) as agent:
            assert agent.get(f"/api/v1/conversations/{gone}").status_code == 404
            assert agent.get(f"/api/v1/conversations/{waiting.conversation_id}").status_code == 200  # still open

    def test_rehearsal_removes_nothing(
        self, server: LiveServer, tenant: TenantAccess, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        talk_and_resolve(server, tenant)
        monkeypatch.setenv("YINGDA_DATABASE_URL", server.settings.database_url)
        monkeypatch.setenv("YINGDA_DATA_DIR", str(server.settings.data_dir))
        command = ["retention", "--dry-run", "--json", "--tenant", tenant.slug]
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)[tenant.slug] == {
            "conversations": 0, "answer_traces": 0, "contacts": 0, "tokens": 0,
        }  # fmt: skip
        unknown = CliRunner().invoke(app, ["retention", "--tenant", "no-such-tenant"])
        assert unknown.exit_code == 1
        assert "no-such-tenant" in str(unknown.exception)
