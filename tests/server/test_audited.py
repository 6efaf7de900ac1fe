"""Acts of people with rights leave a row in the audit log: who, what, on which object; never what was typed."""

from typing import Any

import httpx2
import pytest

from tests.administrators import admin_token
from tests.support import LiveServer, TenantAccess


def entries(desk: httpx2.Client) -> list[dict[str, Any]]:
    """The newest entries, oldest first."""
    items: list[dict[str, Any]] = desk.get("/api/v1/audit?limit=50").json()["items"]
    return items[::-1]


@pytest.fixture
def own_shop(server: LiveServer) -> TenantAccess:
    """A tenant whose log holds only what a test does."""
    return server.make_tenant()


class TestActs:
    def test_each_leaves_its_row(self, server: LiveServer, own_shop: TenantAccess) -> None:
        with server.http(admin_token(server, own_shop)) as desk, server.customer(own_shop.site_key) as customer:
            invited = desk.post("/api/v1/members", json={"email": "li@new.example", "name": "李四", "role": "agent"})
            member = invited.json()["member"]["id"]
            desk.patch(f"/api/v1/members/{member}", json={"is_active": False})
            role = desk.post("/api/v1/roles", json={"name": "夜班", "permissions": ["stats.read"]}).json()["id"]
            desk.delete(f"/api/v1/roles/{role}")
            key = desk.post("/api/v1/api-keys", json={"name": "报表", "scopes": ["stats.read"]}).json()["id"]
            desk.delete(f"/api/v1/api-keys/{key}")
            inbox = desk.get("/api/v1/inboxes").json()["items"][0]["id"]
            signing = desk.post(f"/api/v1/inboxes/{inbox}/identity-keys", json={"algorithm": "HS256"}).json()["id"]
            desk.delete(f"/api/v1/inboxes/{inbox}/identity-keys/{signing}")
            desk.put("/api/v1/tenant/security", json={"password_rules": "dengbao"})
            desk.post(
                f"/api/v1/contacts/{customer.contact_id}/reveal", json={"field": "phone", "reason": "回电确认地址"}
            )
            rows = entries(desk)
        done = [(row["action"], row["object"]["id"]) for row in rows if not row["action"].startswith("sign_in")]
        assert [one for one in done if one[0] != "contact.revealed"] == [
            ("member.invited", member),
            ("member.changed", member),
            ("role.created", role),
            ("role.deleted", role),
            ("api_key.created", key),
            ("api_key.revoked", key),
            ("identity_key.created", signing),
            ("identity_key.revoked", signing),
            ("security.changed", own_shop.id),
        ]
        assert {row["actor"]["kind"] for row in rows} == {"agent"}
        assert "li@new.example" not in str(rows)  # codes and ids only
        assert "李四" not in str(rows)

    def test_what_was_refused_is_no_act(self, server: LiveServer, own_shop: TenantAccess) -> None:
        with server.http(server.sign_in(own_shop.agent)) as agent:
            refused = agent.post("/api/v1/members", json={"email": "x@new.example", "name": "x", "role": "admin"})
            assert refused.status_code == 403
        with server.http(admin_token(server, own_shop)) as desk:
            assert desk.delete("/api/v1/roles/0123").status_code == 404
            actions = [row["action"] for row in entries(desk)]
        assert "access.refused" in actions
        assert not {"member.invited", "role.deleted"} & set(actions)
