"""New knowledge goes live by itself, while the old goes on answering."""

from kb_ingest.importer import ImportResult, import_entries
from retrieval.types import Entry
from server.services import Services
from tests.support import ENTRIES, LiveServer

NEW = Entry(
    "locker",
    "快递柜取件码在哪里看？",
    ("取件码没收到", "快递柜怎么开", "柜子的码发我一下"),
    "取件码在短信和订单详情里。",
    "配送/自提",
)


class TestPublishing:
    def test_published_entry_is_answered_without_a_restart(self, server: LiveServer) -> None:
        tenant = server.make_tenant()

        async def publish(services: Services) -> ImportResult:
            async with services.database.write(tenant.id) as session:
                return await import_entries(session, (*ENTRIES, NEW), clock=services.clock)

        with server.customer(tenant.site_key) as customer:
            before = customer.ask("快递柜的取件码在哪看")
            assert "取件码在短信" not in before["content"]["text"]
            assert server.run(publish) == ImportResult(added=1, changed=0, unchanged=len(ENTRIES))
            server.run(_rebuilt(tenant.id))
            assert "取件码在短信" in customer.ask("快递柜的取件码在哪看")["content"]["text"]

    def test_importing_the_same_again_changes_nothing(self, server: LiveServer) -> None:
        tenant = server.make_tenant()

        async def publish(services: Services) -> tuple[ImportResult, int, int]:
            from retrieval.stores.knowledge import published_revision

            async with services.database.write(tenant.id) as session:
                before = await published_revision(session)
                result = await import_entries(session, ENTRIES, clock=services.clock)
                return result, before, await published_revision(session)

        result, before, after = server.run(publish)
        assert result == ImportResult(0, 0, len(ENTRIES))
        assert before == after

    def test_tenants_do_not_share_knowledge(self, server: LiveServer) -> None:
        secret = Entry("secret", "内部密钥在哪里？", ("密钥放哪了", "内部密钥是什么"), "canary-7f3a 在保险柜。", "内部")
        owner, other = server.make_tenant((*ENTRIES, secret)), server.make_tenant()
        with server.customer(owner.site_key) as insider, server.customer(other.site_key) as outsider:
            assert "canary-7f3a" in insider.ask("内部密钥在哪里？")["content"]["text"]
            outsider.ask("内部密钥在哪里？")
            outsider.settle()
            assert "canary-7f3a" not in str(outsider.frames)
            assert "内部密钥" not in str(
                [f for f in outsider.frames if f.get("message", {}).get("sender", {}).get("kind") == "bot"]
            )


def _rebuilt(tenant_id: str):  # type: ignore[no-untyped-def]  # an awaitable factory for LiveServer.run
    async def wait(services: Services) -> None:
        task = services.engines._refreshing.get(tenant_id)
        if task is not None:
            await task

    return wait
