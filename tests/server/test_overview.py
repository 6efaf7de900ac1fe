"""The overview's figures are what a recount by hand gives."""

from typing import Any

from tests.support import LiveServer, TenantAccess


def totals(server: LiveServer, tenant: TenantAccess) -> dict[str, Any]:
    with server.http(server.sign_in(tenant.agent)) as desk:
        figures: dict[str, Any] = desk.get("/api/v1/stats/overview?days=7").json()
    return figures


class TestOverview:
    def test_figures_are_what_happened(self, server: LiveServer) -> None:
        tenant, stranger = server.make_tenant(), server.make_tenant()
        assert totals(server, tenant)["totals"] == {
            "conversations": 0,
            "bot_resolved": 0,
            "handoffs": 0,
            "bot_resolution_rate": None,
            "median_first_reply_ms": None,
        }
        for site, questions in (
            (tenant.site_key, ["退款多久到账？", "谢谢"]),  # solved
            (tenant.site_key, ["运费怎么算", "转人工"]),  # answered, and a human all the same
            (tenant.site_key, ["你好"]),  # small talk solves nothing
            (tenant.site_key, ["火星上的土豆怎么种"]),  # nor does not knowing
            (stranger.site_key, ["退款多久到账？"]),  # somebody else's
        ):
            with server.customer(site) as customer:
                for question in questions:
                    customer.ask(question)
        figures = totals(server, tenant)
        assert figures["totals"]["conversations"] == 4
        assert figures["totals"]["bot_resolved"] == 1
        assert figures["totals"]["handoffs"] == 1
        assert figures["totals"]["bot_resolution_rate"] == 0.25
        assert 0 < figures["totals"]["median_first_reply_ms"] < 10_000
        assert figures["channels"] == [{"channel": "web", "count": 4}]
        assert len(figures["days"]) == 7
        assert figures["days"][-1]["conversations"] == 4
        assert sum(day["messages"] for day in figures["days"]) == 12  # six questions, six replies
        assert {row["question"]: row["count"] for row in figures["top_questions"]} == {
            "退款多久到账？": 1,
            "运费怎么算？": 1,
        }

    def test_days_outside_the_range_are_refused(self, server: LiveServer, shop: TenantAccess, agent_token: str) -> None:
        with server.http(agent_token) as desk:
            for days in ("0", "93", "many"):
                answer = desk.get(f"/api/v1/stats/overview?days={days}")
                assert answer.status_code == 422
                assert answer.json()["errors"][0]["field"] == "query.days"
